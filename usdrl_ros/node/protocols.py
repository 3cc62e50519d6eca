"""Interfaces of the worker: the observer that counts, the snapshot it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from usdrl_ros.inputs.common import InputError, SourceFrame


class Observer(Protocol):
    """Counts what happens; called on the worker's thread, ``dropped`` on the caller's."""

    def accepted(self, arrival: float, source: SourceFrame | None, *, further: bool = False) -> None:
        """A message was understood; None if it has no people and no stamp.

        ``further``: it was one of a further topic, and the people may be those of a message that was accepted before.
        """

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
    """``ActionStream.describe``."""
