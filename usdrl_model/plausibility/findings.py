"""A finding: how severe it is, what it says of a source and of a recording, and which parameter mends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

READING = ("axes", "units", "topology")
"""Keys of the findings that say that a source was recorded with other settings than it is read with."""


class Level(IntEnum):
    """Severity of a finding."""

    NOTE = 0
    """Fine if intended."""
    WARN = 1
    """Recognition will be poor."""
    ERROR = 2
    """Recognition will fail."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault."""

    key: str
    """nobody, unusable, frozen, flat, topology, units, axes, lying, pose, sides, legs or arms."""
    level: Level
    text: str
    """Measurement, likely cause and remedy, in one line."""
    change: tuple[str, object] | None = None
    """The parameter and its value that would mend it; None where no parameter does, or its value is not known."""
    other: tuple[str, object] | None = None
    """Another change that would mend it as well, where nobody can tell which one is true."""
    in_recordings: str = ""
    """The same of recordings, which have no parameters of a node; empty: as ``text``."""


def misread(findings: Iterable[Finding]) -> Finding | None:
    """The finding that says that nobody looks like people as the source is read, so that nothing of it may be kept."""
    return next((one for one in findings if one.level is Level.ERROR and one.key in READING), None)


def nobody(where: str) -> Finding:
    """Frames without people: the room is empty, or the tracker sees no one."""
    return Finding("nobody", Level.NOTE, f"nobody in any frame {where}")
