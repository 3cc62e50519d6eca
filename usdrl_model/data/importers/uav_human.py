"""UAV-Human: 119 people seen from a drone, 155 actions, 17 COCO joints in the image; one action a clip.

The files look like NTU's, with image coordinates. The names of the actions are not in them: labels are their codes,
``A000`` to ``A154``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import ntu_text
from usdrl_model.data.importers.arrays import regular
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.data.importers.image_plane import to_metres
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="UAV-Human",
    files="Skeleton.zip, or P000S00G10B10H10UC022000LC021000A000R0_08241716.txt and its like",
    where="the authors' page (sutdcv.github.io/uav-human-web)",
    terms=Terms("research", "academic use, cite T. Li and others, CVPR 2021"),
)
TOPOLOGY = "coco_17"
RATE = 30.0
WIDTH, HEIGHT = 1920, 1080
LABELS = tuple(f"A{action:03}" for action in range(155))
_NAME = r"(?P<name>P(\d{3})S\d\dG\d\dB\d\dH\d\dUC\d{6}LC\d{6}A(\d{3})R\d_\d{8})\.txt$"


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every clip; its name is that of the file.

    Raises:
        FileNotFoundError: the folder holds no clips.
        ValueError: a malformed file; the message names file and line.
    """
    for member in members(Path(folder), _NAME, INFO):
        name, subject, action = member.match.groups()
        if int(action) >= len(LABELS):
            raise ValueError(f"{member.where}: expected action 0 to {len(LABELS) - 1}, got {action}")
        bodies = ntu_text.read(member.text(), 17, None, member.where)
        yield Recording(
            name=name.upper(),
            topology=TOPOLOGY,
            frames=tuple(
                SkeletonFrame(float(stamp), tuple(Person(body.id, _joints(body)) for body in seen), flat=True)
                for stamp, seen in zip(regular(len(bodies), RATE), bodies, strict=True)
            ),
            labels=LABELS,
            subject=subject,
            label=LABELS[int(action)],
        )


def _joints(body: ntu_text.Body) -> np.ndarray:
    pixels = body.joints[:, :2]
    return to_metres(pixels, WIDTH, HEIGHT)
