"""The ``usdrl`` command: one verb a task, each with its own ``--help``.

``usdrl info`` prints what a bug report needs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

import usdrl_model
from usdrl_model.cli import (
    bench,
    benchmark,
    calibrate,
    card,
    convert,
    data,
    evaluate,
    export,
    finetune,
    gestures,
    listing,
    predict,
    pretrain,
    probe,
)
from usdrl_model.cli.common import reported
from usdrl_model.errors.shown import open_streams, piped, reason

if TYPE_CHECKING:
    from usdrl_model.checkpoints.config_file import Kind

VERBS = (
    pretrain, probe, finetune, calibrate, evaluate, benchmark, data, predict, gestures, listing, export, bench, convert,
    card,
)  # fmt: skip
"""The module of every verb but ``info``, in the order of the help."""
LIBRARIES = ("torch", "onnxruntime", "numpy", "safetensors", "transforms3d", "pyyaml", "rclpy", "rosbags")
VARIABLES = ("ROS_DISTRO", "ROS_DOMAIN_ID", "RMW_IMPLEMENTATION")
"""Of the environment; a distribution has a middleware of its own where none is set."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    root = parser()
    arguments, left = root.parse_known_args(argv)
    # argparse fills all positional arguments at the first one, so that changes behind the options are left over.
    if left and hasattr(arguments, "overrides") and all("=" in one and one[0] != "-" for one in left):
        arguments.overrides = [*arguments.overrides, *left]
    elif left:
        root.error(f"unrecognized arguments: {' '.join(left)}")
    return arguments.run(arguments)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="usdrl", description="Human actions from skeletons.")
    root.add_argument("--version", action="version", version=usdrl_model.__version__)
    verbs = root.add_subparsers(title="verbs", required=True, metavar="VERB")

    info = verbs.add_parser("info", help="versions, device and weights, for bug reports")
    info.set_defaults(run=reported("usdrl info", _info))

    for verb in VERBS:
        verb.add_verb(verbs)
    return root


def _info(_: argparse.Namespace) -> None:
    for name, value in describe_installation().items():
        print(f"{name + ':':<20}{value}")


def describe_installation() -> dict[str, str]:
    """Name -> value of what decides how this installation behaves; a missing library reads "not installed"."""
    from usdrl_model.checkpoints import code_version

    return {
        "usdrl_ros": usdrl_model.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": f"{platform.platform()}, {os.cpu_count()} cores",
        **{name: _version(name) for name in LIBRARIES},
        "device": _device(),
        "code": str(code_version.current()),
        "weights": _shipped("detector"),
        "pretrained": _shipped("encoder"),
        **{name: os.environ.get(name, "not set") for name in VARIABLES},
    }


def _device() -> str:
    try:
        import torch  # here: "usdrl --help" must not wait for it
    except ModuleNotFoundError:
        return "cpu, without torch"
    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
    return f"{device}, {torch.get_num_threads()} threads"


def _shipped(kind: Kind) -> str:
    """Weights that come with the package, each with the beginning of its hash, as the node logs it."""
    from usdrl_model.checkpoints import config_file, shipped

    told = []
    for one in shipped.registry(kind):
        try:
            digest = hashlib.sha256((one.folder / config_file.TENSORS).read_bytes()).hexdigest()
            told.append(f"{one.name} {digest[:12]}")
        except OSError as error:  # whoever reports a bug needs the rest
            told.append(f"{one.name} cannot be read ({reason(error)})")
    return ", ".join(told) or "none in this installation"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def command() -> int:
    """``usdrl`` as an executable: ``main``, which Ctrl-C ends in one line and with the status that shells expect."""
    open_streams()
    status = 0
    try:
        with piped():
            status = main()
        return status
    except OSError as error:  # what was printed could not be written
        print(f"usdrl: {reason(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("usdrl: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(command())
