"""Writes bags as ``ros2 bag`` does, in Python alone: a bag that grows, or one that appears whole.

Messages are raw CDR bytes, as ``storage`` reads them.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.metadata import STORAGES

PLUGINS = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}


class BagWriter:
    """A new bag in the layout of version 9, which Jazzy and later record; a context manager.

    After an exception in the block, what was written until then is a bag, too.

    Raises:
        BagError: the path exists already, the storage is unknown, or the disk is full.
    """

    def __init__(self, path: str | Path, storage: str = "mcap") -> None:
        self.path = Path(path)
        if storage not in STORAGES:
            raise BagError(f"storage {storage!r}: expected one of {', '.join(STORAGES)}")
        check_free(self.path)
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
        try:
            self._writer.close()
        except Exception as error:
            if kind is None:  # else the present exception is the one to report
                raise self._unwritten(error) from error
        finally:
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
            raise self._unwritten(error) from error

    def _unwritten(self, error: Exception) -> BagError:
        return BagError(f"{self.path} could not be written: {error}")


def check_free(path: Path) -> None:
    """Raise BagError if a path, where a bag is to be written, exists."""
    if path.exists():
        raise BagError(f"{path} exists already: remove it or choose another path")


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Where to write a bag that is to appear at ``path`` whole, when the block ends, or not at all.

    Raises:
        BagError: ``path`` exists already; and of the block, with ``path`` for the place where it was written.
    """
    check_free(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:  # of the same disk, and hidden
        part = Path(folder) / path.name
        try:
            yield part
        except BagError as error:
            raise BagError(str(error).replace(str(part), str(path))) from error
        part.rename(path)


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
