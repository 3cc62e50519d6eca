"""Writer of a store: one recording in memory at a time, whatever the size of the set.

A set exists once its index does, and an index is replaced atomically: an import that is killed at any moment leaves the
old set or the new one, complete. A set that replaces another is written beside it, in files of another generation
(``joints.1.npy``), which are not read until the new index names them. Leftovers of a killed import are never read, and
the next import removes them.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from usdrl_model.data import catalogue
from usdrl_model.data.array_writer import ArrayWriter, centred
from usdrl_model.data.clip_index import ClipIndex
from usdrl_model.data.label_times import LabelTimes
from usdrl_model.data.store import Store
from usdrl_model.data.stored_set import FORMAT, INDEX, content_hash, files, generation, read_index
from usdrl_model.errors.shown import check_name
from usdrl_model.files.atomic_file import FULL, check_no_folder, full, replacing, sync_folder, write_text
from usdrl_model.files.folder_lock import LOCK, held
from usdrl_model.skeleton import topology_file
from usdrl_model.skeleton.person import judge
from usdrl_model.skeleton.recording import Recording, in_canonical_joints
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.skeleton.topology import topology
from usdrl_model.terms import UNKNOWN, Terms

DTYPES = ("float32", "float16", "float64")


def write_set(
    folder: str | Path, dataset: str, recordings: Iterable[Recording], *, dtype: str = "float32", replace: bool = False,
    terms: Terms | None = None,
) -> SetTotals:  # fmt: skip
    """Write a set.

    Args:
        folder: of the store; the set becomes its sub-folder ``dataset``.
        dataset: name of the set.
        recordings: taken one at a time.
        dtype: float32 keeps joints within 1 um; float64 keeps every bit of sets that are published as text; float16
            keeps joints within 1 mm up to two metres from the clip's centre.
        replace: replace a set of that name; otherwise it is an error.
        terms: of a set that is not in the catalogue, as its owner states them; None: not stated.

    Raises:
        FileExistsError: the set exists and ``replace`` is false, or the folder holds other files.
        BlockingIOError: another process is writing it.
        OSError: it could not be written, for example on a full disk; an existing set is intact.
        ValueError: unknown dtype, a name with other characters, no recordings, two of one name, or an inconsistent
            recording, such as one with a segment of no time.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype: expected one of {', '.join(DTYPES)}, got {dtype!r}")
    if not re.fullmatch(r"\w[\w-]*", dataset):
        raise ValueError(f"name of a set: expected letters, digits, _ and -, got {dataset!r}")
    target = Path(folder) / dataset
    _check_free(target, replace)
    try:
        with held(target):
            _check_free(target, replace)  # again: another import may have finished meanwhile
            stated = catalogue.terms(dataset, terms or UNKNOWN)
            return _written(target, dataset, recordings, np.dtype(dtype).newbyteorder("<"), stated)
    finally:
        with contextlib.suppress(OSError):  # not empty: it holds a set
            target.rmdir()


def _check_free(target: Path, replace: bool) -> None:
    if (target / INDEX).exists():
        if not replace:
            raise FileExistsError(f"{target} is there already: give --replace to import it anew")
        return
    ours = {LOCK, *files(0).values(), *files(1).values()}
    if target.is_dir() and (others := sorted({path.name for path in target.glob("[!.]*")} - ours)):
        raise FileExistsError(f"{target} holds other files ({others[0]} ...): choose another folder for the store")


def _written(target: Path, dataset: str, recordings: Iterable[Recording], dtype: np.dtype, terms: Terms) -> SetTotals:
    _tidy(target)
    there = _generation(target)
    writer, times = _SetWriter(target, dataset, dtype, 0 if there is None else 1 - there, terms), LabelTimes()
    try:
        for recording in recordings:
            times.check(recording)
            writer.add(recording)
        times.warn(dataset)
        return writer.finish()
    except OSError as error:
        if error.errno in FULL:
            raise full(target, error) from error
        raise
    finally:
        writer.close()
        _tidy(target)


def _generation(target: Path) -> int | None:
    """Generation of the set in a folder; None if there is none."""
    if not (target / INDEX).exists():
        return None
    try:
        return generation(read_index(target))
    except ValueError:  # damaged; it may still be repaired by hand
        return 0


def _tidy(target: Path) -> None:
    """Remove the arrays that the index does not name."""
    there = _generation(target)
    for one in {0, 1} - {there}:
        for name in files(one).values():
            (target / name).unlink(missing_ok=True)


def pack(store: Store, file: str | Path) -> None:
    """Write a selection as one compressed float16 file, for another machine; ``Store.open`` reads it.

    Raises:
        ValueError: nothing is selected.
        OSError: it could not be written; an existing file is intact.
    """
    if not len(store):
        raise ValueError("nothing to pack: the selection is empty")
    file = Path(file)
    check_no_folder(file)
    scratch = file.with_name(f".{file.name}.sets")
    with held(scratch):
        try:
            for dataset in store.sets:
                shutil.rmtree(scratch / dataset, ignore_errors=True)
                chosen = store.select(sets=[dataset])
                write_set(scratch, dataset, chosen.recordings(), dtype="float16", terms=store.terms(dataset))
            with replacing(file) as packed, zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
                for dataset in store.sets:
                    for name in (*files(0).values(), INDEX):
                        archive.write(scratch / dataset / name, f"{dataset}/{name}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class SetTotals:
    """Size of a set that was written."""

    clips: int
    frames: int
    rows: int
    """Skeletons."""
    hash: str
    """Of the content."""


class _SetWriter:
    def __init__(self, folder: Path, dataset: str, dtype: np.dtype, generation: int, terms: Terms) -> None:
        self.folder, self.dataset, self.generation, self.terms = folder, dataset, generation, terms
        self.clips: list[ClipIndex] = []
        self.names: set[str] = set()
        self.labels: dict[str, None] = {}
        kinds: tuple[np.dtype, ...] = (dtype, np.dtype("u1"), np.dtype("<i4"), np.dtype("<f8"))
        self.arrays = {
            name: ArrayWriter(folder / file, kind, (2,) if name == "rows" else ())
            for (name, file), kind in zip(files(generation).items(), kinds, strict=True)
        }

    def add(self, recording: Recording) -> None:
        if topology_file.is_file(recording.topology):
            # A set must not depend on a file elsewhere.
            recording = in_canonical_joints(recording)
        if recording.name in self.names:
            raise ValueError(f"{self.dataset}: two recordings are called {recording.name}")
        self.names.add(recording.name)
        for label in recording.labels:
            check_name(label, f"{recording.name}: labels")
        self.labels |= dict.fromkeys(recording.labels)
        said = {segment.label for segment in recording.segments} | ({recording.label} - {None})
        if recording.labels and not said <= {*recording.labels, AMBIGUOUS}:
            raise ValueError(f"{recording.name}: labels {sorted(map(str, said))} are not among {recording.labels}")
        seen = [(index, person) for index, frame in enumerate(recording.frames) for person in frame.people]
        people = {identity: slot for slot, identity in enumerate(dict.fromkeys(person.id for _, person in seen))}
        rows = np.array([(index, people[person.id]) for index, person in seen], np.int64).reshape(-1, 2)
        if len(np.unique(rows, axis=0)) != len(rows):
            raise ValueError(f"{recording.name}: a frame holds the same person twice")
        judged = any(person.judged for _, person in seen)
        if judged:  # the index says it of the whole clip
            seen = [(index, judge(person)) for index, person in seen]
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
            joints, origin = centred(joints)
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
                flat=recording.flat,
                lifted=recording.lifted,
                judged=judged,
                sensor=recording.sensor,
            )
        )

    def finish(self) -> SetTotals:
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
            "terms": self.terms.to_json(),
            **({"generation": self.generation} if self.generation else {}),
            "clips": [clip.to_json() for clip in self.clips],
        }
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        sync_folder(self.folder)
        write_text(self.folder / INDEX, text)
        frames, rows = sum(clip.frames for clip in self.clips), sum(clip.rows for clip in self.clips)
        return SetTotals(len(self.clips), frames, rows, found)

    def close(self) -> None:
        for array in self.arrays.values():
            with contextlib.suppress(OSError):  # on a full disk, flushing fails again
                array.file.close()
