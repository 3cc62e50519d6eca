"""What the parts of ``abuse`` are asked for, and what they answer: rows of a table, how to repeat what went wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from usdrl_model.files import markdown


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How much of everything."""

    seed: int
    fuzz_minutes: float
    """For every message type."""
    adapter_minutes: float
    """For every input adapter."""
    settings_minutes: float
    stops: int
    kills: int
    """Of every kind."""
    every_file: int
    """1: every hostile file, n: every n-th."""
    soak_minutes: float
    folder: Path
    """For whatever has to be kept of a failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    tried: int
    good: int
    measured: str
    failures: Sequence[str] = ()
    """What was not as it should be, and how to repeat it."""

    @property
    def well(self) -> bool:
        """Whether everything was as it should be."""
        return self.good == self.tried and not self.failures


def table(rows: Sequence[Row]) -> str:
    """Markdown, and under it every failure."""
    heads = ["what", "tried", "as it should be", "measured"]
    lines = [markdown.table(heads, ([row.what, f"{row.tried:,}", f"{row.good:,}", row.measured] for row in rows))]
    for row in rows:
        lines += [f"\n{row.what}: {failure}" for failure in row.failures]
    return "\n".join(lines)


def stop_at(minutes: float) -> float:
    """The reading of ``time.monotonic`` in so many minutes."""
    return time.monotonic() + 60.0 * minutes
