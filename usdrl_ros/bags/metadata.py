"""``metadata.yaml`` of a bag: its storage files and their compression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from usdrl_model.errors.shown import cut, shown
from usdrl_model.files.documents import read_yaml
from usdrl_model.files.suffix import suffix
from usdrl_ros.bags.errors import BagError

FILE_NAME = "metadata.yaml"
STORAGES = {"mcap": ".mcap", "sqlite3": ".db3"}
"""Name of a storage, in metadata and ``--storage`` -> suffix of its files."""
PACKED = ".zstd"
"""Suffix of storage files that are compressed as a whole."""
PACKINGS = ("", "file", "message")
"""What is compressed: nothing (or parts inside the storage file), whole files, every message."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the metadata that is not in the storage files."""

    files: tuple[Path, ...]
    storage: str
    """A key of ``STORAGES``."""
    packing: str
    """Of ``PACKINGS``."""
    count: int | None
    """Messages in all files; None if unknown."""
    unlisted: tuple[str, ...] = ()
    """Names of storage files in the folder that the metadata do not name."""


def check_ros2(path: Path) -> None:
    """Raise BagError for a bag of ROS 1."""
    if suffix(path) == ".bag":
        raise BagError(f"{path}: a bag of ROS 1: make one of ROS 2 with usdrl-bag ros1 {path} FOLDER")


def read_metadata(folder: Path) -> Metadata:
    """Read ``metadata.yaml``; where it is missing or empty, as after an aborted recording, list the storage files.

    Raises:
        BagError: no bag, damaged metadata, or an unknown compression.
    """
    if not (folder / FILE_NAME).is_file():
        return _found(folder)
    where = folder / FILE_NAME
    try:
        document = read_yaml(where)
    except (ValueError, OSError) as error:
        raise BagError(f"{folder}: cannot be opened as a bag: {error}") from error
    if document is None:
        return _found(folder)
    content = document.get("rosbag2_bagfile_information") if isinstance(document, dict) else None
    if not isinstance(content, dict):
        raise BagError(f"{folder}: cannot be opened as a bag: {where} has no rosbag2_bagfile_information")
    storage, names = content.get("storage_identifier"), content.get("relative_file_paths")
    if storage not in STORAGES:
        raise BagError(f"{where}: storage_identifier: expected one of {', '.join(STORAGES)}, got {shown(storage)}")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise BagError(f"{where}: relative_file_paths: expected a list of names, got {shown(names)}")
    files = tuple(folder / PurePath(name).name for name in names)  # old ones start with a folder name
    if missing := [file.name for file in files if not file.is_file()]:
        raise BagError(f"{folder}: {cut(', '.join(missing))} of its {FILE_NAME} is missing")
    return Metadata(files, storage, _packing(content, where), _count(content), _unlisted(folder, files))


def _unlisted(folder: Path, files: Sequence[Path]) -> tuple[str, ...]:
    """Storage files that are neither among ``files`` nor one of them, packed or unpacked."""
    known = {_plain(file) for file in files}
    there = (file for file in folder.iterdir() if suffix(_plain(file)) in STORAGES.values())
    return tuple(sorted({file.name for file in there if file.is_file() and _plain(file) not in known}))


def _plain(file: Path) -> Path:
    """The name that a storage file has unpacked."""
    return file.with_suffix("") if suffix(file) == PACKED else file


def _found(folder: Path) -> Metadata:
    there = list(folder.iterdir())
    for storage, ending in STORAGES.items():
        stored = {file for file in there if suffix(_plain(file)) == ending}
        files = [file for file in stored if file == _plain(file) or _plain(file) not in stored]
        if files:
            return Metadata(tuple(sorted(files, key=_counted)), storage, "", None)
    raise BagError(f"{folder}: no {FILE_NAME} in it; name the bag's folder, or run `ros2 bag reindex` on it")


def _counted(file: Path) -> list[tuple[int, str]]:
    """Sorts names as their recorder counts them: ``bag_2`` before ``bag_10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file.name)]


def _packing(content: dict[str, Any], where: Path) -> str:
    packing = str(content.get("compression_mode") or "").lower()
    packing = "" if packing in ("none", "storage") else packing
    method = content.get("compression_format") or ""
    if packing not in PACKINGS or (packing and method != "zstd"):
        raise BagError(f"{where}: expected zstd for files or messages, got {shown(method)} for {shown(packing)}")
    return packing


def _count(content: dict[str, Any]) -> int | None:
    count = content.get("message_count")
    return count if isinstance(count, int) and not isinstance(count, bool) else None
