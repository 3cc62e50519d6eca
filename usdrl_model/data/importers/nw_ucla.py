"""NW-UCLA in the JSON files of CTR-GCN: ten people, ten actions, three Kinect v1; one action a clip.

A file holds ``skeletons``: frames x 20 joints x 3, metres. The frame rate is not in the files; 15 Hz is assumed, since
at the sensor's 30 Hz people would walk 3.75 steps a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.files import limits
from usdrl_model.files.documents import parse_json
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="NW-UCLA",
    files="aAA_sSS_eEE_vVV.json (all_sqe, or its archive)",
    where="the CTR-GCN project (github.com/Uason-Chen/CTR-GCN, section Data Preparation)",
    terms=Terms("research", "research use, cite J. Wang and others, CVPR 2014"),
)
TOPOLOGY = "kinect_v1_20"
RATE = 15.0
LABELS = {
    "01": "pick_up_with_one_hand",
    "02": "pick_up_with_two_hands",
    "03": "drop_trash",
    "04": "walk_around",
    "05": "sit_down",
    "06": "stand_up",
    "08": "don",
    "09": "doff",
    "11": "throw",
    "12": "carry",
}
"""The published set has no actions 7 and 10."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip (``a01_s01_e00_v01``: action, subject, take, camera).

    Raises:
        FileNotFoundError: the folder holds no clips.
        ValueError: a malformed file.
    """
    for member in members(Path(folder), r"(?P<name>a(\d\d)_s(\d\d)_e(\d\d)_v(\d\d))\.json$", INFO, limits.JSON):
        name, action, subject, take, camera = member.match.groups()
        if action not in LABELS:
            raise ValueError(f"{member.where}: expected one of the actions {', '.join(LABELS)}, got {action}")
        try:
            joints = np.asarray(parse_json(member.data, member.where)["skeletons"], np.float64)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"{member.where}: expected an object with 'skeletons' ({str(error)[:200]})") from None
        if joints.ndim != 3 or joints.shape[1:] != (20, 3):
            raise ValueError(f"{member.where}: expected skeletons of (frames, 20, 3), got {joints.shape}")
        yield Recording(
            name=name.lower(),
            topology=TOPOLOGY,
            frames=alone(joints, RATE),
            labels=tuple(LABELS.values()),
            subject=subject,
            label=LABELS[action],
            tags={"camera": str(int(camera)), "take": take},
        )
