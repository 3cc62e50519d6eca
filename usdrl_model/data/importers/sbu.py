"""SBU Kinect Interaction (clean): seven people in pairs, eight interactions, OpenNI; one interaction a clip.

Coordinates are normalised; they are converted to metres as in the set's notes. Person "1" acts, "2" reacts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers.arrays import EPOCH, check_stamps, frames
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="SBU Kinect Interaction",
    files="sbu_kinect_interaction_skeleton.zip (or sAAsBB/CC/NNN/skeleton_pos.txt)",
    where="the authors' page (www3.cs.stonybrook.edu/~kyun/research/kinect_interaction)",
    terms=Terms("research", "academic use, cite K. Yun and others, CVPRW 2012"),
)
TOPOLOGY = "openni_nite_15"
RATE = 15.0
LABELS = ("approach", "depart", "kick", "push", "handshake", "hug", "exchange_object", "punch")
COLUMNS = 1 + 2 * 15 * 3


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip (``s01s02_01_001``: set, class, repetition).

    Raises:
        FileNotFoundError: the folder holds no clips.
        ValueError: a malformed file; the message names file and line.
    """
    for member in members(Path(folder), r"(s(\d\d)s\d\d)/(\d\d)/(\d\d\d)/skeleton_pos\.txt$", INFO):
        pair, actor, action, take = member.match.groups()
        pair = pair.lower()  # a file system may have made it upper case, and the folds name it
        if not 1 <= int(action) <= len(LABELS):
            raise ValueError(f"{member.where}: expected class 1 to {len(LABELS)}, got {action}")
        rows = table(member.text(), COLUMNS, member.where, separator=",")
        joints = metres(rows[:, 1:].reshape(-1, 2, 15, 3))
        # Frame numbers skip lost frames, and so do the stamps.
        stamps = EPOCH + (rows[:, 0] - rows[:1, 0].sum()) / RATE
        check_stamps(stamps, member.where, what="frame numbers in the first column")
        yield Recording(
            name=f"{pair}_{action}_{take}",
            topology=TOPOLOGY,
            frames=frames(stamps, {"1": joints[:, 0], "2": joints[:, 1]}),
            labels=LABELS,
            subject=f"s{actor}",
            label=LABELS[int(action) - 1],
            tags={"set": pair, "take": take},
        )


def metres(normalised: np.ndarray) -> np.ndarray:
    """(..., 3) as in the files -> metres, y up; missing joints (all 0) stay 0."""
    x, y, z = np.moveaxis(normalised, -1, 0)
    real = np.stack([1280.0 - x * 2560.0, 960.0 - y * 1920.0, z * 10000.0 / 7.8125], axis=-1) / 1000.0
    return np.where((normalised != 0.0).any(axis=-1, keepdims=True), real, 0.0)
