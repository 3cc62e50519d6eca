"""What is measured of one skeleton: angles, and lengths as shares of the person's own limbs; NaN where not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX

SIDES = ("left", "right")
Vector = tuple[float, float, float]

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
    **{f"before_{side}": ("shoulders", f"wrist_{side}") for side in SIDES},
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
    wrist: Vector
    """From the shoulder to the wrist, arm lengths."""
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
    aside: float
    """Distance of the wrist, over the floor, from the line between the middle of the shoulders and the sensor, arm
    lengths."""


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


def measure(joints: np.ndarray, confidence: np.ndarray, sensor: np.ndarray) -> list[Measures]:
    """Measure P people.

    Args:
        joints: (P, 25, 3) canonical joints, metres, y up.
        confidence: (P, 25), 0 where invalid.
        sensor: (P, 3) position of the sensor in the same axes.
    """
    count = joints.shape[1]
    points = np.full((len(joints), len(_POINTS), 3), np.nan)
    points[:, :count] = np.where(confidence[:, :, None] > 0.0, joints, np.nan)
    spine, instead = points[:, _SPINE], points[:, _INSTEAD].mean(axis=2)
    points[:, count:] = np.where(np.isnan(spine), instead, spine)
    vectors = points[:, _ENDS] - points[:, _STARTS]
    lengths = np.sqrt((vectors**2).sum(axis=2))
    lengths[lengths == 0.0] = np.nan
    angles = np.degrees(np.arccos(np.clip(vectors[:, :, 1] / lengths, -1.0, 1.0)))
    body = points[:, _BODY]
    seen = ~np.isnan(body[:, :, :1])
    here = seen.sum(axis=1)
    away = sensor - np.where(here > 0, np.where(seen, body, 0.0).sum(axis=1) / np.maximum(here, 1), np.nan)
    parts = (points[:, :, 1], vectors, lengths, angles, away)
    return [_of_one(*one) for one in zip(*(part.tolist() for part in parts), strict=True)]


def _of_one(
    heights: list[float],
    vectors: list[Vector],
    lengths: list[float],
    angles: list[float],
    away: Vector,
) -> Measures:
    """The measures of one person: heights of ``_POINTS``, then of ``_LINES``, then the way to the sensor."""
    line = dict(zip(_NAMES, vectors, strict=True))
    length = dict(zip(_NAMES, lengths, strict=True))
    angle = dict(zip(_NAMES, angles, strict=True))
    """Degrees from straight up."""
    hips, shoulders, top = heights[-3:]
    across = line["across_shoulders"] if length["across_shoulders"] > 0.0 else line["across_hips"]
    front = _horizontal(-across[2], across[0])  # left x up
    to_sensor = _horizontal(away[0], away[2])

    def leg(side: str) -> Leg:
        whole = length[f"thigh_{side}"] + length[f"shin_{side}"]
        down, thigh = -line[f"leg_{side}"][1], -line[f"thigh_{side}"][1]
        return Leg(
            height=down / whole,
            thigh=180.0 - angle[f"thigh_{side}"],
            over=max(down, thigh) / whole if thigh == thigh else math.nan,
        )

    def arm(side: str) -> Arm:
        whole = length[f"upper_arm_{side}"] + length[f"forearm_{side}"]
        x, y, z = (along / whole for along in line[f"arm_{side}"])
        before = line[f"before_{side}"]
        return Arm(
            reach=length[f"arm_{side}"] / whole,
            elevation=90.0 - angle[f"arm_{side}"],
            wrist=(x, y, z),
            height=y,
            over_head=(heights[JOINT_INDEX[f"wrist_{side}"]] - top) / whole,
            from_head=length[f"to_head_{side}"] / whole,
            elbow=line[f"upper_arm_{side}"][1] / whole,
            ahead=x * to_sensor[0] + z * to_sensor[1],
            aside=abs(before[0] * to_sensor[1] - before[2] * to_sensor[0]) / whole,
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


def _ahead_of_feet(line: dict[str, Vector], length: dict[str, float], front: tuple[float, float]) -> float:
    """Leg lengths, along the front of the person, from the middle of the ankles to the centre of mass."""
    whole = sum(length[f"{bone}_{side}"] for bone, side in product(("thigh", "shin"), SIDES)) / 2.0
    ahead = []
    for axis in (0, 2):
        thigh, shin = (line[f"{bone}_left"][axis] + line[f"{bone}_right"][axis] for bone in ("thigh", "shin"))
        # From the hips: the trunk leans forward, thighs and shins lead to the feet.
        mass = _TRUNK_MASS * _TRUNK_CENTRE * line["trunk"][axis] + (_THIGH_MASS + 2.0 * _SHIN_MASS) * thigh / 4.0
        ahead.append(mass + _SHIN_MASS * shin / 4.0 - (thigh + shin) / 2.0)
    return (ahead[0] * front[0] + ahead[1] * front[1]) / whole


def _horizontal(x: float, z: float) -> tuple[float, float]:
    """A direction over the floor, length 1; NaN where there is none."""
    length = math.hypot(x, z)
    return (float(x) / length, float(z) / length) if length > 0.0 else (math.nan, math.nan)


def _between(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Degrees between two directions over the floor."""
    (a, b), (c, d) = first, second
    return abs(math.degrees(math.atan2(a * d - b * c, a * c + b * d)))
