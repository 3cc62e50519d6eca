"""Which stamps can be believed: a source is judged by the course that its stamps have taken lately.

A stamp that would lose everybody (far ahead of the newest one, or far behind it) is not believed on its own word::

    on course    within ``back`` behind and ``ahead`` before the newest stamp: it counts at once
    astray       anything else: held until it is clear what it is
      jump       the strays go on as a course of their own and nothing comes on the old one: time has jumped (a bag
                 loops, a simulation was reset, a clock was set, the source paused), the held ones count
      outlier    the old course goes on: what was held is refused
      rival      the old course goes on, and so does the other: two clocks; the old one is followed

Everything follows from the stamps, in their order of arrival, so a recording gives the same offline and live.
"""

from __future__ import annotations

import enum
import math

FOLLOWERS = 3
"""Rising stamps that make a course."""
LASTING = 0.5
"""Seconds of its own time that a new course must last, while nothing comes on the old one, to be a jump."""
STRIDE = 5.0
"""Seconds between two stamps of one course, at most: a source slower than that is no tracker."""


class Verdict(enum.Enum):
    """What becomes of a stamp."""

    ON_COURSE = enum.auto()
    """It counts; what was held is refused."""
    ASTRAY = enum.auto()
    """It is held."""
    JUMP = enum.auto()
    """Time has jumped: what was held counts, and so does this one."""


class StampCourse:
    """The recent course of the stamps of one source.

    Args:
        back: seconds that a stamp may lie behind the newest one.
        ahead: seconds that a stamp may lie ahead of the newest one.
    """

    def __init__(self, back: float, ahead: float) -> None:
        self._back = back
        self._ahead = ahead
        self.newest = -math.inf
        """The newest stamp believed, seconds; -inf before the first."""
        self._other = -math.inf
        """Newest stamp of the other course."""
        self._steps = 0
        """Rising stamps on the other course, so far."""
        self._fresh: list[float] = []
        """The first rising stamps of the other course since the old one was heard."""
        self.since = -math.inf
        """First stamp after the newest jump."""

    @property
    def rival(self) -> bool:
        """The other course is one: these are the stamps of two clocks."""
        return self._steps >= FOLLOWERS

    @property
    def gap(self) -> float:
        """Seconds from the newest stamp believed to that of the other course."""
        return self._other - self.newest

    def judge(self, stamp: float) -> Verdict:
        """Say what becomes of ``stamp`` (finite seconds), and remember it."""
        if self.newest - self._back <= stamp <= self.newest + self._ahead or self.newest == -math.inf:
            self.newest = max(self.newest, stamp)
            self._fresh = []
            return Verdict.ON_COURSE
        if not -self._back <= stamp - self._other <= STRIDE:
            self._steps, self._fresh, self._other = 0, [], -math.inf
        if stamp > self._other:
            self._other = stamp
            self._steps += 1
            if len(self._fresh) < FOLLOWERS:
                self._fresh.append(stamp)
            if len(self._fresh) == FOLLOWERS and stamp - self._fresh[0] >= LASTING:
                self.newest, self._other, self.since = stamp, -math.inf, self._fresh[0]
                self._steps, self._fresh = 0, []
                return Verdict.JUMP
        return Verdict.ASTRAY

    def advance(self, stamp: float) -> None:
        """Let time pass to ``stamp`` without one from the source."""
        self.newest = max(self.newest, stamp)
