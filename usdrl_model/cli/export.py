"""``usdrl export``: a detector as an ONNX file, with a report of how far it is from the original, and its terms.

usdrl export default hri_streaming.onnx
usdrl export hri hri_int8.onnx --precision int8 --data stores/utkinect --windows 2000
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from usdrl_model.cli.common import check_output, reported
from usdrl_model.files.atomic_file import write_text

ROUNDS = 21
STEPS = 3


def add_verb(verbs: Any) -> None:
    """Register the verb with the sub-parsers of ``usdrl``."""
    verb = verbs.add_parser("export", help="a detector as an ONNX file, and how far it is from the original")
    verb.add_argument("weights", help="shipped detector or folder")
    verb.add_argument("out", type=Path, help="the .onnx file; beside it: report (.json), card (.md), licence")
    verb.add_argument("--precision", default="fp32", help="fp32, or int8 for weights of DSTE, as hri (default: fp32)")
    verb.add_argument("--batch", type=_batch, help="windows a call: a number, or dynamic (default)")
    verb.add_argument("--windows", type=int, default=200, help="windows to compare on (default: 200)")
    verb.add_argument("--data", type=Path, help="store of people to compare on (default: simulated ones)")
    verb.set_defaults(run=reported("usdrl export", run))


def run(arguments: argparse.Namespace) -> None:
    """Export, compare and report."""
    import torch  # here, because "usdrl --help" must not wait for it

    from usdrl_model.checkpoints import detector_file
    from usdrl_model.data.store import Store
    from usdrl_model.evaluation import parity
    from usdrl_model.inference import in_torch, load, speed
    from usdrl_model.inference.onnx_export import export
    from usdrl_model.training import passing_on, permission

    for one in (arguments.out, arguments.out.with_suffix(".json")):
        check_output("OUT", one, arguments.weights, arguments.data)
    torch.set_num_threads(1)
    if arguments.windows < 1:  # before the export, which takes some seconds
        raise ValueError(f"--windows: expected 1 or more, got {arguments.windows}")
    weights = detector_file.load(arguments.weights, "cpu")
    _step(1, f"translates {weights.name} to ONNX, {arguments.precision}")
    export(weights, arguments.out, arguments.precision, arguments.batch)
    papers = passing_on.write_beside(arguments.out, weights)
    detector = weights.config.detector
    _step(2, f"compares its scores on {arguments.windows} windows with those of the weights")
    if arguments.data is None:
        x = parity.sample_windows(detector, arguments.windows)
    else:
        x = parity.stored_windows(detector, Store.open(arguments.data), arguments.windows)
    report = parity.parity(weights, arguments.out, x)
    report["terms"] = permission.in_words(weights.config.provenance)
    _step(3, f"times {ROUNDS} rounds of calls")

    call = x[torch.arange(arguments.batch or 1) % len(x)]
    with torch.inference_mode():
        exported, torch_fast = load.load(arguments.out), in_torch.accelerate(weights)
        if weights.config.detector.streaming:  # one frame instead of a window
            frame, state = call[:, :1, 0], weights.trained.empty(len(call))
            calls = {
                "as_trained": partial(weights.detector.advance, frame, state),
                "torch": partial(torch_fast.detector.advance, frame, state),
                "onnx": partial(exported.detector.advance, frame.numpy(), state.numpy()),
            }
        else:
            calls = {
                "as_trained": partial(weights.detector, call),
                "torch": partial(torch_fast.detector, call),
                "onnx": partial(exported.detector, call.numpy()),
            }
        timings = speed.interleave(calls, ROUNDS)
    report["cpu_ms"] = {name: 1e3 * cpu for name, (cpu, _) in timings.items()}
    write_text(arguments.out.with_suffix(".json"), json.dumps(report, indent=2) + "\n")
    for name, value in report.items():
        shown = value if not isinstance(value, dict) else ", ".join(f"{key} {part:.3g}" for key, part in value.items())
        print(f"{name + ':':<20}{shown}")
    print(f"pass on with {arguments.out}: {', '.join(map(str, papers))}")
    if report["same_frames"] < parity.SAME:
        differ = 1 - report["same_frames"]
        print(
            f"usdrl export: warning: {differ:.1%} of the frames have another action than by the weights,"
            f" expected at most {1 - parity.SAME:.0%}: run fp32, or see docs/speed.md",
            file=sys.stderr,
        )


def _step(number: int, what: str) -> None:
    """Say at once what is done now; all steps together take up to a minute."""
    print(f"{number} of {STEPS}: {what}", flush=True)


def _batch(text: str) -> int | None:
    if text == "dynamic":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 or dynamic, got {text!r}")
    return int(text)
