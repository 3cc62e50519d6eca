"""Frames on the time grid -> what the encoder sees: no holes, centred on the person, facing the sensor.

Centring removes where somebody stands, the heading where they face, both of which say nothing about the action; what
is left of the vertical is gravity. Centred frame by frame, a window shows neither where somebody goes nor where the
robot goes meanwhile; centred as a whole it shows both. The heading is the median shoulder line of the window, not that
of its first frame (official): a bad first frame would turn the whole window. With two people it is the line from one to
the other, which says more of what they do and is measured better than shoulders seen from the side (docs/results.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usdrl_model.encoder_config import Centre
from usdrl_model.skeleton import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID
from usdrl_model.topology import PARENTS

NEAR = 2.0
"""Metres within which another person belongs into the window of a model that looks at several."""
_ROOT = next(joint for joint, parent in enumerate(PARENTS) if joint == parent)


def place(joints: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Where somebody stands: the spine, or, where it is invalid, the mean of the joints that are not.

    Args:
        joints: (V, 3) metres.
        valid: (V,) bool.

    Returns:
        (3,) metres, NaN if nothing is valid: who is nowhere is near nobody.
    """
    if valid[SPINE_MID]:
        return joints[SPINE_MID]
    return joints[valid].mean(axis=0) if valid.any() else np.full(3, np.nan)


def fill(joints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Give every invalid joint a harmless place.

    In this order: where the joint was last seen in the window, where it is seen next, where its parent is (as if the
    bone had no length).

    Args:
        joints: (T, V, 3) metres.
        mask: (T, V) bool, False where invalid.

    Returns:
        (T, V, 3), all zero if nothing in the window is valid.
    """
    if mask.all():
        return joints
    frames = np.arange(len(mask))[:, None]
    before = np.maximum.accumulate(np.where(mask, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(mask, frames, len(mask))[::-1], axis=0)[::-1]
    source = np.where(before >= 0, before, np.minimum(after, len(mask) - 1))
    filled = np.take_along_axis(joints, source[:, :, None], axis=0)

    seen: np.ndarray = np.any(mask, axis=0)
    if not seen.any():
        return np.zeros_like(joints)
    if not seen[_ROOT]:
        filled[:, _ROOT] = filled[:, seen].mean(axis=1)
    for joint in _outwards():
        if not seen[joint] and joint != _ROOT:
            filled[:, joint] = filled[:, PARENTS[joint]]
    return filled


def normalise(joints: np.ndarray, centre: Centre = "frame") -> np.ndarray:
    """Centre every frame, or the window, on the spine of person 0 and turn the window so that they face the sensor.

    Args:
        joints: (T, M, V, 3) metres, y up, without holes; people who are not there are zero.
        centre: see ``EncoderConfig.centre``.

    Returns:
        (T, M, V, 3). What points to +x, in the median of the frames: the line from person 0 to person 1, or, of
        somebody alone, from the left to the right shoulder. Who is not there stays zero.
    """
    there: np.ndarray = np.any(joints, axis=(0, 2, 3))  # (M,)
    spine = joints[:, 0, SPINE_MID]  # (T, 3)
    present = there[:, None, None]
    centred = (joints - spine[:, None, None]) * present
    turn = _heading(centred, there).T
    if centre == "frame":
        return centred @ turn
    path = spine @ turn
    return centred @ turn + (path - np.median(path, axis=0))[:, None, None] * present


def _heading(centred: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(3, 3) rotation about the vertical that makes the window face the sensor."""
    if len(there) > 1 and there[1]:
        line = np.median(centred[:, 1, SPINE_MID], axis=0)
    else:
        line = np.median(centred[:, 0, SHOULDER_RIGHT] - centred[:, 0, SHOULDER_LEFT], axis=0)
    length = float(np.hypot(line[0], line[2]))
    cos, sin = (line[0] / length, line[2] / length) if length >= 1e-6 else (1.0, 0.0)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]], dtype=centred.dtype)


def compose(
    joints: np.ndarray,
    mask: np.ndarray,
    others: Sequence[tuple[np.ndarray, np.ndarray]],
    people: int,
    centre: Centre = "frame",
) -> np.ndarray:
    """The window that the encoder sees of a person and of those near them.

    Args:
        joints: (T, V, 3) of the person.
        mask: (T, V) bool.
        others: the same of up to ``people - 1`` others, nearest first.
        people: M; who is missing is all zero.
        centre: see ``EncoderConfig.centre``.

    Returns:
        (T, M, V, 3) float32, filled and normalised to the person.
    """
    bodies = normalise(np.stack([fill(*body) for body in ((joints, mask), *others)], axis=1), centre)
    window = np.zeros((len(joints), people, *joints.shape[1:]), np.float32)
    window[:, : bodies.shape[1]] = bodies
    return window


def _outwards() -> tuple[int, ...]:
    """Joints ordered so that every parent comes before its children."""

    def depth(joint: int) -> int:
        return 0 if PARENTS[joint] == joint else 1 + depth(PARENTS[joint])

    return tuple(sorted(range(len(PARENTS)), key=depth))
