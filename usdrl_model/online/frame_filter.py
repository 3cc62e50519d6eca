"""Which frames count: those with believable stamps, at once or, after a jump of time, once the jump is certain."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import NamedTuple

from usdrl_model.network.config import EncoderConfig
from usdrl_model.online.crowd import Sample
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical_people
from usdrl_model.skeleton.stamps import StampCourse, Verdict
from usdrl_model.skeleton.topology import Topology

HELD = 512
"""Frames held until it is clear whether time has jumped: no tracker sends more in that time."""


class CanonicalFrame(NamedTuple):
    """A frame in canonical joints."""

    stamp: float
    samples: dict[str, Sample]
    sensor: tuple[float, float, float]
    robot: Sample | None = None


class FrameFilter:
    """Converts frames to canonical joints and holds back those whose stamps cannot be believed yet.

    Args:
        topology: joint set of the frames.
        counters: receives frames, duplicate_people, resets, outlier_stamps, second_clock_frames, clock_gap_ms.
        encoder: of what is to see the frames; without ``flat`` it needs joints in space. None: nobody sees them.
    """

    def __init__(self, topology: Topology, counters: Counter[str], encoder: EncoderConfig | None = None) -> None:
        self._topology = topology
        self._needs_depth = encoder is not None and not encoder.flat
        self.flat = False
        """The newest frame had joints in a picture."""
        self.coarse = False
        """It had joints as coarse as pixels."""
        self._counters = counters
        self._held: deque[CanonicalFrame] = deque(maxlen=HELD)
        """Frames that are either outliers or the first ones after a jump of time."""

    def restart(self, back: float, ahead: float) -> None:
        """Refuse the held frames and accept any stamp as the first; arguments as ``StampCourse``."""
        self._refuse_held("outlier_stamps")
        self._course = StampCourse(back=back, ahead=ahead)

    @property
    def holding(self) -> bool:
        """The newest frame is held: those that follow decide what its stamp was."""
        return bool(self._held)

    @property
    def stamp(self) -> float:
        """The newest stamp believed, seconds, or that to which time has passed since; -inf before the first."""
        return self._course.now

    @property
    def newest(self) -> float:
        """The newest stamp of a frame that is believed."""
        return self._course.newest

    def believe(self, stamp: float) -> None:
        """A frame of this stamp counts, which was accepted before a ``restart``."""
        self._course.believe(stamp)

    def advance(self, stamp: float) -> None:
        """Let time pass to ``stamp`` without a frame."""
        self._course.advance(stamp)

    def accept(self, frame: SkeletonFrame) -> tuple[list[CanonicalFrame], float]:
        """The frames that count now that ``frame`` has come, and by how many seconds time has jumped; 0: it has not.

        The list is ``frame`` alone, empty while it is held, or all frames since the jump. After a jump the caller must
        ``restart``.

        Raises:
            ValueError: a person's joints do not fit the topology or have no depth, or the stamp is not finite.
        """
        converted = self._convert(frame)
        newest, verdict = self._course.newest, self._course.judge(frame.stamp)
        if verdict is Verdict.ASTRAY:
            self._held.append(converted)
            return [], 0.0
        if verdict is Verdict.ON_COURSE:
            self._refuse_held("second_clock_frames" if self._course.rival else "outlier_stamps")
            return [converted], 0.0
        since, until = self._course.since, frame.stamp
        accepted = [held for held in self._held if since <= held.stamp <= until]
        self._held = deque((held for held in self._held if not since <= held.stamp <= until), HELD)
        self._counters["resets"] += 1
        return [*accepted, converted], until - newest

    def _convert(self, frame: SkeletonFrame) -> CanonicalFrame:
        if not math.isfinite(frame.stamp):
            raise ValueError(f"expected a finite stamp in seconds, got {frame.stamp}")
        if frame.flat and self._needs_depth:
            raise ValueError(
                "expected joints in space, got joints in a picture: take weights that need no depth (hri_2d), or give"
                " depth_topic and camera_info_topic"
            )
        self.flat, self.coarse = frame.flat, frame.coarse
        people: dict[str, Person] = {}
        for person in frame.people:
            people.setdefault(person.id, person)
        if double := len(frame.people) - len(people):
            self._counters["duplicate_people"] += double
        samples = dict(zip(people, canonical_people(list(people.values()), self._topology), strict=True))
        self._counters["frames"] += 1
        return CanonicalFrame(frame.stamp, samples, frame.sensor, frame.robot)

    def _refuse_held(self, counter: str) -> None:
        if self._held:
            self._counters[counter] += len(self._held)
        if self._held and counter == "second_clock_frames":
            self._counters["clock_gap_ms"] = round(self._course.gap * 1e3)
        self._held.clear()
