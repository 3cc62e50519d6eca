"""NTU RGB+D 60 and 120 in 2D: 17 COCO joints with confidence, found in the videos by HRNet, as PYSKL publishes them.

One pickle holds everything, so reading it takes as much memory as it is large (about 1.5 GB for 60 classes). It is
opened with a restricted unpickler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.datasets import pickles
from usdrl_model.datasets.frames import frames, regular
from usdrl_model.datasets.image_plane import to_metres
from usdrl_model.datasets.ntu import LABELS, RATE
from usdrl_model.datasets.sources import Source, missing
from usdrl_model.recording import Recording

SOURCE = Source(
    title="NTU RGB+D 2D skeletons",
    files="ntu60_hrnet.pkl or ntu120_hrnet.pkl",
    where="the PYSKL project (github.com/kennymotion/pyskl, tools/data)",
    terms="the terms of NTU RGB+D: academic research only, no redistribution",
)
TOPOLOGY = "coco_17"


def load(folder: str | Path, *, actions: int = 60) -> Iterator[Recording]:
    """Every clip of ``ntu<actions>_hrnet.pkl``, named as its video; the splits of the file become tags.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not such a pickle, or one that asks for more than data; the message names the clip.
    """
    folder = Path(folder)
    path = folder if folder.is_file() else folder / f"ntu{actions}_hrnet.pkl"
    if not path.is_file():
        raise missing(folder, SOURCE)
    with path.open("rb") as file:
        content = pickles.load(file, str(path))
    if not isinstance(content, dict) or not {"split", "annotations"} <= set(content):
        raise ValueError(f"{path}: expected a dictionary with 'split' and 'annotations'")
    tags: dict[str, dict[str, str]] = {}
    for split, names in content["split"].items():
        protocol, _, part = split.rpartition("_")
        for name in names:
            tags.setdefault(name, {})[protocol] = "train" if part == "train" else "test"
    for annotation in content["annotations"]:
        yield _recording(annotation, tags, LABELS[:actions], str(path))


def _recording(
    annotation: Mapping[str, Any], tags: Mapping[str, Mapping[str, str]], labels: tuple[str, ...], where: str
) -> Recording:
    name = str(annotation.get("frame_dir"))
    try:
        keypoints = np.asarray(annotation["keypoint"], np.float64)
        scores = np.asarray(annotation["keypoint_score"], np.float64)
        height, width = (int(side) for side in annotation["img_shape"])
        label = labels[int(annotation["label"])]
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"{where}: clip {name}: {type(error).__name__} {error}") from None
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
        ),
        labels=labels,
        subject=name[9:12] if name[8:9] == "P" else None,
        label=label,
        tags={"image": f"{width}x{height}", **tags.get(name, {})},
    )
