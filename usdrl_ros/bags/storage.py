"""Reads and writes the bags of ``ros2 bag``, in Python alone.

A bag is a folder with ``metadata.yaml`` and one or more storage files (MCAP or SQLite). Messages stay raw CDR bytes
here, because a player only forwards them; ``recorded_topic.RecordedTopic`` decodes them::

    with BagReader("my_bag") as bag:
        for message in bag.messages():
            print(message.topic, message.type, message.stamp_ns, len(message.data))
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files import limits
from usdrl_ros.bags.mcap import McapFile
from usdrl_ros.bags.metadata import FILE_NAME, STORAGES, Metadata, check_ros2, read_metadata
from usdrl_ros.bags.sqlite import SqliteFile
from usdrl_ros.bags.storage_file import StorageFile, Topic, unpack, unpack_file
from usdrl_ros.messages.types import BagError

PLUGINS = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
READERS: dict[str, type[McapFile] | type[SqliteFile]] = {"mcap": McapFile, "sqlite3": SqliteFile}


@dataclass(frozen=True, slots=True)
class BagMessage:
    """One recorded message."""

    topic: str
    type: str
    """For example ``sensor_msgs/msg/PointCloud2``."""
    stamp_ns: int
    """Time of recording, nanoseconds; in bags written here, the header stamp."""
    data: bytes
    """CDR; empty if the bag has no valid bytes."""


class BagReader:
    """A bag opened for reading; a context manager.

    Of a damaged bag, the readable part is read; ``troubles`` lists the problems.

    Raises:
        BagError: path missing, not a bag, damaged metadata, or a storage file that cannot be read at all.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._files: list[StorageFile] = []
        self._stack = ExitStack()
        self._notes: list[str] = []
        metadata = _metadata(self.path)
        self._packed_messages = metadata.packing == "message"
        with self._stack:
            for file in metadata.files:
                if metadata.packing == "file":
                    file = self._unpacked(file)
                self._files.append(self._opened(file, metadata.storage))
            if not self.topics and self.troubles:
                raise BagError(f"{self.path}: {'; '.join(self.troubles)}")
            self._stack = self._stack.pop_all()
        there = sum(topic.count for topic in self.topics)
        if metadata.count is None and self.path.is_dir():
            self._notes.append(f"no {FILE_NAME}, its files are read as they are (`ros2 bag reindex` makes one)")
        elif metadata.count is not None and metadata.count != there:
            self._notes.append(f"{FILE_NAME} counts {metadata.count} messages, {there} are there")

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the storage files."""
        self._stack.close()

    @property
    def troubles(self) -> tuple[str, ...]:
        """Missing or damaged parts, one line each; complete once everything was read."""
        return tuple(cut(line, LINE) for line in [*self._notes, *(line for f in self._files for line in f.troubles)])

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The recorded topics, by name."""
        found: dict[tuple[str, str], Topic] = {}
        for topic in (topic for file in self._files for topic in file.topics.values()):
            same = found.get((topic.name, topic.type))
            found[topic.name, topic.type] = (
                topic
                if same is None
                else replace(same, count=same.count + topic.count, latched=same.latched or topic.latched)
            )
        return tuple(found[key] for key in sorted(found))

    @property
    def start_ns(self) -> int:
        """Stamp of the first message, nanoseconds; 0 in an empty bag."""
        return min((file.start_ns for file in self._filled()), default=0)

    @property
    def duration(self) -> float:
        """Seconds from the first to the last message."""
        return (max((file.end_ns for file in self._filled()), default=0) - self.start_ns) / 1e9

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Messages in the order of their stamps, of all topics or of the named ones.

        Raises:
            BagError: a topic is not in the bag or has no CDR messages, or the storage is damaged.
        """
        chosen = self.choose(topics)
        for file in self._files:
            numbers = [number for number, topic in file.topics.items() if topic.name in chosen]
            try:
                # Some databases read an empty choice as all topics.
                for number, stamp_ns, data in file.messages(numbers) if numbers else ():
                    topic = file.topics[number]
                    yield BagMessage(topic.name, topic.type, stamp_ns, self._bytes(data))
            except (ValueError, OSError) as error:
                raise BagError(f"{self.path}: {error}") from error

    def _bytes(self, data: bytes) -> bytes:
        if self._packed_messages:
            try:
                data = unpack(data, "zstd", limits.MESSAGE)
            except Exception:  # the library has errors of its own
                return b""
        return data if len(data) <= limits.MESSAGE else b""

    def choose(self, topics: Collection[str] | None) -> dict[str, Topic]:
        """The named topics, or all for None, by name.

        Raises:
            BagError: a topic is not in the bag or has no CDR messages.
        """
        known = {topic.name: topic for topic in self.topics}
        chosen = set(known if topics is None else topics)
        if missing := sorted(chosen - known.keys()):
            raise BagError(f"{self.path}: no topic {', '.join(missing)}; it has {', '.join(known) or 'none'}")
        if strange := sorted({known[name].encoding for name in chosen} - {"cdr"}):
            raise BagError(f"{self.path}: messages are {', '.join(strange)}: expected cdr")
        return {name: known[name] for name in known if name in chosen}

    def _filled(self) -> list[StorageFile]:
        return [file for file in self._files if any(topic.count for topic in file.topics.values())]

    def _opened(self, file: Path, storage: str) -> StorageFile:
        try:
            opened = READERS[storage](file)
        except (ValueError, OSError) as error:
            raise BagError(f"{self.path}: cannot be opened as a bag: {error}") from error
        self._stack.callback(opened.close)
        return opened

    def _unpacked(self, file: Path) -> Path:
        """Decompress a storage file into a folder that is removed when the reader closes."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        target = Path(folder) / file.stem
        try:
            unpack_file(file, target)
        except Exception as error:  # the library has errors of its own
            raise BagError(f"{self.path}: cannot unpack {file.name}: {error}") from error
        return target


def _metadata(path: Path) -> Metadata:
    """Storage files of a bag.

    Raises:
        BagError: no such bag.
    """
    if path.is_dir():
        return read_metadata(path)
    if not path.exists():
        raise BagError(f"{path}: no such bag; expected a rosbag2 folder or a .mcap or .db3 file")
    check_ros2(path)
    for storage, ending in STORAGES.items():
        if path.suffix == ending:
            return Metadata((path,), storage, "", None)
    raise BagError(f"{path}: cannot be opened as a bag: expected a folder, or a file that ends in .mcap or .db3")


class BagWriter:
    """A new bag in the layout of version 9, which Jazzy and later record; a context manager.

    The metadata is written when the block ends; after an exception, the files stay without it.

    Raises:
        BagError: the path exists already, or the storage is unknown.
    """

    def __init__(self, path: str | Path, storage: str = "mcap") -> None:
        self.path = Path(path)
        if storage not in STORAGES:
            raise BagError(f"storage {storage!r}: expected one of {', '.join(STORAGES)}")
        if self.path.exists():
            raise BagError(f"{self.path} exists already: remove it or choose another path")
        # The library uses the path in a URI: a path with special characters is written elsewhere first.
        plain = storage != "sqlite3" or quote(str(self.path), safe="/ ") == str(self.path)
        self._elsewhere = None if plain else tempfile.TemporaryDirectory()
        path = self.path if self._elsewhere is None else Path(self._elsewhere.name) / "bag"
        self._writer = Writer(path, version=9, storage_plugin=PLUGINS[storage])
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if kind is None:
            self._writer.close()
        else:
            with suppress(Exception):  # the present exception is the one to report
                self._writer.abort()
        if self._elsewhere is not None:
            shutil.move(Path(self._elsewhere.name) / "bag", self.path)
            self._elsewhere.cleanup()

    def add_topic(self, name: str, message_type: str, *, latched: bool = False) -> None:
        """Add a topic; adding it again has no effect.

        Raises:
            BagError: the message type is not one of the common interfaces.
        """
        if name in self._connections:
            return
        if message_type not in self._types.fielddefs:
            raise BagError(f"{name}: message type {message_type} is none of ROS 2's common interfaces")
        self._connections[name] = self._writer.add_connection(
            name, message_type, typestore=self._types, offered_qos_profiles=[_qos(latched)]
        )

    def write(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Append one message of a topic that was added before; BagError where that is not possible any more."""
        try:
            self._writer.write(self._connections[topic], stamp_ns, data)
        except (sqlite3.Error, OSError) as error:
            raise BagError(f"{self.path} could not be written: {error}") from error


def _qos(latched: bool) -> Qos:
    """The profile with which rosbag2 plays the topic."""
    forever = QosTime(9223372036, 854775807)  # RMW_DURATION_INFINITE
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=1 if latched else 50,
        reliability=QosReliability.RELIABLE,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=forever,
        lifespan=forever,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=forever,
        avoid_ros_namespace_conventions=False,
    )
