"""The ``usdrl`` command: one verb a task, each with its own ``--help``.

``usdrl info`` prints what a bug report needs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path

import usdrl_model
from usdrl_model import convert, data_cli

LIBRARIES = ("torch", "numpy", "safetensors", "transforms3d", "pyyaml", "rclpy", "rosbags")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="usdrl", description="Human actions from skeletons.")
    parser.add_argument("--version", action="version", version=usdrl_model.__version__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    info = verbs.add_parser("info", help="versions, device and weights, for bug reports")
    info.set_defaults(run=_info)

    finetune = verbs.add_parser("finetune", help="train a detector on labelled recordings")
    finetune.add_argument("--config", required=True, type=Path, help="YAML file of the run (config/finetune_*.yaml)")
    finetune.add_argument("--data", required=True, type=Path, help="folder that holds the data sets (utkinect/ ...)")
    finetune.add_argument("--out", required=True, type=Path, help="run folder, made where missing")
    finetune.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    finetune.add_argument("--threads", type=int, default=0, help="CPU threads (default: 0, all cores)")
    finetune.add_argument("--resume", action="store_true", help="go on with the run in --out")
    finetune.add_argument("overrides", nargs="*", metavar="key=value", help="changes to the configuration")
    finetune.set_defaults(run=_finetune)

    data_cli.add_verb(verbs)

    verb = verbs.add_parser("convert", help="official checkpoints to files of this package and back")
    convert.add_arguments(verb)
    verb.set_defaults(run=convert.run)
    return parser


def _info(_: argparse.Namespace) -> int:
    for name, value in describe_installation().items():
        print(f"{name + ':':<16}{value}")
    return 0


def _finetune(arguments: argparse.Namespace) -> int:
    import torch

    from usdrl_model import checkpoint, config, finetune
    from usdrl_model.datasets import utkinect

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        run = config.apply_overrides(config.load(finetune.FinetuneConfig, arguments.config), arguments.overrides)
        device = checkpoint.choose_device(arguments.device)
        recordings = utkinect.load(arguments.data / "utkinect")
        windows = finetune.training_windows(run, recordings)
        print(f"{len(windows)} windows, {run.steps} steps on {device}, configuration {config.content_hash(run)}")
        detector = finetune.train(run, windows, arguments.out, device=device, resume=arguments.resume)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"usdrl finetune: {error}", file=sys.stderr)
        return 1
    made_by = {
        "command": f"usdrl finetune --config {arguments.config} {' '.join(arguments.overrides)}".strip(),
        "configuration": config.content_hash(run),
        "data": f"UTKinect subjects {', '.join(run.subjects)}; {run.performances} simulated minutes",
        "version": usdrl_model.__version__,
    }
    folder = arguments.out / "weights"
    checkpoint.save(folder, detector, run.stream, made_by)
    print(f"weights: {folder}")
    held_out = [recording for recording in recordings if recording.subject in run.validation_subjects]
    if held_out:
        scores = finetune.evaluate(checkpoint.load(folder, "cpu"), held_out)
        (arguments.out / "validation.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
        print(finetune.summary(scores))
    return 0


def describe_installation() -> dict[str, str]:
    """Name -> value of what decides how this installation behaves; a missing library reads "not installed"."""
    import torch  # here, because "usdrl --help" must not wait for it

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
    return {
        "usdrl_ros": usdrl_model.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": f"{platform.platform()}, {os.cpu_count()} cores",
        **{name: _version(name) for name in LIBRARIES},
        "device": f"{device}, {torch.get_num_threads()} threads",
        "weights": ", ".join(_weights()) or "none in this installation",
        "ROS_DISTRO": os.environ.get("ROS_DISTRO", "not set"),
        "ROS_DOMAIN_ID": os.environ.get("ROS_DOMAIN_ID", "not set"),
    }


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _weights() -> list[str]:
    """Names of the weights that ship with the package."""
    folder = resources.files("usdrl_model").joinpath("weights")
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.joinpath("config.json").is_file())


if __name__ == "__main__":
    sys.exit(main())
