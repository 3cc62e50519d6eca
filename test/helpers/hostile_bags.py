"""Bags as robots leave them, and bags that would fill the memory of whoever believes them.

Builders of single storage files and of damage to whole ones; ``HOSTILE_BAGS`` are for ``hostile.measure``.
"""

from __future__ import annotations

import sqlite3
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml
from backports import zstd as zstandard

from helpers.hostile import Hostile

CLOUD = "sensor_msgs/msg/PointCloud2"
MARKERS = "visualization_msgs/msg/MarkerArray"
LABELS = """schema: usdrl.labels/1
topic: /skeletons
topology: kinect_v2_25
axes: kinect
labels: [wave]
segments: []
"""
MAGIC = b"\x89MCAP0\r\n"
NANO = 10**9
ZSTD_BLOCK = 2**17
"""Bytes that a block of zstd holds at most."""


def metadata(folder: Path, file: str, storage: str, count: int = 1) -> None:
    """``metadata.yaml`` and ``labels.yaml`` of a bag of one file."""
    content = {"version": 9, "storage_identifier": storage, "relative_file_paths": [file], "message_count": count}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": content}), encoding="utf-8")
    (folder / "labels.yaml").write_text(LABELS, encoding="utf-8")


def text(value: str) -> bytes:
    """A text as MCAP has it."""
    return struct.pack("<I", len(value.encode())) + value.encode()


def record(opcode: int, content: bytes, length: int | None = None) -> bytes:
    """A record of MCAP; ``length`` where it lies about its own."""
    return struct.pack("<BQ", opcode, len(content) if length is None else length) + content


def channel(kind: str = CLOUD, topic: str = "/skeletons", number: int = 1, definition: str = "") -> bytes:
    """A schema and the channel that has it."""
    schema = struct.pack("<H", number) + text(kind) + text("ros2msg") + text(definition)
    return record(3, schema) + record(4, struct.pack("<HH", number, number) + text(topic) + text("cdr") + text(""))


def message(stamp_ns: int, data: bytes, number: int = 1) -> bytes:
    """A message of MCAP."""
    return record(5, struct.pack("<HIQQ", number, 0, stamp_ns, stamp_ns) + data)


def chunk(packed: bytes, size: int, method: str = "", times: tuple[int, int] = (0, 0), crc: int = 0) -> bytes:
    """A chunk that claims to unpack to ``size`` bytes."""
    return record(6, struct.pack("<QQQI", *times, size, crc) + text(method) + struct.pack("<Q", len(packed)) + packed)


def mcap(folder: Path, content: bytes, count: int = 1) -> None:
    """A bag with one MCAP file, whole but without a summary."""
    end = record(15, bytes(4)) + record(2, bytes(20)) + MAGIC
    metadata(folder, "bag.mcap", "mcap", count)
    (folder / "bag.mcap").write_bytes(MAGIC + record(1, text("ros2") + text("")) + content + end)


def zstd(size: int) -> bytes:
    """A frame of zstd that unpacks to ``size`` zeros, a multiple of its blocks: 30,000 times its own size."""
    header = struct.pack("<IBB", 0xFD2FB528, 0, 11 << 3)  # no check, no size, a window of 2 MB
    block = struct.pack("<I", (ZSTD_BLOCK << 3) | (1 << 1))  # a size, "one byte again and again", not the last; zero
    last = struct.pack("<I", (ZSTD_BLOCK << 3) | (1 << 1) | 1)
    return header + block * (size // ZSTD_BLOCK - 1) + last


def database(folder: Path, script: str, count: int = 1) -> None:
    """A bag with one SQLite file, made by ``script`` after the table of topics."""
    metadata(folder, "bag.db3", "sqlite3", count)
    file = sqlite3.connect(folder / "bag.db3")
    file.executescript(
        "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT);"
        f"INSERT INTO topics VALUES(1, '/skeletons', '{CLOUD}', 'cdr');{script}"
    )
    file.close()


def left_by_a_power_cut(file: Path, keep: int) -> None:
    """Move all but the first ``keep`` messages of a SQLite file into a ``-wal``, as a recorder leaves it that dies."""
    code = f"""
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1])
rows = file.execute("SELECT * FROM messages ORDER BY timestamp").fetchall()
file.execute("DELETE FROM messages")
file.commit()
file.execute("PRAGMA journal_mode = WAL")
def add(rows):
    for row in rows:
        file.execute(f"INSERT INTO messages VALUES({{','.join('?' * len(row))}})", row)
    file.commit()
add(rows[:{keep}])
file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
add(rows[{keep}:])
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)
    file.with_name(f"{file.name}-shm").unlink(missing_ok=True)


def bomb_of_one_chunk(folder: Path) -> None:
    """200 kB that unpack to 6.4 GB, and say so."""
    mcap(folder, channel() + chunk(zstd(400 * 2**24), 400 * 2**24, "zstd"))


def bomb_that_lies(folder: Path) -> None:
    """The same, which claims to unpack to 1 kB."""
    mcap(folder, channel() + message(NANO, b"") + chunk(zstd(400 * 2**24), 1000, "zstd"))


def bomb_of_many_chunks(folder: Path) -> None:
    """A hundred chunks of the same time, each within the limit of one."""
    mcap(folder, channel() + chunk(zstd(3 * 2**24), 3 * 2**24, "zstd") * 100)


def tiny_records(folder: Path) -> None:
    """64 MB of records without content in 2 kB."""
    content = record(0x80, b"") * (2**26 // 9)
    packed = zlib.crc32(content)
    mcap(folder, channel() + chunk(zstandard.compress(content), len(content), "zstd", crc=packed))


def many_markers(folder: Path) -> None:
    """A message of markers that claims 2**32 - 1 of them."""
    content = channel(MARKERS) + message(NANO, b"\x00\x01\x00\x00" + b"\xff" * 4 + bytes(2000))
    mcap(folder, content)


def many_fields(folder: Path) -> None:
    """A cloud that claims 2**32 - 1 fields, and one that claims as many bytes."""
    head = b"\x00\x01\x00\x00" + struct.pack("<iII", 1, 0, 1) + bytes(4) + struct.pack("<II", 1, 1)
    fields = head + b"\xff" * 4 + bytes(2000)
    data = head + bytes(4) + bytes(4) + bytes(8) + b"\xff" * 4 + bytes(100)
    mcap(folder, channel() + message(NANO, fields) + message(2 * NANO, data), 2)


def endless_record(folder: Path) -> None:
    """A record of 2**63 bytes."""
    mcap(folder, channel() + record(5, bytes(100), 2**63))


def computed_rows(folder: Path) -> None:
    """A view that makes up messages for ever."""
    script = (
        "CREATE VIEW messages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS id, 1 AS topic_id, i AS timestamp, zeroblob(100000000) AS data FROM n;"
    )
    database(folder, script)


def computed_columns(folder: Path) -> None:
    """A table of 30 rows whose messages of 900 MB are computed."""
    rows = ",".join(f"({number}, 1, {number})" for number in range(1, 31))
    script = (
        "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER,"
        f" data BLOB AS (zeroblob(900000000)));INSERT INTO messages(id, topic_id, timestamp) VALUES {rows};"
    )
    database(folder, script)


def strange_values(folder: Path) -> None:
    """Stamps that are texts."""
    script = (
        "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);"
        "INSERT INTO messages VALUES(1, 1, 'x', x'00');INSERT INTO messages VALUES(2, 1, NULL, 'text');"
    )
    database(folder, script)


def aliases(name: str) -> Callable[[Path], None]:
    """A document of 400 bytes that would be 10**9 values if its aliases were written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    def build(folder: Path) -> None:
        mcap(folder, channel())
        (folder / name).write_text("\n".join([*lines, "labels: *a8", "rosbag2_bagfile_information: *a8"]))

    return build


def deep(name: str) -> Callable[[Path], None]:
    """A document of lists in lists."""

    def build(folder: Path) -> None:
        mcap(folder, channel())
        (folder / name).write_text("[" * 10**6)

    return build


def deep_quality_of_service(folder: Path) -> None:
    """A topic whose quality of service are lists in lists."""
    pairs = text("offered_qos_profiles") + text("[" * 60_000)
    inside = struct.pack("<HH", 1, 0) + text("/skeletons") + text("cdr") + struct.pack("<I", len(pairs)) + pairs
    mcap(folder, record(4, inside))


def packed_file(folder: Path) -> None:
    """A storage file that is packed as a whole, and unpacks to 6.4 GB."""
    content = {
        "version": 9,
        "storage_identifier": "sqlite3",
        "relative_file_paths": ["bag.db3.zstd"],
        "message_count": 1,
        "compression_mode": "FILE",
        "compression_format": "zstd",
    }
    folder.mkdir(parents=True)
    (folder / "metadata.yaml").write_text(yaml.safe_dump({"rosbag2_bagfile_information": content}), encoding="utf-8")
    (folder / "labels.yaml").write_text(LABELS, encoding="utf-8")
    (folder / "bag.db3.zstd").write_bytes(zstd(400 * 2**24))


def _build(build: Callable[[Path], None], folder: Path) -> None:
    build(folder / "bag")


_BOMBS: dict[str, Callable[[Path], None]] = {
    "one chunk of 6.4 GB": bomb_of_one_chunk,
    "a chunk that lies": bomb_that_lies,
    "many chunks": bomb_of_many_chunks,
    "tiny records": tiny_records,
    "many markers": many_markers,
    "many fields": many_fields,
    "endless record": endless_record,
    "computed rows": computed_rows,
    "computed columns": computed_columns,
    "strange values": strange_values,
    "aliases in metadata": aliases("metadata.yaml"),
    "deep labels": deep("labels.yaml"),
    "deep metadata": deep("metadata.yaml"),
    "deep quality of service": deep_quality_of_service,
    "packed file": packed_file,
}
_READABLE = {"a chunk that lies", "many markers", "many fields", "endless record", "deep quality of service"}
"""Those in which something is left to look at; a store has no use for it."""
HOSTILE_BAGS = [
    Hostile(f"bag: {name}", partial(_build, build), ["-m", "usdrl_ros.bags.command", *command], *readable)
    for name, build in _BOMBS.items()
    for command, *readable in (
        (["info", "{}/bag"], name in _READABLE),
        *([(["store", "{}/stores", "{}/bag"],)] if name in _READABLE else []),
    )
]
"""Each is looked into; what that leaves is put into a store."""
