"""How a sensor is mounted, estimated from the people it sees: which way is up, and where the floor is.

People who stand or walk are upright on average, whichever way they face. The direction from their feet to their
shoulders, over all of them, is therefore the vertical, in the axes of the sensor; people who sit, bow or lie are left
out, because they are not straight, or point another way than the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from usdrl_model.plausibility import bodies

ENOUGH = 10
"""Minimum number of standing sights for an estimate."""
AGREES = 30.0
"""Degrees from the median direction within which a straight body counts as standing."""
ANKLE = 0.08
"""Height of the ankles above the floor, metres."""


@dataclass(frozen=True, slots=True)
class Mounting:
    """Where a sensor is, as far as standing people tell: never its place and direction on the floor."""

    roll: float
    """Radians, to a hundredth, as in ``sensor_pose``: above 0 when the sensor leans to its right."""
    pitch: float
    """Radians, to a hundredth, as in ``sensor_pose``: above 0 when it looks down."""
    height: float
    """Metres above the floor on which the people stand."""
    spread: float
    """Degrees: median deviation of a single sight."""

    @property
    def tilt(self) -> float:
        """Degrees between the sensor's own vertical and the true one."""
        return math.degrees(math.acos(max(-1.0, min(1.0, math.cos(self.roll) * math.cos(self.pitch)))))

    def pose(self, known: tuple[float, ...]) -> tuple[float, ...]:
        """x, y, z, roll, pitch, yaw for ``sensor_pose``; what people cannot tell is taken from ``known``."""
        x, y, z, _, _, yaw = known
        return (x, y, z or _hundredths(self.height), _hundredths(self.roll), _hundredths(self.pitch), yaw)


def estimate(body: np.ndarray) -> Mounting | None:
    """The mounting of the sensor, or None where too few people stand.

    >>> estimate(np.zeros((0, 25, 3))) is None
    True

    Args:
        body: (R, 25, 3) canonical joints in the axes of the sensor, before any ``sensor_pose``; NaN where missing.
    """
    up, straight = bodies.upward(body)
    seen = straight & np.isfinite(up).all(axis=1)
    if seen.sum() < ENOUGH:
        return None
    up, body = up[seen], body[seen]
    middle = bodies.unit(np.median(up, axis=0))
    off = _degrees(up, middle)
    stands = off < AGREES
    if not np.isfinite(middle).all() or stands.sum() < max(ENOUGH, len(up) / 2):
        return None  # some stand and some lie, and nobody knows which
    up, body = up[stands], body[stands]
    vertical = bodies.unit(up.mean(axis=0))
    left, upwards, ahead = (float(value) for value in vertical)
    feet = bodies.median(bodies.joint(body, "ankle") @ vertical)
    return Mounting(
        roll=_hundredths(math.atan2(left, upwards)),
        pitch=_hundredths(math.asin(max(-1.0, min(1.0, -ahead)))),
        height=ANKLE - feet,
        spread=float(np.median(_degrees(up, vertical))),
    )


def _hundredths(value: float) -> float:
    """Rounded, and never -0."""
    return round(value, 2) + 0.0


def _degrees(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """(R,) angles of unit vectors to a direction."""
    angles: np.ndarray = np.degrees(np.arccos(np.clip(vectors @ direction, -1.0, 1.0)))
    return angles
