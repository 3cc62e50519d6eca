"""UTD-MHAD: eight people, 27 actions, four takes each, Kinect v1; one action a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import matlab
from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="UTD-MHAD",
    files="Skeleton.zip (or aA_sS_tT_skeleton.mat)",
    where="the authors' page (personal.utdallas.edu/~kehtar/UTD-MHAD.html)",
    terms=Terms("research", "free for research, cite C. Chen, R. Jafari, N. Kehtarnavaz, ICIP 2015"),
)
TOPOLOGY = "kinect_v1_20"
RATE = 30.0
LABELS = (
    "swipe_left", "swipe_right", "wave", "clap", "throw", "cross_arms", "basketball_shoot", "draw_x",
    "draw_circle_clockwise", "draw_circle_counter_clockwise", "draw_triangle", "bowling", "boxing", "baseball_swing",
    "tennis_swing", "arm_curl", "tennis_serve", "push", "knock", "catch", "pick_up_and_throw", "jog", "walk",
    "stand_up", "sit_down", "lunge", "squat",
)  # fmt: skip
_HEAD_FIRST = (3, 2, 1, 0, *range(4, 20))
"""Index in the file of every joint of ``TOPOLOGY``: the file lists the trunk from the head down."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip (``a1_s1_t1`` ...).

    Raises:
        FileNotFoundError: the folder holds no clips.
        ValueError: a malformed file.
    """
    for member in members(Path(folder), r"a(\d+)_s(\d+)_t(\d+)_skeleton\.mat$", INFO):
        action, subject, take = member.match.groups()
        if not 1 <= int(action) <= len(LABELS):
            raise ValueError(f"{member.where}: expected action 1 to {len(LABELS)}, got {action}")
        array = matlab.read(member.data, "d_skel", member.where)
        if array.ndim != 3 or array.shape[:2] != (20, 3):
            raise ValueError(f"{member.where}: expected d_skel of (20, 3, frames), got {array.shape}")
        joints = np.ascontiguousarray(array.transpose(2, 0, 1)[:, _HEAD_FIRST])
        yield Recording(
            name=f"a{action}_s{subject}_t{take}",
            topology=TOPOLOGY,
            frames=alone(joints, RATE),
            labels=LABELS,
            subject=subject,
            label=LABELS[int(action) - 1],
            tags={"take": take},
        )
