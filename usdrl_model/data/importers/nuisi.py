"""NuiSI: interactions of two people as with a humanoid robot, Nuitrack; cut clips and the recordings they come from.

Three kinds of files, told apart by the tag ``kind``: ``labelled`` (the authors' cut and labelled clips, each person in
axes of their own body: across the shoulders, forwards, up), ``v1`` (ten joints) and ``v2`` (25 slots). In the latter
two each person was recorded by a camera of their own and is a recording of its own, with its own stamps: 30 a second in
``v2``, but 6 to 11 in ``v1``. From that the clips were cut, the second person brought to as many frames as the first.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import safe_pickle
from usdrl_model.data.importers.arrays import ALONE, EPOCH, check_confidence, check_stamps, frames, regular
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.files import archives, limits
from usdrl_model.files.text_table import lines, table
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import topology
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="NuiSI",
    files="labelled_sequences.npz, v1/*_agent[12].bag.npz, v2/*_p[12].txt (in a folder or archive)",
    where="the authors' repository (github.com/souljaboy764/nuisi_dataset)",
    terms=Terms("copyleft", "GNU AGPL-3.0; cite V. Prasad and others, MILD"),
)
TOPOLOGY = "nuitrack_25slots"
RATES = {"clapfist": 7.7, "fistbump": 11.4, "handshake": 9.0, "highfive": 7.6, "rocket": 7.5, "wave": 11.2}
"""Label -> Hz of its clips, which have no stamps: the median of those of the rows of ``v1`` that are the same."""
LABELS = tuple(RATES)
TEN = ("head", "neck", "torso", "waist", "shoulder_left", "elbow_left", "hand_left", "shoulder_right", "elbow_right",
       "hand_right")  # fmt: skip
_ROCKETS = (
    (110, 310), (340, 550), (570, 750), (770, 920), (940, 1120), (1140, 1300), (1310, 1470), (1500, 1640),
    (1680, 1815), (1840, 2000), (2030, 2240), (2290, 2500),
)  # fmt: skip
"""Rows of v2/Rocket_* with the interaction, from the reader in the authors' repository."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read all three kinds.

    Raises:
        FileNotFoundError: the folder holds none of the files.
        ValueError: a malformed file, or one that asks for more than data.
    """
    pattern = r"labelled_sequences\.npz$|v1/(\w+)\.bag\.npz$|v2/(\w+)\.txt$"
    for member in members(Path(folder), pattern, INFO, limits.MEMBER):
        if member.match[1]:
            yield _ten_joints(member.match[1], member)
        elif member.match[2]:
            yield _slots(member.match[2], member)
        else:
            yield from _labelled(member)


def _labelled(member: Member) -> Iterator[Recording]:
    for part in ("train", "test"):
        clips = safe_pickle.load_array(_entry(member, f"{part}_data.npy"), member.where)
        labels = safe_pickle.load_array(_entry(member, f"{part}_labels.npy"), member.where)
        if len(clips) != len(labels):
            raise ValueError(f"{member.where}: {len(clips)} {part} clips, but {len(labels)} labels")
        for index, (clip, label) in enumerate(zip(clips, labels, strict=True)):
            rows: np.ndarray = clip if isinstance(clip, np.ndarray) else np.zeros(0)
            if rows.ndim != 2 or rows.shape[1] != 60 or rows.dtype.kind != "f" or label not in range(len(LABELS)):
                raise ValueError(f"{member.where}: {part} clip {index}: expected (frames, 60) and a label below 6")
            people: np.ndarray = rows.reshape(-1, 2, len(TEN), 3)
            # To the right of the person, forwards, up -> canonical axes of a person who faces the sensor at 2 m.
            people = np.stack([people[..., 0], people[..., 2], 2.0 - people[..., 1]], axis=-1)
            stamps = regular(len(rows), RATES[LABELS[int(label)]])
            yield Recording(
                name=f"{part}_{index:03}",
                topology=TOPOLOGY,
                frames=frames(stamps, {"1": _placed(people[:, 0]), "2": _placed(people[:, 1])}),
                labels=LABELS,
                label=LABELS[int(label)],
                tags={"kind": "labelled", "part": part},
            )


def _ten_joints(name: str, member: Member) -> Recording:
    rows = safe_pickle.load_array(_entry(member, "arr_0.npy"), member.where)
    if rows.ndim != 3 or rows.shape[1:] != (len(TEN), 7) or rows.dtype.kind != "f":
        raise ValueError(f"{member.where}: expected arr_0 of (frames, 10, 7), got {rows.shape} of {rows.dtype}")
    joints = rows[:, :, :3] * (-1.0, -1.0, 1.0)  # from optical axes: x right, y down
    clock = safe_pickle.load_array(_entry(member, "arr_1.npy"), member.where).tolist()
    if len(clock) != len(rows) or not all(isinstance(time, Fraction) for time in clock):
        raise ValueError(f"{member.where}: expected arr_1 of a time a frame ({len(rows)})")
    times = EPOCH + np.array([float(time - clock[0]) for time in clock])
    check_stamps(times, member.where)
    return Recording(
        name=f"v1_{name}",
        topology=TOPOLOGY,
        frames=frames(times, {ALONE: _placed(joints)}),
        labels=LABELS,
        tags={"kind": "v1"},
    )


def _slots(name: str, member: Member) -> Recording:
    stamps, seen = [], []
    empty = np.zeros((25, 8))  # one for all frames: most of a hostile file could be such
    for number, line in enumerate(lines(member.text(), member.where), start=1):
        if not line.strip():
            continue
        count = 203 if line.count(",") > 2 else 3  # three values where nobody was tracked
        row = table(line, count, f"{member.where} row {number}", separator=",")[0]
        stamps.append(row[1] / 1e3)
        body = row[3:].reshape(-1, 8) if count > 3 else empty
        seen.append(body)
        limits.check(len(seen), limits.FRAMES, f"{member.where}: frames")
    times = EPOCH + np.array(stamps) - (stamps[0] if stamps else 0.0)
    check_stamps(times, member.where, repeated=True)
    joints = np.array([body[:, 5:] for body in seen]).reshape(-1, 25, 3) / 1e3 * (-1.0, 1.0, 1.0)
    confidence = np.array([body[:, 1] for body in seen]).reshape(-1, 25)
    check_confidence(confidence, f"{member.where}: confidence")
    people: tuple[SkeletonFrame, ...] = frames(times, {ALONE: joints}, {ALONE: confidence})
    rockets = _ROCKETS if name.startswith("Rocket") else ()
    return Recording(
        name=f"v2_{name}",
        topology=TOPOLOGY,
        frames=people,
        segments=tuple(
            Segment(ALONE, "rocket", float(times[first]), float(times[last]))
            for first, last in rockets
            if last < len(times)
        ),
        labels=LABELS,
        tags={"kind": "v2"},
    )


def _placed(joints: np.ndarray) -> np.ndarray:
    """(T, 10, 3) -> (T, 25, 3) in Nuitrack's slots, NaN where these sets have no joint."""
    slots = [topology(TOPOLOGY).index(joint) for joint in TEN]
    placed = np.full((len(joints), 25, 3), np.nan)
    placed[:, slots] = joints
    return placed


def _entry(member: Member, name: str) -> bytes:
    with archives.Zip(io.BytesIO(member.data), member.where) as archive:
        return archive.read(name, limits.MEMBER)
