"""What goes into the worker and comes out: a stream that decides, an observer that counts, results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import Event
from usdrl_model.online.state import StreamState
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.inputs.common import InputError, SourceFrame


class Stream(Protocol):
    """What the worker needs of ``usdrl_model.online.stream.ActionStream``."""

    config: StreamConfig
    labels: tuple[str, ...]

    @property
    def counters(self) -> Mapping[str, int]:
        """What happened so far."""

    @property
    def stamp(self) -> float:
        """The newest stamp believed, seconds; -inf before the first."""

    def add(self, frame: SkeletonFrame) -> bool:
        """Buffer a frame; True when an inference is due."""

    def infer(self) -> list[Event]:
        """Run the model on the newest slot."""

    def advance(self, stamp: float) -> list[Event]:
        """Let time pass without a frame; people are lost."""

    def finish(self) -> list[Event]:
        """End what is going on and forget everybody."""

    def state(self) -> StreamState:
        """Snapshot."""

    def reset(self) -> None:
        """Forget everybody."""

    def warm_up(self) -> None:
        """Run once, so that the first real inference is as fast as the others."""

    def check(self, config: StreamConfig) -> None:
        """Refuse settings that ``configure`` would; ValueError. Any thread may ask."""

    def configure(self, config: StreamConfig) -> None:
        """Change thresholds and rates; forget everybody."""

    def describe(self) -> dict[str, str]:
        """Weights, hash, device, precision, ..."""


class Observer(Protocol):
    """Who counts what happens here; every method is called on the worker's thread, ``dropped`` on the caller's."""

    def accepted(self, arrival: float, source: SourceFrame | None) -> None:
        """A message was understood; None if it says nothing."""

    def rejected(self, error: InputError) -> None:
        """A message was not understood."""

    def failed(self, error: BaseException) -> None:
        """Something else went wrong."""

    def inferred(self, seconds: float) -> None:
        """An inference took ``seconds``."""

    def dropped(self) -> None:
        """The queue was full."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of the stream after the newest step."""

    counters: Mapping[str, int]
    model: Mapping[str, str]
    """``Stream.describe``."""
