"""Joint angles of motion capture -> joint positions, all frames at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def rotation(axis: str, degrees: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation matrices by ``degrees`` (...) about ``axis`` x, y or z."""
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*angle.shape, 3, 3))
    fixed = "xyz".index(axis)
    one, two = (fixed + 1) % 3, (fixed + 2) % 3
    matrix[..., fixed, fixed] = 1.0
    matrix[..., one, one] = matrix[..., two, two] = cos
    matrix[..., two, one], matrix[..., one, two] = sin, -sin
    return matrix


def product(axes: Sequence[str], degrees: np.ndarray) -> np.ndarray:
    """(T, 3, 3) product of the rotations about ``axes``, leftmost first; degrees (T, len(axes))."""
    matrix = np.broadcast_to(np.eye(3), (len(degrees), 3, 3))
    for column, axis in enumerate(axes):
        matrix = matrix @ rotation(axis, degrees[:, column])
    return matrix


def chain(
    parents: Sequence[int], steps: Sequence[np.ndarray], turns: Sequence[np.ndarray], *, turned_by_own: bool
) -> np.ndarray:
    """Forward kinematics: positions of a tree of joints.

    Args:
        parents: of every joint, -1 for a root; parents come before their children.
        steps: offset of every joint from its parent, (3,) or (T, 3).
        turns: rotation of every joint relative to its parent, (T, 3, 3).
        turned_by_own: offsets are in the joint's own rotated axes (ASF bones) instead of its parent's (BVH).

    Returns:
        (T, J, 3).
    """
    places: list[np.ndarray] = []
    overall: list[np.ndarray] = []
    for parent, step, turn in zip(parents, steps, turns, strict=True):
        above = overall[parent] if parent >= 0 else np.broadcast_to(np.eye(3), turn.shape)
        mine = above @ turn
        moved = np.einsum("tij,tj->ti", mine if turned_by_own else above, np.broadcast_to(step, (len(turn), 3)))
        places.append(moved + places[parent] if parent >= 0 else moved)
        overall.append(mine)
    return np.stack(places, axis=1)
