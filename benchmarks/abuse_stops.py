"""Stops of the node at random moments, as rows."""

from __future__ import annotations

from collections.abc import Iterator

from abuse_report import Options, Row
from stops import LIMIT, stops


def run(options: Options) -> Iterator[Row]:
    """A row for each signal."""
    results = list(stops(options.stops, options.seed))
    for number in sorted({result.number for result in results}):
        some = [result for result in results if result.number == number]
        bad = [
            f"repeat with --only stops --seed {options.seed}; stopped after {result.moment:.2f} s: status"
            f" {result.status} after {result.seconds:.2f} s\n{result.output}"
            for result in some
            if not result.good
        ]
        slowest = max(result.seconds for result in some)
        yield Row(
            what=f"{number.name} at a random moment from start to work",
            tried=len(some),
            good=len(some) - len(bad),
            measured=f"exit status 0, slowest {slowest:.2f} s of {LIMIT:g} s allowed",
            failures=bad,
        )
