"""How long a robot waits for an answer: the real node, over DDS, with simulated people at 30 frames a second.

Latency is counted from the header stamp of a frame, set when it is published, to the arrival of the state that was
inferred with this frame as the newest, in another process. Decisions trail the newest frame by the look-ahead, which is
not in it. The table is Markdown and holds what was measured on this machine, under its load, and nothing else::

    python benchmarks/latency.py                  # a minute: 2 people, then 6
    python benchmarks/latency.py --minutes 10 --people 20      # does latency or memory grow?
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import psutil
import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header, String

from usdrl_model.files import markdown
from usdrl_model.online.pretrained import Pretrained
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.simulate import MOST_PEOPLE
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.bags.labels import Truth
from usdrl_ros.bags.live_replay import READY_TIMEOUT, TOPIC, perception_arguments
from usdrl_ros.inputs.skeleton_messages import header, point_cloud
from usdrl_ros.processes.children import Child, exit_on_sigterm, use_private_domain, wait_until

RATE = 30.0
WARM_UP = 5.0
"""Seconds before measuring: a window is full after about four."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one stretch of time cost."""

    latencies: Sequence[float]
    """Seconds."""
    cpu: float
    """Seconds of processor time of the node a second."""
    rss: float
    """Resident memory of the node at the end, MiB."""
    inferences: float
    """States inferred a second."""
    rate: float
    """Frames that were published a second; fewer than asked for where the publisher is too slow."""
    threads: int
    """Of the node, at the end."""
    descriptors: int
    """Open files and sockets of the node, at the end."""
    slope: float = 0.0
    """MiB by which its memory grows in a minute, over the second half."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracker:
    """What is published: an input of the node whose messages every installation has."""

    input_type: str = "point_cloud"
    message: Any = PointCloud2
    build: Callable[[SkeletonFrame, Header], Any] = point_cloud
    """Canonical frame and header -> message."""
    further: Mapping[str, Callable[[SkeletonFrame, Header], Any]] = field(default_factory=dict)
    """Topic -> its message of the same instant, which is published before."""
    faults: str = "typical"
    """Of the simulated tracker: a key of ``simulation.performance.FAULTS``."""
    truth: Truth = field(
        default_factory=lambda: Truth(topic=TOPIC, topology="kinect_v2_25", axes="kinect", labels=(), segments=())
    )
    """The settings of the input."""


class Bench:
    """The node as a process, somebody who publishes people to it, and somebody who listens; a context manager."""

    def __init__(self, weights: str, device: str, tracker: Tracker | None = None) -> None:
        self._tracker = tracker or Tracker()
        made_of = Pretrained(weights=weights, device=device)
        given = perception_arguments(self._tracker.truth, self._tracker.input_type, "0", made_of)
        self._child = Child("perception node", given)
        self._arrivals: dict[float, float] = {}
        self._stopping = False
        self._frames = self._reports = 0
        self.model: dict[str, str] = {}
        """What the node says that it runs."""

    def __enter__(self) -> Bench:
        use_private_domain()
        rclpy.init()
        self._node = Node("usdrl_latency", start_parameter_services=False)
        self._publisher = self._node.create_publisher(self._tracker.message, TOPIC, 50)
        self._further: dict[str, Any] = {}
        latched = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._node.create_subscription(String, "actions/state", self._on_state, latched)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        executor = SingleThreadedExecutor()
        executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, args=(executor,), daemon=True)
        self._thread.start()
        started = time.monotonic()
        self._child.__enter__()
        try:
            subscribed = self._publisher.get_subscription_count
            wait_until("subscribe", lambda: subscribed() > 0 and bool(self.model), [self._child], READY_TIMEOUT)
        except BaseException:
            self._child.stop()
            raise
        self.ready = time.monotonic() - started
        """Seconds from the start of the process to its subscription."""
        self._process = psutil.Process(self._child.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, value, trace)
        self._stopping = True
        self._thread.join()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def publish(self, frames: Iterator[SkeletonFrame], seconds: float, rate: float = RATE) -> Sample:
        """Publish frames at a rate, with stamps of now, and measure."""
        self._arrivals.clear()
        stamps: list[float] = []
        began, cpu = time.monotonic(), sum(self._process.cpu_times()[:2])
        memory: list[tuple[float, float]] = []
        for index, frame in enumerate(islice(frames, round(seconds * rate))):
            time.sleep(max(0.0, began + index / rate - time.monotonic()))
            now = round(time.time(), 6)
            stamp = header(now, "sensor")
            for topic, build in self._tracker.further.items():
                self._publish_further(topic, build(frame, stamp))
            self._publisher.publish(self._tracker.build(frame, stamp))
            stamps.append(now)
            if index % round(rate) == 0:
                self._child.check()
                memory.append((now, self._process.memory_info().rss / 2**20))
        took = time.monotonic() - began
        cpu = sum(self._process.cpu_times()[:2]) - cpu
        time.sleep(0.5)  # the last answers
        # States of older frames may come late. Messages without a header are stamped by the node, on arrival.
        latencies = [arrival - stamp for stamp, arrival in dict(self._arrivals).items() if stamp >= stamps[0]]
        if not latencies:
            raise self._child.error("inferred nothing")
        node, later = self._process, np.array(memory[len(memory) // 2 :])
        return Sample(
            latencies,
            cpu / took,
            node.memory_info().rss / 2**20,
            len(latencies) / took,
            len(stamps) / took,
            node.num_threads(),
            node.num_fds(),
            60.0 * float(np.polyfit(later[:, 0] - later[0, 0], later[:, 1], 1)[0]) if len(later) > 2 else 0.0,
        )

    def heard(self) -> int:
        """Frames that the node has counted by its next report."""
        reports = self._reports
        wait_until("report", lambda: self._reports >= reports + 2, [self._child], READY_TIMEOUT)
        return self._frames

    def _publish_further(self, topic: str, message: Any) -> None:
        if topic not in self._further:
            self._further[topic] = self._node.create_publisher(type(message), topic, 50)
        self._further[topic].publish(message)

    def _spin(self, executor: SingleThreadedExecutor) -> None:
        while not self._stopping:
            executor.spin_once(timeout_sec=0.1)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        values = {value.key: value.value for status in message.status for value in status.values}
        if "stream.frames" in values:
            self._frames, self._reports = int(values["stream.frames"]), self._reports + 1

    def _on_state(self, message: String) -> None:
        now = time.time()
        state = json.loads(message.data)
        self.model = state["model"]
        # Heartbeats repeat a state: the first one counts.
        self._arrivals.setdefault(round(state["stamp"], 6), now)


def crowd(people: int, faults: str = "typical") -> Iterator[SkeletonFrame]:
    """Frames of so many simulated people, for ever; ``faults`` of the tracker, as ``performance`` takes them."""
    groups = []
    for first in range(0, people, MOST_PEOPLE):
        count = min(MOST_PEOPLE, people - first)
        frames = performance(people=count, seconds=60.0, seed=first, rate=RATE, faults=faults).frames
        groups.append(
            [
                tuple(
                    replace(
                        person, id=str(first * 100 + int(person.id)), joints=person.joints + [1.5 * first, 0.0, 0.0]
                    )
                    for person in frame.people
                )
                for frame in frames
            ]
        )
    for parts in cycle(zip(*groups, strict=False)):
        yield SkeletonFrame(stamp=0.0, people=tuple(person for part in parts for person in part))


def table(title: str, rows: Sequence[tuple[str, Sample]]) -> str:
    """Markdown of some stretches."""
    lines = []
    for name, sample in rows:
        p50, p95, most = (np.percentile(sample.latencies, share) * 1e3 for share in (50, 95, 100))
        lines.append(
            [name, f"{p50:.1f} ms", f"{p95:.1f} ms", f"{most:.0f} ms", f"{sample.inferences:.1f} /s",
             f"{100 * sample.cpu:.0f} % of a core", f"{sample.rss:.0f} MiB"]
        )  # fmt: skip
    return markdown.table([title, "latency p50", "p95", "max", "inferences", "CPU", "RSS"], lines)


def machine() -> str:
    """The machine in a line."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    load = os.getloadavg()[0]
    return (
        f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, load {load:.1f} before the start;"
        f" Python {platform.python_version()}, torch {torch.__version__}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Latency, processor share and memory of the perception node.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=25.0, help="length of each measurement")
    parser.add_argument(
        "--people", type=int, nargs="+", default=[2, 6], help="how many people, one number after another"
    )
    parser.add_argument("--minutes", type=int, default=0, help="instead: the last of them for so long, a row a minute")
    parser.add_argument("--weights", default="default", help="name of shipped weights, or path of a weights folder")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"), help="where the model runs")
    options = parser.parse_args(arguments)
    exit_on_sigterm()
    about = machine()
    with Bench(options.weights, options.device) as bench:
        rows = []
        if options.minutes:
            frames = crowd(options.people[-1])
            bench.publish(frames, WARM_UP)
            for minute in range(options.minutes):
                rows.append((f"minute {minute + 1}", bench.publish(frames, 60.0)))
        else:
            for people in options.people:
                frames = crowd(people)
                bench.publish(frames, WARM_UP)
                rows.append((f"{people} people", bench.publish(frames, options.seconds)))
        print(f"{about}; weights {bench.model['weights']} {bench.model['hash']}, {bench.model['device']},")
        print(f"{bench.model['precision']}. Ready {bench.ready:.1f} s after the start of the process.\n")
        print(table(f"{options.people[-1]} people at 30 Hz" if options.minutes else "at 30 Hz", rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
