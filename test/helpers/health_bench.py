"""The diagnostics of a node on a clock that a test moves."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_ros.diagnostics.health import Health, Situation  # noqa: E402
from usdrl_ros.inputs.common import (  # noqa: E402
    SourceFrame,
    ros_time,  # noqa: E402
)

SOMEBODY = (Person("7", np.ones((25, 3))),)
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class Bench:
    def __init__(self):
        self.now, self.log, self.counters = 1000.0, [], {}
        self.health = Health(lambda: self.now, warn=self.log.append)

    def report(self, **situation):
        facts = {
            "topic": "/skeletons",
            "publishers": 1,
            "other_types": (),
            "expected_type": "sensor_msgs/msg/PointCloud2",
            "clock_silent": False,
            "max_rate": 10.0,
            "stream_counters": self.counters,
            "model": {"device": "cpu"},
        }
        return self.health.report("/node", Situation(**(facts | situation)))

    def hear(self, seconds=1.0, rate=30.0):
        for _ in range(round(seconds * rate)):
            self.now += 1 / rate
            self.accept(self.now)

    def accept(self, stamp, frame_id="camera", people=SOMEBODY):
        self.health.accepted(self.now, SourceFrame(SkeletonFrame(stamp, people), ros_time(stamp), frame_id))


def values(status):
    return {value.key: value.value for value in status.values}
