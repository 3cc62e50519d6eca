"""Reads MCAP files record by record; of cut or damaged ones, the complete part.

Chunks are decompressed one at a time, within their declared size and ``limits.CHUNK``, and overlapping ones are merged
by the stamps of their messages. The format is public: https://mcap.dev/spec.
"""

from __future__ import annotations

import heapq
import mmap
import struct
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from usdrl_model.files import limits
from usdrl_ros.bags.storage_file import Topic, check_unpacked, is_latched, unpack

MAGIC = b"\x89MCAP0\r\n"
FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, STATISTICS = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B
_RECORD = struct.Struct("<BQ")
"""Opcode, length."""
_CHUNK = struct.Struct("<QQQI")
"""First and last stamp, unpacked size, checksum; then the compression, the packed size and the packed bytes."""
_MESSAGE = struct.Struct("<HIQQ")
"""Channel, number, stamp, stamp of publication; then the bytes of the message."""
_STATISTICS = struct.Struct("<QHIIIIQQ")
"""Messages, four other numbers, chunks, first and last stamp; then the messages per channel."""
_COUNT = struct.Struct("<HQ")

Content: TypeAlias = bytes | mmap.mmap
Message: TypeAlias = tuple[int, int, bytes]
"""Stamp, channel, content."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    size: int
    """Bytes, unpacked."""
    checksum: int
    """0 for none."""
    method: str
    at: int
    """Offset of the packed bytes."""
    packed: int
    """Number of packed bytes in the file."""
    whole: bool


class McapFile:
    """See ``storage_file.StorageFile``.

    Raises:
        ValueError: no MCAP file, or one that claims more than the limits.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self.topics: dict[int, Topic] = {}
        self.start_ns = self.end_ns = 0
        self.troubles: list[str] = []
        self._schemas: dict[int, tuple[str, str]] = {}
        self._chunks: list[_Chunk] = []
        self._loose = array("Q")  # offsets of messages outside of chunks
        self._open = self._read = 0  # bytes of opened chunks, records that were read
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ValueError(f"{path.name} is no MCAP file, or cut in its first bytes")
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._survey()
        except (struct.error, UnicodeDecodeError) as error:
            self.close()
            raise ValueError(f"{path.name} is damaged: {error}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def messages(self, numbers: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """See ``StorageFile``."""
        wanted = set(numbers)
        self._open = self._read = 0
        for stamp, channel, data in self._merged():
            if channel in wanted:
                yield channel, stamp, data

    def _survey(self) -> None:
        """Find chunks, topics and stamps, from the summary or, without one, from all records."""
        whole = False
        known: tuple[int, int, dict[int, int]] | None = None
        for opcode, at, end, complete in _records(self._file, len(MAGIC)):
            if opcode == CHUNK:
                self._add_chunk(at, end, complete)
            elif not complete:
                break
            elif opcode == MESSAGE:
                self._loose.append(at)
            elif opcode == STATISTICS:
                known = _statistics(self._file[at:end])
            elif opcode == FOOTER:
                whole = True
                break
            else:
                self._register(self._file, opcode, at, end)
        check_unpacked(sum(chunk.size for chunk in self._chunks), len(self._file), self._name)
        self.start_ns, self.end_ns, counts = (
            known if whole and known is not None and known[2].keys() <= self.topics.keys() else self._count()
        )
        self.topics = {number: replace(topic, count=counts.get(number, 0)) for number, topic in self.topics.items()}
        if not whole:
            self.troubles.append(
                f"{self._name} is cut: the {sum(counts.values())} messages that are whole are read"
                " (`mcap recover` makes a whole file of them)"
            )

    def _count(self) -> tuple[int, int, dict[int, int]]:
        """First and last stamp and number of messages per channel, counted."""
        counts: Counter[int] = Counter()
        first, last = 0, 0
        for source in (*map(self._chunk_messages, self._chunks), self._loose_messages()):
            for stamp, channel, _ in source:
                first, last = min(first, stamp) if counts else stamp, max(last, stamp)
                counts[channel] += 1
        return first, last, counts

    def _add_chunk(self, at: int, end: int, complete: bool) -> None:
        if end - at < _CHUNK.size + 12 and not complete:
            return  # cut before its content
        start, _, size, checksum = _CHUNK.unpack_from(self._file, at)
        limits.check(size, limits.CHUNK, f"{self._name}: bytes of a chunk, unpacked")
        method, at = _text(self._file, at + _CHUNK.size, end)
        (packed,) = struct.unpack_from("<Q", self._file, at)
        self._chunks.append(_Chunk(start, size, checksum, method, at + 8, max(0, min(packed, end - at - 8)), complete))

    def _content(self, chunk: _Chunk) -> bytes:
        """The unpacked content of a chunk; the beginning if it is cut, empty if it is damaged."""
        data = self._file[chunk.at : chunk.at + chunk.packed]
        try:
            content = unpack(data, chunk.method, chunk.size) if chunk.method else data
        except Exception as error:  # every compression has errors of its own
            return self._damaged(f"{type(error).__name__}: {error}")
        if not chunk.whole:
            return content
        if len(content) != chunk.size:
            return self._damaged(f"expected {chunk.size} bytes, got {len(content)} or more")
        if chunk.checksum and zlib.crc32(content) != chunk.checksum:
            return self._damaged("its checksum is wrong")
        return content

    def _damaged(self, why: str) -> bytes:
        text = f"{self._name}: damaged chunks are left out ({why[:100]}; see `mcap doctor`)"
        if not any("damaged chunks" in known for known in self.troubles):
            self.troubles.append(text)
        return b""

    def _chunk_messages(self, chunk: _Chunk) -> Iterator[Message]:
        """The messages of a chunk by stamp; also registers its schemas and channels."""
        self._open += chunk.size
        limits.check(self._open, limits.OPEN_CHUNKS, f"{self._name}: bytes of chunks of the same time, unpacked")
        content = self._content(chunk)
        places = array("Q")
        most = limits.RECORDS + limits.RECORDS_PER_BYTE * len(self._file)
        for count, (opcode, at, end, complete) in enumerate(_records(content, 0), self._read + 1):
            if not complete:
                break
            if count > most:
                limits.check(count, most, f"{self._name}: records")
            if opcode == MESSAGE:
                places.append(at)
            else:
                self._register(content, opcode, at, end)
            self._read = count
        yield from _by_stamp(content, places)
        self._open -= chunk.size

    def _loose_messages(self) -> Iterator[Message]:
        return _by_stamp(self._file, self._loose)

    def _register(self, content: Content, opcode: int, at: int, end: int) -> None:
        """Register a schema or a channel."""
        if opcode not in (SCHEMA, CHANNEL):
            return
        limits.check(end - at, limits.YAML, f"{self._name}: bytes of a schema or channel")
        (number,) = struct.unpack_from("<H", content, at)
        if opcode == SCHEMA:
            name, at = _text(content, at + 2, end)
            _, at = _text(content, at, end)
            self._schemas[number] = (name, _text(content, at, end)[0])
        elif number not in self.topics:
            (schema,) = struct.unpack_from("<H", content, at + 2)
            topic, at = _text(content, at + 4, end)
            encoding, at = _text(content, at, end)
            kind, definition = self._schemas.get(schema, ("", ""))
            latched = is_latched(_pairs(content, at + 4, end).get("offered_qos_profiles", ""))
            self.topics[number] = Topic(topic, kind, 0, latched, definition, encoding)

    def _merged(self) -> Iterator[Message]:
        """All messages by stamp; a chunk is unpacked when its first message is due."""
        waiting = sorted(range(len(self._chunks)), key=lambda number: self._chunks[number].start, reverse=True)
        heap: list[tuple[int, int, Message, Iterator[Message]]] = []

        def add(number: int, source: Iterator[Message]) -> None:
            if (message := next(source, None)) is not None:
                heapq.heappush(heap, (message[0], number, message, source))

        add(len(waiting), self._loose_messages())
        while waiting or heap:
            while waiting and (not heap or self._chunks[waiting[-1]].start <= heap[0][0]):
                number = waiting.pop()
                add(number, self._chunk_messages(self._chunks[number]))
            if heap:
                _, number, message, source = heapq.heappop(heap)
                yield message
                add(number, source)


def _records(content: Content, at: int) -> Iterator[tuple[int, int, int, bool]]:
    """Opcode, start and end of every record, and whether it is complete."""
    while at + _RECORD.size <= len(content):
        opcode, length = _RECORD.unpack_from(content, at)
        at += _RECORD.size
        end = min(at + length, len(content))
        yield opcode, at, end, at + length == end
        at = end


def _by_stamp(content: Content, places: array[int]) -> Iterator[Message]:
    """The messages at these offsets, by stamp."""
    stamps = [_MESSAGE.unpack_from(content, place)[2] for place in places]
    for index in np.argsort(np.array(stamps, np.uint64), kind="stable").tolist():
        at = places[index]
        _, length = _RECORD.unpack_from(content, at - _RECORD.size)
        (channel,) = struct.unpack_from("<H", content, at)
        yield stamps[index], channel, content[at + _MESSAGE.size : at + length]


def _statistics(record: bytes) -> tuple[int, int, dict[int, int]]:
    """First and last stamp and number of messages per channel."""
    *_, first, last = _STATISTICS.unpack_from(record)
    (length,) = struct.unpack_from("<I", record, _STATISTICS.size)
    counts = record[_STATISTICS.size + 4 :][:length]
    return first, last, dict(_COUNT.iter_unpack(counts[: len(counts) // _COUNT.size * _COUNT.size]))


def _text(content: Content, at: int, end: int) -> tuple[str, int]:
    """A string and the offset after it."""
    (length,) = struct.unpack_from("<I", content, at)
    at += 4
    if at + length > end:
        raise ValueError("a text is longer than its record")
    return content[at : at + length].decode(errors="replace"), at + length


def _pairs(content: Content, at: int, end: int) -> dict[str, str]:
    """The names and values between two offsets."""
    found = {}
    while at < end:
        name, at = _text(content, at, end)
        found[name], at = _text(content, at, end)
    return found
