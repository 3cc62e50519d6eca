"""Who shares a window with a person: the nearest others, chosen alike live and in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usdrl_model.skeleton.person import SPINE_MID
from usdrl_model.windows.window import Body

NEAR = 2.0
"""Metres within which another person is a neighbour."""
RECENT_FRAMES = 8
"""Frames at the end of a window in which a joint must be valid to count for the position of its person."""


def nearest(person: Body, others: Sequence[Body], count: int) -> list[Body]:
    """The ``count`` nearest of ``others`` at the end of a window, nearest first, all within ``NEAR``.

    Args:
        person: joints (T, V, 3) metres and mask (T, V) of the person whose window it is.
        others: the same frames of the other people.
        count: neighbours at most.
    """
    here = _position(*person)
    gaps = [float(np.linalg.norm(_position(*other) - here)) for other in others]
    return [others[index] for index in np.argsort(gaps, kind="stable") if gaps[index] < NEAR][:count]


def _position(joints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(3,) metres: the spine where it was last valid, else the mean of the other joints; NaN without a valid joint."""
    joints, mask = joints[-RECENT_FRAMES:], mask[-RECENT_FRAMES:]
    last = np.where(mask, np.arange(len(mask))[:, None], -1).max(axis=0)
    newest, valid = joints[last, np.arange(len(last))], last >= 0
    if valid[SPINE_MID]:
        return newest[SPINE_MID]
    return newest[valid].mean(axis=0) if valid.any() else np.full(3, np.nan)
