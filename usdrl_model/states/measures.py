"""What is measured of one skeleton: angles, and lengths as shares of the person's own limbs; NaN where not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX

SIDES = ("left", "right")

# Points beside the joints: the middle of hips and shoulders, and the highest part of the head that is seen.
_POINTS = [*CANONICAL_JOINTS, "hips", "shoulders", "top"]
_SPINE = [JOINT_INDEX[name] for name in ("spine_base", "spine_shoulder", "head")]
_INSTEAD = [[JOINT_INDEX[name] for name in pair] for pair in (
    ("hip_left", "hip_right"), ("shoulder_left", "shoulder_right"), ("neck", "neck"),
)]  # fmt: skip
"""Two joints whose middle stands for a joint of ``_SPINE`` that is missing."""
_LINES = {
    "trunk": ("hips", "shoulders"),
    "neck": ("shoulders", "top"),
    "across_shoulders": ("shoulder_right", "shoulder_left"),
    "across_hips": ("hip_right", "hip_left"),
    **{f"{line}_{side}": (f"{start}_{side}", f"{end}_{side}") for side, (line, start, end) in product(SIDES, (
        ("thigh", "hip", "knee"), ("shin", "knee", "ankle"), ("leg", "hip", "ankle"),
        ("upper_arm", "shoulder", "elbow"), ("forearm", "elbow", "wrist"), ("arm", "shoulder", "wrist"),
    ))},
    **{f"to_head_{side}": (f"wrist_{side}", "top") for side in SIDES},
}  # fmt: skip
"""Name -> from where to where."""
_NAMES = list(_LINES)
_STARTS, _ENDS = ([_POINTS.index(line[end]) for line in _LINES.values()] for end in (0, 1))
_FEET = [JOINT_INDEX[f"{joint}_{side}"] for joint, side in product(("ankle", "foot"), SIDES)]
_BODY = [_POINTS.index(name) for name in ("hips", "shoulders", "top")]

_TRUNK_MASS, _THIGH_MASS, _SHIN_MASS = 0.68, 0.20, 0.12
"""Shares of the body's mass: trunk with head and arms, both thighs, both shins with the feet (Winter, 2009)."""
_TRUNK_CENTRE = 0.6
"""Centre of mass of trunk, head and arms, from the hips (0) to the shoulders (1)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg; NaN where a joint is missing."""

    height: float
    """Height of the hip over the ankle, leg lengths: 1 where it is straight and vertical."""
    thigh: float
    """Angle of the thigh from straight down, degrees."""
    over: float
    """Height of the hip over the lower one of knee and ankle, leg lengths."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm; NaN where a joint is missing."""

    reach: float
    """Distance from shoulder to wrist, arm lengths: 1 where it is straight."""
    elevation: float
    """Of the line from shoulder to wrist over the horizontal, degrees."""
    wrist: np.ndarray
    """(3,) from the shoulder to the wrist, arm lengths."""
    height: float
    """Height of the wrist over the shoulder, arm lengths."""
    over_head: float
    """Height of the wrist over the middle of the head, arm lengths."""
    from_head: float
    """Distance of the wrist from the middle of the head, arm lengths."""
    elbow: float
    """Height of the elbow over the shoulder, arm lengths."""
    ahead: float
    """Distance of the wrist before the shoulder, towards the sensor, arm lengths."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One person in one frame; NaN where joints are missing."""

    trunk: float
    """Angle of the trunk from upright, degrees."""
    upright: float
    """As ``trunk``; without hips, of the line from the shoulders to the head."""
    torso: float
    """Metres from the hips to the shoulders."""
    hips: float
    """Height of the hips, metres."""
    middle: float
    """Height of the middle between hips and shoulders, metres."""
    legs: tuple[Leg, Leg]
    """Left, right."""
    thighs: float
    """Mean angle of both thighs from straight down, degrees."""
    behind: float
    """Distance of the centre of mass behind the ankles, against the front of the person, leg lengths."""
    feet: float
    """Height of the lowest foot or ankle, metres."""
    arms: tuple[Arm, Arm]
    """Left, right."""
    facing: float
    """Angle between the front of the person and the direction to the sensor over the floor, degrees."""
    distance: float
    """Metres from the sensor over the floor."""


def measure(joints: np.ndarray, confidence: np.ndarray, sensor: np.ndarray) -> Measures:
    """Measure one person.

    Args:
        joints: (25, 3) canonical joints, metres, y up.
        confidence: (25,), 0 where invalid.
        sensor: (3,) position of the sensor in the same axes.
    """
    points = np.full((len(_POINTS), 3), np.nan)
    points[: len(joints)] = np.where(confidence[:, None] > 0.0, joints, np.nan)
    spine, instead = points[_SPINE], points[_INSTEAD].mean(axis=1)
    points[len(joints) :] = np.where(np.isnan(spine), instead, spine)
    vectors = points[_ENDS] - points[_STARTS]
    lengths = np.sqrt((vectors**2).sum(axis=1))
    lengths[lengths == 0.0] = np.nan
    angles = np.degrees(np.arccos(np.clip(vectors[:, 1] / lengths, -1.0, 1.0)))
    line = dict(zip(_NAMES, vectors, strict=True))
    length = dict(zip(_NAMES, lengths.tolist(), strict=True))
    angle = dict(zip(_NAMES, angles.tolist(), strict=True))
    """Degrees from straight up."""

    heights: list[float] = points[:, 1].tolist()
    hips, shoulders, top = heights[-3:]
    across = line["across_shoulders"] if length["across_shoulders"] > 0.0 else line["across_hips"]
    front = _horizontal(-across[2], across[0])  # left x up
    place = points[_BODY][~np.isnan(points[_BODY, 0])]
    away = sensor - place.mean(axis=0) if len(place) else np.full(3, np.nan)
    to_sensor = _horizontal(away[0], away[2])

    def leg(side: str) -> Leg:
        whole = length[f"thigh_{side}"] + length[f"shin_{side}"]
        down, thigh = -line[f"leg_{side}"][1], -line[f"thigh_{side}"][1]
        return Leg(
            height=float(down) / whole,
            thigh=180.0 - angle[f"thigh_{side}"],
            over=float(np.maximum(down, thigh)) / whole,
        )

    def arm(side: str) -> Arm:
        whole = length[f"upper_arm_{side}"] + length[f"forearm_{side}"]
        wrist = line[f"arm_{side}"] / whole
        return Arm(
            reach=length[f"arm_{side}"] / whole,
            elevation=90.0 - angle[f"arm_{side}"],
            wrist=wrist,
            height=float(wrist[1]),
            over_head=(heights[JOINT_INDEX[f"wrist_{side}"]] - top) / whole,
            from_head=length[f"to_head_{side}"] / whole,
            elbow=float(line[f"upper_arm_{side}"][1]) / whole,
            ahead=float(wrist[0] * to_sensor[0] + wrist[2] * to_sensor[1]),
        )

    legs = leg("left"), leg("right")
    return Measures(
        trunk=angle["trunk"],
        upright=angle["trunk"] if angle["trunk"] == angle["trunk"] else angle["neck"],
        torso=length["trunk"],
        hips=hips,
        middle=(hips + shoulders) / 2.0,
        legs=legs,
        thighs=(legs[0].thigh + legs[1].thigh) / 2.0,
        behind=-_ahead_of_feet(line, length, front),
        feet=min((heights[foot] for foot in _FEET if heights[foot] == heights[foot]), default=math.nan),
        arms=(arm("left"), arm("right")),
        facing=_between(front, to_sensor),
        distance=math.hypot(away[0], away[2]),
    )


def _ahead_of_feet(line: dict[str, np.ndarray], length: dict[str, float], front: tuple[float, float]) -> float:
    """Leg lengths, along the front of the person, from the middle of the ankles to the centre of mass."""
    thigh, shin = (line[f"{bone}_left"] + line[f"{bone}_right"] for bone in ("thigh", "shin"))
    whole = sum(length[f"{bone}_{side}"] for bone, side in product(("thigh", "shin"), SIDES)) / 2.0
    # From the hips: the trunk leans forward, thighs and shins lead to the feet.
    mass = _TRUNK_MASS * _TRUNK_CENTRE * line["trunk"] + (_THIGH_MASS + 2.0 * _SHIN_MASS) * thigh / 4.0
    mass = mass + _SHIN_MASS * shin / 4.0 - (thigh + shin) / 2.0
    return float(mass[0] * front[0] + mass[2] * front[1]) / whole


def _horizontal(x: float, z: float) -> tuple[float, float]:
    """A direction over the floor, length 1; NaN where there is none."""
    length = math.hypot(x, z)
    return (float(x) / length, float(z) / length) if length > 0.0 else (math.nan, math.nan)


def _between(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Degrees between two directions over the floor."""
    (a, b), (c, d) = first, second
    return abs(math.degrees(math.atan2(a * d - b * c, a * c + b * d)))
