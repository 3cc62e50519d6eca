"""MSRC-12: thirty people, twelve gestures, ten repetitions a recording, Kinect v1; one instant a gesture is labelled.

A segment here is that instant, the action point (start = end): the moment at which a system should react. Frames at
the start of every file and some inside are all zero, because tracking was not there; they have no person.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from usdrl_model.data.importers.arrays import ALONE, EPOCH, check_stamps, frames
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.files import limits
from usdrl_model.files.text_table import table
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="the MSRC-12 Kinect gesture data set",
    files="P<i>_<j>_<gesture>_p<subject>.csv and .tagstream (in a folder or in archives)",
    where="Microsoft Research Cambridge (MicrosoftGestureDataset-RC.zip)",
    terms=Terms("research", "research use, cite S. Fothergill and others, CHI 2012"),
)
TOPOLOGY = "kinect_v1_20"
LABELS = (
    "lift_arms", "duck", "push_right", "goggles", "wind_it_up", "shoot", "bow", "throw", "had_enough",
    "change_weapon", "beat_both", "kick",
)  # fmt: skip
COLUMNS = 1 + 20 * 4

_HEADING = "XQPCTick;Tag"
_TAG = re.compile(r"(\d+);G(\d+)\b")


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every recording that has both files: ``P1_1_10_p06`` (two instruction codes, gesture, subject).

    Tags without a recording are logged and skipped; the published set has one.

    Raises:
        FileNotFoundError: the folder holds no recordings.
        ValueError: a malformed file, or a recording without tags; the message names it.
    """
    waiting: dict[str, Member] = {}
    held = 0
    for member in members(Path(folder), r"P(\d_\d_\d+A?)_(p\d\d)\.(csv|tagstream)$", INFO):
        subject = member.match[2].lower()
        name = f"P{member.match[1].upper()}_{subject}"
        other = waiting.pop(name, None)
        if other is None:
            waiting[name] = member
            held += len(member.data)
            limits.check(held, limits.STORED // 4, f"{member.where}: bytes of files that wait for their other half")
            continue
        held -= len(other.data)
        joints, tags = (member, other) if _has_joints(member) else (other, member)
        yield _recording(name, subject, joints, tags)
    for member in waiting.values():
        if _has_joints(member):
            raise ValueError(f"{member.where}: its .tagstream is missing, so nobody knows when the gestures were")
        logging.getLogger(__name__).warning("%s: its .csv is missing, the recording is left out", member.where)


def _has_joints(member: Member) -> bool:
    return member.match[3].lower() == "csv"


def _recording(name: str, subject: str, joints: Member, tags: Member) -> Recording:
    rows = table(joints.text(), COLUMNS, joints.where)
    first = rows[0, 0] if len(rows) else 0.0
    stamps = EPOCH + (rows[:, 0] - first) / 1e6
    check_stamps(stamps, joints.where, repeated=True)
    return Recording(
        name=name,
        topology=TOPOLOGY,
        frames=frames(stamps, {ALONE: rows[:, 1:].reshape(-1, 20, 4)[:, :, :3]}),
        segments=tuple(_segments(tags, first)),
        labels=LABELS,
        subject=subject,
        tags={"instruction": name[1:4]},
    )


def _segments(tags: Member, first: float) -> Iterator[Segment]:
    lines = [(number, line) for number, line in enumerate(tags.text().splitlines(), start=1) if line.strip()]
    if not lines:
        raise ValueError(f"{tags.where}: expected {_HEADING} and tags, got an empty file: get it again")
    for number, line in lines:
        if (number, line) == lines[0] and line.strip().lower() == _HEADING.lower():
            continue
        match = _TAG.match(line.strip())
        if match is None or len(match[1]) > 18 or len(match[2]) > 2 or not 1 <= int(match[2]) <= len(LABELS):
            raise ValueError(f"{tags.where} line {number}: expected 'tick;G<1-12> name', got {line.strip()[:80]!r}")
        # Formula of the data set's notes: clock ticks -> microseconds of the .csv.
        microseconds = (int(match[1]) * 1000 + 49875 / 2) / 49875
        point = EPOCH + (microseconds - first) / 1e6
        yield Segment(ALONE, LABELS[int(match[2]) - 1], point, point)
