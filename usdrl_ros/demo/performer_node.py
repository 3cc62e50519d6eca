"""``usdrl-performer``: a simulated tracker, which publishes people with known actions.

::

    usdrl-performer --ros-args -p loop:=true -p faults:=none -r skeletons:=/camera/skeletons

The truth is published on ``performer/truth`` (String, ``labels.yaml`` as JSON, latched) before the first frame of every
performance.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any

import rclpy
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.duration import Duration
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from usdrl_model.errors.shown import MESSAGE, cut, reason
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.script import parse
from usdrl_model.skeleton.person import AXES
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.labels import Truth
from usdrl_ros.inputs.skeleton_messages import BUILDERS, header, in_axes
from usdrl_ros.messages.types import message_class
from usdrl_ros.parameters.names import check_given, warn_of_unread
from usdrl_ros.processes import stopping
from usdrl_ros.processes.executables import asks_for_help, show_help
from usdrl_ros.processes.lifecycle import initialise

LEAD = 0.5
"""Seconds between the truth and the first frame, for discovery."""
DEPTH = 50
"""Messages kept for a slow subscriber."""

PARAMETERS: dict[str, tuple[Any, str]] = {
    "seed": (0, "Seed of bodies, styles and tracker faults."),
    "people": (2, "Number of people, 1 to 4."),
    "duration": (0.0, "Minimum seconds, with actions in random order; 0: the 40 s of the demo."),
    "script": ([""], "Acts of the first person with their seconds, as [idle 2, wave 3.5]; empty: by duration."),
    "meeting": (False, "Two people who meet: they shake hands, hug, hand something over, come nearer and part."),
    "loop": (False, "Continue with the next seed at the end, until stopped."),
    "subscribers": (1, "With wait: number of subscribers to wait for."),
    "wait": (0.0, "Maximum seconds to wait for subscribers before the first frame."),
    "rate": (30.0, "Frames per second, 5 to 120."),
    "topology": ("kinect_v2_25", "Joint set."),
    "faults": ("typical", "Faults of the simulated tracker: none or typical."),
    "axes": ("optical", "Axes of the points: " + ", ".join(AXES) + "."),
    "message_type": ("sensor_msgs/msg/PointCloud2", "One of " + ", ".join(BUILDERS) + "."),
    "frame_id": ("camera_depth_optical_frame", "Frame of the headers."),
}
"""Name -> default and meaning."""


class PerformerNode(Node):
    """Publishes performances in real time.

    Raises:
        ValueError: a parameter that is not one of its choices, or more people than the message type can hold.
        ParameterException: a name similar to one of the parameters.
    """

    def __init__(self) -> None:
        super().__init__("performer")
        check_given(self, PARAMETERS)
        values = {
            name: self.declare_parameter(name, default, ParameterDescriptor(description=text, read_only=True)).value
            for name, (default, text) in PARAMETERS.items()
        }
        self._seed, self._people = int(values["seed"]), int(values["people"])
        self._seconds, self._rate = float(values["duration"]), float(values["rate"])
        self._loop = bool(values["loop"])
        acts = [act for act in values["script"] if act]
        self._script = parse(acts) if acts else ()
        self._meeting = bool(values["meeting"])
        self._subscribers, self._wait = int(values["subscribers"]), float(values["wait"])
        self._topology, self._faults = str(values["topology"]), str(values["faults"])
        self._axes = _one_of("axes", values["axes"], AXES)
        kind = _one_of("message_type", values["message_type"], BUILDERS)
        self._build = BUILDERS[kind]
        self._frame = str(values["frame_id"])
        self._skeletons = self.create_publisher(
            message_class(kind), "skeletons", QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE)
        )
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._truth = self.create_publisher(String, "performer/truth", latched)
        self._performance(LEAD)  # refuses unusable parameters now

    def perform(self, executor: SingleThreadedExecutor, stop: threading.Event) -> None:
        """Publish the performance in real time; with ``loop``, repeatedly until ``stop`` is set."""
        deadline = time.monotonic() + self._wait
        while self._skeletons.get_subscription_count() < self._subscribers and time.monotonic() < deadline:
            if stop.is_set():
                return
            executor.spin_once(timeout_sec=0.1)
        while True:
            start = time.time() + LEAD
            recording = self._performance(start)
            self._truth.publish(String(data=json.dumps(self._document(recording))))
            self.get_logger().info(f"performing {recording.frames[-1].stamp - start:.0f} s, seed {self._seed}")
            for frame in recording.frames:
                while (wait := frame.stamp - time.time()) > 0.0:
                    executor.spin_once(timeout_sec=min(wait, 0.1))
                    if stop.is_set():
                        return
                self._skeletons.publish(self._build(in_axes(frame, self._axes), header(frame.stamp, self._frame)))
            if not self._loop:
                # Messages that are not sent yet would be lost at exit.
                self._skeletons.wait_for_all_acked(Duration(seconds=LEAD))
                return
            self._seed += 1

    def _performance(self, start: float) -> Recording:
        return performance(
            seed=self._seed,
            people=self._people,
            seconds=self._seconds,
            rate=self._rate,
            topology=self._topology,
            faults=self._faults,
            start=start,
            script=self._script,
            meeting=self._meeting,
        )

    def _document(self, recording: Recording) -> dict[str, object]:
        truth = Truth(
            topic=self._skeletons.topic_name,
            topology=recording.topology,
            axes=self._axes,
            labels=recording.labels,
            segments=recording.segments,
        )
        return truth.document()


def _one_of(name: str, value: object, choices: Collection[str]) -> str:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    return str(value)


def main(args: Sequence[str] | None = None) -> int:
    """Perform; 0 at the end or when stopped, 1 when a parameter cannot be used."""
    if asks_for_help((sys.argv if args is None else args)[1:]):
        each = (f"  {name} ({json.dumps(default)}): {text}" for name, (default, text) in PARAMETERS.items())
        return show_help("\n".join([f"{__doc__}\nparameters (-p name:=value):", *each]))
    stop = stopping.Stop()
    try:
        initialise(args)
        node = PerformerNode()
        warn_of_unread(node, sys.argv if args is None else args)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.perform(executor, stop)
        node.destroy_node()
    except (ParameterException, ValueError) as error:
        print(f"usdrl-performer: {cut(reason(error), MESSAGE)}", file=sys.stderr)
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
