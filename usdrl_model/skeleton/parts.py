"""Parts of the body that an action may need to be seen.

>>> import numpy as np
>>> mask = np.ones((2, 25), bool)
>>> mask[1, JOINT_INDEX["wrist_left"]] = False
>>> seen(mask, "arm").tolist(), seen(mask, "arms").tolist()
([True, True], [True, False])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from usdrl_model.skeleton.topology import JOINT_INDEX

Part = Literal["arm", "arms", "hips", "legs"]
"""``arm``: either of the two; ``arms``: both; ``legs``: at least one."""


def _joints(*names: str) -> list[int]:
    return [JOINT_INDEX[name] for name in names]


_ALTERNATIVES: Mapping[Part, tuple[list[int], ...]] = {
    "arm": (_joints("elbow_left", "wrist_left"), _joints("elbow_right", "wrist_right")),
    "arms": (_joints("elbow_left", "wrist_left", "elbow_right", "wrist_right"),),
    "hips": (_joints("hip_left", "hip_right"),),
    "legs": (_joints("knee_left", "ankle_left"), _joints("knee_right", "ankle_right")),
}
"""A part is seen where all joints of one of its alternatives are."""


def seen(mask: np.ndarray, part: Part) -> np.ndarray:
    """Where a part is seen: mask of the canonical joints (T, 25) -> (T,) bool."""
    alternatives: np.ndarray = np.stack([mask[:, joints].all(axis=1) for joints in _ALTERNATIVES[part]])
    return np.any(alternatives, axis=0)
