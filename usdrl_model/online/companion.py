"""The body of whoever perceives: a second person for those who are near it, and never one of the people."""

from __future__ import annotations

from usdrl_model.online.crowd import Sample
from usdrl_model.skeleton.person import SEEN_JOINTS
from usdrl_model.windows.track import MAX_JOINT_GAP, Track

CAPACITY = 512
"""Frames kept, more than a window of any detector has."""


class Companion:
    """The robot's own body over time.

    Args:
        rate: frames a second of the grid.
        max_gap: seconds without it after which what was before it is forgotten.
    """

    def __init__(self, rate: float, max_gap: float) -> None:
        self._rate, self._max_gap = rate, max_gap
        self._track: Track | None = None

    def add(self, stamp: float, sample: Sample | None) -> None:
        """Append where it was; too few joints, or a stamp that is not later than the last one, are left out.

        Args:
            stamp: seconds.
            sample: canonical joints (25, 3), metres, and confidence (25,), 0 where not known; None: nothing is known.
        """
        if sample is None or (sample[1] > 0.0).sum() < SEEN_JOINTS:
            return
        if self._track is not None and stamp - self._track.last_stamp > self._max_gap:
            self._track = None
        if self._track is None:
            # Unlike a measurement, the joints of a robot that stands still are exactly the same.
            self._track = Track(self._rate, CAPACITY, "robot", freezes=False)
        if stamp > self._track.last_stamp:
            self._track.add(stamp, *sample)

    def at(self, now: float) -> Track | None:
        """Where it was until ``now`` (seconds); None where nothing of it was known within ``MAX_JOINT_GAP``."""
        if self._track is None or now - self._track.seen_stamp > MAX_JOINT_GAP:
            return None
        return self._track
