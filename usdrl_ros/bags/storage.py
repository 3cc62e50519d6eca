"""Reads the bags of ``ros2 bag``, in Python alone.

A bag is a folder with ``metadata.yaml`` and one or more storage files (MCAP or SQLite). Messages stay raw CDR bytes
here, because a player only forwards them; ``recorded_topic.RecordedTopic`` decodes them::

    with BagReader("my_bag") as bag:
        for message in bag.messages():
            print(message.topic, message.type, message.stamp_ns, len(message.data))
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files import limits
from usdrl_model.files.suffix import suffix
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.mcap import McapFile
from usdrl_ros.bags.metadata import FILE_NAME, PACKED, STORAGES, Metadata, check_ros2, read_metadata
from usdrl_ros.bags.sqlite import SqliteFile
from usdrl_ros.bags.storage_file import StorageFile, Topic, unpack, unpack_file
from usdrl_ros.inputs.registry import guessable

ZSTD = bytes.fromhex("28b52ffd")
"""Begin of what zstd has packed."""
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
        self._second_types: list[str] = []
        self._other: set[tuple[str, str]] = set()
        """Name and type of topics that are left out, because another type has their name."""
        metadata = _metadata(self.path)
        self._packed_messages = metadata.packing == "message"
        with self._stack:
            for file in metadata.files:
                if metadata.packing == "file" or suffix(file) == PACKED:
                    file = self._unpacked(file)
                self._files.append(self._opened(file, metadata.storage))
            self._leave_out()
            if not self.topics and self.troubles:
                raise BagError(f"{self.path}: {'; '.join(self.troubles)}")
            self._stack = self._stack.pop_all()
        there = sum(topic.count for file in self._files for topic in file.topics.values())
        if metadata.unlisted:
            names = ", ".join(metadata.unlisted)
            self._notes.append(f"{FILE_NAME} does not name {names}, not read (`ros2 bag reindex` makes another)")
        if metadata.count is None and self.path.is_dir():
            self._notes.append(
                f"no {FILE_NAME}, or an empty one: its files are read as they are (`ros2 bag reindex` makes one)"
            )
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
        """Missing or damaged parts and what is left out, one line each; complete once everything was read."""
        return tuple(cut(line, LINE) for line in [*self._second_types, *self._missing()])

    @property
    def damaged(self) -> bool:
        """Whether anything of it may be missing; complete once everything was read."""
        return bool(self._missing())

    def _missing(self) -> list[str]:
        return [*self._notes, *(line for file in self._files for line in file.troubles)]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The recorded topics, by name."""
        found: dict[tuple[str, str], Topic] = {}
        for topic in (topic for file in self._files for topic in file.topics.values()):
            if (topic.name, topic.type) in self._other:
                continue
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
        kinds = {name: topic.type for name, topic in self.choose(topics).items()}
        for file in self._files:
            numbers = [number for number, topic in file.topics.items() if kinds.get(topic.name) == topic.type]
            try:
                # Some databases read an empty choice as all topics.
                for number, stamp_ns, data in file.messages(numbers) if numbers else ():
                    topic = file.topics[number]
                    yield BagMessage(topic.name, topic.type, stamp_ns, self._bytes(data))
            except (ValueError, OSError) as error:
                raise BagError(f"{self.path}: {error}") from error

    def _leave_out(self) -> None:
        """Keep one type of each topic: one that has skeletons, or else that of the most messages."""
        types: dict[str, list[Topic]] = {}
        for topic in self.topics:
            types.setdefault(topic.name, []).append(topic)
        for name, found in types.items():
            if len(found) == 1:
                continue
            known = guessable()
            _, *others = sorted(found, key=lambda one: (one.type not in known, -one.count))
            for one in others:
                self._other.add((name, one.type))
                self._second_types.append(f"{name}: {one.count} messages of a second type, {one.type}, are left out")

    def _bytes(self, data: bytes) -> bytes:
        if self._packed_messages or data.startswith(ZSTD):  # no message of CDR begins so
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
        if strange := [
            f"{name} has {known[name].encoding}" for name in sorted(chosen) if known[name].encoding != "cdr"
        ]:
            raise BagError(f"{self.path}: expected messages of cdr, {', '.join(strange)}: choose other topics")
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
        if suffix(path) == ending:
            return Metadata((path,), storage, "", None)
    raise BagError(f"{path}: cannot be opened as a bag: expected a folder, or a file that ends in .mcap or .db3")
