"""When somebody moves in a trimmed clip, and when they stand upright again: no clip is all of what it is named for."""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.topology import JOINT_INDEX

LIMBS = tuple(
    JOINT_INDEX[name]
    for name in (
        "wrist_left", "wrist_right", "hand_left", "hand_right", "ankle_left", "ankle_right", "head", "spine_base"
    )
)  # fmt: skip
"""Joints whose movement counts."""
SMOOTHING = 0.3
"""Seconds over which positions are averaged, so that the noise of a tracker is no movement."""
SHARE = 0.2
"""Of the highest speed of the clip; slower is standing still."""
SLOWEST = 0.15
"""Metres a second; slower is always standing still."""
LITTLE = 0.1
"""Of the way of whoever in a clip moves most; who moves less stands by. Of two who act in SBU it is 0.13 and more."""


STOOP, RISEN = 0.3, 0.8
"""Metres that the head sinks when somebody stoops, and the share of them after which they stand again."""
_HEAD = JOINT_INDEX["head"]


def active_span(clip: Clip, person: int = 0) -> tuple[float, float] | None:
    """First and last stamp between which a person of a clip moves.

    Args:
        clip: in canonical joints.
        person: place in ``clip.people``.

    Returns:
        Stamps in seconds; None where the person never moves, or is seen for less than ``SMOOTHING``.
    """
    stamps, speed = _speed(clip, person)
    moving = np.flatnonzero(speed > max(SLOWEST, SHARE * speed.max(initial=0.0)))
    if not len(moving):
        return None
    return float(stamps[moving[0]]), float(stamps[moving[-1]])


def who_moves(clip: Clip) -> list[bool]:
    """Of each person of a clip: whether they move, and do not stand still, or twitch once, beside somebody who does."""
    speeds = [_speed(clip, person) for person in range(len(clip.people))]
    fastest = max((float(speed.max(initial=0.0)) for _, speed in speeds), default=0.0)
    ways = [_way(*each, max(SLOWEST, SHARE * fastest)) for each in speeds]
    return [way > LITTLE * max(ways) for way in ways]


def upright_again(clip: Clip, person: int = 0) -> float | None:
    """Stamp at which a person who stoops in a clip stands again: the head has regained ``RISEN`` of its height.

    Returns:
        None where the head is not seen, or sinks by less than ``STOOP``.
    """
    there = np.flatnonzero(clip.mask[:, person, _HEAD])
    if len(there) < 4:
        return None
    height = clip.joints[there, person, _HEAD, 1]
    low = int(height.argmin())
    depth = float(np.quantile(height, 0.9)) - float(height[low])
    risen = np.flatnonzero(height[low:] >= height[low] + RISEN * depth)
    return float(clip.stamps[there[low + risen[0]]]) if depth >= STOOP and len(risen) else None


def _speed(clip: Clip, person: int) -> tuple[np.ndarray, np.ndarray]:
    """(L,) stamps at which a person is seen, and metres a second of the fastest limb; none of who is hardly seen."""
    there = np.flatnonzero(clip.mask[:, person].any(axis=1))
    stamps = clip.stamps[there]
    if len(there) < 4 or stamps[-1] - stamps[0] < SMOOTHING:
        return np.zeros(0), np.zeros(0)
    width = max(1, round(SMOOTHING * (len(stamps) - 1) / (stamps[-1] - stamps[0])))
    speed = np.zeros(len(there))
    for joint in LIMBS:
        seen = clip.mask[there, person, joint]
        if seen.sum() > 3:
            path = np.stack([np.interp(stamps, stamps[seen], clip.joints[there[seen], person, joint, axis])
                             for axis in range(3)], axis=1)  # fmt: skip
            speed = np.maximum(speed, np.linalg.norm(np.gradient(_smooth(path, width), stamps, axis=0), axis=1))
    return stamps, speed


def _way(stamps: np.ndarray, speed: np.ndarray, slow: float) -> float:
    """Metres that somebody moves faster than ``slow``; stamps and speed (L,) of ``_speed``."""
    return float((speed * np.gradient(stamps))[speed > slow].sum()) if len(stamps) else 0.0


def _smooth(path: np.ndarray, width: int) -> np.ndarray:
    """Moving average over ``width`` samples (T, 3), the ends held."""
    padded = np.pad(path, ((width // 2, width - 1 - width // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros((1, 3)), padded]), axis=0)
    return (sums[width:] - sums[:-width]) / width
