"""The store: recordings of any data set, ragged and memory-mapped.

Only visible people take space: no padding, no empty second person. Joints are stored as the source gave them, in the
order of its topology; ``store[i]`` returns them in the 25 canonical joints with a confidence, ``store.recording(i)`` as
imported.

    store = Store.open("stores")                       # every set below it, or one set, or one packed file
    train = store.select(sets=["utd_mhad"], split="cross_subject/train")
    clip = train[0]                                    # clip.joints (T, M, 25, 3), clip.mask (T, M, 25), clip.label

A set is a folder of plain arrays (no pickle): ``joints.npy`` (all coordinates, one after another), ``confidence.npy``
(0 to 255, of the clips whose tracker gives one), ``rows.npy`` (frame in the clip and person of every skeleton),
``stamps.npy`` (seconds of every frame) and ``index.json`` (the clips, and a hash of everything).
"""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from usdrl_model.data import protocols
from usdrl_model.data.clip_index import ClipIndex
from usdrl_model.data.stored_set import INDEX, StoredSet, open_folder, open_packed
from usdrl_model.errors.nearest import hint
from usdrl_model.files.below import warn_forbidden
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.terms import Terms

__all__ = ["Clip", "Store"]


class Store:
    """A sequence of clips; ``select`` returns a part that shares the memory map."""

    def __init__(self, parts: Sequence[StoredSet], items: Sequence[tuple[int, int]] | None = None) -> None:
        self._parts = list(parts)
        self._items = (
            [(part, clip) for part, stored in enumerate(parts) for clip in range(len(stored.clips))]
            if items is None
            else list(items)
        )

    @classmethod
    def open(cls, *paths: str | Path) -> Store:
        """Open every set below the paths: the folder of a set, a folder of such folders, or a packed file.

        Raises:
            FileNotFoundError: a path holds no set.
            PermissionError: the index of a set cannot be read.
            ValueError: a set of another format, a damaged one, or two folders of a store that hold the same set.
        """
        parts: list[StoredSet] = []
        for path in map(Path, paths):
            if path.is_file():
                found = open_packed(path)
            else:
                found = [open_folder(path)] if (path / INDEX).is_file() else _below(path)
            if not found:
                raise FileNotFoundError(f"{path}: no set of a store there: make one with 'usdrl data import SET PATH'")
            parts += found
        return cls(parts)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Clip:
        part, clip = self._items[index]
        return self._parts[part].clip(clip)

    def __iter__(self) -> Iterator[Clip]:
        return (self[index] for index in range(len(self)))

    def recording(self, index: int, most: int | None = None) -> Recording:
        """A recording as imported: source joints and tracker confidence.

        Args:
            index: which.
            most: frames, evenly spread over those with people; None: all of them.
        """
        part, clip = self._items[index]
        return self._parts[part].recording(clip, most)

    def recordings(self) -> Iterator[Recording]:
        """Every recording, one at a time."""
        return (self.recording(index) for index in range(len(self)))

    def describe(self, index: int) -> ClipIndex:
        """Index entry of a clip; its joints are not read."""
        part, clip = self._items[index]
        return self._parts[part].clips[clip]

    def dataset(self, index: int) -> str:
        """Name of the set that a clip is from."""
        return self._parts[self._items[index][0]].dataset

    def dtype(self, dataset: str) -> str:
        """Number format of the stored joints of a set: float64, float32 or float16."""
        return next(stored.dtype for stored in self._parts if stored.dataset == dataset)

    def terms(self, dataset: str) -> Terms:
        """Terms of use of a set: the catalogue's, or those that were stated when its own recordings were imported."""
        return next(stored.terms for stored in self._parts if stored.dataset == dataset)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sets with a clip in this selection, in the order of the paths."""
        return tuple(dict.fromkeys(self._parts[part].dataset for part, _ in self._items))

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects, sorted, as the sets name them."""
        there = {self._parts[part].clips[clip].subject for part, clip in self._items}
        return tuple(sorted(subject for subject in there if subject))

    @property
    def everybody(self) -> tuple[str, ...]:
        """``subjects`` where every clip says whom it shows; else nobody, since others may be in it, too."""
        named = all(self._parts[part].clips[clip].subject for part, clip in self._items)
        return self.subjects if named else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All classes of these sets, without duplicates."""
        used = sorted({part for part, _ in self._items})
        return tuple(dict.fromkeys(label for part in used for label in self._parts[part].labels))

    @property
    def hash(self) -> str:
        """Hash of the content and of the selection, 16 hex digits."""
        digest = hashlib.sha256()
        for part, clip in self._items:
            digest.update(f"{self._parts[part].hash} {clip}\n".encode())
        return digest.hexdigest()[:16]

    def verify(self) -> None:
        """Read all arrays and compare them with the hashes; ValueError names the first set that differs."""
        for stored in self._parts:
            stored.verify()

    def select(
        self,
        *,
        sets: Iterable[str] | None = None,
        subjects: Iterable[str] | None = None,
        labels: Iterable[str] | None = None,
        split: str | None = None,
        flat: bool | None = None,
    ) -> Store:
        """The clips that meet every condition.

        Args:
            sets: names of data sets.
            subjects: subjects, as the set names them.
            labels: clips with one of these labels, as a whole or in a segment.
            split: ``protocol/part``, ``protocol/fold/part``, or ``standard/part``, where part is train or test and
                protocol one of ``protocols`` ("standard": the first of each set).
            flat: clips whose joints are in a picture (True), or in space (False).

        Raises:
            ValueError: an unknown set, subject, protocol or fold; the message names what there is.
        """
        items = self._items
        if sets is not None:
            wanted = _known(sets, self.sets, "sets")
            items = [item for item in items if self._parts[item[0]].dataset in wanted]
        if subjects is not None:
            people = _known(subjects, Store(self._parts, items).subjects, "subjects")
            items = [item for item in items if self._parts[item[0]].clips[item[1]].subject in people]
        if labels is not None:
            actions = _known(labels, self.labels, "labels")
            items = [item for item in items if self._parts[item[0]].clips[item[1]].shows(actions)]
        if flat is not None:
            items = [item for item in items if self._parts[item[0]].clips[item[1]].flat == flat]
        if split is not None:
            chosen = {
                part: protocols.Split.of(self._parts[part].dataset, split) for part in {item[0] for item in items}
            }
            for part, one in chosen.items():
                if one.held_out is not None:
                    there = {one.protocol.value(clip) for clip in self._parts[part].clips}
                    name = self._parts[part].dataset
                    _known([one.held_out], sorted(filter(None, there)), "fold", f"the set {name}")
            items = [item for item in items if chosen[item[0]].has(self._parts[item[0]].clips[item[1]])]
        return Store(self._parts, items)


def _below(path: Path) -> list[StoredSet]:
    """The sets of a store. Folders with a dot in their names are leftovers of older, killed imports and are skipped."""
    folders = sorted(folder for folder in path.iterdir() if _holds_a_set(folder)) if path.is_dir() else []
    left = [folder for folder in folders if "." in folder.name]
    if left:
        names = ", ".join(folder.name for folder in left)
        logging.getLogger(__name__).warning("%s: not read, left by an interrupted import: %s", path, names)
    found: dict[str, StoredSet] = {}
    for folder in folders:
        if folder not in left:
            stored = open_folder(folder)
            if stored.dataset in found:
                raise ValueError(
                    f"{found[stored.dataset].where} and {folder} hold the same set {stored.dataset}: move one elsewhere"
                )
            found[stored.dataset] = stored
    return list(found.values())


def _holds_a_set(folder: Path) -> bool:
    try:
        (folder / INDEX).stat()
    except PermissionError:
        warn_forbidden(folder)
        return False
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        return False
    return True


def _known(wanted: Iterable[str], there: Sequence[str], what: str, where: str = "this store") -> set[str]:
    names = set(wanted)
    if unknown := sorted(names - set(there)):
        meant = hint(unknown[0], there)
        raise ValueError(
            f"no {what} {', '.join(map(repr, unknown))} in {where}{meant} There are: {', '.join(there) or 'none'}"
        )
    return names
