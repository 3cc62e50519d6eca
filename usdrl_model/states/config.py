"""Settings of the states: thresholds as pairs (begin, last), and times in seconds.

A state begins when every measure passes its first threshold, and lasts while every measure passes the second, looser
one. Lengths are shares of the person's own limbs, so a child of 1.2 m and an adult have the same thresholds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from usdrl_model.config import at_least, at_most

Pair = tuple[float, float]
"""(begin, last)."""
DELAYS = ("posture_after", "arm_after", "pointing_after", "place_after", "end_after")
"""Settings of how long a change must last before it is told."""
LONGEST = 60.0
"""Seconds, of any time below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatesConfig:
    """Thresholds and times of all states; angles in degrees, times in seconds."""

    standing_legs: Pair = (0.9, 0.86)
    """Height of the hip over the ankle, leg lengths, of the straighter leg: standing above it."""
    sitting_thighs: Pair = (40.0, 32.0)
    """Mean angle of the thighs from straight down: sitting above it. Kneeling people have less."""
    sitting_trunk: Pair = (50.0, 60.0)
    """Angle of the trunk from upright: sitting below it."""
    sitting_behind: Pair = (0.1, 0.03)
    """Distance of the centre of mass behind the ankles, leg lengths: sitting above it, because a crouching person would
    fall over."""
    lying_trunk: Pair = (60.0, 50.0)
    """Angle of the trunk from upright: lying above it."""
    lying_hips: Pair = (0.3, 0.4)
    """Height of the hips over the lowest knee or ankle, leg lengths: lying below it. A bow or crawling has more."""
    lying_height: Pair = (0.6, 0.8)
    """Height of the trunk over the known ground, trunk lengths: lying below it where no leg is seen."""
    fall_seconds: float = 0.6
    """A fall: from an upright trunk to lying within this time."""
    fall_drop: float = 0.5
    """A fall lowers the hips by at least this, trunk lengths; getting up raises them by as much."""
    raised_arm: Pair = (55.0, 65.0)
    """Angle of the line from shoulder to wrist from straight up: raised below it."""
    raised_wrist: Pair = (0.0, -0.1)
    """Height of the wrist over the middle of the head, arm lengths: raised above it."""
    raised_reach: Pair = (0.8, 0.7)
    """Distance from shoulder to wrist, arm lengths: raised above it. Hands that clasp the head have less."""
    raised_apart: Pair = (0.5, 0.42)
    """Distance of the wrist from the middle of the head, arm lengths: raised above it."""
    raised_elbow: Pair = (0.0, -0.1)
    """Height of the elbow over the shoulder, arm lengths: raised above it. Touching the head has less."""
    pointing_reach: Pair = (0.93, 0.86)
    """Distance from shoulder to wrist, arm lengths: pointing above it."""
    pointing_up: Pair = (45.0, 55.0)
    """Elevation of the arm over the horizontal: pointing below it."""
    pointing_down: Pair = (-45.0, -52.0)
    """Elevation of the arm: pointing above it. Arms swing lower in walking."""
    pointing_speed: Pair = (0.4, 0.8)
    """Speed of the wrist relative to the shoulder, arm lengths a second: held still below it."""
    hand_reach: Pair = (0.6, 0.5)
    """Distance of the wrist before the shoulder, towards the sensor, arm lengths: hand in front above it."""
    hand_aside: Pair = (0.45, 0.55)
    """Distance of the wrist from the line between body and sensor, arm lengths: hand in front below it. A straight arm
    that leads past the sensor points."""
    hand_aside_bent: Pair = (0.7, 0.8)
    """The same of a bent arm, which does not point."""
    hand_bent: Pair = (0.9, 0.93)
    """Distance from shoulder to wrist, arm lengths: the arm is bent below it."""
    hand_low: Pair = (-0.35, -0.45)
    """Height of the wrist over the shoulder, arm lengths: hand in front above it. An offered hand is lower."""
    hand_high: Pair = (0.5, 0.6)
    """Height of the wrist over the shoulder, arm lengths: hand in front below it."""
    hand_speed: Pair = (0.6, 1.2)
    """Speed of the wrist relative to the shoulder, arm lengths a second: hand in front below it."""
    facing: Pair = (35.0, 45.0)
    """Angle between the front of the shoulders and the direction to the sensor: facing below it."""
    near: Pair = (1.2, 1.4)
    """Metres from the sensor over the floor: near below it."""
    ground: float | None = None
    """Height of the floor, metres, y of the canonical axes; None: that of the person's feet."""
    posture_after: float = 0.5
    """Standing, sitting and lying are told when they have lasted this long."""
    arm_after: float = 0.2
    """The same of raised arms and a hand in front."""
    pointing_after: float = 0.5
    """The same of pointing."""
    place_after: float = 0.3
    """The same of facing and near."""
    end_after: float = 0.3
    """A state ends when it has not been there for this long."""
    unknown_after: float = 0.5
    """A state is unknown when its joints have been missing for this long."""

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        times = [field.name for field in fields(self) if field.name.endswith(("_after", "_seconds"))]
        at_least(self, dict.fromkeys([*times, "fall_drop"], 0.0))
        at_most(self, dict.fromkeys(times, LONGEST))
        for field in fields(self):
            value = getattr(self, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and not math.isfinite(number):
                    raise ValueError(f"{field.name}: expected finite numbers, got {value}")
            usual = field.default
            if isinstance(value, tuple) and isinstance(usual, tuple):
                looser = usual[1] - usual[0]
                if (value[1] - value[0]) * looser < 0.0:
                    order = "at least" if looser > 0.0 else "at most"
                    raise ValueError(f"{field.name}: expected (begin, last) with last {order} begin, got {value}")
