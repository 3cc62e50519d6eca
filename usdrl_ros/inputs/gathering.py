"""People of one instant whose parts come in several messages: one a person, or one a joint.

A frame is complete when all has come that belonged to the one before or was heard in the last ``RECENT`` seconds, or
what is ``expected``; else it ends when the next one begins. So nothing waits while a source is regular, and who is
missing in some frames is in all the others. Somebody who has gone costs little: while they are still expected, each
frame is told when the next one begins, one period of the source later.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

Part = TypeVar("Part")
SAME = 0.002
"""Seconds between the parts of one picture: they have its stamp."""
RECENT = 0.5
"""Seconds of stamps for which a part that was heard is expected again."""


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
        self._heard: dict[Hashable, float] = {}
        """Key -> newest stamp, of the parts of this frame, of the one before, and of what was heard recently."""
        self._expected: frozenset[Hashable] = frozenset()

    def step(
        self, stamp: float, parts: Mapping[Hashable, Part], expected: Collection[Hashable] | None = None
    ) -> dict[Hashable, Part]:
        """Add parts, and take the frame that they complete, or else the one that they end; empty if they do neither.

        Where they do both, as when somebody is expected no more, the frame that they end is left out.

        Args:
            stamp: of the parts, seconds.
            parts: by key.
            expected: the keys that complete a frame; None: those of the frame before, and those heard recently.
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
            # A bag that loops has heard nothing in its own future, and a clock that stands nothing recently.
            self._heard = {
                key: at for key, at in self._heard.items() if key in self._parts or 0.0 < stamp - at <= RECENT
            }
            self._expected = frozenset(self._heard)
            self._start, self._parts, self._taken = stamp, {}, False
        self._parts.update(parts)
        self._heard.update(dict.fromkeys(parts, stamp))

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
