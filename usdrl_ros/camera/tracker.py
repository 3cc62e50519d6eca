"""Ids of people from picture to picture: whoever is where somebody just was, and about as large, is the same person.

In the picture and not in space, because the distance of a person is the least certain thing about them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_ros.camera.estimator import Pose
from usdrl_ros.camera.geometry import LEAST, SURE

GRACE = 1.0
"""Seconds for which a person may be unseen and still keep the id."""
REACH = 0.4
"""Difference up to which two sightings are the same person, in lengths of their diagonal, when they follow at once."""
SPEED = 1.0
"""By how much of that diagonal ``REACH`` grows in a second without a picture."""
AGAIN = 1.0
"""Seconds by which a stamp jumps back where time begins again; less than that is a picture that comes late."""
SAME = 0.1
"""Median distance of the joints of two poses in one picture, in diagonals, below which they are one person found twice:
MediaPipe follows somebody, and finds them anew. Of people side by side it is 0.2 and more."""


@dataclass(slots=True)
class _Sighting:
    """Somebody in a picture."""

    centre: np.ndarray
    """(2,) pixels."""
    size: float
    """Pixels of the diagonal of the box around the sure joints."""
    stamp: float

    def difference(self, other: _Sighting) -> float:
        """How unlike two sightings are: the distance in sizes, and the ratio of the sizes."""
        apart = float(np.linalg.norm(self.centre - other.centre)) / max(self.size, other.size)
        return apart + 0.5 * abs(float(np.log(self.size / other.size)))


class Tracker:
    """Gives people ids: numbers as texts, from 1, never used again."""

    def __init__(self) -> None:
        self._last: dict[str, _Sighting] = {}
        self._stamp = -np.inf
        self._count = 0

    @property
    def known(self) -> Collection[str]:
        """Ids of people who are seen, or may be seen again."""
        return self._last.keys()

    def ids(self, poses: Sequence[Pose], stamp: float) -> list[str | None]:
        """An id for every pose; None for one that shows too little, or the same person as a surer one.

        Args:
            poses: of one picture.
            stamp: of the picture, seconds. In a picture that a newer one has overtaken nobody has an id; a second or
                more before the last one, time began again, and everybody is new.
        """
        if self._stamp - AGAIN < stamp < self._stamp:
            return [None] * len(poses)
        if stamp < self._stamp:
            self._last.clear()
        self._stamp = stamp
        self._last = {id_: seen for id_, seen in self._last.items() if stamp - seen.stamp <= GRACE}
        found = {number: seen for number, pose in enumerate(poses) if (seen := _sighting(pose, stamp)) is not None}
        for number in sorted(found, key=lambda number: float(poses[number].confidence.sum())):
            if any(_same(poses[number], poses[other], found[number].size) for other in found if other != number):
                del found[number]
        pairs = sorted(
            (seen.difference(last), id_, number)
            for id_, last in self._last.items()
            for number, seen in found.items()
            if seen.difference(last) <= REACH + SPEED * (stamp - last.stamp)
        )
        names: dict[int, str] = {}
        for _, id_, number in pairs:
            if number not in names and id_ not in names.values():
                names[number] = id_
        for number in found:
            if number not in names:
                self._count += 1
                names[number] = str(self._count)
            self._last[names[number]] = found[number]
        return [names.get(number) for number in range(len(poses))]


def _sighting(pose: Pose, stamp: float) -> _Sighting | None:
    sure = pose.pixels[pose.confidence >= SURE]
    if len(sure) < LEAST:
        return None
    low, high = sure.min(axis=0), sure.max(axis=0)
    size = float(np.linalg.norm(high - low))
    return _Sighting((low + high) / 2.0, size, stamp) if size > 0.0 else None


def _same(pose: Pose, other: Pose, size: float) -> bool:
    """Whether two poses of one picture are of one person, whose diagonal has ``size`` pixels."""
    both = (pose.confidence >= SURE) & (other.confidence >= SURE)
    apart = np.linalg.norm(pose.pixels[both] - other.pixels[both], axis=1)
    return both.sum() >= LEAST and float(np.median(apart)) < SAME * size
