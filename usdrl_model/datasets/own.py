"""Your own recordings: a folder of ``.npz`` files, one a recording.

    np.savez("wave_01.npz", joints=joints, rate=30.0, topology="zed_body_38", clip_label="wave", subject="anna")

``joints`` (T, M, V, 3) in metres, x to the sensor's left, y up, z away from it, in the order of ``topology``; NaN where
missing, all NaN where a person is not there. ``stamps`` (T,) seconds or ``rate`` in Hz. Optional: ``confidence``
(T, M, V), ``ids`` (M,) texts, ``labels`` (T,) texts (of the first person) or (T, M), with "" or "none" for nothing,
``segments`` (S, 4) texts: person, label, start, end in seconds of the stamps, ``clip_label``, ``subject``, ``units``
("cm" or "mm" instead of metres), ``mirrored`` (True: left and right are those of a mirror, see ``Topology.order``).
``topology`` may be the path of a file, relative to the folder that is imported.
"""

from __future__ import annotations

import difflib
import io
import itertools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from usdrl_model.datasets.frames import frames, regular
from usdrl_model.datasets.sources import Member, Source, members
from usdrl_model.recording import Recording, Segment
from usdrl_model.skeleton import UNITS
from usdrl_model.topology import Topology, located, topology

SOURCE = Source(
    title="your own recordings",
    files="*.npz files with joints (T, M, V, 3), rate or stamps, and topology",
    where="your tracker (docs/data.md says how to write them)",
    terms="yours",
)
KEYS = ("joints", "stamps", "rate", "topology", "confidence", "ids", "labels", "segments", "clip_label", "subject",
    "units", "mirrored")  # fmt: skip
NOTHING = ("", "none")
"""Frame labels that mean no action."""


def load(folder: str | Path) -> Iterator[Recording]:
    """Every file, named as it is, with the folders below ``folder`` that it lies in: ``anna/001``.

    Raises:
        FileNotFoundError: the folder holds no ``.npz`` files.
        ValueError: a file that says something else; the message names the file and the entry.
    """
    base = Path(folder) if Path(folder).is_dir() else Path(folder).parent
    for member in members(Path(folder), r"^(?:\./)*(?P<name>.+)\.npz$", SOURCE):
        try:
            yield _recording(member.match["name"], _content(member), base)
        except ValueError as error:
            raise ValueError(f"{member.where}: {error}") from None


def _content(member: Member) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(member.data), allow_pickle=False) as archive:
            content = {key: archive[key] for key in archive.files}
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"damaged, or with objects instead of numbers and texts ({error})") from None
    for key in content:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            raise ValueError(f"unknown entry {key!r}{f'; did you mean {near[0]!r}?' if near else ''}")
    if lacking := [key for key in ("joints", "topology") if key not in content]:
        raise ValueError(f"lacks {' and '.join(lacking)}")
    return content


def _recording(name: str, content: Mapping[str, np.ndarray], base: Path) -> Recording:
    layout = topology(located(str(content["topology"]), base))
    joints = np.asarray(content["joints"], np.float64)
    if joints.ndim != 4 or joints.shape[2:] != (len(layout.joints), 3):
        raise ValueError(f"joints: expected (T, M, {len(layout.joints)}, 3) for {layout.name}, got {joints.shape}")
    count, people = joints.shape[:2]
    stamps = _stamps(content, count)
    ids = [str(one) for one in content["ids"]] if "ids" in content else [str(index + 1) for index in range(people)]
    if len(set(ids)) != people:
        raise ValueError(f"ids: expected {people} different texts, got {ids}")
    confidence = content.get("confidence")
    if confidence is not None and confidence.shape != joints.shape[:3]:
        raise ValueError(f"confidence: expected {joints.shape[:3]}, got {confidence.shape}")
    joints, confidence = _meant(joints, confidence, content, layout)
    label = str(content["clip_label"]) if "clip_label" in content else None
    segments = (*_labelled(content, stamps, ids), *_segments(content, ids))
    return Recording(
        name=name,
        topology=layout.name,
        frames=frames(
            stamps,
            {one: joints[:, index] for index, one in enumerate(ids)},
            None if confidence is None else {one: confidence[:, index] for index, one in enumerate(ids)},
        ),
        segments=segments,
        labels=tuple(dict.fromkeys([*([label] if label else []), *(segment.label for segment in segments)])),
        subject=str(content["subject"]) if "subject" in content else None,
        label=label,
    )


def _meant(
    joints: np.ndarray, confidence: np.ndarray | None, content: Mapping[str, np.ndarray], layout: Topology
) -> tuple[np.ndarray, np.ndarray | None]:
    """Joints (T, M, V, 3) in metres and confidence (T, M, V), every joint under its own name."""
    units = str(np.squeeze(content.get("units", "m")))
    if units not in UNITS:
        raise ValueError(f"units: expected one of {', '.join(UNITS)}, got {units[:20]!r}")
    mirrored = np.squeeze(content.get("mirrored", np.False_))
    if mirrored.shape or mirrored.dtype != bool:
        raise ValueError(f"mirrored: expected True or False, got {mirrored.dtype} {mirrored.shape}")
    order = layout.order(bool(mirrored))
    return joints[:, :, order] * UNITS[units], None if confidence is None else confidence[:, :, order]


def _stamps(content: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    if ("rate" in content) == ("stamps" in content):
        raise ValueError("expected either rate (Hz) or stamps (T,) in seconds")
    if "rate" in content:
        rate = float(content["rate"])
        if not rate > 0.0:
            raise ValueError(f"rate: expected more than 0 Hz, got {rate}")
        return regular(count, rate)
    stamps = np.asarray(content["stamps"], np.float64)
    if stamps.shape != (count,) or not np.isfinite(stamps).all() or (np.diff(stamps) <= 0.0).any():
        raise ValueError(f"stamps: expected {count} rising seconds, one a frame, got {stamps.shape}")
    return stamps


def _labelled(content: Mapping[str, np.ndarray], stamps: np.ndarray, ids: list[str]) -> Iterator[Segment]:
    if "labels" not in content:
        return
    labels = content["labels"]
    columns = labels[:, None] if labels.ndim == 1 else labels
    if columns.shape not in ((len(stamps), 1), (len(stamps), len(ids))) or columns.dtype.kind not in "US":
        raise ValueError(f"labels: expected texts ({len(stamps)},) or ({len(stamps)}, {len(ids)}), got {labels.shape}")
    for identity, column in zip(ids, columns.T, strict=False):
        position = 0
        for label, run in itertools.groupby(column.astype(str).tolist()):
            first, position = position, position + len(list(run))
            if label not in NOTHING:
                yield Segment(identity, label, float(stamps[first]), float(stamps[position - 1]))


def _segments(content: Mapping[str, np.ndarray], ids: list[str]) -> Iterator[Segment]:
    for row in content.get("segments", ()):
        if np.shape(row) != (4,):
            raise ValueError(f"segments: expected rows of person, label, start, end, got {row}")
        person, label, start, end = map(str, row)
        if person not in ids or float(end) < float(start):
            raise ValueError(f"segments: expected one of {ids} and an end after the start, got {list(map(str, row))}")
        yield Segment(person, label, float(start), float(end))
