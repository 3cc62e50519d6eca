"""What load does to the perception node: 1 to 20 people, 15 to 60 frames a second, every input adapter.

Two tables. In the first, the node is a process and gets its messages over DDS; latency is as in ``latency.py``, and a
message is dropped that the node never counted. Message packages of most trackers are not installed everywhere, so the
second decodes messages of every adapter here, as the node does, and runs the stream on them; the middleware is not in
it. Both hold what was measured on this machine, under its load::

    python benchmarks/load.py                                 # a quarter of an hour
    python benchmarks/load.py --seconds 8 --people 1 20 --rates 30
"""

from __future__ import annotations

import argparse
import json
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
from std_msgs.msg import Header, String
from visualization_msgs.msg import MarkerArray

from usdrl_model.files import markdown
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.topology import topology
from usdrl_ros.bags.labels import Truth
from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.registry import built_in, load
from usdrl_ros.inputs.skeleton_messages import markers, poses
from usdrl_ros.processes.children import ChildError, exit_on_sigterm

use_helpers_of_tests()
from helpers import stand_ins, tracker_messages  # noqa: E402

SIZE, FOCAL = (640.0, 480.0), 500.0
"""Of the picture that the joints of OpenPose are in, pixels."""
FLAT = "hri_2d"
"""Weights for joints in a picture."""
OPENPOSE = "openpose_coco_18"
LONG_ENOUGH = 60.0
"""Seconds from which on the memory of a run says whether it grows."""


def openpose(frame: SkeletonFrame, header: Header) -> String:
    """The JSON of OpenPose, with the header of the picture."""
    people = []
    for person in frame.people:
        joints = topology(OPENPOSE).fit @ np.asarray(person.joints, np.float64)
        seen = np.isfinite(joints).all(axis=1) & (joints[:, 2] > 0.1)
        pixels = -joints[:, :2] / np.where(seen, joints[:, 2], 1.0)[:, None] * FOCAL + np.divide(SIZE, 2)
        rows = np.where(seen[:, None], np.column_stack([pixels, np.full(len(pixels), 0.9)]), 0.0)
        people.append({"person_id": [int(person.id)], "pose_keypoints_2d": rows.round(2).ravel().tolist()})
    stamp = {"sec": header.stamp.sec, "nanosec": header.stamp.nanosec}
    return String(data=json.dumps({"header": {"stamp": stamp, "frame_id": header.frame_id}, "people": people}))


def trackers() -> dict[str, Tracker]:
    """Inputs of the node whose messages every installation has, by name."""
    flat = Truth(topic=TOPIC, topology=OPENPOSE, axes="optical", labels=(), segments=(), picture_size=SIZE)
    return {
        "point_cloud": Tracker(),
        "marker_array": Tracker(input_type="marker_array", message=MarkerArray, build=markers),
        "pose_array": Tracker(input_type="pose_array", message=PoseArray, build=poses),
        "openpose_json": Tracker(input_type="openpose_json", message=String, build=openpose, truth=flat),
    }


def over_dds(options: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the first table: everything for point clouds, the ends for the other messages."""
    for name, tracker in trackers().items():
        if options.inputs and name not in options.inputs:
            continue
        weights = FLAT if tracker.truth.topology == OPENPOSE else options.weights
        everything = name == "point_cloud"
        people = [1] if name == "pose_array" else options.people if everything else options.people[-1:]
        with Bench(weights, "cpu", tracker) as bench:
            for count in people:
                frames = crowd(count)
                next(frames)  # people are simulated at the first one, which takes seconds
                for rate in options.rates if everything else options.rates[-1:]:
                    try:
                        bench.publish(frames, WARM_UP, rate)
                        before = bench.heard()
                        sample = bench.publish(frames, options.seconds, rate)
                    except ChildError as error:  # a machine that is too slow for it
                        print(error, file=sys.stderr, flush=True)
                        yield [name, str(count), f"{rate:g} Hz", "no answer", *["-"] * 7]
                        continue
                    sent, heard = round(options.seconds * rate), bench.heard() - before
                    p50, p95, p99 = (1e3 * float(np.percentile(sample.latencies, share)) for share in (50, 95, 99))
                    yield [name, str(count), f"{rate:g} Hz", f"{p50:.0f} ms", f"{p95:.0f} ms", f"{p99:.0f} ms",
                           f"{sample.inferences:.1f} /s", f"{max(0, sent - heard)} of {sent}",
                           f"{100 * sample.cpu:.0f} %", f"{sample.rss:.0f} MiB",
                           _slope(sample.slope, options)]  # fmt: skip
                    print(name, count, rate, file=sys.stderr, flush=True)


def decoded_here(options: argparse.Namespace) -> Iterator[list[str]]:
    """Rows of the second table: every adapter; those in a picture with depth images, and without."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        stand_ins.install(patch)
        file = Path(folder) / "bodies.yaml"
        file.write_text(tracker_messages.TABLE, encoding="utf-8")
        for kind in built_in():
            for depth in (True, False) if load(kind).plane else (True,):
                for count in [1] if kind in tracker_messages.ONE else sorted({1, options.people[-1]}):
                    yield _decoded(kind, str(file), depth, count, options)


def _decoded(kind: str, file: str, depth: bool, count: int, options: argparse.Namespace) -> list[str]:
    rate, process = options.rates[-1], psutil.Process()
    source: Any = tracker_messages.Source(kind, file, depth)
    joints = tracker_messages.TOPOLOGIES[kind]
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
            f"{100 * sum(took) / (steps / rate):.0f} %", _slope(slope, options)]  # fmt: skip


def _slope(slope: float, options: argparse.Namespace) -> str:
    """MiB a minute; a short run says nothing of it."""
    return f"{slope:+.1f}" if options.seconds >= LONG_ENOUGH else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Latency, drops, processor share and memory of the perception node under load.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 6, 20], help="how many people, rising")
    parser.add_argument("--rates", type=int, nargs="+", default=[15, 30, 60], help="frames a second, rising")
    parser.add_argument("--weights", default="default", help="name of shipped weights, or path of a weights folder")
    parser.add_argument("--inputs", nargs="+", default=[], choices=trackers(), help="only these over DDS")
    parser.add_argument("--only", choices=("dds", "adapters"), help="one of the two tables")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    print(f"{machine()}; weights {options.weights}, {FLAT} without depth; {options.seconds:g} s a row.\n")
    if options.only != "adapters":
        head = ["over DDS", "people", "rate", "p50", "p95", "p99", "inferences", "dropped", "CPU", "RSS", "MiB/min"]
        print(markdown.table(head, list(over_dds(options))), end="\n\n", flush=True)
    if options.only != "dds":
        head = ["decoded here", "people", "p50", "p95", "p99", "refused", f"CPU at {options.rates[-1]} Hz", "MiB/min"]
        print(markdown.table(head, list(decoded_here(options))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
