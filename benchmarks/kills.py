"""Is a set whole after ``kill -9``? ``usdrl data import --replace`` is killed again and again, at random moments.

python benchmarks/kills.py --times 50
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from usdrl_model.data.store import Store

RECORDINGS = 20
_IMPORT_FOR_EVER = """
import sys
from usdrl_model.cli.main import main
store, *folders = sys.argv[1:]
while True:
    for folder in folders:
        if main(["data", "import", "own", folder, "--store", store, "--replace"]):
            sys.exit(1)
"""


def imports(times: int, folder: Path, seed: int = 0) -> Counter[str]:
    """Kill imports that replace one set by another in turn, and look at the store after each kill.

    Args:
        times: kills.
        folder: empty; for the recordings and the store.
        seed: of the moments.

    Returns:
        What the store held: "first" or "second", whole; anything else is what went wrong.
    """
    moments, found, one = random.Random(seed), Counter[str](), 0.0
    sources, store = [folder / "first", folder / "second"], folder / "store"
    for number, source in enumerate(sources):
        _record(source, float(number))
    for _ in range(times):
        command = [sys.executable, "-u", "-c", _IMPORT_FOR_EVER, store, *sources]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            assert child.stdout is not None
            child.stdout.readline()  # the first import is done, and everything is loaded
            if not one:  # how long an import takes here
                began = time.monotonic()
                child.stdout.readline()
                one = time.monotonic() - began
            time.sleep(moments.uniform(0.0, 2.0 * one))
            ended = child.poll()
            child.kill()
        found[f"the import ended by itself with {ended}" if ended is not None else _held(store)] += 1
    return found


def _record(source: Path, first: float) -> None:
    """Recordings whose every number says which source they are of."""
    source.mkdir(parents=True)
    for number in range(RECORDINGS):
        joints = np.full((200, 1, 25, 3), 1.0 + first)
        np.savez(source / f"{number:02}.npz", joints=joints, rate=30.0, topology="kinect_v2_25", subject=source.name)


def _held(store: Path) -> str:
    try:
        opened = Store.open(store)
        opened.verify()
    except (OSError, ValueError) as error:
        return str(error)
    subjects = {opened.describe(index).subject for index in range(len(opened))}
    if len(opened) != RECORDINGS or len(subjects) != 1:
        return f"{len(opened)} recordings of {sorted(map(str, subjects))}"
    values = {float(value) for clip in opened.recordings() for value in np.unique(clip.frames[0].people[0].joints)}
    (subject,) = map(str, subjects)
    return subject if values == {1.0 if subject == "first" else 2.0} else f"joints {values} of {subject}"


def main() -> None:
    """Print how often the store held what."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, help="kills (default: 50)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for what, count in imports(arguments.times, Path(folder)).most_common():
            print(f"{count:4} {what}")


if __name__ == "__main__":
    main()
