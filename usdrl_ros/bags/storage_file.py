"""What every storage file of a bag is, whatever its format, and how what is packed in it is unpacked within a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from usdrl_model.files import limits
from usdrl_model.files.documents import parse_yaml

LONGEST_QOS = 2**16
"""Characters of a topic's quality of service; each recorded publisher has about 400."""
TRANSIENT_LOCAL = (1, "transient_local")
"""How metadata names the durability of a latched topic, until Iron and since."""
STEP = 2**20
"""Bytes that are read or unpacked at once."""
FORMATS = ("zstd", "lz4")
"""What ``unpack`` unpacks."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One recorded topic."""

    name: str
    type: str
    """For example ``sensor_msgs/msg/PointCloud2``."""
    count: int
    """Messages on it."""
    latched: bool
    """True where the recorded publisher was transient-local: late joiners get the last message."""
    definition: str = ""
    """The message's definition as the recorder knew it; empty where the file holds none."""
    encoding: str = "cdr"
    """Of its messages."""


class StorageFile(Protocol):
    """One file of a bag, opened."""

    topics: dict[int, Topic]
    """By the file's own number of the topic."""
    start_ns: int
    """Stamp of the first message, nanoseconds; 0 in an empty file."""
    end_ns: int
    """Stamp of the last."""
    troubles: list[str]
    """What is not whole; reading may add to it."""

    def messages(self, numbers: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """Topic number, stamp and bytes of the messages of some topics, by stamp.

        A message that is larger than ``limits.MESSAGE``, or no bytes at all, comes as empty bytes.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def unpack(data: bytes | memoryview, method: str, limit: int) -> bytes:
    """What packed bytes begin with, at most ``limit + 1`` bytes of it; the rest of cut ones is missing.

    Args:
        data: one frame of the format.
        method: of ``FORMATS``.
        limit: bytes that are expected, or allowed.

    Raises:
        ValueError: another method.
        Exception: the format's own error where the bytes are damaged.
    """
    unpacker = _unpacker(method)
    parts = [unpacker.decompress(bytes(data), limit + 1)]
    left = limit + 1 - len(parts[0])
    while left > 0 and not unpacker.eof and not unpacker.needs_input:
        parts.append(unpacker.decompress(b"", left))
        left -= len(parts[-1])
    return b"".join(parts)


def _unpacker(method: str) -> Any:
    if method == "zstd":
        from backports import zstd

        return zstd.ZstdDecompressor()
    if method == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameDecompressor()
    raise ValueError(f"packed with {method!r}: expected one of {', '.join(FORMATS)}")


def is_latched(profiles: str) -> bool:
    """Whether a recorded quality of service, a YAML text, has a transient-local publisher."""
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
    """ValueError where all of a file's packed parts together claim more than a file of ``packed`` bytes can hold."""
    limits.check(total, limits.PACKED_SLACK + limits.PACKED_RATIO * packed, f"{where}: bytes, unpacked")


def unpack_file(source: Path, target: Path) -> None:
    """Unpack a file that was packed with zstd as a whole.

    Raises:
        ValueError: it unpacks to more than such a file may hold.
        Exception: the format's own error where it is damaged.
    """
    unpacker, done = _unpacker("zstd"), 0
    packed = source.stat().st_size
    with source.open("rb") as file, target.open("wb") as out:
        while not unpacker.eof:
            data = file.read(STEP) if unpacker.needs_input else b""
            if unpacker.needs_input and not data:
                raise ValueError("cut")
            done += out.write(unpacker.decompress(data, STEP))
            check_unpacked(done, packed, source.name)
