"""What ``benchmarks/load.py`` publishes is what the adapters of its trackers read."""

import sys

import numpy as np
import pytest
from helpers.paths import ROOT
from helpers.people import standing

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
for name in ("rosbags", "psutil"):
    pytest.importorskip(name, reason=f"{name} is not installed")

sys.path.insert(0, str(ROOT / "benchmarks"))

import load  # noqa: E402
from helpers.tracker_messages import TRACKERS, Source  # noqa: E402

from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.registry import find  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402


@pytest.mark.parametrize("name", load.trackers())
def test_its_people_arrive(name):
    tracker = load.trackers()[name]
    assert find(tracker.input_type).message_type is tracker.message
    count = TRACKERS[tracker.input_type].people or 3
    stamp = header(1000.0, "sensor")
    seen = standing() + (0.0, 0.0, 0.5)
    frame = SkeletonFrame(0.0, tuple(Person(str(n + 1), seen + (0.5 * n, 0.0, 0.0)) for n in range(count)))
    source = Source(tracker.input_type, depth=bool(tracker.further))
    found = [source(topic, build(frame, stamp), 1000.0) for topic, build in tracker.further.items()]
    found.append(source("", tracker.build(frame, stamp), 1000.0))
    people = next(one for one in found if one is not None).people
    assert len(people) == count
    assert all(np.isfinite(one.joints).any() for one in people)
