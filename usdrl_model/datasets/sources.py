"""Files of a data set, wherever they lie: in a folder, in its sub-folders, or in archives that stay packed.

Archives are read member by member and never extracted, so no path inside one can reach anything on this machine.
"""

from __future__ import annotations

import hashlib
import logging
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TARS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
UNREADABLE = (".7z", ".rar")
"""Archives that only other programs open."""
MAX_MEMBER = 2**30
"""Bytes. A single text of a data set is never larger; an archive that claims so is an attack or damaged."""

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a user needs to get a data set."""

    title: str
    files: str
    """The official files that an importer reads."""
    where: str
    """Where a user gets them."""
    terms: str


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a data set."""

    match: re.Match[str]
    """The pattern's match in the file's path."""
    where: str
    """For messages: the path, and the archive it lies in."""
    data: bytes
    packed: bool = False
    """It lies in an archive."""

    def text(self) -> str:
        """The file as ASCII text; ValueError where it is none."""
        try:
            return self.data.decode("ascii")
        except UnicodeDecodeError:
            raise ValueError(f"{self.where}: expected a text file, got other bytes") from None


def members(path: str | Path, pattern: str, source: Source) -> Iterator[Member]:
    """Every file below ``path`` whose path matches, one at a time; unpacked files first, then those in archives.

    Args:
        path: a folder, or one archive.
        pattern: regular expression, searched in the path with "/" between folders. Its match, or its group called
            "name" where it has one, is what the file is called; it never begins within a word or a number.
        source: for the message when there is none.

    Raises:
        FileNotFoundError: nothing matches; the message says what was expected and where to get it.
        ValueError: a damaged archive, or two different files of one name. A file that is there twice is taken once, an
            unpacked one before one in an archive.
    """
    path, seen = Path(path), dict[str, tuple[str, bytes, bool]]()
    expression = re.compile(pattern)
    for member in _all_members(path, expression):
        if (name := _name(member.match)) is None:
            continue
        digest = hashlib.sha256(member.data).digest()
        if name not in seen:
            seen[name] = member.where, digest, member.packed
            yield member
            continue
        where, known, packed = seen[name]
        if digest != known and packed == member.packed:
            raise ValueError(f"{where} and {member.where} are both {name}, and differ: keep one, or rename it")
        if digest != known:
            logging.getLogger(__name__).warning("%s differs from %s, which is taken", member.where, where)
    if not seen:
        raise missing(path, source)


def _name(match: re.Match[str]) -> str | None:
    """What a file is called; None where that would begin within a word or a number: "141_02" is not "41_02"."""
    group = "name" if "name" in match.re.groupindex else 0
    name, start = match[group], match.start(group)
    return None if start and match.string[start - 1].isalnum() and name[:1].isalnum() else name


def missing(path: Path, source: Source) -> FileNotFoundError:
    """The error of a folder that does not hold the data set."""
    packed = (
        [entry.name for entry in sorted(path.glob("*")) if entry.name.endswith(UNREADABLE)] if path.is_dir() else []
    )
    found = "no such folder" if not path.exists() else f"unpack {', '.join(packed)} first" if packed else "none found"
    return FileNotFoundError(
        f"{path}: expected {source.files} of {source.title} ({found}). Get it from {source.where}; {source.terms}"
    )


def _all_members(path: Path, expression: re.Pattern[str]) -> Iterator[Member]:
    if path.is_file():
        yield from _packed(path, expression)
        return
    files = sorted(entry for entry in path.rglob("*") if entry.is_file())
    for file in files:
        if match := expression.search(file.relative_to(path).as_posix()):
            yield Member(match, str(file), file.read_bytes())
    for file in files:
        yield from _packed(file, expression)


def _packed(file: Path, expression: re.Pattern[str]) -> Iterator[Member]:
    try:
        if file.name.endswith(".zip"):
            yield from _zipped(file, expression)
        elif file.name.endswith(TARS):
            yield from _tarred(file, expression)
    except _DAMAGE as error:
        raise ValueError(f"{file}: damaged, or only half downloaded ({error}): get it again") from None


def _zipped(file: Path, expression: re.Pattern[str]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            if not entry.is_dir() and (match := expression.search(entry.filename)):
                _check_size(file, entry.filename, entry.file_size)
                yield Member(match, f"{file.name}:{entry.filename}", archive.read(entry), packed=True)


def _tarred(file: Path, expression: re.Pattern[str]) -> Iterator[Member]:
    with tarfile.open(file) as archive:
        for entry in archive:  # in the archive's order: a compressed one can only be read from front to back
            if entry.isreg() and (match := expression.search(entry.name)):
                _check_size(file, entry.name, entry.size)
                content = archive.extractfile(entry)
                if content is not None:
                    yield Member(match, f"{file.name}:{entry.name}", content.read(), packed=True)


def _check_size(file: Path, name: str, size: int) -> None:
    if size > MAX_MEMBER:
        raise ValueError(f"{file}: {name} claims {size} bytes, more than any file of a data set has")
