"""Read and write rosbag2 folders without rosbag2: what ``ros2 bag`` records, on machines that have only Python.

A bag is a folder with ``metadata.yaml`` and one or more storage files (MCAP or SQLite). Messages stay raw CDR bytes
here, because a player only forwards them. Whoever wants a message calls ``rclpy.serialization.deserialize_message``::

    with BagReader("my_bag") as bag:
        for message in bag.messages():
            print(message.topic, message.type, message.stamp_ns, len(message.data))
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from usdrl_ros.bag_error import BagError

STORAGES: dict[str, StoragePlugin] = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
"""Names that ``--storage`` takes."""


@dataclass(frozen=True, slots=True)
class BagMessage:
    """One recorded message."""

    topic: str
    type: str
    """For example ``sensor_msgs/msg/PointCloud2``."""
    stamp_ns: int
    """When it was recorded, nanoseconds; in bags written here, the header stamp."""
    data: bytes
    """CDR, as it was on the wire."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One recorded topic."""

    name: str
    type: str
    count: int
    """Messages on it."""
    latched: bool
    """True where the recorded publisher was transient-local: late joiners get the last message."""


class BagReader:
    """A bag opened for reading; a context manager.

    Raises:
        BagError: path missing, not a bag, damaged metadata, or a damaged or truncated storage file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise BagError(f"{self.path}: no such bag; expected a rosbag2 folder or a .mcap or .db3 file")
        if self.path.is_dir() and not (self.path / "metadata.yaml").is_file():
            raise BagError(
                f"{self.path}: no metadata.yaml in it; name the bag's folder, or run `ros2 bag reindex` on it"
            )
        try:
            self._reader = Reader(self.path)
            self._reader.open()
        except Exception as error:  # the parsers below raise anything on a damaged file
            raise BagError(f"{self.path}: cannot be opened as a bag: {_reason(error)}") from error

    def __enter__(self) -> BagReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the storage files."""
        self._reader.close()

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The recorded topics, by name."""
        found = [
            Topic(connection.topic, connection.msgtype, connection.msgcount, _latched(connection))
            for connection in self._reader.connections
        ]
        return tuple(sorted(found, key=lambda topic: topic.name))

    @property
    def start_ns(self) -> int:
        """Stamp of the first message, nanoseconds; 0 in an empty bag."""
        return self._reader.start_time if self._reader.message_count else 0

    @property
    def duration(self) -> float:
        """Seconds from the first to the last message."""
        return max(0, self._reader.duration - 1) / 1e9

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Messages in the order of their stamps, of all topics or of the named ones.

        Raises:
            BagError: a topic is not in the bag, or the storage turns out to be damaged.
        """
        chosen = self._choose(topics)
        # An empty choice would mean "all of them" to the reader.
        stream = self._reader.messages(chosen) if chosen else iter(())
        missing = sum(connection.msgcount for connection in chosen)
        while True:
            try:
                connection, stamp_ns, data = next(stream)
            except StopIteration:
                break
            except Exception as error:  # as in __init__
                raise BagError(f"{self.path}: damaged or truncated: {_reason(error)}") from error
            missing -= 1
            yield BagMessage(connection.topic, connection.msgtype, stamp_ns, bytes(data))
        if missing > 0:
            raise BagError(f"{self.path}: damaged or truncated: {missing} messages of its metadata are not there")

    def _choose(self, topics: Collection[str] | None) -> list[Connection]:
        if topics is None:
            return list(self._reader.connections)
        known = {connection.topic for connection in self._reader.connections}
        if missing := sorted(set(topics) - known):
            raise BagError(f"{self.path}: no topic {', '.join(missing)}; it has {', '.join(sorted(known)) or 'none'}")
        return [connection for connection in self._reader.connections if connection.topic in topics]


class BagWriter:
    """A new bag in the layout of version 9, which Jazzy and later record; a context manager.

    The bag gets its metadata when the block ends well; after an exception the files are left without it.

    Raises:
        BagError: the path exists already, or the storage is unknown.
    """

    def __init__(self, path: str | Path, storage: str = "mcap") -> None:
        self.path = Path(path)
        if storage not in STORAGES:
            raise BagError(f"storage {storage!r}: expected one of {', '.join(STORAGES)}")
        if self.path.exists():
            raise BagError(f"{self.path} exists already: remove it or choose another path")
        self._writer = Writer(self.path, version=9, storage_plugin=STORAGES[storage])
        self._types = get_typestore(Stores.ROS2_JAZZY)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if kind is None:
            self._writer.close()
        else:
            with suppress(Exception):  # the exception under way is the one to report
                self._writer.abort()

    def add_topic(self, name: str, message_type: str, *, latched: bool = False) -> None:
        """Announce a topic; a topic announced twice is announced once.

        Raises:
            BagError: the message type is none of the common interfaces.
        """
        if name in self._connections:
            return
        if message_type not in self._types.fielddefs:
            raise BagError(f"{name}: message type {message_type} is none of ROS 2's common interfaces")
        self._connections[name] = self._writer.add_connection(
            name, message_type, typestore=self._types, offered_qos_profiles=[_qos(latched)]
        )

    def write(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Append one message of a topic that was added before."""
        self._writer.write(self._connections[topic], stamp_ns, data)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _latched(connection: Connection) -> bool:
    profiles = getattr(connection.ext, "offered_qos_profiles", ())
    return any(profile.durability == QosDurability.TRANSIENT_LOCAL for profile in profiles)


def _qos(latched: bool) -> Qos:
    """The profile that rosbag2 plays the topic with."""
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
