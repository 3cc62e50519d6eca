"""The ``.skeleton`` text format of NTU RGB+D, which UAV-Human shares with 17 joints.

Frames; in each a number of bodies; of each body a line that begins with its identity, the number of joints, and a line
a joint. Identities are larger than a float holds exactly, so they stay text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from usdrl_model.datasets.numbers import table


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
        columns: numbers in a line of a joint; None: as many as the first one has.
        where: name of the file, for messages.

    Raises:
        ValueError: truncated, with lines left over, or with other joints; the message names file and line.
    """
    lines = _Lines(text, where)
    frames: list[list[str]] = []  # identities
    rows: list[str] = []
    for _ in range(lines.count("number of frames", 0)):
        identities = []
        for _ in range(lines.count("number of bodies", 0)):
            identities.append(lines.next("a body").split()[0])
            if lines.count("number of joints", joints) != joints:
                raise ValueError(f"{where} line {lines.position}: expected {joints} joints")
            rows += lines.take(joints)
        frames.append(identities)
    lines.end()
    if columns is None:
        columns = len(rows[0].split()) if rows else 1
    values = table("\n".join(rows), columns, f"{where} (joint lines only)").reshape(-1, joints, columns)
    bodies = iter(values)
    return [[Body(identity, next(bodies)) for identity in identities] for identities in frames]


class _Lines:
    def __init__(self, text: str, where: str) -> None:
        self.lines = [line for line in text.splitlines() if line.strip()]
        self.where, self.position = where, 0

    def next(self, what: str) -> str:
        if self.position >= len(self.lines):
            raise ValueError(f"{self.where}: ends after line {self.position}, where {what} is expected: get it again")
        self.position += 1
        return self.lines[self.position - 1]

    def count(self, what: str, least: int) -> int:
        line = self.next(what).strip()
        if not line.isdigit() or int(line) < least:
            raise ValueError(f"{self.where} line {self.position}: expected the {what}, got {line[:80]!r}")
        return int(line)

    def take(self, count: int) -> list[str]:
        if self.position + count > len(self.lines):
            self.position = len(self.lines)
            self.next("a joint")
        self.position += count
        return self.lines[self.position - count : self.position]

    def end(self) -> None:
        if self.position < len(self.lines):
            raise ValueError(
                f"{self.where} line {self.position + 1}: {len(self.lines) - self.position} lines after the last frame"
            )
