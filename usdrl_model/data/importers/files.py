"""Files of a data set, wherever they lie: in a folder, in its sub-folders, or in archives that stay packed.

Archives are read member by member and never extracted, so no path inside one can reach anything on this machine.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from usdrl_model.errors.shown import LINE, cut, shown
from usdrl_model.files import archives, limits
from usdrl_model.files.below import files_below
from usdrl_model.terms import Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetInfo:
    """Where and on what terms to get a data set."""

    title: str
    files: str
    """Official files that the importer reads."""
    where: str
    """Where to get them."""
    terms: Terms
    together: frozenset[str] = frozenset()
    """What two people do together, of a set whose labels belong to the scene; empty: labels belong to people."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a data set."""

    match: re.Match[str]
    """The pattern's match in the file's path."""
    where: str
    """For messages: the path, and the archive it lies in."""
    data: bytes
    packed: bool = False
    """Whether it is in an archive."""

    def text(self) -> str:
        """Content as ASCII text; ValueError if it is not ASCII, or too long."""
        limits.check(len(self.data), limits.TEXT, f"{self.where}: bytes of text")
        try:
            return self.data.removeprefix(codecs.BOM_UTF8).decode("ascii")
        except UnicodeDecodeError:
            raise ValueError(f"{self.where}: expected a text file, got other bytes") from None


def members(
    path: str | Path,
    pattern: str,
    source: DatasetInfo,
    limit: int = limits.TEXT,
    *,
    needed: bool = True,
    either: bool = False,
) -> Iterator[Member]:
    """Every file below ``path`` whose path matches, one at a time; unpacked files first, then those in archives.

    Args:
        path: a folder, one archive, or one such file.
        pattern: regular expression, searched in the path with "/" between folders, in any case. Its match, or its group
            called "name" where it has one, is what the file is called; it never begins within a word or a number.
        source: for the message when there is none.
        limit: bytes of a file, unpacked.
        needed: whether it is an error where nothing matches.
        either: where an unpacked file matches, archives are not opened: for the few texts beside the recordings.

    Raises:
        FileNotFoundError: nothing matches, though ``needed``; the message says what was expected and where to get it.
        ValueError: an archive that is damaged or packed in a way that Python does not open, a file beyond the limit, or
            two different files of one name. A file that is there twice is taken once, an unpacked one before one in an
            archive.
    """
    path, seen = Path(path), dict[str, tuple[str, bytes, bool]]()
    expression = re.compile(pattern, re.IGNORECASE)
    for member in _all_members(path, expression, limit, warn=needed, either=either):
        name = member.match[_group(expression)]
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
    if needed and not seen:
        raise missing(path, source)


def _group(expression: re.Pattern[str]) -> str | int:
    """The group of a pattern that is a file's name."""
    return "name" if "name" in expression.groupindex else 0


def _search(expression: re.Pattern[str], path: str) -> re.Match[str] | None:
    """The match in a path; None also if its name begins within a word or a number ("141_02" is not "41_02")."""
    if (match := expression.search(path)) is None:
        return None
    name, start = match[_group(expression)], match.start(_group(expression))
    return None if start and path[start - 1].isalnum() and name[:1].isalnum() else match


def missing(path: Path, source: DatasetInfo) -> FileNotFoundError:
    """The error for a folder without the data set."""
    there = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    packed = [archives.readable(entry.name) for entry in there if archives.is_unreadable(entry)]
    found = "no such folder" if not path.exists() else f"unpack {', '.join(packed)} first" if packed else "none found"
    return FileNotFoundError(
        f"{archives.readable(str(path))}: expected {source.files} of {source.title} ({found})."
        f" Get it from {source.where}; {source.terms}"
    )


def warn_unmatched(names: Collection[str], where: str | Path, lists: str) -> None:
    """Warn about names in the lists of a data set for which there is no file."""
    if names:
        logging.getLogger(__name__).warning(
            "%s: %d names of %s belong to no recording, %s the first", where, len(names), lists, shown(min(names))
        )


def _all_members(path: Path, expression: re.Pattern[str], limit: int, *, warn: bool, either: bool) -> Iterator[Member]:
    """Every file that matches; ``warn`` names archives that are not read, which a set that is read twice does once."""
    if path.is_file():
        if match := _search(expression, archives.readable(path.name)):
            yield Member(match, archives.readable(str(path)), limits.read(path, limit))
        else:
            yield from _packed(path, expression, limit, warn=warn)
        return
    if not path.exists():
        return
    named = [(archives.readable(file.relative_to(path).as_posix()), file) for file in files_below(path)]
    files = [(name, file) for name, file in named if not archives.is_fork(name)]
    found = False
    for name, file in files:
        if match := _search(expression, name):
            found = True
            yield Member(match, archives.readable(str(file)), limits.read(file, limit))
        elif warn and archives.is_unreadable(file):
            _not_read(str(file))
    for _, file in [] if either and found else files:
        yield from _packed(file, expression, limit, warn=warn)


def _packed(file: Path, expression: re.Pattern[str], limit: int, *, warn: bool) -> Iterator[Member]:
    if archives.is_archive(file):
        for name, read in archives.contents(file):
            if match := _search(expression, name):
                yield Member(match, f"{archives.readable(file.name)}:{name}", read(limit), packed=True)
            elif warn and (archives.is_archive(Path(name)) or archives.is_unreadable(Path(name))):
                _not_read(f"{file}:{name}")


def _not_read(where: str) -> None:
    told = cut(archives.readable(where), LINE)
    logging.getLogger(__name__).warning("%s: not read: unpack it if files of the set are in it", told)
