"""Tells outlier stamps, jumps of time and second clocks apart.

A stamp far ahead of the newest one, or far behind it, would end all tracks, so it is held until later stamps decide::

    on course    at most ``back`` older and ``ahead`` newer than the newest stamp, or than the time since: it counts at
                 once
    astray       any other stamp: it is held
      jump       the held stamps rise as a course of their own and the old course has ended: time has jumped (a bag
                 loops, a simulation was reset, a clock was set, the source paused), the held ones count
      outlier    the old course continues: the held ones are refused
      rival      both courses continue: two clocks; the old one is used

Only the stamps and their order matter, so a recording gives the same result offline and live.
"""

from __future__ import annotations

import enum
import math

FOLLOWERS = 3
"""Rising stamps needed for a course."""
LASTING = 0.5
"""Seconds of its own time that a new course must last, without a stamp on the old one, to be a jump."""
STRIDE = 5.0
"""Seconds between two stamps of one course, at most: no tracker is slower."""


class Verdict(enum.Enum):
    """How a stamp is treated."""

    ON_COURSE = enum.auto()
    """It counts; held ones are refused."""
    ASTRAY = enum.auto()
    """It is held."""
    JUMP = enum.auto()
    """Time has jumped: the held ones count, and so does this one."""


class StampCourse:
    """The recent stamps of one source.

    Args:
        back: seconds that a stamp may lie behind the newest one.
        ahead: seconds that a stamp may lie ahead of the newest one.
    """

    def __init__(self, back: float, ahead: float) -> None:
        self._back = back
        self._ahead = ahead
        self.newest = -math.inf
        """The newest stamp believed, seconds; -inf before the first."""
        self.now = -math.inf
        """The same, or later where time has passed without one (``advance``)."""
        self._other = -math.inf
        """Newest stamp of the other course."""
        self._steps = 0
        """Rising stamps on the other course, so far."""
        self._fresh: list[float] = []
        """The first rising stamps of the other course since the last one on the old course."""
        self.since = -math.inf
        """First stamp after the newest jump."""

    @property
    def rival(self) -> bool:
        """The stamps come from two clocks: the other course has enough of them."""
        return self._steps >= FOLLOWERS

    @property
    def gap(self) -> float:
        """Seconds from the newest stamp believed to that of the other course."""
        return self._other - self.newest

    def judge(self, stamp: float) -> Verdict:
        """Classify ``stamp`` (finite seconds) and remember it."""
        if self.newest - self._back <= stamp <= self.now + self._ahead or self.newest == -math.inf:
            self.believe(stamp)
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
                self.newest = self.now = stamp
                self._other, self.since = -math.inf, self._fresh[0]
                self._steps, self._fresh = 0, []
                return Verdict.JUMP
        return Verdict.ASTRAY

    def believe(self, stamp: float) -> None:
        """The source is at ``stamp``, or was there and is later."""
        self.newest = self.now = max(self.newest, stamp)

    def advance(self, stamp: float) -> None:
        """Let time pass to ``stamp`` without a stamp from the source, which may go on from where it was."""
        self.now = max(self.now, stamp)
