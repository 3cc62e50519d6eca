"""Recordings -> a set of a store, one at a time: memory holds one recording, whatever the size of the set.

A set appears under its name only when it is complete; what an interrupted import leaves is a ``.partial`` folder that
the next one removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from usdrl_model.recording import Recording
from usdrl_model.store import Store
from usdrl_model.stored_set import ARRAYS, FORMAT, INDEX, ClipIndex, content_hash
from usdrl_model.topology import topology

DTYPES = ("float32", "float16")
_HEADER = 128
"""Bytes before the numbers of a .npy file; room for any length, which is known only at the end."""


def write_set(
    folder: str | Path, dataset: str, recordings: Iterable[Recording], *, dtype: str = "float32", replace: bool = False
) -> ClipTotals:
    """Write a set.

    Args:
        folder: of the store; the set becomes its sub-folder ``dataset``.
        dataset: name of the set.
        recordings: taken one at a time.
        dtype: float32 keeps joints as they are; float16 keeps them within 1 mm up to two metres from the clip's centre.
        replace: a set of that name gives way; else it is an error.

    Raises:
        FileExistsError: the set is there and ``replace`` is not given.
        ValueError: unknown dtype, no recordings, two of one name, or recordings that contradict themselves.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype: expected one of {', '.join(DTYPES)}, got {dtype!r}")
    target = Path(folder) / dataset
    if target.exists() and not replace:
        raise FileExistsError(f"{target} is there already: give --replace to import it anew")
    partial = target.with_name(f"{dataset}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    writer = _SetWriter(partial, dataset, np.dtype(dtype).newbyteorder("<"))
    try:
        for recording in recordings:
            writer.add(recording)
        totals = writer.finish()
    except BaseException:
        writer.close()
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if target.exists():
        old = target.with_name(f"{dataset}.old")
        os.replace(target, old)
        os.replace(partial, target)
        shutil.rmtree(old)
    else:
        os.replace(partial, target)
    return totals


def pack(store: Store, file: str | Path) -> None:
    """Write a selection as one compressed float16 file, for a machine elsewhere; ``Store.open`` reads it.

    Raises:
        ValueError: nothing is selected.
    """
    if not len(store):
        raise ValueError("nothing to pack: the selection is empty")
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch, partial = file.with_name(f"{file.name}.sets"), file.with_name(f"{file.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        for dataset in store.sets:
            write_set(scratch, dataset, store.select(sets=[dataset]).recordings(), dtype="float16")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_LZMA) as packed:
            for path in sorted(scratch.rglob("*.*")):
                packed.write(path, path.relative_to(scratch).as_posix())
        os.replace(partial, file)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        partial.unlink(missing_ok=True)


class ClipTotals:
    """What was written: ``clips``, ``frames``, ``rows`` (skeletons) and the content ``hash``."""

    def __init__(self, clips: int, frames: int, rows: int, hash: str) -> None:  # noqa: A002 (the field's word)
        self.clips, self.frames, self.rows, self.hash = clips, frames, rows, hash


class _SetWriter:
    def __init__(self, folder: Path, dataset: str, dtype: np.dtype) -> None:
        self.folder, self.dataset = folder, dataset
        self.clips: list[ClipIndex] = []
        self.names: set[str] = set()
        self.labels: dict[str, None] = {}
        kinds: tuple[np.dtype, ...] = (dtype, np.dtype("u1"), np.dtype("<i4"), np.dtype("<f8"))
        self.arrays = {
            name: _ArrayWriter(folder / f"{name}.npy", kind, (2,) if name == "rows" else ())
            for name, kind in zip(ARRAYS, kinds, strict=True)
        }

    def add(self, recording: Recording) -> None:
        if recording.name in self.names:
            raise ValueError(f"{self.dataset}: two recordings are called {recording.name}")
        self.names.add(recording.name)
        self.labels |= dict.fromkeys(recording.labels)
        said = {segment.label for segment in recording.segments} | ({recording.label} - {None})
        if recording.labels and not said <= set(recording.labels):
            raise ValueError(f"{recording.name}: labels {sorted(map(str, said))} are not among {recording.labels}")
        seen = [(index, person) for index, frame in enumerate(recording.frames) for person in frame.people]
        people = {identity: slot for slot, identity in enumerate(dict.fromkeys(person.id for _, person in seen))}
        rows = np.array([(index, people[person.id]) for index, person in seen], np.int64).reshape(-1, 2)
        if len(np.unique(rows, axis=0)) != len(rows):
            raise ValueError(f"{recording.name}: a frame holds the same person twice")
        count = len(topology(recording.topology).joints)
        joints: np.ndarray = np.zeros((0, count, 3))
        if seen:
            joints = np.stack([person.joints for _, person in seen]).astype(np.float64)
        if joints.shape[1:] != (count, 3):
            raise ValueError(
                f"{recording.name}: expected joints ({count}, 3) of {recording.topology}, got {joints.shape[1:]}"
            )
        confident = any(person.confidence is not None for _, person in seen)
        if confident:
            ones = np.ones(count)
            sure = np.stack([ones if person.confidence is None else person.confidence for _, person in seen])
            self.arrays["confidence"].add(np.rint(np.clip(np.nan_to_num(sure), 0.0, 1.0) * 255.0).reshape(-1))
        origin = (0.0, 0.0, 0.0)
        if self.arrays["joints"].dtype.itemsize == 2:
            joints, origin = _centred(joints)
        self.arrays["joints"].add(joints.reshape(-1))
        self.arrays["rows"].add(rows)
        self.arrays["stamps"].add(np.array([frame.stamp for frame in recording.frames]))
        self.clips.append(
            ClipIndex(
                name=recording.name,
                topology=recording.topology,
                frames=len(recording.frames),
                rows=len(rows),
                people=tuple(people),
                confident=confident,
                origin=origin,
                subject=recording.subject,
                label=recording.label,
                segments=recording.segments,
                tags=recording.tags,
            )
        )

    def finish(self) -> ClipTotals:
        if not self.clips:
            raise ValueError(f"{self.dataset}: no recordings, so nothing was written")
        digests = {name: array.finish() for name, array in self.arrays.items()}
        labels = tuple(self.labels)
        found = content_hash(self.dataset, labels, self.clips, digests)
        index = {
            "format": FORMAT,
            "set": self.dataset,
            "hash": found,
            "labels": labels,
            "clips": [clip.to_json() for clip in self.clips],
        }
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        (self.folder / INDEX).write_text(text, encoding="utf-8")
        frames, rows = sum(clip.frames for clip in self.clips), sum(clip.rows for clip in self.clips)
        return ClipTotals(len(self.clips), frames, rows, found)

    def close(self) -> None:
        for array in self.arrays.values():
            array.file.close()


class _ArrayWriter:
    """A .npy file that grows; its header gets the length at the end."""

    def __init__(self, path: Path, dtype: np.dtype, tail: Sequence[int]) -> None:
        self.dtype, self.tail, self.length = dtype, tuple(tail), 0
        self.digest = hashlib.sha256()
        self.file = path.open("wb")
        self.file.write(bytes(_HEADER))

    def add(self, values: np.ndarray) -> None:
        with np.errstate(over="ignore"):  # too far away for half precision becomes infinite, which no reader believes
            content = np.ascontiguousarray(values, self.dtype).tobytes()
        self.length += len(values)
        self.digest.update(content)
        self.file.write(content)

    def finish(self) -> str:
        shape = (self.length, *self.tail)
        header = f"{{'descr': '{self.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
        size = _HEADER - 10
        self.file.seek(0)
        self.file.write(b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + header.ljust(size - 1).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return self.digest.hexdigest()


def _centred(joints: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Joints (R, V, 3) about their mean, and that mean; what is missing (all 0 or not finite) becomes NaN."""
    there = np.isfinite(joints).all(axis=2) & (joints != 0.0).any(axis=2)
    if not there.any():
        return np.full_like(joints, np.nan), (0.0, 0.0, 0.0)
    x, y, z = (round(float(value), 3) for value in np.median(joints[there], axis=0))
    return np.where(there[:, :, None], joints - (x, y, z), np.nan), (x, y, z)
