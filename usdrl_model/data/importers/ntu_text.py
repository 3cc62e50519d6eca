"""The ``.skeleton`` text format of NTU RGB+D, which UAV-Human shares with 17 joints.

A file holds frames, a frame a number of bodies, a body a line that begins with its id, the number of joints, and a line
for each joint. Ids are larger than a float holds exactly, so they stay text.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from usdrl_model.files import limits
from usdrl_model.files.text_table import lines, table

_ROWS = 2**14
"""Lines of joints that are parsed at once."""


@dataclass(frozen=True, slots=True)
class Body:
    """One body in one frame."""

    id: str
    joints: np.ndarray
    """(V, columns) as in the file."""


def read(text: str, joints: int, columns: int | None, where: str) -> list[list[Body]]:
    """The bodies of every frame.

    Args:
        text: a whole file, with any line ends.
        joints: V that the sensor has.
        columns: numbers in the line of a joint; None: as in the first one.
        where: name of the file, for messages.

    Raises:
        ValueError: truncated, with lines left over, or with other joints; the message names file and line.
    """
    source = _Lines(text, where)
    count = source.count("number of frames", 0)
    limits.check(count, limits.FRAMES, f"{where}: frames")
    frames: list[list[str]] = []  # identities
    rows: list[str] = []
    tables: list[np.ndarray] = []

    def flush() -> None:
        nonlocal columns
        if columns is None:
            columns = len(rows[0].split()) if rows else 1
        tables.append(table("\n".join(rows), columns, f"{where} (joint lines only)"))
        rows.clear()

    for _ in range(count):
        identities = []
        for _ in range(source.count("number of bodies", 0)):
            identities.append(source.next("a body").split()[0])
            if source.count("number of joints", joints) != joints:
                raise ValueError(f"{where} line {source.position}: expected {joints} joints")
            rows += source.take(joints)
            if len(rows) >= _ROWS:
                flush()
        frames.append(identities)
    source.end()
    flush()
    bodies = iter(np.concatenate(tables).reshape(-1, joints, columns or 1))
    return [[Body(identity, next(bodies)) for identity in identities] for identities in frames]


class _Lines:
    def __init__(self, text: str, where: str) -> None:
        limits.check(len(text), limits.TEXT, f"{where}: characters")
        self.lines = (line for line in lines(text, where) if line.strip())
        self.where, self.position = where, 0

    def next(self, what: str) -> str:
        line = next(self.lines, None)
        if line is None:
            raise ValueError(f"{self.where}: ends after line {self.position}, where {what} is expected: get it again")
        self.position += 1
        return line

    def count(self, what: str, least: int) -> int:
        line = self.next(what).strip()
        if not line.isdigit() or len(line) > 18 or int(line) < least:
            raise ValueError(f"{self.where} line {self.position}: expected the {what}, got {line[:80]!r}")
        return int(line)

    def take(self, count: int) -> list[str]:
        taken = list(islice(self.lines, count))
        self.position += len(taken)
        if len(taken) < count:
            self.next("a joint")
        return taken

    def end(self) -> None:
        if left := sum(1 for _ in self.lines):
            raise ValueError(f"{self.where} line {self.position + 1}: {left} lines after the last frame")
