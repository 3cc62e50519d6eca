"""Bags that a command reads: which joints they hold is said by its options, or by the labels beside them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from usdrl_model.plausibility.findings import READING, misread
from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import AXES, UNITS
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.labels import FILE_NAME, Truth, load_truth
from usdrl_ros.bags.recorded_topic import plain_topics, skeleton_topics
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.inputs.coordinate_frames import NO_POSE
from usdrl_ros.inputs.registry import guessable

HOW_READ = ("topic", "topology", "axes", "units", "mirrored", "sensor_pose")
"""What ``add_reading`` adds."""
USUAL_AXES = "optical"
"""Axes of a bag of which nothing says them: those that the node expects unless it is told others."""


def add_bag(command: argparse.ArgumentParser) -> None:
    """Add the bag and the options that ``described_bag`` reads."""
    command.add_argument("bag", type=Path, help="folder of the bag, or its .mcap or .db3 file")
    add_reading(command)


def add_reading(command: argparse._ActionsContainer) -> None:
    """Add the options that say how the ``bag`` of a command is read."""
    command.add_argument("--topic", help="topic of the skeletons (default: that of the labels, or the only one)")
    command.add_argument(
        "--topology", metavar="NAME", help="joint set: a name of usdrl list topologies, or a .yaml file"
    )
    command.add_argument(
        "--axes", choices=tuple(AXES), help=f"axes of the points (default: of the labels, or {USUAL_AXES})"
    )
    command.add_argument("--units", choices=tuple(UNITS), help="unit of the points (default: of the labels, or m)")
    command.add_argument("--mirrored", action="store_true", help="left and right are swapped")
    command.add_argument(
        "--sensor-pose", nargs=len(NO_POSE), type=float, metavar=("X", "Y", "Z", "ROLL", "PITCH", "YAW"),
        help="how the sensor is mounted, metres and radians (default: of the labels, or level)",
    )  # fmt: skip


def described_bag(arguments: argparse.Namespace) -> LabelledBag:
    """Read a bag as its labels and the options of ``add_reading`` say; BagError where nothing says what it holds."""
    return load_bag(arguments.bag, described(arguments))


def rightly_read(arguments: argparse.Namespace) -> LabelledBag:
    """Read a bag of which something is to be kept: as ``described_bag``, and BagError where it is read wrongly.

    Nobody in it looks like people then, with these axes, units or joints, so what is kept would be wrong, silently.
    """
    bag = described_bag(arguments)
    if finding := misread(bag.findings):
        how = ", ".join(f"--{name.replace('_', '-')}" for name in (*READING, "sensor_pose"))
        raise BagError(f"{arguments.bag}: {finding.text}; nothing is kept of it ({how} say how a bag is read)")
    return bag


def described(arguments: argparse.Namespace) -> Truth:
    """How the skeletons of the bag are to be read: as the options say, else as its labels do."""
    if not arguments.bag.exists():
        raise BagError(f"{arguments.bag}: no such bag")
    given = {name: getattr(arguments, name) for name in ("topic", "axes", "units") if getattr(arguments, name)}
    if arguments.topology:
        given["topology"] = topology.located(arguments.topology)
    if arguments.mirrored:
        given["mirrored"] = True
    if arguments.sensor_pose:
        given["sensor_pose"] = tuple(arguments.sensor_pose)
    folder = arguments.bag if arguments.bag.is_dir() else arguments.bag.parent
    if (folder / FILE_NAME).exists():
        return dataclasses.replace(load_truth(arguments.bag), **given)
    if not arguments.topology:
        BagReader(arguments.bag).close()  # whatever is no bag is refused before anything is asked for
        known = ", ".join(topology.names())
        raise BagError(f"{arguments.bag}: nothing says which joints it has: give --topology ({known}, or a .yaml file)")
    unlabelled = Truth(topic="", topology="", axes=USUAL_AXES, labels=(), segments=())
    return dataclasses.replace(unlabelled, **{"topic": arguments.topic or _only_topic(arguments.bag), **given})


def _only_topic(path: Path) -> str:
    """The topic that an input adapter reads."""
    with BagReader(path) as bag:
        readable = [topic.name for topic in skeleton_topics(bag.topics)]
        readable = readable or [topic.name for topic in plain_topics(bag.topics)]
        if len(readable) != 1:
            found = ", ".join(readable or [topic.name for topic in bag.topics]) or "none"
            kinds = f"{', '.join(guessable())}, or of JSON or numbers"
            raise BagError(f"{path}: expected one topic of {kinds}: choose with --topic ({found})")
    return readable[0]
