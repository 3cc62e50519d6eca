"""UTKinect-Action3D: ten people, ten actions each, one continuous recording a take, Kinect v1.

Official files: ``joints.zip`` (or its folder ``joints/``) with ``joints_sSS_eEE.txt``, and ``actionLabel.txt``. The
copy ``actionLabel_modified.txt`` repairs seven typing errors of the original and is taken where present. The data set
is free for academic use, citation asked: L. Xia, C.-C. Chen, J. K. Aggarwal, "View Invariant Human Action Recognition
Using Histograms of 3D Joints", CVPRW 2012; cvrc.ece.utexas.edu/KinectDatasets.

A row is a frame number and 20 joints in metres. Numbers count 60 a second: every gap is even and most are 4, so that
there are about 14 rows a second; at 30 a second people would walk 0.7 steps a second and take four seconds to sit down.
Some rows occur twice with the same number, and the rows of a break are missing, so stamps come from the number, never
from the index of the row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from usdrl_model.data.importers.arrays import EPOCH, check_stamps
from usdrl_model.data.importers.files import DatasetInfo, members
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="UTKinect-Action3D",
    files="joints.zip (or joints/joints_sSS_eEE.txt) and actionLabel_modified.txt (or actionLabel.txt)",
    where="the authors' page (cvrc.ece.utexas.edu/KinectDatasets)",
    terms=Terms("research", "academic use, cite L. Xia, C.-C. Chen, J. K. Aggarwal, CVPRW 2012"),
)
FRAME_RATE = 60.0
PERSON = "1"
TOPOLOGY = "kinect_v1_20"
LABELS: dict[str, str] = {
    "walk": "walk",
    "sitDown": "sit_down",
    "standUp": "stand_up",
    "pickUp": "pick_up",
    "carry": "carry",
    "throw": "throw",
    "push": "push",
    "pull": "pull",
    "waveHands": "wave",
    "clapHands": "clap",
}
"""Official name -> label of this package, in the order of the label file."""

_NAME = r"joints_(?P<name>s(\d\d)_e\d\d)\.txt$"


def load(folder: str | Path) -> list[Recording]:
    """Read all recordings of an UTKinect folder, sorted by name (``s01_e01`` ...).

    Raises:
        FileNotFoundError: the folder lacks the joint files or the label file; the message lists what was expected.
        ValueError: a malformed joint or label file; the message names file and line.
    """
    folder = Path(folder)
    truth = _read_labels(folder)
    recordings = []
    archive = folder / "joints.zip"
    for member in members(archive if archive.is_file() else folder, _NAME, INFO):
        name, subject = member.match["name"].lower(), member.match[2]
        if name not in truth:
            raise ValueError(f"{member.where}: the label file has no such sequence")
        frames = _read_frames(member.text(), member.where)
        recordings.append(
            Recording(
                name=name,
                topology=TOPOLOGY,
                frames=frames,
                segments=truth[name],
                labels=tuple(LABELS.values()),
                subject=subject,
            )
        )
    return sorted(recordings, key=lambda recording: recording.name)


def _read_frames(text: str, where: str) -> tuple[SkeletonFrame, ...]:
    rows = table(text, 61, where)
    # Rows are in order, except for swapped pairs in a few files; the sort is stable.
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    stamps = EPOCH + rows[:, 0] / FRAME_RATE
    check_stamps(stamps, where, repeated=True)
    return tuple(
        SkeletonFrame(stamp=stamp, people=(Person(id=PERSON, joints=joints),))
        for stamp, joints in zip(stamps.tolist(), rows[:, 1:].reshape(-1, 20, 3), strict=True)
    )


def _read_labels(folder: Path) -> dict[str, tuple[Segment, ...]]:
    files = list(members(folder, r"actionLabel(_modified)?\.txt$", INFO, needed=False, either=True))
    if not files:
        raise FileNotFoundError(f"{folder}: expected actionLabel_modified.txt or actionLabel.txt of UTKinect-Action3D")
    file = max(files, key=lambda one: bool(one.match[1]))
    truth: dict[str, list[Segment]] = {}
    name = None
    for line_number, line in enumerate(file.text().splitlines(), start=1):
        words = line.replace(":", " ").split()
        if not words:
            continue
        if len(words) == 1:
            name = words[0].lower()
            truth[name] = []
            continue
        if name is None or len(words) != 3 or words[0] not in LABELS:
            raise ValueError(f"{file.where} line {line_number}: expected 'action: first last', got {line[:80]!r}")
        if "NaN" in words:  # one instance was never labelled
            continue
        if not all(word.isdigit() and len(word) < 10 for word in words[1:]):
            raise ValueError(f"{file.where} line {line_number}: expected two frame numbers, got {line[:80]!r}")
        first, last = (EPOCH + int(word) / FRAME_RATE for word in words[1:])
        truth[name].append(Segment(person=PERSON, label=LABELS[words[0]], start=first, end=last))
    return {key: tuple(segments) for key, segments in truth.items()}
