"""Content check of a stream within bounded time and memory."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from usdrl_model.plausibility.findings import Finding, nobody
from usdrl_model.plausibility.judge import judge
from usdrl_model.plausibility.sides import SIDES
from usdrl_model.plausibility.sights import Setup, Sight
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.stamps import StampCourse, Verdict

SPAN = 6.0
"""Seconds that are judged together; a longer pause begins anew."""
BACK = 1.0
"""Seconds by which a frame may be late, as in the pipeline: one that is older is of a time that has jumped back."""
STEP = 0.2
"""Seconds between two frames that are checked."""
EVERY = 1.0
"""Seconds between two judgements."""
PEOPLE = 8
"""People checked in a frame."""
BEGINS, ENDS = 2, 3
"""Consecutive judgements with (without) a finding after which it begins (ends); that nobody is there begins at once."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Current result of a ``ContentCheck``; immutable, so any thread may read it."""

    stamp: float
    findings: tuple[Finding, ...]
    measured: Mapping[str, str]
    begun: Mapping[str, int]
    """Key of a finding -> how often it has begun."""


class ContentCheck:
    """Sample the frames of a stream and judge the last seconds, by stamps.

    Args:
        setup: how the source is configured.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.judgement = Judgement(-math.inf, (), {}, {})
        """The newest."""
        self._sights: deque[Sight] = deque()
        self._frames: deque[tuple[float, int]] = deque()
        self._course = StampCourse(back=BACK, ahead=SPAN)
        self._next_look = self._next_verdict = -math.inf
        self._present: dict[str, Finding] = {}
        self._with: Counter[str] = Counter()
        self._without: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()
        self._somebody = False
        """There were people, at whatever time."""

    def add(self, believed: SkeletonFrame, measured: SkeletonFrame | None = None) -> None:
        """Check a frame, if one is due.

        Args:
            believed: in gravity-aligned canonical axes, as the pipeline receives it.
            measured: the same people as the tracker sent them, in its axes and units; None: the same.
        """
        stamp = believed.stamp
        first, verdict = self._course.newest == -math.inf, self._course.judge(stamp)
        if verdict is Verdict.ASTRAY or (verdict is Verdict.ON_COURSE and stamp < self._next_look):
            return
        if first or verdict is Verdict.JUMP:
            self._sights.clear()
            self._frames.clear()
            self._next_verdict = stamp + 2.0 * EVERY
        self._next_look = stamp + STEP
        measured = believed if measured is None else measured
        sent = measured.people[:PEOPLE]
        self._somebody |= bool(sent)
        self._frames.append((stamp, len(measured.people)))
        self._sights += [
            Sight.of(stamp, person, other, self.setup) for person, other in zip(sent, believed.people, strict=False)
        ]
        while self._frames[0][0] < stamp - SPAN:
            self._frames.popleft()
        while self._sights and self._sights[0].stamp < stamp - SPAN:
            self._sights.popleft()
        if stamp >= self._next_verdict:
            self._next_verdict = stamp + EVERY
            self._judge(stamp)

    def now(self) -> list[Finding]:
        """What is wrong with the last seconds as they are, worst first, however short it has been so."""
        return judge(self._sights, self.setup)[0]

    def _judge(self, stamp: float) -> None:
        found, values, undecided = judge(self._sights, self.setup)
        begins = BEGINS
        if not any(people for _, people in self._frames):
            found = [nobody(f"for {stamp - self._frames[0][0]:.0f} s")]
            begins = BEGINS if self._somebody else 1  # else it would say that they look like people
        if not self._sights or stamp - self._sights[0].stamp < SPAN - 2.0 * STEP:  # few seconds show few poses
            found = [finding for finding in found if finding.key != SIDES]
            undecided.add(SIDES)
        by_key = {finding.key: finding for finding in found}
        for key in dict.fromkeys([*by_key, *self._with, *self._present]):  # in the order of the judgement
            if key in by_key:
                self._with[key] += 1
                self._without.pop(key, None)
                if self._with[key] == begins:
                    self._begun[key] += 1
                if self._with[key] >= begins:
                    self._present[key] = by_key[key]
            elif key not in undecided:
                self._without[key] += 1
                if key not in self._present or self._without[key] >= ENDS:
                    self._with.pop(key, None)
                    self._without.pop(key, None)
                    self._present.pop(key, None)
        findings = tuple(sorted(self._present.values(), key=lambda finding: -finding.level))
        self.judgement = Judgement(stamp, findings, values, dict(self._begun))
