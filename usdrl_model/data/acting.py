"""Which of two people does what a clip is named for: a kick has one who kicks and one who is kicked."""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.topology import JOINT_INDEX

REACH = {"ankle": "hip", "wrist": "shoulder", "hand": "shoulder"}
"""End of a limb -> where it begins."""
CLEAR = 0.25
"""Metres by which one person must reach further than the other to be the one who acts."""


def acting(clip: Clip) -> int | None:
    """Place in ``clip.people`` of the one of two people who acts.

    That is the one whose hand or foot reaches further towards the other than it was at first, and swings further up.

    Returns:
        None where that is not clear, or where there are not two people.
    """
    if len(clip.people) != 2:
        return None
    both = clip.mask[:, :, JOINT_INDEX["spine_mid"]].all(axis=1)
    if not both.any():
        return None
    joints = np.where(clip.mask[both][..., None], clip.joints[both].astype(np.float64), np.nan)
    first, second = (_reach(joints[:, place], joints[:, 1 - place]) for place in (0, 1))
    if not abs(first - second) > CLEAR:
        return None
    return 0 if first > second else 1


def _reach(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Metres that the busiest limb of a person goes towards the other, plus how far it goes up; joints (T, 25, 3)."""
    towards = (theirs - mine)[:, JOINT_INDEX["spine_mid"]]
    towards[:, 1] = 0.0
    towards /= np.linalg.norm(towards, axis=1, keepdims=True).clip(min=1e-6)
    found = [0.0]
    for end, start in REACH.items():
        for side in ("left", "right"):
            limb = mine[:, JOINT_INDEX[f"{end}_{side}"]] - mine[:, JOINT_INDEX[f"{start}_{side}"]]
            seen = np.isfinite(limb).all(axis=1)
            if seen.any():
                limb, ahead = limb[seen], (limb * towards)[seen].sum(axis=1)
                found.append(float(ahead.max() - ahead[0] + np.ptp(limb[:, 1])))
    return max(found)
