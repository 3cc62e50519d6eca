"""What a hostile file is, and what the command that reads it does: memory, seconds, words.

    outcome = measure(hostile, folder)           # builds it there, runs its command in a process of its own
    assert faults(hostile, outcome) == []

Whoever reads it must end by itself, within 2 GB and 10 seconds, with one line that says what is wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY = 2 * 10**9
"""Bytes that a command may take."""
SECONDS = 10.0


@dataclass(frozen=True)
class Hostile:
    """One kind of file, and who reads it."""

    name: str
    build: Callable[[Path], object]
    """Writes it into a folder."""
    command: Sequence[str]
    """Arguments of Python; ``{}`` stands for the folder."""
    readable: bool = False
    """It is what it says, however useless: the command may end well."""


@dataclass(frozen=True)
class Outcome:
    """What a command did with it."""

    status: int
    """Exit status; below 0, the signal that ended it."""
    seconds: float
    """By the clock."""
    cpu: float
    """Seconds of computing."""
    peak: int
    """Bytes of resident memory."""
    said: str
    """On the error stream."""


def faults(hostile: Hostile, outcome: Outcome) -> list[str]:
    """What is wrong with what a command did."""
    last = outcome.said.strip().splitlines()[-1:]
    wrong = {
        f"{outcome.peak / 1e6:.0f} MB of memory": outcome.peak >= MEMORY,
        f"{outcome.cpu:.1f} s of computing": outcome.cpu >= SECONDS,
        f"exit status {outcome.status}": outcome.status not in ((0, 1, 2) if hostile.readable else (1, 2)),
        "a traceback": "Traceback" in outcome.said,
        "more than a line": any(len(line) >= 600 for line in last),
        "no line that says what is wrong": outcome.status != 0 and not any(line.startswith("usdrl") for line in last),
    }
    return [text for text, found in wrong.items() if found]


def measure(hostile: Hostile, folder: Path, limit: float = 60.0) -> Outcome:
    """Build a file in ``folder`` and let its command read it; after ``limit`` seconds it is killed."""
    hostile.build(folder)
    command = [sys.executable, *(part.replace("{}", str(folder)) for part in hostile.command)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        began, peak = time.monotonic(), 0
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, env=environment)
        while True:
            ended, status, usage = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, _highest(child.pid))
            if time.monotonic() - began > limit:
                child.kill()
            time.sleep(0.01)
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read(20_000).decode(errors="replace")
    return Outcome(child.returncode, seconds, usage.ru_utime + usage.ru_stime, peak, text)


def _highest(process: int) -> int:
    """Bytes of memory that a process had at most; what the kernel says at its end would count its parent's too."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
