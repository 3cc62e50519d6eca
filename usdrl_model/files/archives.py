"""Archives of others, read member by member and never extracted, each member within a limit.

    for name, read in contents(Path("all_sqe.zip")):
        if name.endswith(".json"):
            data = read(limits.JSON)

A size is checked where the archive declares it and again while it is unpacked, since the two need not agree. What
macOS adds (``__MACOSX/``, ``._name``) is left out. Names are text whatever wrote them: UTF-8 where they are that, else
what the format says (cp437 in a zip, Latin-1 elsewhere).
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import logging
import lzma
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files import limits

TARS: dict[str, Callable[[Path], Any]] = {
    ".tar": lambda path: path.open("rb"),
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.xz": lzma.open,
    ".txz": lzma.open,
    ".tar.bz2": bz2.open,
    ".tbz2": bz2.open,
    ".tbz": bz2.open,
}
UNREADABLE = (
    ".7z", ".rar", ".zst", ".tzst", ".lz4", ".gz", ".xz", ".bz2", ".lzma", ".lz", ".br", ".z", ".zipx", ".z01", ".001",
)  # fmt: skip
"""Archives and packed files that only other programs open; the endings of ``TARS`` come first."""
SLACK, RATIO = 2**29, 100
"""A packed tar must be read from front to back: at most ``SLACK`` bytes and ``RATIO`` times the file come out of it."""
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    MemoryError,
    IndexError,
    UnicodeDecodeError,
)
"""What the readers of the standard library raise at a damaged archive."""
_METHODS = {9: "Deflate64", 93: "zstd", 97: "WavPack", 98: "PPMd", 99: "encryption (AES)"}
_STEP = {zipfile.ZIP_STORED: 2**20, zipfile.ZIP_DEFLATED: 2**20}
_SMALL_STEP = 4096
"""Bytes read at once where the unpacker itself knows no bound: LZMA and bzip2 make up to 45,000 of one."""
_ENCRYPTED, _UTF8 = 0x1, 0x800

Read = Callable[[int], bytes]
"""Bytes of a member, at most so many."""


def readable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8, which Python keeps as surrogates, are read as Latin-1."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("latin-1")
    return name


def is_fork(name: str) -> bool:
    """Whether a path is one of the files in which macOS keeps what only it understands."""
    return any(part == "__MACOSX" or part.startswith("._") for part in name.split("/"))


def is_archive(path: Path) -> bool:
    """Whether ``contents`` opens a file, by the ending of its name in any case."""
    name = path.name.lower()
    return name.endswith((".zip", *TARS)) and not is_fork(path.name)


def is_unreadable(path: Path) -> bool:
    """Whether a file is an archive that must be unpacked by hand."""
    return path.name.lower().endswith(UNREADABLE) and not is_archive(path)


def contents(path: Path) -> Iterator[tuple[str, Read]]:
    """Name and content of every member, one at a time: a zip's by name, a tar's as they lie.

    Raises:
        ValueError: damaged, unreadable here, or larger than it may be; from here or from reading a member.
    """
    if path.name.lower().endswith(".zip"):
        with Zip(path, str(path)) as archive:
            for name in sorted(archive.names):
                yield name, lambda limit, name=name: archive.read(name, limit)  # type: ignore[misc]
        return
    try:
        yield from _tar_members(path)
    except (OSError, *DAMAGE) as error:
        raise damaged(str(path), error) from None


def damaged(where: str, error: Exception) -> ValueError:
    """The error of an archive that cannot be read."""
    return ValueError(f"{where}: damaged, or only half downloaded ({str(error)[:200]}): get it again")


class Zip:
    """A zip file, also an ``.npz``: names, and members by name.

    Args:
        file: path, or the opened content.
        where: its name, for messages.

    Raises:
        ValueError: damaged.
    """

    def __init__(self, file: Path | IO[bytes], where: str) -> None:
        self._where = where
        try:
            self._archive = zipfile.ZipFile(file)
        except (*DAMAGE, NotImplementedError, ValueError) as error:
            raise damaged(where, error) from None
        entries = [(_zip_name(entry), entry) for entry in self._archive.infolist() if not entry.is_dir()]
        limits.check(max((len(name) for name, _ in entries), default=0), limits.NAME, f"{where}: characters of a name")
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._twice: set[str] = set()
        for name, entry in entries:
            known = self._entries.setdefault(name, entry)
            if (known.CRC, known.file_size) != (entry.CRC, entry.file_size):
                self._twice.add(name)
        self._entries = {name: entry for name, entry in self._entries.items() if not is_fork(name)}

    def __enter__(self) -> Zip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    @property
    def names(self) -> list[str]:
        """All files in it, in its own order."""
        return list(self._entries)

    def size(self, name: str) -> int:
        """Bytes, unpacked, that a member claims to have; KeyError where there is none of the name."""
        return self._entries[name].file_size

    def read(self, name: str, limit: int) -> bytes:
        """The content of a member.

        Raises:
            ValueError: there is none of the name, or two that differ; it is larger than ``limit``, damaged, encrypted,
                or packed by a method that this Python lacks.
        """
        if name not in self._entries:
            raise ValueError(f"{self._where}: damaged, or without {name}")
        if name in self._twice:
            raise ValueError(f"{self._where}: two different files in it are called {cut(name)}: keep one, or rename it")
        entry, where = self._entries[name], f"{self._where}:{name}"
        if entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"{self._where}: it is encrypted: unpack it with its password, and give the folder")
        limits.check(entry.file_size, limit, f"{where}: bytes, unpacked")
        step = _STEP.get(entry.compress_type, _SMALL_STEP)
        parts: list[bytes] = []
        left = limit
        try:
            with self._archive.open(entry) as file:
                while part := file.read(min(step, left + 1)):
                    left -= len(part)
                    parts.append(part)
                    limits.check(limit - left, limit, f"{where}: bytes, unpacked")
        except NotImplementedError:
            method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
            raise ValueError(
                f"{self._where}: it is packed with {method}, which Python does not open: unpack it with another"
                " program, and give the folder"
            ) from None
        except DAMAGE as error:
            raise damaged(self._where, error) from None
        return b"".join(parts)


def _zip_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if not entry.flag_bits & _UTF8:
        # Many programs write UTF-8 without saying so; cp437 text hardly ever is valid UTF-8.
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return readable(name)


def _tar_members(path: Path) -> Iterator[tuple[str, Read]]:
    ending = next(ending for ending in sorted(TARS, key=len, reverse=True) if path.name.lower().endswith(ending))
    with TARS[ending](path) as unpacked:
        bounded = _Bounded(unpacked, SLACK + RATIO * path.stat().st_size, str(path), packed=ending != ".tar")
        with tarfile.open(fileobj=bounded, mode="r:") as archive:  # type: ignore[call-overload]
            files: dict[str, tarfile.TarInfo] = {}
            for entry in archive:
                name, content = readable(entry.name), entry
                if entry.islnk() or entry.issym():  # of a file under several names, a tar holds the first
                    beside = "" if entry.islnk() else posixpath.dirname(entry.name)
                    target = posixpath.normpath(posixpath.join(beside, entry.linkname))
                    content = files.get(target, entry)
                elif entry.isreg():
                    files[posixpath.normpath(entry.name)] = entry
                else:
                    continue
                if is_fork(name):
                    continue
                if entry.issym() and content is entry:
                    _warn_link(entry, path)
                else:
                    limits.check(len(name), limits.NAME, f"{path}: characters of a name")
                    yield name, lambda limit, entry=content: _tar_read(archive, entry, path, limit)  # type: ignore[misc]
            bounded.seek(archive.offset)
            _check_end(bounded, path)


def _check_end(file: _Bounded, path: Path) -> None:
    """Refuse what ``tarfile`` takes for the end of a tar: a header that is damaged, cut off or overwritten with zeros.

    A tar ends with two blocks of zeros and may be padded with more. Some programs write one or none, and then it ends
    where a member does. What follows two and is no packed data is not of the tar; a wrong checksum is an error still.
    """
    left, where, logger = 0, readable(str(path)), logging.getLogger(__name__)
    try:
        while (block := file.read(tarfile.BLOCKSIZE)) and not block.strip(b"\0"):
            left += len(block)
    except (EOFError, gzip.BadGzipFile) as error:
        foreign = isinstance(error, EOFError) or str(error).startswith("Not a gzipped file")
        if left < 2 * tarfile.BLOCKSIZE or not foreign:
            raise
        logger.warning("%s: what follows its end is not read (%s)", where, cut(error))
        return
    if block:
        behind = "what follows its end is no padding; several tars in one?" if left else "a header in it is damaged"
        raise tarfile.ReadError(behind)
    if left < tarfile.BLOCKSIZE:
        logger.warning("%s: without the mark of its end: is it whole?", where)


def _warn_link(entry: tarfile.TarInfo, path: Path) -> None:
    """Say that a link is left out; a file that it leads to further behind is read under its own name."""
    logging.getLogger(__name__).warning(
        "%s: a link to %s, which is no file before it in the archive: not read",
        cut(readable(f"{path}:{entry.name}"), LINE),
        cut(readable(entry.linkname)),
    )


def _tar_read(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path, limit: int) -> bytes:
    limits.check(entry.size, limit, f"{path}:{readable(entry.name)}: bytes")
    if not entry.isreg():
        raise ValueError(
            f"{path}:{readable(entry.name)}: a link to {cut(readable(entry.linkname))}, which is not before it in the"
            " archive: unpack it, and give the folder"
        )
    try:
        content = archive.extractfile(entry)
        return content.read() if content is not None else b""
    except (OSError, *DAMAGE) as error:
        raise damaged(str(path), error) from None


class _Bounded:
    """A file in which neither a read nor a position goes beyond what its archive can hold.

    ``tarfile`` skips what nobody asks for by unpacking it, and reads headers as long as they claim to be.
    """

    def __init__(self, file: IO[bytes], most: int, where: str, *, packed: bool) -> None:
        self._file, self._most, self._where = file, most, where
        self._packed, self._again = packed, 0

    def read(self, size: int = -1) -> bytes:
        limits.check(size, limits.MEMBER + tarfile.RECORDSIZE, f"{self._where}: bytes of a member")
        limits.check(self._file.tell(), self._most, f"{self._where}: bytes, unpacked")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        # A link leads back, for which all before it is unpacked again.
        if self._packed and offset + tarfile.RECORDSIZE < self._file.tell():
            self._again += offset
        limits.check(offset + self._again, self._most, f"{self._where}: bytes, unpacked")
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
