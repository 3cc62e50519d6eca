"""``usdrl bench``: what an encoder costs, plain, folded, in other precisions and in ONNX Runtime.

usdrl bench --rounds 21
usdrl bench --weights hri --threads 2 --batch 1 --json
usdrl bench --device cuda                                  # batches of 1, 8, 64 and 512; times of the device
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.cli.common import add_result, check_output, device_name, reported, result

if TYPE_CHECKING:
    from usdrl_model.inference import speed, speed_gpu

PRESET, SMALLER = "base", ("small", "tiny")


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("bench", help="what the encoder costs in each of the ways it can run, and its errors")
    verb.add_argument(
        "--weights", help="detector of windows (hri), or folder; left out: random weights of base, small and tiny"
    )
    verb.add_argument("--rounds", type=int, default=11, help="turns of every variant (default: 11)")
    verb.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    verb.add_argument("--batch", type=int, nargs="+", help="windows a call (default: 1 8; on a GPU 1 8 64 512)")
    verb.add_argument("--device", default="auto", type=device_name, help="auto, cpu, cuda or cuda:N (default: auto)")
    add_result(verb)
    verb.set_defaults(run=reported("usdrl bench", run))


def run(arguments: argparse.Namespace) -> None:
    """Measure, and print the table."""
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model.checkpoints import detector_file
    from usdrl_model.evaluation import parity
    from usdrl_model.inference import speed, speed_gpu
    from usdrl_model.network.device import choose_device
    from usdrl_model.network.dste import DSTE
    from usdrl_model.network.presets import preset

    check_output("--out", arguments.out, arguments.weights)
    device = choose_device(arguments.device)
    batches = arguments.batch or ([1, 8] if device.type == "cpu" else list(speed_gpu.BATCHES))
    if min(arguments.rounds, arguments.threads, *batches) < 1:
        raise ValueError("--rounds, --threads and --batch: expected numbers above 0")
    torch.set_num_threads(arguments.threads)
    if arguments.weights is None:
        encoder, x = speed.random_encoder(preset(PRESET)), speed.windows(preset(PRESET), max(batches))
        smaller = {name: speed.random_encoder(preset(name)) for name in SMALLER}
    else:
        weights = detector_file.load(arguments.weights, "cpu")
        found = weights.trained.encoder
        if not isinstance(found, DSTE):
            kind = weights.config.detector.encoder.architecture
            raise ValueError(f"{weights.name}: an encoder of architecture {kind} is not folded; nothing to compare")
        encoder, smaller = found, {}
        x = parity.sample_windows(weights.config.detector, max(batches))
    if device.type == "cuda":
        on_gpu, left_out = speed_gpu.bench(encoder.to(device), x.to(device), batches=batches, rounds=arguments.rounds)
        _tell_gpu(arguments, torch.cuda.get_device_name(device), on_gpu, left_out)
        return
    seconds = speed.start_up(arguments.weights, PRESET, arguments.threads)
    rows, left_out = speed.bench(encoder, x, batches=batches, rounds=arguments.rounds, smaller=smaller)
    _tell_cpu(arguments, seconds, rows, left_out)


def _tell_gpu(
    arguments: argparse.Namespace, name: str, rows: Sequence[speed_gpu.DeviceMeasurement], left_out: Mapping[str, str]
) -> None:
    """Print what was measured on the GPU of this name, and write it where asked for."""
    import torch

    from usdrl_model.inference import speed_gpu

    content = {"device": name, **_content(arguments, rows, left_out)}
    if not result(arguments, content):
        print(f"{name}, torch {torch.__version__}, {arguments.rounds} rounds\n")
        print(speed_gpu.table(rows))
        _print_left_out(left_out)


def _tell_cpu(
    arguments: argparse.Namespace, seconds: float, rows: Sequence[speed.Measurement], left_out: Mapping[str, str]
) -> None:
    """The same of the CPU; ``seconds`` from the start of Python to the first result."""
    import torch

    from usdrl_model.files import markdown

    content = {
        "processor": processor(),
        "threads": arguments.threads,
        "start_up_seconds": seconds,
        **_content(arguments, rows, left_out),
    }
    if result(arguments, content):
        return
    threads = f"{arguments.threads} thread{'s' if arguments.threads > 1 else ''}"
    print(f"{processor()}, {threads}, torch {torch.__version__}, {arguments.rounds} rounds")
    print(f"start of Python to the first result: {seconds:.1f} s\n")
    columns = ("variant", "windows", "CPU ms", "wall ms", "times faster", "max error", "min cosine")
    body = [
        [row.variant, row.batch, *(f"{value:.2f}" for value in (row.cpu_ms, row.wall_ms, row.speed_up)),
         f"{row.max_abs_error:.1e}", f"{row.min_cosine:.5f}"]
        for row in rows
    ]  # fmt: skip
    print(markdown.table(columns, body))
    _print_left_out(left_out)


def _content(arguments: argparse.Namespace, rows: Sequence[Any], left_out: Mapping[str, str]) -> dict[str, Any]:
    """What both results have, ready for JSON."""
    import torch

    return {
        "torch": torch.__version__,
        "rounds": arguments.rounds,
        "weights": arguments.weights,
        "rows": [asdict(row) for row in rows],
        "left_out": left_out,
    }


def _print_left_out(skipped: Mapping[str, str]) -> None:
    for name, reason in skipped.items():
        print(f"\n{name} left out: {reason}")


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    family = f", family {found['cpu family']}" if "cpu family" in found else ""
    return found.get("model name", platform.machine()) + family
