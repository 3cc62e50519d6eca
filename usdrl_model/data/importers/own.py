"""Your own recordings: a folder of ``.npz`` files, one a recording.

    np.savez("wave_01.npz", joints=joints, rate=30.0, topology="zed_body_38", clip_label="wave", subject="anna")

``joints`` (T, M, V, 3) in metres, x to the sensor's left, y up, z away from it, in the order of ``topology``; NaN where
missing, all NaN where a person is not there. ``stamps`` (T,) seconds (or datetime64, timedelta64) or ``rate`` in Hz,
which puts the first frame at 1 s. Optional:
``confidence`` (T, M, V) from 0 to 1, ``ids`` (M,) texts, ``labels`` (T,) texts (of the first person) or (T, M), with ""
or "none" for nothing, ``segments`` (S, 4) texts: person, label, start, end in seconds of the stamps, ``clip_label`` and
``subject``, where "" is none, ``units`` ("cm" or "mm" instead of metres), ``mirrored`` (True: left and right are those
of a mirror, see ``Topology.order``). ``topology`` may be the path of a file, relative to the folder that is imported.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from usdrl_model.data.importers import own_stamps
from usdrl_model.data.importers.arrays import EPOCH, check_confidence, frames, regular
from usdrl_model.data.importers.files import DatasetInfo, Member, members
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import shown
from usdrl_model.files import arrays, limits
from usdrl_model.skeleton.person import UNITS
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.recording_gaps import MAX_GAP
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, is_missing
from usdrl_model.skeleton.topology import Topology, located, topology
from usdrl_model.terms import Terms

INFO = DatasetInfo(
    title="your own recordings",
    files="*.npz files with joints (T, M, V, 3), rate or stamps, and topology",
    where="your tracker (docs/data.md says how to write them)",
    terms=Terms("own", "yours"),
)
KEYS = ("joints", "stamps", "rate", "topology", "confidence", "ids", "labels", "segments", "clip_label", "subject",
    "units", "mirrored")  # fmt: skip
NOTHING = ("", "none")
"""Frame labels that mean no action."""
MOST_PEOPLE = 64
"""People of a frame; no tracker tells so many apart."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Read every file; its name includes the folders below ``folder``: ``anna/001``.

    Raises:
        FileNotFoundError: the folder holds no ``.npz`` files.
        ValueError: a malformed file; the message names the file and the entry.
    """
    base = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    for member in members(Path(folder), r"(?s)^(?:\./)*(?P<name>.+)\.npz\Z", INFO, limits.MEMBER):
        try:
            if len(member.match["name"].splitlines()) > 1:
                raise ValueError("a name of several lines: rename it")
            yield _recording(member.match["name"], _content(member), base)
        except ValueError as error:
            text = str(error)
            raise ValueError(text if text.startswith(member.where) else f"{member.where}: {text}") from None


def _content(member: Member) -> dict[str, np.ndarray]:
    content = arrays.read_npz(io.BytesIO(member.data), member.where)
    for key in content:
        if key not in KEYS:
            raise ValueError(f"unknown entry {shown(key)}{hint(key, KEYS)} Known: {', '.join(KEYS)}")
    if lacking := [key for key in ("joints", "topology") if key not in content]:
        raise ValueError(f"lacks {' and '.join(lacking)}")
    return content


def _recording(name: str, content: Mapping[str, np.ndarray], base: Path) -> Recording:
    layout = topology(located(_text(content, "topology") or "", base))
    joints = _numbers(content, "joints")
    if joints.ndim != 4 or joints.shape[2:] != (len(layout.joints), 3):
        raise ValueError(f"joints: expected (T, M, {len(layout.joints)}, 3) for {layout.name}, got {joints.shape}")
    count, people = joints.shape[:2]
    limits.check(count, limits.FRAMES, "joints: frames of a recording")
    seen = (np.isfinite(joints) & (joints != 0.0)).any(axis=(2, 3)).sum(axis=1)
    if (most := int(seen.max(initial=0))) > MOST_PEOPLE:
        raise ValueError(
            f"joints: expected (T, M, {len(layout.joints)}, 3), got {joints.shape}, with {most} people in one frame:"
            " are frames and people swapped?"
        )
    stamps = _stamps(content, count)
    ids = _texts(content, "ids").tolist() if "ids" in content else [str(index + 1) for index in range(people)]
    if len(set(ids)) != people or len(ids) != people:
        raise ValueError(f"ids: expected {people} different texts, got {ids[:20]}")
    confidence = _numbers(content, "confidence") if "confidence" in content else None
    if confidence is not None and confidence.shape != joints.shape[:3]:
        raise ValueError(f"confidence: expected {joints.shape[:3]}, got {confidence.shape}")
    if confidence is not None:
        check_confidence(confidence, "confidence")
    joints, confidence = _meant(joints, confidence, content, layout)
    label = _text(content, "clip_label")
    subject = _text(content, "subject")
    _check_labels("clip_label", [label])
    _check_labels("subject", [subject])
    segments = (*_labelled(content, stamps, ids), *_segments(content, stamps, ids))
    shown = dict.fromkeys([*([label] if label else []), *(segment.label for segment in segments)])
    return Recording(
        name=name,
        topology=layout.name,
        frames=frames(
            stamps,
            {one: joints[:, index] for index, one in enumerate(ids)},
            None if confidence is None else {one: confidence[:, index] for index, one in enumerate(ids)},
        ),
        segments=segments,
        labels=tuple(one for one in shown if one != AMBIGUOUS),
        subject=subject,
        label=label,
    )


def _meant(
    joints: np.ndarray, confidence: np.ndarray | None, content: Mapping[str, np.ndarray], layout: Topology
) -> tuple[np.ndarray, np.ndarray | None]:
    """Joints (T, M, V, 3) in metres and confidence (T, M, V), with ``units`` and ``mirrored`` applied."""
    units = _text(content, "units") or "m"
    if units not in UNITS:
        raise ValueError(f"units: expected one of {', '.join(UNITS)}, got {shown(units)}")
    mirrored = _one(content, "mirrored") if "mirrored" in content else np.array(False)
    if mirrored.dtype != bool:
        raise ValueError(f"mirrored: expected True or False, got {mirrored.dtype}")
    order = layout.order(bool(mirrored))
    return joints[:, :, order] * UNITS[units], None if confidence is None else confidence[:, :, order]


def _numbers(content: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    """An entry as float64."""
    array = content[key]
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{key}: expected numbers, got {array.dtype}")
    limits.check(array.size, limits.NUMBERS, f"{key}: numbers of a recording (cut it into parts)")
    return array.astype(np.float64)


def _texts(content: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    """An entry as texts; bytes are decoded as UTF-8, numbers are formatted, but NaN, which tables have for nothing."""
    array = content[key]
    limits.check(array.size, limits.NUMBERS, f"{key}: texts")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{key}: expected texts, got nan")
    try:
        return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array.astype(str)
    except UnicodeDecodeError as error:
        raise ValueError(f"{key}: expected texts, or bytes in UTF-8, got {shown(error.object)}") from None


def _one(content: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    """An entry with a single value, also if it was saved as an array of one."""
    array = content[key]
    if array.size != 1:
        raise ValueError(f"{key}: expected one value, got {array.shape}")
    return array.reshape(())


def _text(content: Mapping[str, np.ndarray], key: str) -> str | None:
    """A text, None if it is missing, empty or NaN."""
    value = _one(content, key) if key in content else np.array("")
    if value.dtype.kind == "f" and np.isnan(value):
        return None
    text = str(_texts({key: value}, key)).strip()
    return None if text in NOTHING else text


def _stamps(content: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    if ("rate" in content) == ("stamps" in content):
        raise ValueError("expected either rate (Hz) or stamps (T,) in seconds")
    if "rate" in content:
        rate = float(_numbers({"rate": _one(content, "rate")}, "rate"))
        if not own_stamps.RATES[0] <= rate <= own_stamps.RATES[1]:
            hint = f": it is frames a second; 1 / {rate:g} is {1.0 / rate:g}" if 0.0 < rate < 1.0 else ""
            least, most = own_stamps.RATES
            raise ValueError(f"rate: expected more than 0 Hz, {least:g} to {most:g}, got {rate:g}{hint}")
        return regular(count, rate)
    stamps = content["stamps"]
    given = stamps if stamps.dtype.kind in "mM" else _numbers(content, "stamps")
    return own_stamps.seconds(given, count, coarse=stamps.dtype in (np.float32, np.float16))


def _labelled(content: Mapping[str, np.ndarray], stamps: np.ndarray, ids: list[str]) -> Iterator[Segment]:
    if "labels" not in content:
        return
    labels = content["labels"]
    columns = labels[:, None] if labels.ndim == 1 else labels
    if columns.shape not in ((len(stamps), 1), (len(stamps), len(ids))) or columns.dtype.kind not in "US":
        wanted = f"({len(stamps)},) or ({len(stamps)}, {len(ids)})"
        raise ValueError(f"labels: expected texts {wanted}, got {labels.dtype} {labels.shape}")
    for identity, column in zip(ids, columns.T, strict=False):
        named = [label.strip() for label in _texts({"labels": column}, "labels").tolist()]
        _check_labels("labels", named)
        yield from _runs(identity, named, stamps)


def _check_labels(key: str, labels: Collection[str | None]) -> None:
    """Refuse what NaN and None become where somebody makes texts of them, because there are texts beside them."""
    if missing := [label for label in labels if label and label not in NOTHING and is_missing(label)]:
        raise ValueError(f'{key}: {missing[0]}: a missing value? write "" or "none"')


def _runs(identity: str, labels: list[str], stamps: np.ndarray) -> Iterator[Segment]:
    """Frames of one label after another: until the next action begins, or half way to the first frame of none.

    A segment never ends with its last frame, but in a recording of one frame, because one frame would be an instant,
    which stands for a whole action, and between two actions there would be background wherever the grid of a model is
    not that of the source. A gap that ends a track ends the segment, too, which goes on for the usual step; that is
    shorter than the gap (``own_stamps.RATES``).
    """
    steps = np.diff(stamps)
    usual = float(np.median(steps)) if len(steps) else 0.0
    until = np.append(np.where(steps <= MAX_GAP, stamps[1:], stamps[:-1] + usual), stamps[-1:] + usual)
    parts = np.append(0, np.cumsum(steps > MAX_GAP)).tolist()
    position = 0
    for (label, _), run in itertools.groupby(zip(labels, parts, strict=False)):
        first, position = position, position + len(list(run))
        if label not in NOTHING:
            goes_on = position < len(labels) and labels[position] not in NOTHING
            last, following = stamps[position - 1], until[position - 1]
            yield Segment(
                identity, label, float(stamps[first]), float(following if goes_on else (last + following) / 2)
            )


def _segments(content: Mapping[str, np.ndarray], stamps: np.ndarray, ids: list[str]) -> Iterator[Segment]:
    if "segments" not in content:
        return
    rows = _texts(content, "segments")
    if rows.size and (rows.ndim != 2 or rows.shape[1] != 4):
        raise ValueError(f"segments: expected rows of person, label, start, end, got {rows.shape}")
    for number, row in enumerate(rows.tolist() if rows.size else []):
        person, label, start, end = row
        label = label.strip()
        _check_labels("segments", [label])
        try:
            begins, ends = float(start), float(end)
        except ValueError:
            begins = ends = math.nan
        if person not in ids or label in NOTHING or not -limits.LATEST < begins <= ends < limits.LATEST:
            raise ValueError(
                f"segments: expected one of {ids[:20]}, a label, seconds, and an end after the start in row {number},"
                f" got {[word[:40] for word in row]}"
            )
        if len(stamps) and not (begins <= stamps[-1] and ends >= stamps[0]):
            raise ValueError(
                f"segments: row {number} is from {begins:g} to {ends:g}, the recording from {stamps[0]:g} to"
                f" {stamps[-1]:g}: expected seconds of the stamps (with a rate, the first frame is at {EPOCH:g})"
            )
        yield Segment(person, label, begins, ends)
