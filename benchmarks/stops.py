"""How the perception node ends when it is stopped at any moment: SIGINT and SIGTERM by turns, at random.

Every node is stopped once, at some moment from when the program takes the signal itself (before that Python is still
starting) until a while after it has begun to listen: while libraries and weights are loaded, publishers are made,
transitions are under way. Good is: exit status 0 within two seconds, no traceback, no FATAL. The table is
Markdown and holds what was measured on this machine, under its load, and nothing else::

    python benchmarks/stops.py              # 100 stops, some minutes
    python benchmarks/stops.py --stops 20 --seed 1
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from usdrl_model.files import markdown
from usdrl_ros.processes.children import Child, exit_on_sigterm, use_private_domain

NODE = ("-m", "usdrl_ros.node.main")
LIMIT = 2.0
"""Seconds in which a node must have ended."""
AFTERWARDS = 1.0
"""Seconds after it has begun to listen, in which it may be stopped too."""
PATIENCE = 60.0
"""Seconds until a node must have begun to listen, and to end at last."""
LISTENING = "listening on"
"""What the node logs when it is active."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """What became of one node."""

    number: signal.Signals
    moment: float
    """Seconds from when it took signals to the signal."""
    seconds: float
    """From the signal to the end."""
    status: int
    output: str

    @property
    def good(self) -> bool:
        """Whether it ended as it should."""
        quiet = not any(word in self.output for word in ("Traceback", "FATAL", "Error"))
        return self.status == 0 and self.seconds <= LIMIT and quiet


def stops(count: int, seed: int = 0, arguments: Sequence[str] = NODE) -> Iterator[Stopped]:
    """Start the node ``count`` times and stop it at random moments; ``arguments`` are those of the interpreter."""
    chance = random.Random(seed)
    span = start_up(arguments) + AFTERWARDS
    for index in range(count):
        number = (signal.SIGTERM, signal.SIGINT)[index % 2]
        yield stop(number, chance.uniform(0.0, span), arguments)


def stop(number: signal.Signals, moment: float, arguments: Sequence[str] = NODE) -> Stopped:
    """Start the node, and stop it ``moment`` seconds after it takes signals."""
    with Child("perception", arguments) as child:
        _wait(lambda: takes_signals(child.pid))
        time.sleep(moment)
        before = time.monotonic()
        os.kill(child.pid, number)
        _wait(child.ended)
        seconds = time.monotonic() - before
        return Stopped(number=number, moment=moment, seconds=seconds, status=child.status, output=child.output())


def start_up(arguments: Sequence[str] = NODE) -> float:
    """Seconds from when the node takes signals to when it listens."""
    with Child("perception", arguments) as child:
        _wait(lambda: takes_signals(child.pid))
        before = time.monotonic()
        _wait(lambda: LISTENING in child.output())
        return time.monotonic() - before


def takes_signals(pid: int) -> bool:
    """True once the process handles SIGTERM itself; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def table(results: Sequence[Stopped]) -> str:
    """The results in Markdown, and every bad one in full."""
    table = []
    for number in sorted({result.number for result in results}):
        some = [result for result in results if result.number == number]
        good = sum(result.good for result in some)
        table.append([number.name, len(some), good, f"{max(result.seconds for result in some):.2f} s"])
    rows = [markdown.table(["signal", "stops", "as it should", "slowest"], table)]
    for result in results:
        if not result.good:
            rows.append(
                f"\n{result.number.name} after {result.moment:.2f} s: status {result.status} after"
                f" {result.seconds:.2f} s\n{result.output}"
            )
    return "\n".join(rows)


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"the node did not do within {PATIENCE:g} s what it should")
        time.sleep(0.005)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a node did not end as it should."""
    parser = argparse.ArgumentParser(description="Stop the perception node at random moments.")
    parser.add_argument("--stops", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    use_private_domain()
    results = list(stops(options.stops, options.seed))
    print(table(results))
    return 0 if all(result.good for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
