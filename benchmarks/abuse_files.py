"""Hostile files and bags, as rows: whoever reads them ends within memory and time, and says in a line what is wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from abuse_report import Options, Row
from helpers.hostile import MEMORY, SECONDS, faults, measure
from helpers.hostile_bags import HOSTILE_BAGS
from helpers.hostile_files import HOSTILE


def run(options: Options) -> Iterator[Row]:
    """One row."""
    bad, outcomes = [], []
    for hostile in [*HOSTILE, *HOSTILE_BAGS][options.every_file // 2 :: options.every_file]:
        with tempfile.TemporaryDirectory() as folder:
            outcome = measure(hostile, Path(folder))
        outcomes.append(outcome)
        if wrong := faults(hostile, outcome):
            bad.append(f"{hostile.name} (test/helpers/hostile_*.py): {', '.join(wrong)}; {outcome.said[:1000]}")
    yield Row(
        what="hostile files",
        tried=len(outcomes),
        good=len(outcomes) - len(bad),
        measured=f"most memory {max(outcome.peak for outcome in outcomes) / 1e6:.0f} MB of {MEMORY / 1e6:.0f} allowed,"
        f" longest {max(outcome.cpu for outcome in outcomes):.1f} s of {SECONDS:g} s of computing",
        failures=bad,
    )
