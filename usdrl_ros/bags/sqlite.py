"""Reads SQLite files of bags, with the ``-wal`` that a power cut may leave; no file is created or changed.

Only plain tables with plain columns are read, because views and computed columns of a foreign database may run code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from usdrl_model.files import limits
from usdrl_ros.bags.storage_file import Topic, is_latched

REPAIR = "`sqlite3 FILE .recover | sqlite3 NEW` saves what can be saved"


class SqliteFile:
    """See ``storage_file.StorageFile``.

    Raises:
        ValueError: no database of rosbag2, or a damaged one.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self.topics: dict[int, Topic] = {}
        self.troubles: list[str] = []
        left = path.with_name(f"{path.name}-wal")
        has_wal = left.is_file() and left.stat().st_size > 0
        # Without locks, SQLite reads a -wal into memory and creates no -shm file.
        how = "mode=ro&vfs=unix-none" if has_wal else "mode=ro&immutable=1"
        with path.open("rb"):  # gives the error of the operating system, which SQLite hides
            pass
        # A player may read on another thread.
        self._file = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, check_same_thread=False)
        self._file.text_factory = lambda text: text.decode(errors="replace")
        try:
            self._survey()
            if has_wal:
                self._compare(path, left)
        except sqlite3.Error as error:
            self.close()
            raise ValueError(f"{path.name} is damaged or no SQLite file: {error}; {REPAIR}") from error
        except BaseException:
            self.close()
            raise
        journal = path.with_name(f"{path.name}-journal")
        if journal.is_file() and journal.stat().st_size > 0:
            self.troubles.append(
                f"{path.name} has an unfinished transaction: open it once with `sqlite3`, which rolls it back"
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def messages(self, numbers: Collection[int]) -> Iterator[tuple[int, int, bytes]]:
        """See ``StorageFile``."""
        places = ",".join("?" * len(numbers))
        query = (
            "SELECT topic_id, timestamp, CASE WHEN typeof(data) = 'blob' AND length(data) <= ? THEN data END"
            f" FROM messages WHERE topic_id IN ({places}) ORDER BY timestamp, id"
        )
        try:
            for number, stamp, data in self._file.execute(query, (limits.MESSAGE, *numbers)):
                yield _whole_number(number), _whole_number(stamp), data or b""
        except sqlite3.Error as error:
            raise ValueError(f"{self._name} is damaged: {error}; {REPAIR}") from error

    def _survey(self) -> None:
        for setting in ("locking_mode = EXCLUSIVE", "trusted_schema = OFF", "cell_size_check = ON"):
            self._file.execute(f"PRAGMA {setting}")
        topics = self._columns("topics")
        if not {"id", "topic_id", "timestamp", "data"} <= self._columns("messages") or not {"id", "name"} <= topics:
            raise ValueError(f"{self._name} is no database of rosbag2: expected the tables topics and messages")
        qos = "offered_qos_profiles" if "offered_qos_profiles" in topics else "''"
        definitions: dict[Any, Any] = {}
        if {"topic_type", "encoded_message_definition"} <= self._columns("message_definitions"):
            query = "SELECT topic_type, encoded_message_definition FROM message_definitions"
            definitions = dict(self._file.execute(query).fetchall())
        counted = {
            number: (count, first, last)
            for number, count, first, last in self._file.execute(
                "SELECT topic_id, count(*), min(timestamp), max(timestamp) FROM messages GROUP BY topic_id"
            )
        }
        query = f"SELECT id, name, type, serialization_format, {qos} FROM topics"
        for number, name, kind, encoding, profiles in self._file.execute(query):
            count = counted[number][0] if number in counted else 0
            definition = str(definitions.get(kind) or "")
            topic = Topic(str(name), str(kind), count, is_latched(str(profiles or "")), definition, str(encoding))
            self.topics[_whole_number(number)] = topic
        self.start_ns = min((_whole_number(first) for _, first, _ in counted.values()), default=0)
        self.end_ns = max((_whole_number(last) for *_, last in counted.values()), default=0)

    def _columns(self, table: str) -> set[str]:
        """Plain columns of a plain table; empty for a view, a virtual table, or no table."""
        query = "SELECT count(*) FROM sqlite_master WHERE name = ? AND type = 'table' AND rootpage > 0"
        if self._file.execute(query, (table,)).fetchone()[0] != 1:
            return set()
        return {row[1] for row in self._file.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0}

    def _compare(self, path: Path, left: Path) -> None:
        """Report how many messages are only in the ``-wal``."""
        count = sum(topic.count for topic in self.topics.values())
        plain = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            (without,) = plain.execute("SELECT count(*) FROM messages").fetchone()
        except sqlite3.Error:
            without = 0  # without tables
        finally:
            plain.close()
        self.troubles.append(
            f"{left.name} comes from an aborted recording: {count - without} of the {count} messages are read from it"
        )


def _whole_number(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"expected whole numbers for topics and stamps, got {type(value).__name__}")
    return value
