"""NTU RGB+D 60 and 120 in 2D: 17 COCO joints with confidence, found in the videos by HRNet, as PYSKL publishes them.

One pickle holds everything, so reading it takes as much memory as its size (about 1.5 GB for 60 classes). It is read as
data only. Clips with the label -1 ("unknown") have no label here.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from usdrl_model.data.importers import safe_pickle
from usdrl_model.data.importers.arrays import check_confidence, frames, regular
from usdrl_model.data.importers.files import DatasetInfo, missing, warn_unmatched
from usdrl_model.data.importers.image_plane import to_metres
from usdrl_model.data.importers.ntu import LABELS, RATE
from usdrl_model.errors.shown import cut, shown
from usdrl_model.files import archives
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="NTU RGB+D 2D skeletons",
    files="ntu60_hrnet.pkl or ntu120_hrnet.pkl",
    where="the PYSKL project (github.com/kennymotion/pyskl, tools/data)",
    terms=Terms("research", "the terms of NTU RGB+D: academic research only, no redistribution"),
)
TOPOLOGY = "coco_17"
UNKNOWN = -1
"""Label of a clip with an unknown action."""
_PARTS = {"train": "train", "val": "test", "test": "test"}
"""Last word of the name of a split -> the part of a protocol."""
NORMALISED = -1.0, 2.0
"""Places of joints as shares of the picture, or from -1 to 1 across it, with some outside of it."""
_LONGEST = 200
_LARGEST = 10**5
HIGHEST = 2.0
"""Largest score: the peak of a heat map can be slightly above 1."""


def load(folder: str | Path, *, actions: int = 60) -> Iterator[Recording]:
    """Read every clip of ``ntu<actions>_hrnet.pkl``, named as its video; the splits of the file become tags.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a pickle, or one that asks for more than data; the message names the clip.
    """
    path = _file(Path(folder), f"ntu{actions}_hrnet.pkl")
    content = _content(path)
    tags = _tags(content["split"], str(path))
    unlabelled = 0
    for annotation in content["annotations"]:
        recording = _recording(annotation, tags, LABELS[:actions], str(path))
        unlabelled += recording.label is None
        tags.pop(recording.name, None)
        yield recording
    if unlabelled:
        logging.getLogger(__name__).warning(
            "%s: %d clips with the label %d, taken without a label", path, unlabelled, UNKNOWN
        )
    warn_unmatched(tags, path, "its splits")


def _file(folder: Path, name: str) -> Path:
    """The file itself, or the one of that name in a folder or below it, in any case."""
    if folder.is_file() and not archives.is_archive(folder):
        return folder
    there = [folder] if folder.is_file() else [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [path for path in there if path.name.lower() == name]
    if len(found) > 1:
        raise ValueError(f"{found[0]} and {found[1]} are both {name}: keep one, or name it")
    if found:
        return found[0]
    packed = [path for path in there if path.name.lower().startswith(Path(name).stem) and archives.is_archive(path)]
    if packed:
        raise FileNotFoundError(f"{packed[0]}: too large to be read in an archive: unpack {name}")
    raise missing(folder, INFO)


def _content(path: Path) -> dict[str, Any]:
    """Content of the pickle, read without a copy of its bytes."""
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # an empty file cannot be mapped
            raise ValueError(f"{path}: refused or damaged pickle ({error})") from None
        with content:
            value = safe_pickle.load(cast(BinaryIO, content), str(path))
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("split"), dict)
        or not isinstance(value.get("annotations"), list)
        or not all(isinstance(annotation, dict) for annotation in value["annotations"])
    ):
        raise ValueError(f"{path}: expected a dictionary with 'split' and 'annotations'")
    return value


def _tags(splits: Mapping[str, Any], where: str) -> dict[str, dict[str, str]]:
    """Clip -> protocol -> train or test."""
    tags: dict[str, dict[str, str]] = {}
    for split, names in splits.items():
        if not isinstance(split, str) or not isinstance(names, (list, tuple, np.ndarray)):
            raise ValueError(f"{where}: split {shown(split)}: expected a list of names of clips, got {shown(names)}")
        protocol, _, word = split.lower().rpartition("_")
        if not protocol or word not in _PARTS:
            raise ValueError(f"{where}: split {shown(split)}: expected a protocol and {', '.join(_PARTS)}: xsub_train")
        for name in map(str, names):
            if tags.setdefault(name, {}).setdefault(protocol, _PARTS[word]) != _PARTS[word]:
                raise ValueError(f"{where}: clip {cut(name, _LONGEST)} is in both parts of {cut(protocol, _LONGEST)}")
    return tags


def _label(value: Any, labels: tuple[str, ...]) -> str | None:
    """Name of the class with this number; None for -1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"label: expected a whole number, got {shown(value)}")
    if value == UNKNOWN:
        return None
    if not 0 <= value < len(labels):
        raise ValueError(f"label: expected 0 to {len(labels) - 1}, or {UNKNOWN} for unknown, got {shown(int(value))}")
    return labels[value]


def _check_pixels(keypoints: np.ndarray, width: int, height: int) -> None:
    """Refuse a clip whose joints are all in the first pixels, which makes people of a millimetre."""
    least, most = NORMALISED
    found = keypoints[np.isfinite(keypoints) & (keypoints != 0.0)]
    if len(found) and max(width, height) > most and least <= found.min() and found.max() <= most:
        raise ValueError(
            f"keypoint: expected pixels of {width}x{height}, got {found.min():.3g} to {found.max():.3g}: multiply"
            " shares of the picture by its size"
        )


def _recording(
    annotation: Mapping[str, Any], tags: Mapping[str, Mapping[str, str]], labels: tuple[str, ...], where: str
) -> Recording:
    name = cut(str(annotation.get("frame_dir")), _LONGEST)
    try:
        keypoints = np.asarray(annotation["keypoint"], np.float64)
        scores = np.asarray(annotation["keypoint_score"], np.float64)
        height, width = (int(side) for side in annotation["img_shape"])
        label = _label(annotation["label"], labels)
        if not (0 < height <= _LARGEST and 0 < width <= _LARGEST):
            raise ValueError(f"an image of {shown((height, width))} pixels")
        check_confidence(scores, "keypoint_score", HIGHEST)
        _check_pixels(keypoints, width, height)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"{where}: clip {name}: {type(error).__name__} {cut(str(error), 200)}") from None
    people, count = keypoints.shape[:2] if keypoints.ndim == 4 else (0, 0)
    if keypoints.shape != (people, count, 17, 2) or scores.shape != (people, count, 17) or count == 0:
        raise ValueError(
            f"{where}: clip {name}: expected keypoints (M, T, 17, 2) and scores (M, T, 17), got {keypoints.shape} and"
            f" {scores.shape}"
        )
    joints = to_metres(keypoints, width, height)
    return Recording(
        name=name,
        topology=TOPOLOGY,
        frames=frames(
            regular(count, RATE),
            {str(index + 1): one for index, one in enumerate(joints)},
            {str(index + 1): one for index, one in enumerate(scores)},
            flat=True,
        ),
        labels=labels,
        subject=name[9:12] if name[8:9] == "P" else None,
        label=label,
        tags={"image": f"{width}x{height}", **tags.get(name, {})},
    )
