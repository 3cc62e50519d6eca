"""Everything that there is to measure on a GPU, in under eight minutes, as one page of Markdown.

    python benchmarks/gpu.py --out gpu.md

Each part is a command of its own with a limit of its own; one that fails or takes too long says so, the rest goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_model.files import markdown
from usdrl_model.files.atomic_file import write_text

HERE = Path(__file__).parent
USDRL = (sys.executable, "-m", "usdrl_model.cli.main")
SPEED = (sys.executable, str(HERE / "pretraining_speed.py"))
PEOPLE = (1, 2, 6, 20, 64)


def parts(device: str) -> list[tuple[str, Sequence[str], float]]:
    """(title, command, seconds at most); all together 470 s."""
    on = ("--device", device)
    bench, speed = (*USDRL, "bench", *on, "--rounds", "21"), (*SPEED, *on)
    small = ("--encoder", "small", "--batch", "512", "--steps", "20", "--executions", "eager", "cuda_graph")
    base = ("--encoder", "base", "--steps", "5")
    return [
        ("A window through `base`", bench, 60.0),
        ("A window through hri", (*bench, "--weights", "hri"), 40.0),
        ("From windows or frames to scores", (sys.executable, str(HERE / "gpu.py"), *on, "--answers"), 50.0),
        ("The node", (sys.executable, str(HERE / "latency.py"), *on, "--seconds", "8"), 40.0),
        ("Pretraining `small`", (*speed, *small, "--precisions", "bfloat16"), 50.0),
        ("Pretraining `base`", (*speed, *base, "--precisions", "float32", "tf32", "bfloat16"), 80.0),
        ("Pretraining `base`, compiled", (*speed, *base, "--precisions", "bfloat16", "--executions", "compile"), 150.0),
    ]


def answers(device: str, rounds: int = 50) -> str:
    """Milliseconds from windows or frames on the host to scores on the host, with graphs and without, in turns."""
    from usdrl_model.inference import load

    ways = {
        f"{name}, {text}": load.load(name, device, cuda_graphs=graphs)
        for name in ("hri", "hri_streaming")
        for text, graphs in (("launch by launch", False), ("CUDA graphs", True))
        if not (graphs and device == "cpu")
    }
    for loaded in ways.values():
        load.warm_up(loaded, max(PEOPLE))
    rows = []
    for people in PEOPLE:
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(3 + rounds):
            for name, loaded in ways.items():
                windows = load.noise(loaded).repeat(people, axis=0)
                began = time.perf_counter()
                if loaded.config.detector.streaming:
                    state = load.empty_state(loaded.config.detector)[None].repeat(people, axis=0)
                    load.advance(loaded, windows[:, :1, 0], state)
                else:
                    load.answers(loaded, windows)
                times[name].append(1e3 * (time.perf_counter() - began))
        rows.append([people, *(f"{median(found[3:]):.2f}" for found in times.values())])
    return markdown.table(["people", *(f"{name}, ms" for name in ways)], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all parts and write the page; 1 where a part failed."""
    parser = argparse.ArgumentParser(description="Measure everything on a GPU in under eight minutes.")
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N; cpu tries the parts that a CPU can")
    parser.add_argument("--out", type=Path, default=Path("gpu.md"), help="the page (default: gpu.md)")
    parser.add_argument("--answers", action="store_true", help="only: from windows or frames to scores on the host")
    options = parser.parse_args(arguments)
    if options.answers:
        print(answers(options.device))
        return 0
    page, failed, began = ["# Measured on a GPU"], 0, time.monotonic()
    for title, command, limit in parts(options.device):
        print(f"{title} ...", flush=True)
        text, good = run(command, limit)
        failed += not good
        shown = " ".join(Path(part).name if Path(part).is_absolute() else part for part in command)
        page += [f"## {title}", f"`{shown}`", text]
        write_text(options.out, "\n\n".join(page) + "\n")  # what is measured stays, whatever comes
    print(f"{options.out}, after {time.monotonic() - began:.0f} s" + (f"; {failed} parts failed" if failed else ""))
    return 1 if failed else 0


def run(command: Sequence[str], limit: float) -> tuple[str, bool]:
    """What a command prints, or why it prints nothing; whether it did."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"Not measured: not done after {limit:.0f} s.", False
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        return f"Not measured: {cut(reason, MESSAGE)}", False
    return done.stdout.strip(), True


if __name__ == "__main__":
    sys.exit(main())
