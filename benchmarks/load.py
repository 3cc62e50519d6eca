"""What load does to the perception node: 1 to 20 people, 15 to 60 frames a second, every input adapter.

Two tables. In the first, the node is a process and gets its messages over DDS; latency is as in ``latency.py``, and a
message is dropped that the node never counted. Message packages of most trackers are not installed everywhere, so the
second decodes messages of every adapter here, as the node does, and runs the stream on them; the middleware is not in
it. Both hold what was measured on this machine, under its load::

    python benchmarks/load.py --only dds --seconds 8 --long 90 --write      # nine minutes, into docs/load.md
    python benchmarks/load.py --only adapters --seconds 3 --people 1 20 --rates 30 --write      # two minutes
    python benchmarks/load.py --only dds --seconds 8 --people 1 20 --rates 30 --inputs point_cloud
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from abuse import use_helpers_of_tests
from geometry_msgs.msg import PoseArray
from latency import TOPIC, WARM_UP, Bench, Tracker, crowd, machine
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Float32MultiArray, Header, String
from visualization_msgs.msg import MarkerArray

from usdrl_model.files import markdown
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import AXES, SkeletonFrame
from usdrl_model.skeleton.topology import topology
from usdrl_ros.bags.labels import Truth
from usdrl_ros.inputs.common import InputError, seconds
from usdrl_ros.inputs.registry import built_in, load
from usdrl_ros.inputs.skeleton_messages import markers, poses
from usdrl_ros.processes.children import ChildError, exit_on_sigterm

use_helpers_of_tests()
from helpers import stand_ins, tracker_messages  # noqa: E402
from helpers.pictures import HEIGHT, WIDTH, camera_info, depth_image  # noqa: E402

FLAT = "hri_2d"
"""Weights for joints in a picture."""
LONG_ENOUGH = 60.0
"""Seconds from which on the memory of a run says whether it grows."""
PAGE = Path(__file__).resolve().parents[1] / "docs/load.md"
MARKERS = {"dds": ("<!-- over DDS -->", "<!-- end of over DDS -->"),
           "adapters": ("<!-- decoded here -->", "<!-- end of decoded here -->")}  # fmt: skip
"""Table -> the lines around it in the page."""


def trackers() -> dict[str, Tracker]:
    """Inputs of the node whose messages the wheels of ROS have, by name; of other trackers there is the other table."""
    return {
        "point_cloud": Tracker(),
        "marker_array": Tracker(input_type="marker_array", message=MarkerArray, build=markers),
        "pose_array": Tracker(input_type="pose_array", message=PoseArray, build=poses),
        "mediapipe_array": _tracker("mediapipe_array", Float32MultiArray),
        "mediapipe_cloud": _tracker("mediapipe_cloud", PointCloud2),
        "mediapipe_json": _tracker("mediapipe_json", String),
        "mediapipe_poses": _tracker("mediapipe_poses", PoseArray),
        "openpose_json without depth": _tracker("openpose_json", String, picture_size=(float(WIDTH), float(HEIGHT))),
        "openpose_json with depth images": _tracker(
            "openpose_json", String, depth_topic="/depth", camera_info_topic="/info"
        ),
    }


def _tracker(kind: str, message: Any, **settings: Any) -> Tracker:
    """A tracker whose messages are those of the tests."""
    joints = topology(tracker_messages.TRACKERS[kind].topology)

    def places(frame: SkeletonFrame) -> dict[str, np.ndarray]:
        return {one.id: joints.fit @ np.asarray(one.joints, np.float64) @ AXES["optical"] for one in frame.people}

    def build(frame: SkeletonFrame, stamp: Header) -> Any:
        return tracker_messages.TRACKERS[kind].build(seconds(stamp.stamp), places(frame))

    def depth(frame: SkeletonFrame, stamp: Header) -> Any:
        return depth_image(np.concatenate([*places(frame).values(), np.full((1, 3), np.nan)]), seconds(stamp.stamp))

    return Tracker(
        input_type=kind,
        message=message,
        build=build,
        further={"/depth": depth, "/info": lambda frame, stamp: camera_info()} if "depth_topic" in settings else {},
        faults="none",  # the fit of other joints needs all of ours
        truth=Truth(topic=TOPIC, topology=joints.name, axes="optical", labels=(), segments=(), **settings),
    )


def over_dds(options: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the first table: everything for point clouds, the ends for the other messages."""
    for name, tracker in trackers().items():
        if options.inputs and name not in options.inputs:
            continue
        one = tracker_messages.TRACKERS[tracker.input_type].people == 1
        people = options.people if name == "point_cloud" else [1] if one else sorted({1, options.people[-1]})
        rates = options.rates if name == "point_cloud" else options.rates[-1:]
        runs = [(count, rate, options.seconds) for count in people for rate in rates]
        if name == "point_cloud" and options.long:
            runs.append((people[-1], rates[-1], options.long))
        with Bench(FLAT if "without depth" in name else options.weights, "cpu", tracker) as bench:
            yield from _rows(bench, name, tracker.faults, runs)


def _rows(bench: Bench, name: str, faults: str, runs: Sequence[tuple[int, int, float]]) -> Iterator[list[str]]:
    crowds: dict[int, Iterator[SkeletonFrame]] = {}
    for count, rate, length in runs:
        try:
            if count not in crowds:
                crowds[count] = crowd(count, faults)
                next(crowds[count])  # people are simulated at the first one, which takes seconds
                bench.publish(crowds[count], WARM_UP, rate)
            before = bench.heard()
            sample = bench.publish(crowds[count], length, rate)
        except ChildError as error:  # a machine that is too slow for it
            print(error, file=sys.stderr, flush=True)
            yield [name, str(count), f"{rate} Hz", "no answer", *["-"] * 8]
            continue
        sent, heard = round(length * rate), bench.heard() - before
        p50, p95, p99 = (1e3 * float(np.percentile(sample.latencies, share)) for share in (50, 95, 99))
        yield [name, str(count), f"{rate} Hz", f"{sample.rate:.0f} Hz", f"{p50:.0f} ms", f"{p95:.0f} ms",
               f"{p99:.0f} ms", f"{sample.inferences:.1f} /s", f"{max(0, sent - heard)} of {sent}",
               f"{100 * sample.cpu:.0f} %", f"{sample.rss:.0f} MiB", _slope(sample.slope, length)]  # fmt: skip
        print(name, count, rate, file=sys.stderr, flush=True)


def decoded_here(options: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the second table: every adapter; those in a picture with depth images, and without."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        stand_ins.install(patch)
        file = Path(folder) / "bodies.yaml"
        file.write_text(tracker_messages.TABLE, encoding="utf-8")
        for kind in built_in():
            for depth in (True, False) if load(kind).plane else (True,):
                for count in [1] if tracker_messages.TRACKERS[kind].people == 1 else sorted({1, options.people[-1]}):
                    yield _decoded(kind, str(file), depth, count, options)


def _decoded(kind: str, file: str, depth: bool, count: int, options: argparse.Namespace) -> list[str]:
    rate, process = options.rates[-1], psutil.Process()
    source: Any = tracker_messages.Source(kind, file, depth)
    joints = tracker_messages.TRACKERS[kind].topology
    stream = ActionStream.from_pretrained(options.weights if depth else FLAT, topology=joints, device="cpu")
    took, refused, people, memory = [], 0, 0, []
    steps = round(options.seconds * rate)
    for step in range(-rate, steps):  # a second is not counted: the first messages are slow
        stamp = 1000.0 + step / rate
        made = tracker_messages.messages(kind, stamp, count, depth)
        before = time.process_time()
        for topic, message in made:
            try:
                frame = source(topic, message, stamp)
            except InputError:
                refused += step >= 0
                continue
            if frame is not None:
                stream.push(frame)
                people = max(people, len(frame.people))
        if step >= 0:
            took.append(time.process_time() - before)
            memory.append(process.memory_info().rss / 2**20)
    p50, p95, p99 = (1e3 * float(np.percentile(took, share)) for share in (50, 95, 99))
    half = memory[len(memory) // 2 :]
    slope = 60.0 * rate * float(np.polyfit(range(len(half)), half, 1)[0])
    name = f"{kind}{' with depth images' if depth and load(kind).plane else '' if depth else ' without depth'}"
    print(name, count, file=sys.stderr, flush=True)
    return [name, f"{people}", f"{p50:.1f} ms", f"{p95:.1f} ms", f"{p99:.1f} ms", str(refused),
            f"{100 * sum(took) / (steps / rate):.0f} %", _slope(slope, options.seconds)]  # fmt: skip


def _slope(slope: float, length: float) -> str:
    """MiB a minute; a short run says nothing of it."""
    return f"{slope:+.1f}" if length >= LONG_ENOUGH else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Latency, drops, processor share and memory of the perception node under load.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement")
    parser.add_argument("--long", type=float, default=120.0, help="length of the one that memory is judged by; 0: none")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 6, 20], help="how many people, rising")
    parser.add_argument("--rates", type=int, nargs="+", default=[15, 30, 60], help="frames a second, rising")
    parser.add_argument("--weights", default="default", help="name of shipped weights, or path of a weights folder")
    parser.add_argument("--inputs", nargs="+", default=[], choices=trackers(), help="only these over DDS")
    parser.add_argument("--only", choices=MARKERS, help="one of the two tables")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}, between their marks")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    command = shlex.join(["python", "benchmarks/load.py", *(sys.argv[1:] if arguments is None else arguments)])
    made = f"`{command}`; {machine()}"
    for name, head, rows in (
        ("dds", ["over DDS", "people", "asked for", "published", "p50", "p95", "p99", "inferences", "dropped", "CPU",
                 "RSS", "MiB/min"], over_dds),
        ("adapters", ["decoded here", "people", "p50", "p95", "p99", "refused", f"CPU at {options.rates[-1]} Hz",
                      "MiB/min"], decoded_here),
    ):  # fmt: skip
        if options.only in (None, name):
            text = f"{made}.\n\n{markdown.table(head, list(rows(options)))}"
            print(text, end="\n\n", flush=True)
            if options.write:
                page = markdown.replace_between_markers(PAGE.read_text(encoding="utf-8"), *MARKERS[name], text)
                PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
