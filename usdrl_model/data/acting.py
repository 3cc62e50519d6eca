"""Which of two people does what a clip is named for: a kick has one who kicks and one who is kicked."""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.topology import JOINT_INDEX

ENDS = [JOINT_INDEX[f"{end}_{side}"] for end in ("hand", "ankle") for side in ("left", "right")]
"""Where limbs end."""
BODY = [
    JOINT_INDEX[name]
    for name in (
        "head", "spine_shoulder", "spine_mid", "spine_base", "shoulder_left", "shoulder_right", "hip_left", "hip_right"
    )
]  # fmt: skip
"""Whom a limb reaches: the head and the trunk."""
CLEAR = 0.1
"""Metres by which one person must come nearer than the other to be the one who acts."""


def acting(clip: Clip) -> int | None:
    """Place in ``clip.people`` of the one of two people who acts.

    That is the one whose hand or foot comes nearer to the body of the other. The arms of somebody who is hit or pushed
    swing as far, but not at the other.

    Returns:
        None where that is not clear, or where there are not two people.
    """
    if len(clip.people) != 2:
        return None
    joints = np.where(clip.mask[..., None], clip.joints.astype(np.float64), np.nan)
    first, second = (_reach(joints[:, place], joints[:, 1 - place]) for place in (0, 1))
    if not abs(first - second) > CLEAR:
        return None
    return 0 if first > second else 1


def _reach(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Metres that a limb of a person comes nearer to the other's body, less what it stays away; joints (T, 25, 3).

    The largest of all limbs; NaN where no limb and no body are seen together.
    """
    apart = np.linalg.norm(mine[:, ENDS, None] - theirs[:, None, BODY], axis=3)
    nearest = np.where(np.isnan(apart), np.inf, apart).min(axis=2)
    gaps = (gap[np.isfinite(gap)] for gap in nearest.T)
    return max((float(gap[0] - 2.0 * gap.min()) for gap in gaps if len(gap)), default=np.nan)
