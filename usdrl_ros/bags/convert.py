"""``usdrl-bag``: recordings and simulations -> labelled rosbag2 folders.

::

    usdrl-bag utkinect ~/UTKinect bags/            # one bag a sequence
    usdrl-bag performer bags/simulated --people 3  # simulated people
    usdrl-bag info bags/s01_e01
    usdrl-bag store stores bags/*                  # labelled bags -> the set "own" of a store, for usdrl evaluate
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rclpy.serialization import serialize_message
from tqdm import tqdm

from usdrl_model.data import catalogue
from usdrl_model.data.importers import utkinect
from usdrl_model.data.plausibility import Verdict
from usdrl_model.data.store_writer import write_set
from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_model.network.detector import BACKGROUND
from usdrl_model.simulation.performance import FAULTS, MOST_PEOPLE, performance
from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.contents import contents
from usdrl_ros.bags.labels import FILE_NAME, Truth, load_truth, save_truth
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.replay import LabelledBag, load_bag
from usdrl_ros.bags.storage import BagReader, BagWriter
from usdrl_ros.inputs.coordinate_frames import AXES
from usdrl_ros.inputs.skeleton_messages import BUILDERS, header, in_axes
from usdrl_ros.messages.bag_error import BagError

DEFAULT_TOPIC = "/skeletons"
DEFAULT_TYPE = "sensor_msgs/msg/PointCloud2"
DEFAULT_FRAME = "kinect"
DEFAULT_AXES = "kinect"


def write_recording(
    recording: Recording,
    path: str | Path,
    *,
    storage: str = "mcap",
    topic: str = DEFAULT_TOPIC,
    message_type: str = DEFAULT_TYPE,
    frame_id: str = DEFAULT_FRAME,
    axes: str = DEFAULT_AXES,
) -> None:
    """Write a recording as a new bag with its truth beside it.

    Every frame becomes one message, stamped and recorded at the frame's stamp (frames that share a stamp stay two
    messages).

    Args:
        recording: what to write.
        path: folder to create.
        storage: ``mcap`` or ``sqlite3``.
        topic: topic of the messages.
        message_type: a key of ``skeleton_messages.BUILDERS``.
        frame_id: frame of the headers.
        axes: axes of the points, a key of ``frames.AXES``; ``kinect`` are the canonical ones.

    Raises:
        BagError: the folder exists already, or an argument is none of the known ones.
        ValueError: the message type cannot hold the recording's people.
    """
    if message_type not in BUILDERS:
        raise BagError(f"message type {message_type!r}: expected one of {', '.join(BUILDERS)}")
    build = BUILDERS[message_type]
    with BagWriter(path, storage) as bag:
        bag.add_topic(topic, message_type)
        for frame in recording.frames:
            message = build(in_axes(frame, axes), header(frame.stamp, frame_id))
            bag.write(topic, round(frame.stamp * 1e9), serialize_message(message))
    truth = Truth(
        topic=topic,
        topology=recording.topology,
        axes=axes,
        labels=recording.labels,
        segments=recording.segments,
    )
    save_truth(truth, path)


def convert_utkinect(arguments: argparse.Namespace) -> None:
    """Write a bag a sequence."""
    recordings = utkinect.load(arguments.source)
    if arguments.sequences:
        known = [recording.name for recording in recordings]
        if strange := sorted(set(arguments.sequences) - set(known)):
            raise BagError(f"no sequence {', '.join(strange)} in {arguments.source}; it has {', '.join(known)}")
        recordings = [recording for recording in recordings if recording.name in arguments.sequences]
    for recording in tqdm(recordings, desc="bags", unit="bag"):
        _write(recording, Path(arguments.target) / recording.name, arguments)


def convert_performance(arguments: argparse.Namespace) -> None:
    """Write one bag of simulated people."""
    recording = performance(
        seed=arguments.seed,
        people=arguments.people,
        seconds=arguments.duration,
        rate=arguments.rate,
        topology=arguments.topology,
        faults=arguments.faults,
    )
    _write(recording, Path(arguments.target), arguments)


def _write(recording: Recording, path: Path, arguments: argparse.Namespace) -> None:
    write_recording(
        recording,
        path,
        storage=arguments.storage,
        topic=arguments.topic,
        message_type=arguments.type,
        frame_id=arguments.frame,
        axes=arguments.axes,
    )


def import_bags(arguments: argparse.Namespace) -> None:
    """Labelled bags -> a set of a store."""
    if catalogue.kind(arguments.name) != catalogue.OWN:
        raise ValueError(f"--name {arguments.name}: a data set is called that: choose another name")
    subjects = arguments.subjects or [None] * len(arguments.bags)
    if len(subjects) != len(arguments.bags):
        raise ValueError(f"--subjects: expected one a bag, {len(arguments.bags)}, got {len(subjects)}")
    labels = sorted({label for bag in arguments.bags for label in load_truth(bag).labels} - {BACKGROUND})
    with tqdm(arguments.bags, unit="bag") as paths:
        named = zip(paths, subjects, strict=True)
        recordings = _distinct((path, labelled_recording(_judged(path), labels, subject)) for path, subject in named)
        totals = write_set(arguments.target, arguments.name, recordings, replace=arguments.replace)
    print(f"{Path(arguments.target) / arguments.name}: {totals.clips} recordings of {', '.join(labels)}")


def _distinct(bags: Iterable[tuple[str, Recording]]) -> Iterator[Recording]:
    """The recordings of bags; ValueError names two bags of one name."""
    paths: dict[str, str] = {}
    for path, recording in bags:
        if recording.name in paths:
            raise ValueError(f"{paths[recording.name]} and {path} are both {recording.name}: rename one")
        paths[recording.name] = path
        yield recording


def _judged(path: str) -> LabelledBag:
    """A bag, read; what is wrong with the people in it is told at once."""
    bag = load_bag(path)
    for line in (Verdict.of([bag.findings]).line(), *bag.warnings()):
        tqdm.write(cut(f"{bag.name}: {line}", MESSAGE), file=sys.stderr)
    return bag


def labelled_recording(bag: LabelledBag, labels: Sequence[str], subject: str | None) -> Recording:
    """A labelled bag as a recording in canonical axes.

    Frames whose stamp does not rise are left out, as the pipeline leaves them out.

    Args:
        bag: what was read.
        labels: all actions of the set.
        subject: who is in it.
    """
    frames: list[SkeletonFrame] = []
    for frame in bag.frames:
        if not frames or frame.stamp > frames[-1].stamp:
            frames.append(frame)
    return Recording(
        bag.name,
        bag.truth.topology,
        tuple(frames),
        segments=tuple(segment for segment in bag.truth.segments if segment.label != BACKGROUND),
        labels=tuple(labels),
        subject=subject,
    )


def describe(arguments: argparse.Namespace) -> None:
    """Print what is in a bag."""
    with BagReader(arguments.bag) as bag:
        lines = contents(bag)
    if (Path(arguments.bag) / FILE_NAME).exists():
        truth = load_truth(arguments.bag)
        lines.append(
            f"  labels: {len(truth.segments)} segments of {', '.join(truth.labels)};"
            f" topology {truth.topology}, axes {truth.axes}, units {truth.units}{', mirrored' * truth.mirrored}"
        )
    for line in lines:  # a bag of somebody else may hold anything
        print(cut(line, MESSAGE))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="usdrl-bag", description="Make labelled rosbag2 bags, and look into bags.")
    commands = root.add_subparsers(dest="command", required=True)

    output = argparse.ArgumentParser(add_help=False, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    output.add_argument("--storage", choices=tuple(STORAGES), default="mcap", help="storage of the bag")
    output.add_argument("--topic", default=DEFAULT_TOPIC, help="topic of the skeletons")
    output.add_argument("--type", choices=tuple(BUILDERS), default=DEFAULT_TYPE, help="message type of the skeletons")
    output.add_argument("--frame", default=DEFAULT_FRAME, help="frame id of the headers")
    output.add_argument("--axes", choices=tuple(AXES), default=DEFAULT_AXES, help="axes of the points")

    command = commands.add_parser(
        "utkinect",
        parents=[output],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        help="official files of UTKinect-Action3D -> one bag a sequence",
    )
    command.add_argument("source", help="folder with joints.zip (or joints/) and actionLabel.txt")
    command.add_argument("target", help="folder in which the bags are made")
    command.add_argument("--sequences", nargs="+", metavar="sSS_eEE", help="only these sequences (all without it)")
    command.set_defaults(run=convert_utkinect)

    command = commands.add_parser(
        "performer",
        parents=[output],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        help="simulated people with known actions -> one bag",
    )
    command.add_argument("target", help="the bag to make")
    command.add_argument("--seed", type=int, default=0, help="bodies, styles and tracker faults follow from it")
    command.add_argument("--people", type=int, default=2, help=f"1 to {MOST_PEOPLE}")
    command.add_argument(
        "--duration", type=float, default=0.0, metavar="S", help="seconds, at least, at random; 0: the demo's 40 s"
    )
    command.add_argument("--rate", type=float, default=30.0, metavar="HZ", help="frames a second, 5 to 120")
    command.add_argument(
        "--topology",
        default="kinect_v2_25",
        metavar="NAME",
        help=f"joint set: {', '.join(topology.names())}, or a .yaml file of your own",
    )
    command.add_argument("--faults", default="typical", choices=tuple(FAULTS), help="faults of the simulated tracker")
    command.set_defaults(run=convert_performance)

    command = commands.add_parser("store", help="labelled bags -> a set of a store, for usdrl evaluate")
    command.add_argument("target", help="folder of the store, made where missing")
    command.add_argument("bags", nargs="+", help="bags with labels beside them")
    command.add_argument("--subjects", nargs="+", metavar="NAME", help="who is in each bag, in the order of the bags")
    command.add_argument("--name", default=catalogue.OWN, help="of the set (default: own)")
    command.add_argument("--replace", action="store_true", help="replace the set that is there")
    command.set_defaults(run=import_bags)

    command = commands.add_parser("info", help="topics, length and labels of a bag")
    command.add_argument("bag", help="folder of the bag, or its .mcap or .db3 file")
    command.set_defaults(run=describe)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it went well, 2 when its input cannot be used."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError) as error:
        print(f"usdrl-bag: {cut(error, MESSAGE)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
