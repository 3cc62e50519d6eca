"""Everything that people, networks and disks do to this package, again and again; prints a table of what came of it.

::

    python benchmarks/abuse.py                                   # all of it, three quarters of an hour
    python benchmarks/abuse.py --only fuzz stops --fuzz-minutes 1
    python benchmarks/abuse.py --short                           # all of it in small, two minutes
    python benchmarks/abuse.py --write docs/reliability.md       # put the table there

Everything is random and follows from the seed, except what the machine does meanwhile: moments of kills, and which
messages a busy node drops. Nothing leaves this machine, and only processes that were started here are ended.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from abuse_report import Options, Row, table
from latency import machine

from usdrl_model.checkpoints import code_version
from usdrl_model.files import markdown
from usdrl_ros.processes.children import exit_on_sigterm, use_private_domain

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("fuzz", "adapters", "settings", "stops", "kills", "files", "soak")
"""Part -> the module ``abuse_<part>``, whose ``run(options)`` gives rows."""
ON_DISK = ("kills", "files")
"""Parts that measure no answers."""
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
SHORT = {
    "fuzz_minutes": 0.06, "adapter_minutes": 0.004, "settings_minutes": 0.1, "stops": 5, "kills": 1, "every_file": 15,
    "soak_minutes": 0.1, "beside": True,
}  # fmt: skip


def use_helpers_of_tests() -> None:
    """Let this process and its children import what the tests use: a peer over DDS, hostile files, tiny trainings.

    It stays there, because most of it is the tests' alone, and is not copied here.
    """
    places = [str(ROOT), str(ROOT / "test"), *filter(None, [os.environ.get("PYTHONPATH")])]
    sys.path += places[:2]
    os.environ["PYTHONPATH"] = os.pathsep.join(places)


def report(rows: Sequence[Row], arguments: Sequence[str], seconds: float, about: str) -> str:
    """The table, and what made it."""
    command = " ".join(["python benchmarks/abuse.py", *arguments])
    made = f"`{command}`, {seconds / 60:.0f} minutes; {code_version.current()}; {about}."
    return f"{made}\n\n{table(rows)}"


def write(path: Path, text: str) -> None:
    """Put a report into a page, between its marks."""
    page = markdown.replace_between_markers(path.read_text(encoding="utf-8"), BEGIN, END, text)
    path.write_text(page, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(
        description="Abuse the package, and see.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    parser.add_argument("--fuzz-minutes", type=float, default=5.0, help="of spoilt messages, for each message type")
    parser.add_argument("--adapter-minutes", type=float, default=0.5, help="of spoilt messages, for each adapter")
    parser.add_argument("--settings-minutes", type=float, default=3.0, help="of transitions and parameters")
    parser.add_argument("--stops", type=int, default=100, help="of the node, at random moments")
    parser.add_argument("--kills", type=int, default=50, help="of imports, pretraining and fine-tuning, each")
    parser.add_argument("--every-file", type=int, default=1, help="1: every hostile file, n: every n-th")
    parser.add_argument("--soak-minutes", type=float, default=5.0, help="of six people at 30 frames a second")
    parser.add_argument("--folder", type=Path, default=Path("out/abuse"), help="for what is kept of a failure")
    parser.add_argument("--beside", action="store_true", help="run the parts that measure no answers beside the others")
    parser.add_argument("--short", action="store_true", help="everything in small instead, with --beside")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="instead: send messages that a failure has left")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into a page, between its marks")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = vars(parser.parse_args(given))
    options |= SHORT if options["short"] else {}
    exit_on_sigterm()
    use_private_domain()
    use_helpers_of_tests()
    if options["replay"]:
        row = importlib.import_module("abuse_fuzz").replay(options["replay"])
        print(table([row]))
        return 0 if row.well else 1
    asked = Options(**{name: options[name] for name in Options.__slots__})
    rows: dict[str, list[Row]] = {part: [] for part in options["only"]}
    about, began = machine(), time.monotonic()

    def work(parts: Sequence[str]) -> None:
        for part in parts:
            for row in importlib.import_module(f"abuse_{part}").run(asked):
                seconds = time.monotonic() - began
                print(f"{seconds:6.0f} s  {row.what}: {row.good} of {row.tried}", file=sys.stderr, flush=True)
                print(*row.failures, sep="\n", end="", file=sys.stderr, flush=True)
                rows[part].append(row)

    beside = [part for part in options["only"] if options["beside"] and part in ON_DISK]
    failed: list[Exception] = []

    def work_beside() -> None:
        try:
            work(beside)
        except Exception as error:  # raised below: rows before it are not all of the part
            failed.append(error)

    other = threading.Thread(target=work_beside, daemon=True)  # ends with this process
    other.start()
    work([part for part in options["only"] if part not in beside])
    other.join()
    if failed:
        raise failed[0]
    text = report([row for part in options["only"] for row in rows[part]], given, time.monotonic() - began, about)
    print(text)
    if options["write"]:
        write(options["write"], text)
    return 0 if all(found and all(row.well for row in found) for found in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
