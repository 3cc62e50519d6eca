"""Parts of the body that an action may need to be seen.

>>> import numpy as np
>>> mask = np.ones((2, 25), bool)
>>> mask[0, JOINT_INDEX["wrist_left"]] = False  # a hand is as good
>>> mask[1, [JOINT_INDEX["wrist_left"], JOINT_INDEX["hand_left"]]] = False
>>> seen(mask)[:, PARTS.index("arm")].tolist(), seen(mask)[:, PARTS.index("arms")].tolist()
([True, True], [True, False])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np

from usdrl_model.skeleton.topology import JOINT_INDEX

Part = Literal["arm", "arms", "hips", "legs"]
"""``arm``: either of the two; ``arms``: both; ``legs``: at least one."""


def _joints(*names: str) -> list[int]:
    return [JOINT_INDEX[name] for name in names]


_LEFT, _RIGHT = (
    tuple(_joints(f"elbow_{side}", f"{end}_{side}") for end in ("wrist", "hand")) for side in ("left", "right")
)
_ALTERNATIVES: Mapping[Part, tuple[list[int], ...]] = {
    "arm": (*_LEFT, *_RIGHT),
    "arms": tuple([*left, *right] for left in _LEFT for right in _RIGHT),
    "hips": (_joints("hip_left", "hip_right"),),
    "legs": (_joints("knee_left", "ankle_left"), _joints("knee_right", "ankle_right")),
}
"""A part is seen where all joints of one of its alternatives are."""


PARTS: tuple[Part, ...] = get_args(Part)
_WAYS = [way for part in PARTS for way in _ALTERNATIVES[part]]
_NEEDED = np.array([[joint in way for way in _WAYS] for joint in range(len(JOINT_INDEX))], np.float32)
"""(25, ways), 1 where a way needs a joint; numbers are multiplied faster than bool."""
_FIRST = np.cumsum([0, *(len(_ALTERNATIVES[part]) for part in PARTS[:-1])])


def seen(mask: np.ndarray) -> np.ndarray:
    """Where parts are seen: mask of the canonical joints (..., 25) bool -> (..., len(PARTS)) bool."""
    missing = (~mask).astype(np.float32) @ _NEEDED
    return np.asarray(np.logical_or.reduceat(missing == 0.0, _FIRST, axis=-1))
