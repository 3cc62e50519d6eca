"""How a body gets from one pose to another: bones turn, smoothly, at the speed of a person."""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS

SPEED = 0.7
"""Metres a second, mean of the joint that has the longest way; its peak is 1.9 times as fast."""
SHORTEST, LONGEST = 0.25, 2.0
"""Seconds that a transition takes at least and at most."""
ALIGNED = 0.5
"""Radians of heading beyond which somebody is turned, as if they had stood that way before."""
_ROOT = next(joint for joint, parent in enumerate(PARENTS) if joint == parent)
_LEFT, _RIGHT, _SPINE = (JOINT_INDEX[name] for name in ("shoulder_left", "shoulder_right", "spine_mid"))


def placed(joints: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Move and turn somebody to where they stood before; heights stay.

    Args:
        joints: (T, 25, 3) metres, NaN where invalid; the first frame is to follow ``before``.
        before: (25, 3).
    """
    turn = heading(across(before)) - heading(across(joints[0]))
    turn = (turn + np.pi) % (2.0 * np.pi) - np.pi if np.isfinite(turn) else 0.0
    if abs(turn) > ALIGNED:
        joints = turned(joints, turn)
    shift = _middle(before) - _middle(joints[0])
    return joints + np.array([shift[0], 0.0, shift[2]])


def across(pose: np.ndarray) -> np.ndarray:
    """Poses (..., 25, 3) -> (..., 3): from the right to the left shoulder."""
    line: np.ndarray = pose[..., _LEFT, :] - pose[..., _RIGHT, :]
    return line


def heading(line: np.ndarray) -> float:
    """Radians from z towards x: where somebody looks, by the line (3,) ``across`` their shoulders; NaN without it."""
    return float(np.arctan2(-line[2], line[0]))


def turned(joints: np.ndarray, angle: float) -> np.ndarray:
    """Points (..., 3) turned about the vertical: a heading grows by ``angle``, radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    around: np.ndarray = joints @ np.array([[cosine, 0.0, -sine], [0.0, 1.0, 0.0], [sine, 0.0, cosine]])
    return around


def seconds(start: np.ndarray, end: np.ndarray) -> float:
    """How long it takes from one pose (25, 3) to another."""
    way = np.linalg.norm(end - start, axis=1)
    furthest = float(np.nanmax(way)) if np.isfinite(way).any() else 0.0
    return min(max(furthest / SPEED, SHORTEST), LONGEST)


def blend(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Poses between two.

    Args:
        start: (25, 3) metres, NaN where invalid.
        end: (25, 3).
        share: (T,) of the time that has passed, 0 to 1.

    Returns:
        (T, 25, 3), NaN where one of the two is.
    """
    part = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)  # minimum jerk
    poses = start + part[:, None, None] * (end - start)
    straight = poses.copy()
    for joint in _outwards():
        parent = PARENTS[joint]
        bone = _bent(start[joint] - start[parent], end[joint] - end[parent], part)
        bent = poses[:, parent] + bone
        poses[:, joint] = np.where(np.isfinite(bent), bent, straight[:, joint])
    return poses


def _bent(start: np.ndarray, end: np.ndarray, part: np.ndarray) -> np.ndarray:
    """(T, 3) between two vectors (3,), about the axis that is perpendicular to both."""
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    straight = start + part[:, None] * (end - start)
    if not min(lengths) > 1e-3:  # NaN, too
        return straight
    one, two = start / lengths[0], end / lengths[1]
    angle = np.arccos(np.clip(one @ two, -1.0, 1.0))
    if not 1e-3 < angle < 3.0:
        return straight
    along = np.sin((1.0 - part) * angle)[:, None] * one + np.sin(part * angle)[:, None] * two
    return (lengths[0] + part * (lengths[1] - lengths[0]))[:, None] * along / np.sin(angle)


def _outwards() -> list[int]:
    """Joints but the root, each after its parent."""
    order = [_ROOT]
    for joint in order:
        order += [other for other, parent in enumerate(PARENTS) if parent == joint and other != joint]
    return order[1:]


def _middle(pose: np.ndarray) -> np.ndarray:
    middle: np.ndarray = pose[_SPINE] if np.isfinite(pose[_SPINE]).all() else np.nanmean(pose, axis=0)
    return middle
