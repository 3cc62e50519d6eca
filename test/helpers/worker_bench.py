"""The worker of the node without its thread: a clock that the test moves, and what the worker tells."""

import math

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.rule_detector import hand_up_weights  # noqa: E402
from usdrl_model.events.onset_offset import Event  # noqa: E402
from usdrl_model.events.people import PersonEvent  # noqa: E402
from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_model.skeleton.person import SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.common import (
    SourceFrame,  # noqa: E402
    ros_time,  # noqa: E402
)
from usdrl_ros.node.processing import Processing  # noqa: E402
from usdrl_ros.node.worker import Worker  # noqa: E402


class Counts:
    def __init__(self):
        self.arrivals, self.refusals, self.failures, self.inferences, self.drops = [], [], [], 0, 0

    def accepted(self, arrival, source, *, further=False):
        self.arrivals.append(arrival)

    def rejected(self, error):
        self.refusals.append(error.kind)

    def warned(self, kind, text):
        pass

    def failed(self, error):
        self.failures.append(error)

    def inferred(self, seconds):
        self.inferences += 1

    def dropped(self):
        self.drops += 1


class Bench:
    """A worker that is stepped by hand, on a clock that is set by hand; its messages are skeleton frames."""

    def __init__(self, convert=None, publish=None, observer=Counts):
        self.now, self.counts, self.results = 50.0, observer(), []
        self.ahead, self.speed, self.tick, self.simulated, self.running = 1000.0, 1.0, 0.0, False, True
        self.checked = []
        self.stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
        self.processing = Processing(
            stream=self.stream,
            convert=convert or self.convert,
            check=lambda believed, measured: self.checked.append(believed.stamp),
            observer=self.counts,
            source_timeout=2.0,
            transform_timeout=0.05,
            monotonic=lambda: self.now,
            clock=self.clock,
            simulated=lambda: self.simulated,
            running=lambda: self.running,
        )
        self.worker = Worker(
            processing=self.processing,
            publish=publish or self.results.append,
            observer=self.counts,
            monotonic=lambda: self.now,
            clock=self.clock,
        )

    def clock(self):
        now = self.now * self.speed + self.ahead
        return math.floor(now / self.tick) * self.tick if self.tick else now

    def convert(self, frame, arrival, patience):
        if isinstance(frame, SkeletonFrame):
            return SourceFrame(frame, ros_time(frame.stamp), "camera"), frame
        if isinstance(frame, Exception):
            raise frame
        return None

    def play(self, frames):
        for frame in frames:
            self.now += 1 / 30
            self.worker.put(frame)
            self.worker.step()
        return self.events()

    def events(self):
        """What people did."""
        return [event for result in self.results for event in result.events if isinstance(event, Event)]

    def visits(self):
        """Who came and went."""
        return [(event.kind, event.person) for result in self.results for event in result.events
                if isinstance(event, PersonEvent)]  # fmt: skip
