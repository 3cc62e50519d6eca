"""How long a robot waits for its first result, how much memory that takes, and what commands need to say --help.

A perception node is started as a process, with somebody before it at 30 frames a second, until it publishes the scores
of a person. Wall time is what a robot waits; processor time is what remains of it on a busy machine. Memory is resident
memory after ten more seconds. Each row is the median of several starts, interleaved, after one that nobody counts. The
tables are Markdown and hold what was measured on this machine::

    usdrl export hri hri.onnx
    python benchmarks/start.py hri hri.onnx          # in torch, and in ONNX Runtime without it
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String

from usdrl_model.files import markdown
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.inputs.skeleton_messages import header, point_cloud
from usdrl_ros.processes.children import Child, use_private_domain

RATE, LATER, TIMEOUT = 30.0, 10.0, 300.0
"""Frames a second; seconds after the first result at which memory is read; seconds to wait for that result."""
COMMANDS = (
    "usdrl", "usdrl-bag", "usdrl-camera", "usdrl-check", "usdrl-demo", "usdrl-evaluate-bag", "usdrl-perception",
    "usdrl-play",
)  # fmt: skip


class Start(NamedTuple):
    """One start of a node."""

    wall: float
    """Seconds to the first result."""
    cpu: float
    """Seconds of processor time until then."""
    rss: float
    """MiB at that time."""
    later: float
    """MiB after ``LATER`` seconds more."""


def start(weights: str, frames: Iterator[SkeletonFrame]) -> Start:
    """Start a node with these weights, and end it after its first result."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("usdrl_start", context=context, start_parameter_services=False)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    results: list[str] = []
    latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(String, "actions/state", lambda message: results.append(message.data), latched)
    publisher = node.create_publisher(PointCloud2, "skeletons", 10)
    given = ["--ros-args", "-p", "axes:=kinect", "-p", f"weights:='{weights}'", "-p", "device:=cpu"]

    def live(until: float, done: bool) -> bool:
        """Publish people until somebody's scores come, or the time is over."""
        for number in itertools.count():
            publisher.publish(point_cloud(next(frames), header(round(time.time(), 6), "sensor")))
            due = began + number / RATE
            while time.monotonic() < due:
                executor.spin_once(timeout_sec=max(0.0, due - time.monotonic()))
            child.check()
            if done and any(person["top5"] for one in results for person in json.loads(one)["people"]):
                return True
            results.clear()
            if time.monotonic() > until:
                return False
        return False

    try:
        with Child("perception node", ["-m", "usdrl_ros.node.main", *given]) as child:
            launched = began = time.monotonic()
            process = psutil.Process(child.pid)
            if not live(launched + TIMEOUT, done=True):
                raise child.error(f"gave no result within {TIMEOUT:g} s")
            wall, cpu = time.monotonic() - launched, sum(process.cpu_times()[:2])
            rss = process.memory_info().rss / 2**20
            began = time.monotonic()
            live(began + LATER, done=False)
            return Start(wall, cpu, rss, process.memory_info().rss / 2**20)
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()


def starts(weights: Sequence[str], repeats: int) -> str:
    """A table with a row for each detector."""
    frames = itertools.cycle(performance(people=1, seconds=60.0, rate=RATE).frames)
    found: dict[str, list[Start]] = {one: [] for one in weights}
    for repeat in range(repeats + 1):
        for one in weights:
            measured = start(one, frames)
            if repeat:
                found[one].append(measured)
    rows = []
    for one, several in found.items():
        wall, cpu, rss, later = (statistics.median(part) for part in zip(*several, strict=True))
        rows.append([Path(one).name, f"{wall:.2f}", f"{cpu:.2f}", f"{rss:.0f}", f"{later:.0f}"])
    titles = ["weights", "first result, s", "processor time, s", "memory, MiB", f"after {LATER:g} s, MiB"]
    return str(markdown.table(titles, rows))


def helps(repeats: int) -> str:
    """A table of what every command needs to say ``--help``."""
    rows = []
    for command in COMMANDS:
        program, seconds = Path(sys.executable).with_name(command), []
        for _ in range(repeats + 1):
            before = os.times()
            subprocess.run([program, "--help"], stdout=subprocess.DEVNULL, check=True)
            after = os.times()
            seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
        rows.append([f"`{command} --help`", f"{statistics.median(seconds[1:]):.2f}"])
    return str(markdown.table(["command", "processor time, s"], rows))


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="*", help="names, folders or ONNX files")
    parser.add_argument("--repeats", type=int, default=5, help="starts that count (default: 5)")
    arguments = parser.parse_args()
    use_private_domain()
    if arguments.weights:
        print(starts(arguments.weights, arguments.repeats), "\n")
    print(helps(arguments.repeats))


if __name__ == "__main__":
    main()
