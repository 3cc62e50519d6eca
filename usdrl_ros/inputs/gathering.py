"""People of one instant whose parts come in several messages: one a person, or one a joint.

A frame is complete when everything that belonged to the one before has come, or what is ``expected``; else it ends when
the next one begins. So nothing waits while a source is regular, and one message is enough to notice who is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

Part = TypeVar("Part")
SAME = 0.002
"""Seconds between the parts of one picture: they have its stamp."""


class Gathering(Generic[Part]):
    """Gathers the parts of frames.

    Args:
        span: seconds between the first and the last part of a frame, at most.
    """

    def __init__(self, span: float) -> None:
        self._span = span
        self._start = 0.0
        self._parts: dict[Hashable, Part] = {}
        self._taken = True
        self._expected: frozenset[Hashable] = frozenset()  # of itself, the parts of the frame before

    def step(
        self, stamp: float, parts: Mapping[Hashable, Part], expected: Collection[Hashable] | None = None
    ) -> dict[Hashable, Part]:
        """Add parts, and take the frame that they complete, or else the one that they end; empty if they do neither.

        Args:
            stamp: of the parts, seconds.
            parts: by key.
            expected: the keys that complete a frame; None: those of the frame before.
        """
        ended = self.take() if self.begins(stamp, parts) else {}
        self.add(stamp, parts)
        if expected is not None:
            self._expected = frozenset(expected)
        return self.take() if self.complete else ended

    def begins(self, stamp: float, keys: Iterable[Hashable]) -> bool:
        """Whether parts with this stamp (seconds) would begin another frame: ``take`` the one before first."""
        late = not -self._span <= stamp - self._start <= self._span
        return not self._parts or late or not self._parts.keys().isdisjoint(keys)

    def add(self, stamp: float, parts: Mapping[Hashable, Part]) -> None:
        """Add parts to the frame, or to a new one."""
        if self.begins(stamp, parts):
            if self._parts:
                self._expected = frozenset(self._parts)
            self._start, self._parts, self._taken = stamp, {}, False
        self._parts.update(parts)

    @property
    def complete(self) -> bool:
        """Whether something was expected of a frame that is not taken yet, and all of it has come."""
        return bool(self._expected) and not self._taken and self._expected <= self._parts.keys()

    def take(self) -> dict[Hashable, Part]:
        """The parts of the frame so far; empty if they were taken before."""
        if self._taken:
            return {}
        self._taken = True
        return dict(self._parts)
