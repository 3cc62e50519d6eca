"""J-HMDB 2D: 15 annotated joints in the image, one action a clip, as the DD-Net project packs them.

The pickles hold 14 of the 21 classes and no names: a clip is identified by its content, which is the same in all
three splits. Coordinates are relative to the size of the person; ``SCALE`` converts them to an adult in metres.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.data.importers import safe_pickle
from usdrl_model.data.importers.arrays import alone
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.data.importers.image_plane import DISTANCE
from usdrl_model.files import limits
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="J-HMDB 2D poses",
    files="GT_pkl.zip (or GT_train_1.pkl ... GT_test_3.pkl)",
    where="the DD-Net project (github.com/fandulu/DD-Net, data/JHMDB); videos: jhmdb.is.tue.mpg.de",
    terms=Terms("research", "research use, cite H. Jhuang and others, ICCV 2013"),
)
TOPOLOGY = "jhmdb_15"
RATE = 25.0
"""Assumed: videos have 25 to 30 frames a second, and the files do not say which."""
SCALE = 1.8
"""Metres per unit, so that the distance from belly to neck is that of an adult."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip once (``catch_000`` ...), with its part in each split as a tag.

    Raises:
        FileNotFoundError: the folder holds no such pickles.
        ValueError: a malformed pickle, or one that asks for more than data.
    """
    clips: dict[str, tuple[str, np.ndarray]] = {}
    tags: dict[str, dict[str, str]] = {}
    for member in members(Path(folder), r"GT_(train|test)_(\d)\.pkl$", INFO, limits.MEMBER):
        part, split = member.match.groups()
        for label, pose in _content(member):
            key = hashlib.sha256(f"{label} {pose.shape}".encode() + pose.tobytes()).hexdigest()
            clips[key] = label, pose
            tags.setdefault(key, {})[f"split_{split}"] = part.lower()
    labels = tuple(sorted({label for label, _ in clips.values()}))
    counts = dict.fromkeys(labels, 0)
    for key in sorted(clips):
        label, pose = clips[key]
        missing = (pose == 0.0).all(axis=2, keepdims=True)  # at the very centre
        joints = np.stack([-pose[:, :, 0], -pose[:, :, 1], np.full(pose.shape[:2], DISTANCE / SCALE)], axis=-1) * SCALE
        joints = np.where(missing, np.nan, joints)
        yield Recording(
            name=f"{label}_{counts[label]:03}",
            topology=TOPOLOGY,
            frames=alone(joints, RATE, flat=True),
            labels=labels,
            label=label,
            tags=tags[key],
        )
        counts[label] += 1


def _content(member: Member) -> Iterator[tuple[str, np.ndarray]]:
    content: Any = safe_pickle.load(io.BytesIO(member.data), member.where)
    if not isinstance(content, dict) or not {"pose", "label"} <= set(content):
        raise ValueError(f"{member.where}: expected a dictionary with 'pose' and 'label'")
    if not all(isinstance(content[key], (list, tuple, np.ndarray)) for key in ("pose", "label")):
        raise ValueError(f"{member.where}: expected lists as 'pose' and 'label'")
    if len(content["pose"]) != len(content["label"]):
        raise ValueError(f"{member.where}: {len(content['pose'])} poses, but {len(content['label'])} labels")
    for label, pose in zip(content["label"], content["pose"], strict=True):
        if not isinstance(pose, np.ndarray):
            raise ValueError(f"{member.where}: expected poses as arrays, got {type(pose).__name__}")
        if pose.ndim != 3 or pose.shape[1:] != (15, 2) or pose.dtype.kind != "f":
            raise ValueError(f"{member.where}: expected poses of (frames, 15, 2), got {pose.shape} of {pose.dtype}")
        yield str(label), pose.astype(np.float64)
