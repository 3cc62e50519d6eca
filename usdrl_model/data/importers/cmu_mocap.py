"""CMU motion capture, ASF and AMC at 120 Hz, and the frame labels of six exercise routines (mocap6).

Labels come ten a second. If the skeleton file of a subject is missing, the first one found is used: angles are the
subject's, bone lengths are not, and the tag ``skeleton`` names their owner.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import acclaim
from usdrl_model.data.importers.arrays import ALONE, EPOCH, alone
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import topology
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="CMU motion capture",
    files="SS.asf and SS_TT.amc, and truelabels/SS_TT.txt for frame labels (in a folder or archive)",
    where="mocap.cs.cmu.edu; labels: github.com/michaelchughes/mocap6dataset",
    terms=Terms(
        "attribution", "free for research and for use in products, not to be sold as data; labels BSD-2-Clause"
    ),
)
TOPOLOGY = "cmu_31"
RATE = 120.0
LABEL_RATE = 10.0
LABELS = (
    "jumping_jack", "jog", "squat", "knee_raise", "arm_circle", "twist", "side_reach", "box", "up_down",
    "toe_touch_one_hand", "side_bend", "toe_touch_two_hands",
)  # fmt: skip


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every motion (``13_29``: subject, trial), with segments where there are labels.

    Raises:
        FileNotFoundError: the folder holds no motions or no skeleton.
        ValueError: a malformed file.
    """
    folder = Path(folder)
    skeletons = {
        member.match["name"]: acclaim.read_skeleton(member.text(), member.where)
        for member in members(folder, r"(?P<name>\d{2,3})\.asf$", INFO)
    }
    truth = _truth(folder)
    for member in members(folder, r"(?P<name>(\d{2,3})_\d\d)\.amc$", INFO):
        name, subject = member.match["name"], member.match[2]
        body = subject if subject in skeletons else min(skeletons, key=int)
        names, positions = acclaim.read_motion(member.text(), skeletons[body], member.where)
        if lacking := [joint for joint in topology(TOPOLOGY).joints if joint not in names]:
            raise ValueError(f"{member.where}: skeleton {body} has no {', '.join(lacking)}")
        joints = positions[:, [names.index(joint) for joint in topology(TOPOLOGY).joints]]
        yield Recording(
            name=name,
            topology=TOPOLOGY,
            frames=alone(joints, RATE),
            segments=tuple(_segments(truth.pop(name, []), len(joints), name)),
            labels=LABELS,
            subject=subject,
            tags={"skeleton": body},
        )
    for name in truth:
        logging.getLogger(__name__).warning("%s: labels of a motion that is not there, left out", name)


def _truth(folder: Path) -> dict[str, list[int]]:
    pattern = r"truelabels/(?P<name>\d{2,3}_\d\d)\.txt$"
    return {member.match["name"]: _ticks(member) for member in members(folder, pattern, INFO, needed=False)}


def _ticks(member: Member) -> list[int]:
    ticks = table("\n".join(member.text().split()), 1, member.where)[:, 0]
    if not np.isin(ticks, range(1, len(LABELS) + 1)).all():
        raise ValueError(f"{member.where}: expected labels 1 to {len(LABELS)}, got {np.unique(ticks)}")
    return [int(tick) for tick in ticks]


def _segments(ticks: list[int], count: int, name: str) -> Iterator[Segment]:
    """Runs of equal labels; a run ends one frame before the next begins, or with the motion; none begins after that."""
    if ticks and abs(len(ticks) / LABEL_RATE - count / RATE) > 1.0:
        raise ValueError(f"{name}: {len(ticks)} labels at {LABEL_RATE} Hz do not fit {count} frames at {RATE} Hz")
    position = 0
    for tick, run in itertools.groupby(ticks):
        start, position = position, position + len(list(run))
        end = min(position / LABEL_RATE, count / RATE) - 1.0 / RATE
        if start / LABEL_RATE < end:
            yield Segment(ALONE, LABELS[tick - 1], EPOCH + start / LABEL_RATE, EPOCH + end)
