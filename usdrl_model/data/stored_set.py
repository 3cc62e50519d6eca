"""One set of a store: its index, its arrays and its hash; ``store`` describes the format."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.data import catalogue
from usdrl_model.data.clip_index import ClipIndex
from usdrl_model.errors.shown import check_name, cut, shown
from usdrl_model.files import archives, arrays, limits
from usdrl_model.files.documents import parse_json
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical_frames
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, topology
from usdrl_model.terms import Terms

FORMAT = "usdrl.store/1"
INDEX = "index.json"
ARRAYS = ("joints", "confidence", "rows", "stamps")
_TYPES = {"joints": ("<f8", "<f4", "<f2"), "confidence": ("u1",), "rows": ("<i4",), "stamps": ("<f8",)}


class StoredSet:
    """One set of a store: its index and its arrays, memory-mapped where they are in a folder."""

    def __init__(self, where: str, index: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        _check_format(index, where)
        self.where = where
        try:
            self.dataset, self.hash = str(index["set"]), str(index["hash"])
            self.labels: tuple[str, ...] = tuple(map(str, index["labels"]))
            for label in self.labels:
                check_name(label, "labels")
            self.terms = catalogue.terms(self.dataset, Terms.from_json(index.get("terms")))
            self.clips = [ClipIndex.from_json(entry) for entry in index["clips"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(f"{where}: damaged index ({cut(str(error))}), import again") from None
        self.arrays = arrays
        joints = [clip.rows * len(topology(clip.topology).joints) for clip in self.clips]
        sure = [count if clip.confident else 0 for count, clip in zip(joints, self.clips, strict=True)]
        self._joints = np.cumsum([0, *(3 * count for count in joints)])
        self._confidence = np.cumsum([0, *sure])
        self._rows = np.cumsum([0, *(clip.rows for clip in self.clips)])
        self._stamps = np.cumsum([0, *(clip.frames for clip in self.clips)])
        for name, ends in zip(ARRAYS, (self._joints, self._confidence, self._rows, self._stamps), strict=True):
            if arrays[name].dtype not in _TYPES[name] or arrays[name].ndim != (2 if name == "rows" else 1):
                raise ValueError(f"{where}: {name} holds {arrays[name].dtype}: damaged, import again")
            if len(arrays[name]) != ends[-1]:
                raise ValueError(
                    f"{where}: {name} has {len(arrays[name])} entries, its index says {ends[-1]}: damaged, import again"
                )

    @property
    def dtype(self) -> str:
        """Number format of the stored joints: float64, float32 or float16."""
        return self.arrays["joints"].dtype.name

    def source(self, index: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """Joints (R, V, 3) float32 or float64, confidence (R, V) or None, rows (R, 2) of one clip, as imported."""
        clip, count = self.clips[index], len(topology(self.clips[index].topology).joints)
        joints = self.arrays["joints"][self._joints[index] : self._joints[index + 1]].reshape(-1, count, 3)
        moved: np.ndarray = joints.astype(np.float32 if joints.dtype.itemsize < 8 else np.float64)
        if any(clip.origin):
            moved += np.asarray(clip.origin, moved.dtype)
        confidence = None
        if clip.confident:
            stored = self.arrays["confidence"][self._confidence[index] : self._confidence[index + 1]]
            confidence = stored.reshape(-1, count).astype(np.float32) / 255.0
        rows = np.asarray(self.arrays["rows"][self._rows[index] : self._rows[index + 1]])
        if rows.size and (rows.min() < 0 or (rows.max(axis=0) >= (clip.frames, len(clip.people))).any()):
            raise ValueError(f"{self.where}: {clip.name}: skeletons of frames or people that are not there: damaged")
        return moved, confidence, rows

    def stamps(self, index: int) -> np.ndarray:
        """(T,) stamps of one clip, seconds; ValueError if they do not rise."""
        stamps = np.array(self.arrays["stamps"][self._stamps[index] : self._stamps[index + 1]])
        if not (np.abs(stamps) < limits.LATEST).all() or (np.diff(stamps) < 0.0).any():
            raise ValueError(f"{self.where}: {self.clips[index].name}: stamps that do not rise: damaged")
        return stamps

    def clip(self, index: int) -> Clip:
        """One clip in canonical joints."""
        entry = self.clips[index]
        places = entry.frames * len(entry.people)
        limits.check(places, limits.PLACES, f"{self.where}: {entry.name}: frames times people")
        joints, confidence, rows = self.source(index)
        mapped, sure = canonical_frames(joints, confidence, topology(entry.topology), judged=entry.judged)
        shape = (entry.frames, len(entry.people), len(CANONICAL_JOINTS))
        placed, believed = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
        placed[rows[:, 0], rows[:, 1]], believed[rows[:, 0], rows[:, 1]] = mapped, sure
        return Clip(
            name=entry.name,
            dataset=self.dataset,
            stamps=self.stamps(index),
            people=entry.people,
            joints=placed,
            confidence=believed,
            label=entry.label,
            segments=entry.segments,
            subject=entry.subject,
            tags=entry.tags,
            flat=entry.flat,
            lifted=entry.lifted,
        )

    def recording(self, index: int, most: int | None = None) -> Recording:
        """One clip as imported.

        Args:
            index: which.
            most: frames, evenly spread over those with people; None: all of them.
        """
        entry = self.clips[index]
        joints, confidence, rows = self.source(index)
        frames, stamps = np.arange(entry.frames), self.stamps(index)
        if most is not None:
            frames = np.unique(rows[:, 0])
            frames = frames[np.unique(np.linspace(0, len(frames) - 1, min(most, len(frames))).astype(int))]
            stamps = stamps[frames]
        seen: dict[int, list[Person]] = {frame: [] for frame in frames.tolist()}
        for row in np.flatnonzero(np.isin(rows[:, 0], frames)).tolist():
            frame, person = rows[row].tolist()
            sure = None if confidence is None else confidence[row]
            seen[frame].append(Person(entry.people[person], joints[row], sure, entry.judged))
        return Recording(
            name=entry.name,
            topology=entry.topology,
            frames=tuple(
                SkeletonFrame(stamp, tuple(people), entry.sensor, flat=entry.flat, lifted=entry.lifted)
                for stamp, people in zip(stamps.tolist(), seen.values(), strict=True)
            ),
            segments=entry.segments,
            labels=self.labels,
            subject=entry.subject,
            label=entry.label,
            tags=entry.tags,
        )

    def verify(self) -> None:
        """Compare the arrays and the index with the hash."""
        digests = {name: hashlib.sha256(_bytes(self.arrays[name])).hexdigest() for name in ARRAYS}
        if content_hash(self.dataset, self.labels, self.clips, digests) != self.hash:
            raise ValueError(f"{self.where}: differs from its hash {self.hash}: damaged, import it again")


def content_hash(dataset: str, labels: Sequence[str], clips: Sequence[ClipIndex], digests: Mapping[str, str]) -> str:
    """Hash of a set, 16 hex digits, from the sha256 of its arrays and from its index."""
    index = [dataset, list(labels), [clip.to_json() for clip in clips], [digests[name] for name in ARRAYS]]
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()[:16]


def _bytes(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def files(generation: int) -> dict[str, str]:
    """Array -> file name, for generation 0 or 1."""
    return {name: f"{name}.{generation}.npy" if generation else f"{name}.npy" for name in ARRAYS}


def generation(index: Mapping[str, Any]) -> int:
    """Generation of the files of an index: 0 or 1."""
    return int(index.get("generation") == 1)


def read_index(folder: Path) -> dict[str, Any]:
    """``index.json`` of a set; ValueError if damaged."""
    return _index(limits.read(folder / INDEX, limits.INDEX), folder)


def _index(content: bytes, folder: Path) -> dict[str, Any]:
    index = parse_json(content, f"{folder / INDEX}: damaged, import again", limits.INDEX)
    if not isinstance(index, dict):
        raise ValueError(f"{folder / INDEX}: damaged (no mapping), import again")
    return index


def open_folder(folder: Path) -> StoredSet:
    """Open the set in a folder, memory-mapped; again if it is replaced meanwhile. ValueError if damaged."""
    while True:
        content = limits.read(folder / INDEX, limits.INDEX)
        problem = None
        try:
            index = _index(content, folder)
            _check_format(index, str(folder))  # first: another format may have other arrays
            found = StoredSet(str(folder), index, _mapped(folder, index))
        except FileNotFoundError as error:
            problem = ValueError(f"{error.filename}: missing, import the set again")
        except ValueError as error:
            problem = error
        if limits.read(folder / INDEX, limits.INDEX) == content:
            if problem is not None:
                raise problem
            return found


def _check_format(index: Any, where: str) -> None:
    kind = index.get("format") if isinstance(index, Mapping) else None
    if kind != FORMAT:
        newer = isinstance(kind, str) and re.fullmatch(rf"{FORMAT.rpartition('/')[0]}/[1-9]\d*", kind)
        remedy = "made by a newer version: update this package" if newer else "import the set again"
        raise ValueError(f"{where}: expected format {FORMAT}, got {shown(kind)}: {remedy}")


def _mapped(folder: Path, index: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: arrays.mapped(folder / file) for name, file in files(generation(index)).items()}


def open_packed(path: Path) -> list[StoredSet]:
    """Read the sets in a packed file into memory; ValueError if it is none."""
    most = min(limits.STORED, limits.MEMBER + limits.STORED_RATIO * path.stat().st_size)
    try:
        packed = archives.Zip(path, str(path))
    except ValueError as error:
        raise ValueError(f"{path}: expected a file that 'usdrl data pack' wrote ({error})") from None
    with packed:
        limits.check(sum(map(packed.size, packed.names)), most, f"{path}: bytes, unpacked")
        there, sets = set(packed.names), []
        for entry in sorted(name for name in there if name.endswith(f"/{INDEX}")):
            folder = entry.removesuffix(INDEX)
            if lacking := sorted({f"{folder}{file}" for file in files(0).values()} - there):
                raise ValueError(f"{path}: expected a file that 'usdrl data pack' wrote (without {lacking[0]})")
            content = {
                name: arrays.read_npy(packed.read(f"{folder}{file}", most), f"{path}:{folder}{name}")
                for name, file in files(0).items()
            }
            index = parse_json(packed.read(entry, limits.INDEX), f"{path}:{entry}", limits.INDEX)
            sets.append(StoredSet(f"{path}:{folder}", index, content))
        return sets
