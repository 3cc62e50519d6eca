"""The interface of storage files of a bag, and decompression within limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from usdrl_model.files import limits
from usdrl_model.files.documents import parse_yaml

LONGEST_QOS = 2**16
"""Characters of a topic's quality of service; each recorded publisher has about 400."""
TRANSIENT_LOCAL = (1, "transient_local")
"""The durability of a latched topic in metadata, until Iron and since."""
STEP = 2**20
"""Bytes decompressed at once."""
PIECE = 2**16
"""Bytes of a packed file that are read at once; what follows a frame in it is copied."""
FRAMES = 2**16
"""Frames that are read of one file or message: pzstd makes one every half a megabyte or more."""
FORMATS = ("zstd", "lz4")
"""Compressions that ``unpack`` supports."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One recorded topic."""

    name: str
    type: str
    """For example ``sensor_msgs/msg/PointCloud2``."""
    count: int
    """Messages on it."""
    latched: bool
    """True if the recorded publisher was transient local: late joiners get the last message."""
    definition: str = ""
    """Definition of the message type at the recording; empty if unknown."""
    encoding: str = "cdr"
    """Of its messages."""


class StorageFile(Protocol):
    """One file of a bag, opened."""

    topics: dict[int, Topic]
    """Number of the topic in the file -> topic."""
    start_ns: int
    """Stamp of the first message, nanoseconds; 0 in an empty file."""
    end_ns: int
    """Stamp of the last."""
    troubles: list[str]
    """Problems of the file; reading may add some."""

    def messages(self, numbers: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Topic number, stamp and bytes of the messages of some topics, by stamp.

        A message larger than ``limits.MESSAGE``, or with invalid bytes, is given as empty bytes.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def unpack(data: bytes | memoryview, method: str, limit: int) -> bytes:
    """Decompress at most ``limit + 1`` bytes; of cut data, the readable beginning.

    Args:
        data: frames of the format, one after another.
        method: of ``FORMATS``.
        limit: bytes expected, or allowed.

    Raises:
        ValueError: another method.
        Exception: the format's own error where the bytes are damaged.
    """
    whole, packed = bytearray(), memoryview(data)
    try:
        for part in _unpacked((bytes(packed[at : at + PIECE]) for at in range(0, len(packed), PIECE)), method):
            whole += part
            if len(whole) > limit:
                break
    except _CutError:
        pass
    return bytes(whole[: limit + 1])


class _CutError(ValueError):
    """The packed bytes end within a frame."""


def _unpacked(pieces: Iterable[bytes], method: str) -> Iterator[bytes]:
    """The content of frames that follow each other, in parts of at most ``STEP`` bytes; errors as of ``unpack``."""
    unpacker, count = _unpacker(method), 1
    for piece in pieces:
        left = piece
        while left or not (unpacker.eof or unpacker.needs_input):
            if unpacker.eof:
                unpacker, count = _unpacker(method), count + 1
                limits.check(count, FRAMES, "frames of packed bytes")
            yield unpacker.decompress(left, STEP)
            left = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise _CutError("the file is cut")


def _unpacker(method: str) -> Any:
    if method == "zstd":
        from backports import zstd

        return zstd.ZstdDecompressor()
    if method == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameDecompressor()
    raise ValueError(f"packed with {method!r}: expected one of {', '.join(FORMATS)}")


def is_latched(profiles: str) -> bool:
    """Whether a recorded quality of service (YAML) has a transient-local publisher."""
    if len(profiles) > LONGEST_QOS:
        return False
    try:
        found = parse_yaml(profiles)
    except ValueError:
        return False
    return isinstance(found, list) and any(
        isinstance(profile, dict) and profile.get("durability") in TRANSIENT_LOCAL for profile in found
    )


def check_unpacked(total: int, packed: int, where: str) -> None:
    """Raise ValueError if ``total`` decompressed bytes are too many for a file of ``packed`` bytes."""
    limits.check(total, limits.PACKED_SLACK + limits.PACKED_RATIO * packed, f"{where}: bytes, unpacked")


def unpack_file(source: Path, target: Path) -> None:
    """Decompress a file that was compressed with zstd as a whole.

    Raises:
        ValueError: it is cut, or its content is larger than allowed.
        Exception: the format's own error where it is damaged.
    """
    done, packed = 0, source.stat().st_size
    with source.open("rb") as file, target.open("wb") as out:
        for part in _unpacked(iter(lambda: file.read(PIECE), b""), "zstd"):
            done += out.write(part)
            check_unpacked(done, packed, source.name)
