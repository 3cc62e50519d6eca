"""Interfaces of the worker: the stream it runs, the observer that counts, the snapshot it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import Event
from usdrl_model.online.event_log import PersonEvent
from usdrl_model.online.state import StreamState
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.inputs.common import InputError, SourceFrame


class Stream(Protocol):
    """The part of ``usdrl_model.online.stream.ActionStream`` that the worker uses."""

    config: StreamConfig
    labels: tuple[str, ...]

    @property
    def pair_labels(self) -> tuple[str, ...]:
        """What is told of people who have somebody near."""

    @property
    def counters(self) -> Mapping[str, int]:
        """Counts since the start."""

    @property
    def stamp(self) -> float:
        """The newest stamp believed, seconds; -inf before the first."""

    def add(self, frame: SkeletonFrame) -> bool:
        """Buffer a frame; True when an inference is due."""

    def infer(self) -> list[Event]:
        """Run the model on the newest slot."""

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame; people may be lost."""

    def people_events(self) -> list[PersonEvent]:
        """Who came and went since the last call."""

    def finish(self) -> list[Event]:
        """End all active actions and forget all people."""

    def state(self) -> StreamState:
        """Snapshot."""

    def reset(self) -> None:
        """Forget all people."""

    def warm_up(self) -> None:
        """Run the model once, because the first run is slow."""

    def check(self, config: StreamConfig) -> None:
        """Raise ValueError for settings that ``configure`` refuses; thread-safe."""

    def configure(self, config: StreamConfig) -> None:
        """Change thresholds and rates; forget all people."""

    def describe(self) -> dict[str, str]:
        """Weights, hash, device, precision, ..."""


class Observer(Protocol):
    """Counts what happens; called on the worker's thread, ``dropped`` on the caller's."""

    def accepted(self, arrival: float, source: SourceFrame | None) -> None:
        """A message was understood; None if it has no people and no stamp."""

    def rejected(self, error: InputError) -> None:
        """A message was refused."""

    def warned(self, kind: str, text: str) -> None:
        """A message was understood, but something about it is odd."""

    def failed(self, error: BaseException) -> None:
        """Another error."""

    def inferred(self, seconds: float) -> None:
        """An inference took ``seconds``."""

    def dropped(self) -> None:
        """The queue was full."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters and model after the newest step."""

    counters: Mapping[str, int]
    model: Mapping[str, str]
    """``Stream.describe``."""
