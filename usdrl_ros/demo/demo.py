"""``usdrl-demo``: the whole package in a minute, without a robot, a camera or a ROS installation.

::

    usdrl-demo                                              # simulated people
    usdrl-demo --camera 0                                   # people in front of a camera, until Ctrl-C
    usdrl-demo --bag bags/s02_e01                           # a bag of skeletons with its labels.yaml
    usdrl-demo --bag my_bag --topology k4abt_32             # one that nobody has labelled
    usdrl-demo --recording data/utkinect --sequence s02_e01 # official files of UTKinect-Action3D

The performer (or the bag player, or the camera node) and the perception node are processes that communicate over DDS.
The terminal shows the output of the node, which is scored against the truth, where there is one, at the end. The output
folder then has ``report.html``, ``timeline.png``, ``results.json`` and ``bag``, a recording of all topics for Foxglove
and RViz.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from usdrl_model.cli.common import reported
from usdrl_model.data.importers import utkinect
from usdrl_model.errors.shown import LINE, cut
from usdrl_ros.bags.described import HOW_READ, add_reading, described_bag
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.live_replay import READY_TIMEOUT, perception_arguments
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.write import DEFAULT_TOPIC, write_recording
from usdrl_ros.camera.device import Device, find_device
from usdrl_ros.camera.mediapipe_pose import MediaPipePose
from usdrl_ros.demo.listener import Listener
from usdrl_ros.demo.live_table import describe_event, render
from usdrl_ros.demo.report import PAGE, report
from usdrl_ros.inputs import registry
from usdrl_ros.processes.children import Child, ChildError, exit_on_sigterm, use_private_domain, wait_until

SETTLE = 2.5
"""Seconds to wait after the last frame: longer than ``source_timeout``, so that every action has ended."""
PUBLISHER_WAIT = 60.0
"""Seconds in which the source must find its subscribers."""
SUBSCRIBERS = 2
"""Subscribers to wait for: the perception node and the listener."""
TRIED = 2.0
"""Seconds in which a camera that was tried has to close."""
CLOCK_RATE = 100.0
"""Rate of ``/clock``, Hz."""
LONGEST = 24 * 3600.0
"""Seconds after which the demo is aborted."""
SIMULATED = "Simulated people move alike: these scores show that everything works, not the accuracy on real people."
CAMERA = Truth(topic=DEFAULT_TOPIC, topology=MediaPipePose.topology, axes="optical", labels=(), segments=())
"""Description of the camera's topic; what people really do is not known."""
MARK = ".usdrl_demo"
"""An empty file in every folder that a demo made, and may replace."""
OWN = (MARK, "bag", "timeline.png", "results.json", PAGE, f".{PAGE}.*.partial")
"""Names of what a demo writes there; the last one is left where it is killed while it writes the page."""
PERFORMER = Truth(topic=DEFAULT_TOPIC, topology="kinect_v2_25", axes="optical", labels=(), segments=())
"""Description of the performer's topic; its segments come with ``performer/truth``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A process that publishes skeletons."""

    title: str
    arguments: list[str]
    """Arguments of the Python interpreter."""
    input_type: str
    """As the parameter of the perception node."""
    truth: Truth | None
    """None if the performer publishes it."""
    person_id: str = "0"
    """As the parameter of the perception node."""
    past: bool = False
    """Stamps are in the past; the source publishes their time on ``/clock``."""
    endless: bool = False
    """Nobody knows what people will do, nor when they stop: Ctrl-C is the end of the demo and no failure."""


def performer() -> Source:
    """Two simulated people."""
    settings = ["-p", f"wait:={PUBLISHER_WAIT}", "-p", f"subscribers:={SUBSCRIBERS}"]
    arguments = ["-m", "usdrl_ros.demo.performer_node", "--ros-args", *settings, "-r", f"skeletons:={DEFAULT_TOPIC}"]
    return Source(title="two simulated people", arguments=arguments, input_type="point_cloud", truth=None)


def camera(device: str) -> Source:
    """People in front of a camera.

    Args:
        device: as the parameter of the camera node: a number, a path, or a video.

    Raises:
        FileNotFoundError: there is none; ValueError: it gives no pictures.
        ModuleNotFoundError: the extra ``camera`` is not installed.
    """
    find_device(device)
    for name in ("mediapipe", "cv2"):  # missed at once, and not after the perception node has started
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(name, name=name)
    # What is wrong with it is one line here, and the end of a log where a process fails.
    Device(device, 0, 0, lambda picture: None, lambda error: None, lambda: None).close(TRIED)
    settings = ["-p", f"device:={device}", "-r", f"skeletons:={DEFAULT_TOPIC}"]
    return Source(
        title=f"camera {device}",
        arguments=["-m", "usdrl_ros.camera.main", "--ros-args", *settings],
        input_type="point_cloud",
        truth=CAMERA,
        endless=True,
    )


def bag_source(bag: LabelledBag) -> Source:
    """A bag; BagError where its skeletons come from several topics."""
    bag.check_one_topic()
    topic = bag.truth.topic
    settings = ["--wait", f"{PUBLISHER_WAIT}", "--subscribers", f"{SUBSCRIBERS}", "--clock", f"{CLOCK_RATE}"]
    arguments = ["-m", "usdrl_ros.bags.play", str(bag.path), "--topics", topic, *settings, "--ros-args"]
    arguments += ["-r", f"{topic}:={DEFAULT_TOPIC}"] if topic != DEFAULT_TOPIC else []
    return Source(
        title=bag.name,
        arguments=arguments,
        input_type=bag.input_type,
        truth=bag.truth,
        person_id=bag.person_id,
        past=True,
    )


def recording_bag(path: Path, sequence: str | None, folder: Path) -> Path:
    """Convert one sequence of UTKinect to a bag.

    Args:
        path: folder of the data set, its joints.zip, one of its joints files, or the folder and a sequence
            (``utkinect/s02_e01``).
        sequence: ``sSS_eEE``; None: the one that ``path`` names, else s02_e01, of a person whom the shipped weights
            were not trained on.
        folder: for the bag.

    Raises:
        BagError: no such sequence.
        FileNotFoundError: no such files.
    """
    if path.is_file():
        if path.name.startswith("joints_") and sequence is None:
            sequence = path.stem.removeprefix("joints_")
        path = path.parent.parent if path.parent.name == "joints" else path.parent
    elif not path.exists() and re.fullmatch(r"s\d\d_e\d\d", path.name):
        sequence, path = sequence or path.name, path.parent
    recordings = {recording.name: recording for recording in utkinect.load(path)}
    name = sequence or next((name for name in recordings if name == "s02_e01"), next(iter(recordings)))
    if name not in recordings:
        raise BagError(f"no sequence {name} in {path}; it has {', '.join(recordings)}")
    write_recording(recordings[name], folder / name)
    return folder / name


def run(source: Source, output: Path, console: Console) -> bool:
    """Run the demo; False if there were actions and none was detected.

    Raises:
        ChildError: a process failed.
    """
    use_private_domain()
    bag = output / "bag"
    with ExitStack() as stack:
        arguments = perception_arguments(source.truth or PERFORMER, source.input_type, source.person_id)
        arguments += ["-p", "use_sim_time:=true"] if source.past else []
        perception = stack.enter_context(Child("perception node", arguments))
        listener = stack.enter_context(Listener(bag, registry.find(source.input_type).message_type))
        with console.status("starting the perception node (loading torch and the weights)"):
            wait_until("become active", lambda: listener.state is not None, [perception], READY_TIMEOUT)
        publisher = stack.enter_context(Child("source of skeletons", source.arguments))
        try:
            _watch(source.title, listener, publisher, perception, console)
        except KeyboardInterrupt:
            if not source.endless:
                raise
    listener.check()
    if source.truth is not None and source.endless:
        save_truth(source.truth, bag)
        for level, text in listener.health:  # a machine that is too slow looks as if nobody did anything
            if level > 0:
                console.print(f"warning: {cut(text, LINE)}", soft_wrap=True)
        console.print(f"{len(listener.events)} events; look at them: usdrl-bag report {bag}", soft_wrap=True)
        return True
    found = report(bag, source.truth or listener.truth, listener, output, source.title, console)
    if source.truth is None:
        console.print(SIMULATED)
    return found


def _watch(title: str, listener: Listener, publisher: Child, perception: Child, console: Console) -> None:
    """Show the output until the source has ended and ``SETTLE`` has passed."""
    shown = listener.state["seq"] if listener.state else 0
    with Live(console=console, auto_refresh=False, transient=True, screen=False) as live:

        def over() -> bool:
            nonlocal shown
            state = listener.state
            if console.is_terminal:
                live.update(render(state, listener.health, listener.latency_ms, title), refresh=True)
            elif state is not None:  # no terminal: one line per event
                for event in state["events"]:
                    if event["seq"] > shown:
                        console.print(describe_event(event))
                shown = state["seq"]
            listener.check()
            return publisher.ended() and listener.silence > SETTLE

        wait_until("end", over, [perception, publisher], timeout=LONGEST)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog="usdrl-demo",
        description="Simulated people, a camera, a bag or a recording through the perception node, with a live table"
        " and scores.",
    )
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--bag", type=Path, help="folder of a bag; without a labels.yaml in it, --topology says which joints it has"
    )
    source.add_argument("--camera", metavar="DEVICE", help="a camera: its number, path, or a video; Ctrl-C ends it")
    source.add_argument("--recording", type=Path, help="UTKinect-Action3D: its folder, joints.zip or a joints file")
    command.add_argument("--sequence", metavar="sSS_eEE", help="with --recording: which sequence (default: s02_e01)")
    command.add_argument("--out", type=Path, default=Path("out/demo"), help="replaced; default: out/demo")
    add_reading(command.add_argument_group("how the bag is read"))
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 on success, 1 if a process failed, nothing was detected or the input cannot be used."""
    command = parser()
    options = command.parse_args(arguments)
    if options.sequence and options.recording is None:
        command.error("--sequence: of what? Give --recording as well")
    if options.bag is None and (given := [name for name in HOW_READ if getattr(options, name)]):
        command.error(f"--{given[0].replace('_', '-')}: of what? Give --bag as well")
    exit_on_sigterm()
    return reported("usdrl-demo", _demo, ChildError)(options)


def _demo(options: argparse.Namespace) -> int:
    console = Console(markup=False, highlight=False)  # paths may hold brackets
    with tempfile.TemporaryDirectory() as scratch:
        if options.bag is not None:
            source = bag_source(described_bag(options))
        elif options.recording is not None:
            source = bag_source(load_bag(recording_bag(options.recording, options.sequence, Path(scratch))))
        else:
            source = performer() if options.camera is None else camera(options.camera)
        _clear(options.out, given=options.bag or options.recording or (options.camera and Path(options.camera)))
        return 0 if run(source, options.out, console) else 1


def _clear(output: Path, given: Path | None) -> None:
    """Make the folder for the output anew: what an earlier run left there is removed, and nothing else.

    Raises:
        BagError: the input is in it, or something that no demo wrote.
    """
    if given is not None and given.resolve().is_relative_to(output.resolve()):
        raise BagError(f"{output}, which is replaced, has {given} in it: choose another --out")
    if output.exists():
        strange = {path.name for path in output.iterdir() if not any(map(path.match, OWN))}
        if strange or (any(output.iterdir()) and not (output / MARK).is_file()):
            why = f"has {', '.join(sorted(strange))}" if strange else f"has no {MARK}"
            raise BagError(f"{output} {why}, so it is not from an earlier demo: choose another --out, or remove it")
        shutil.rmtree(output)
    output.mkdir(parents=True)
    (output / MARK).touch()


if __name__ == "__main__":
    sys.exit(main())
