"""Where a stretched arm points: from the eyes through the hand, and where that meets the floor.

People point by bringing the hand onto the line from an eye to the target. The line from the head through the hand is
therefore nearer to what is meant than that of the forearm (Nickel and Stiefelhagen, 2007).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from usdrl_model.skeleton.rounding import SLACK
from usdrl_model.skeleton.topology import JOINT_INDEX

FARTHEST = 10.0
"""Metres from the hand to a hit: a hand's width of error at the hand is two metres there."""
SMOOTHING = 0.2
"""Seconds, time constant of the average of a ray."""
FEET_SECONDS, FEET_EVERY = 3.0, 0.1
"""Seconds over which the height of the feet is remembered, and between two values that are."""

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Ray:
    """A ray in canonical axes, metres."""

    origin: Point
    """The hand."""
    direction: Point
    """Length 1."""
    hit: Point | None
    """Where it meets the floor; None: it does not within ``FARTHEST``, or the floor is unknown."""


class Pointer:
    """The ray of one arm, averaged over a short time."""

    def __init__(self, side: str) -> None:
        self._hand, self._wrist = JOINT_INDEX[f"hand_{side}"], JOINT_INDEX[f"wrist_{side}"]
        self._from = [JOINT_INDEX[name] for name in ("head", "neck", f"shoulder_{side}")]
        self._stamp = -math.inf
        self._ends: np.ndarray | None = None

    def add(self, stamp: float, joints: np.ndarray, confidence: np.ndarray) -> None:
        """Add a frame: (25, 3) joints and (25,) confidence, 0 where invalid. A frame without the arm is skipped."""
        seen = confidence > 0.0
        hand = self._hand if seen[self._hand] else self._wrist
        start = next((joint for joint in self._from if seen[joint]), None)
        if not seen[hand] or start is None:
            return
        ends = joints[[start, hand]].astype(np.float64)
        keep = math.exp(-max(0.0, stamp - self._stamp) / SMOOTHING)
        self._ends = ends if self._ends is None else keep * self._ends + (1.0 - keep) * ends
        self._stamp = stamp

    def ray(self, ground: float) -> Ray | None:
        """The ray now; None before the first frame. ``ground``: height of the floor, NaN where unknown."""
        if self._ends is None:
            return None
        start, hand = self._ends
        direction = (hand - start) / max(float(np.linalg.norm(hand - start)), 1e-9)
        hit = None
        if direction[1] < 0.0 and hand[1] > ground and (far := (ground - hand[1]) / direction[1]) <= FARTHEST:
            hit = _point(hand + far * direction)
        return Ray(_point(hand), _point(direction), hit)


class Ground:
    """Height of the floor under one person: the median of their lower foot over a few seconds."""

    def __init__(self) -> None:
        self._heights: deque[tuple[float, float]] = deque()
        """Stamps and heights of the last ``FEET_SECONDS``."""
        self.height = math.nan
        """Metres; NaN before a foot was seen."""

    def add(self, stamp: float, feet: float) -> None:
        """Add the height of the lowest foot, metres; NaN is skipped."""
        if feet != feet or (self._heights and stamp - self._heights[-1][0] < FEET_EVERY - SLACK):
            return
        self._heights.append((stamp, feet))
        while stamp - self._heights[0][0] > FEET_SECONDS:
            self._heights.popleft()
        self.height = float(np.median([height for _, height in self._heights]))


def _point(vector: np.ndarray) -> Point:
    x, y, z = (float(value) for value in vector)
    return x, y, z
