"""``usdrl-bag``: bags written, described, labelled, shown, and what people do in them.

::

    usdrl-bag utkinect ~/UTKinect bags/            # one bag a sequence
    usdrl-bag performer bags/simulated --people 3  # simulated people
    usdrl-bag info bags/s01_e01
    usdrl-bag predict my_bag --topology k4abt_32   # what people do in it, as JSON and as a picture
    usdrl-bag report my_bag --topology k4abt_32    # one HTML page: skeletons, timeline, scores; takes labels by clicks
    usdrl-bag view my_bag --topology k4abt_32      # the same as a recording for the Rerun viewer
    usdrl-bag label my_bag my_bag.points.csv       # labels from clicks in that page, from a table or a topic
    usdrl-bag gesture thumbs_up my_bag --topology k4abt_32 --from 12.0 --to 14.5
    usdrl-bag ros1 old.bag bags/old                # a bag of ROS 1, without ROS
    usdrl-bag store stores bags/*                  # labelled bags -> the set "own" of a store
    usdrl-bag from-store stores --sets sbu --vocabulary hri --pairs --out bags/sbu
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from usdrl_model.cli.common import Defaults, reported
from usdrl_model.cli.data import add_selection, add_terms, selected
from usdrl_model.data import catalogue
from usdrl_model.data import vocabulary as vocabularies
from usdrl_model.data.importers import utkinect
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.store import Store
from usdrl_model.errors.shown import MESSAGE, cut, shown
from usdrl_model.progress import progress
from usdrl_model.simulation.performance import FAULTS, performance
from usdrl_model.simulation.simulate import MOST_PEOPLE
from usdrl_model.skeleton import topology
from usdrl_model.skeleton.person import AXES
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.contents import contents
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.label import add_label, label_bag
from usdrl_ros.bags.labels import FILE_NAME, load_truth
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.predict import add_gesture, add_predict, enrol_bag, predict_bag
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.report import add_report, report_bag
from usdrl_ros.bags.rerun_recording import add_view, view_bag
from usdrl_ros.bags.ros1 import add_ros1, convert_ros1
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.bags.to_store import import_bags
from usdrl_ros.bags.write import (
    DEFAULT_AXES,
    DEFAULT_FRAME,
    DEFAULT_TOPIC,
    DEFAULT_TYPE,
    bag_name,
    replayable,
    write_recording,
)
from usdrl_ros.inputs.skeleton_messages import BUILDERS
from usdrl_ros.processes.children import exit_on_sigterm


def convert_utkinect(arguments: argparse.Namespace) -> None:
    """Write a bag a sequence."""
    recordings = utkinect.load(arguments.source)
    if arguments.sequences:
        known = [recording.name for recording in recordings]
        if strange := sorted(set(arguments.sequences) - set(known)):
            raise BagError(f"no sequence {', '.join(strange)} in {arguments.source}; it has {', '.join(known)}")
        recordings = [recording for recording in recordings if recording.name in arguments.sequences]
    for recording in progress(recordings, desc="bags", unit="bag"):
        path = Path(arguments.target) / recording.name
        if not (arguments.resume and path.exists()):
            _write(recording, path, arguments)
    print(f"{arguments.target}: {len(recordings)} bags of {utkinect.TOPOLOGY} in {arguments.axes} axes")


def convert_performance(arguments: argparse.Namespace) -> None:
    """Write one bag of simulated people."""
    recording = performance(
        seed=arguments.seed,
        people=arguments.people,
        seconds=arguments.duration,
        rate=arguments.rate,
        topology=arguments.topology,
        faults=arguments.faults,
        meeting=arguments.meeting,
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


def convert_store(arguments: argparse.Namespace) -> None:
    """Write a bag a recording of a store."""
    store = selected(arguments, arguments.store)
    bags: dict[str, str] = {}
    for index in range(len(store)):
        recording = f"{store.dataset(index)} {store.describe(index).name}"
        other = bags.setdefault(bag_name(store.describe(index).name), recording)
        if other != recording:
            raise ValueError(f"{shown(other)} and {shown(recording)} would be the same bag: convert one set at a time")
    out, there, unknown = Path(arguments.out), 0, 0
    recordings = _in_labels(store, arguments.vocabulary, pairs=arguments.pairs)
    for name, found in zip(progress(bags, desc="bags", unit="bag"), recordings, strict=True):
        if found is None:
            unknown += 1
        elif arguments.resume and (out / name).exists():
            there += 1
        else:
            _write(replayable(found), out / name, arguments)
    print(
        f"{out}: {len(bags) - unknown} bags of {', '.join(store.sets)}"
        + f", {there} of them there before" * bool(there)
        + f"; {unknown} recordings left out: nobody knows what they show" * bool(unknown)
    )


def _in_labels(store: Store, vocabulary: str | None, *, pairs: bool) -> Iterator[Recording | None]:
    """The recordings in the labels of a vocabulary, if one is named; None where nobody knows what one shows.

    Raises:
        ValueError: pairs without a vocabulary, or as ``vocabulary.load`` and ``Vocabulary.check``.
        FileNotFoundError: as ``vocabulary.load``.
    """
    if vocabulary is None:
        if pairs:
            raise ValueError("--pairs: says which labels of a vocabulary: give --vocabulary too (hri)")
        yield from store.recordings()
        return
    words = vocabularies.load(vocabulary)
    for name in store.sets:
        words.check(name, store.select(sets=[name]).labels)
    for index, recording in enumerate(store.recordings()):
        named = in_vocabulary(recording, store.dataset(index), words, pairs=pairs)
        yield named and replace(named, label=None)  # of a clip, its segments say when everybody does it


def describe(arguments: argparse.Namespace) -> None:
    """Print what is in a bag; BagError, after that, where none of its labels is of its time."""
    read = None
    with BagReader(arguments.bag) as bag:
        lines = contents(bag)
    if (Path(arguments.bag) / FILE_NAME).exists():
        truth = load_truth(arguments.bag)
        lines.append(
            f"  labels: {len(truth.segments)} segments of {', '.join(truth.labels)};"
            f" topology {truth.topology}, axes {truth.axes}, units {truth.units}{', mirrored' * truth.mirrored}"
        )
        try:
            read = load_bag(arguments.bag, truth)
            notes = read.warnings()
        except BagError as error:
            notes = [str(error)]
        lines += [line for note in notes if (line := f"  note: {note}") not in lines]
    for line in lines:  # names in the bag are untrusted
        print(cut(line, MESSAGE))
    if read is not None:
        read.check_labels()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="usdrl-bag", description="Make labelled rosbag2 bags, and look into bags.")
    commands = root.add_subparsers(dest="command", required=True)

    output = argparse.ArgumentParser(add_help=False, formatter_class=Defaults)
    output.add_argument("--storage", choices=tuple(STORAGES), default="mcap", help="storage of the bag")
    output.add_argument("--topic", default=DEFAULT_TOPIC, help="topic of the skeletons")
    output.add_argument("--type", choices=tuple(BUILDERS), default=DEFAULT_TYPE, help="message type of the skeletons")
    output.add_argument("--frame", default=DEFAULT_FRAME, help="frame id of the headers")
    output.add_argument("--axes", choices=tuple(AXES), default=DEFAULT_AXES, help="axes of the points")

    writer = partial(commands.add_parser, parents=[output], formatter_class=Defaults)
    many = argparse.ArgumentParser(add_help=False, formatter_class=Defaults)
    many.add_argument("--resume", action="store_true", help="go on: bags that are there already are left as they are")
    command = writer(
        "utkinect", parents=[output, many], help="official files of UTKinect-Action3D -> one bag a sequence"
    )
    command.add_argument("source", help="folder with joints.zip (or joints/) and actionLabel.txt")
    command.add_argument("target", help="folder in which the bags are made")
    command.add_argument("--sequences", nargs="+", metavar="sSS_eEE", help="only these sequences (all without it)")
    command.set_defaults(run=convert_utkinect)

    command = writer("performer", help="simulated people with known actions -> one bag")
    command.add_argument("target", help="the bag to make")
    command.add_argument("--seed", type=int, default=0, help="bodies, styles and tracker faults follow from it")
    command.add_argument("--people", type=int, default=2, help=f"1 to {MOST_PEOPLE}")
    command.add_argument(
        "--duration", type=float, default=0.0, metavar="S", help="seconds, at least, at random; 0: the demo's 40 s"
    )
    command.add_argument(
        "--meeting", action="store_true", help="two people who shake hands, hug, come nearer and so on"
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

    command = writer(
        "from-store", parents=[output, many], help="recordings of a store (any data set) -> one labelled bag each"
    )
    command.add_argument("store", type=Path, help="a store (usdrl data import), one of its sets, or a packed file")
    add_selection(command)
    command.add_argument(
        "--vocabulary", metavar="NAME", help="in its labels instead of the set's own (hri, or the path of a .yaml)"
    )
    command.add_argument("--pairs", action="store_true", help="with --vocabulary: in what two people do (shake_hands)")
    command.add_argument("--out", required=True, metavar="FOLDER", help="folder in which the bags are made")
    command.set_defaults(run=convert_store)

    command = commands.add_parser("store", help="labelled bags -> a set of a store, for usdrl finetune and evaluate")
    command.add_argument("target", help="folder of the store, made where missing")
    command.add_argument("bags", nargs="+", help="bags with labels beside them")
    command.add_argument("--subjects", nargs="+", metavar="NAME", help="who is in each bag, in the order of the bags")
    command.add_argument("--name", default=catalogue.OWN, help="of the set (default: own)")
    add_terms(command)
    command.add_argument("--replace", action="store_true", help="replace the set that is there")
    command.set_defaults(run=import_bags)

    command = commands.add_parser("predict", help="actions in an unlabelled bag, as JSON and as a picture")
    add_predict(command)
    command.set_defaults(run=predict_bag)

    command = commands.add_parser("report", help="one HTML page to look at, which takes labels by clicks")
    add_report(command)
    command.set_defaults(run=report_bag)

    command = commands.add_parser("view", help="a recording for the Rerun viewer (extra rerun)")
    add_view(command)
    command.set_defaults(run=view_bag)

    command = commands.add_parser("label", help="labels from clicks, a table (CSV) or a topic -> labels.yaml")
    add_label(command)
    command.set_defaults(run=label_bag)

    command = commands.add_parser("gesture", help="a span of a bag -> an example of a gesture (usdrl gestures)")
    add_gesture(command)
    command.set_defaults(run=enrol_bag)

    command = commands.add_parser("ros1", help="a bag of ROS 1 (.bag) -> a bag of ROS 2")
    add_ros1(command)
    command.set_defaults(run=convert_ros1)

    command = commands.add_parser("info", help="topics, length and labels of a bag")
    command.add_argument("bag", help="folder of the bag, or its .mcap or .db3 file")
    command.set_defaults(run=describe)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, or 1 if the input cannot be used."""
    options = parser().parse_args(arguments)
    exit_on_sigterm()
    return reported("usdrl-bag", options.run)(options)


if __name__ == "__main__":
    sys.exit(main())
