"""Messages without people: what they say of a frame is not where people are published."""

import json

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import stand_ins  # noqa: E402
from helpers import tracker_messages as trackers  # noqa: E402
from helpers.pictures import openpose  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.diagnostics.source_checks import SourceChecks  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402

EMPTY = {
    "openpose_json": lambda stamp: String(data=json.dumps(openpose(stamp))),
    "yolo": lambda stamp: trackers.make("yolo_msgs/DetectionArray", header=header(stamp, "picture")),
    "rep155_tf": lambda stamp: trackers.make("hri_msgs/IdsList", header=header(stamp, "")),
}
"""Adapter -> its message of nobody; people are in another frame: of the depth image, of keypoints, of tf."""


@pytest.mark.parametrize("kind", EMPTY)
def test_nobody_is_in_the_frame_in_which_people_were(kind, monkeypatch):
    stand_ins.install(monkeypatch)
    source, checks, frames = trackers.Source(kind), SourceChecks(), []
    for step in range(8):
        stamp = 10.0 + step / 10
        made = trackers.messages(kind, stamp) if step % 3 == 1 else [("", EMPTY[kind](stamp))]
        for topic, message in made:
            if source(topic, message, stamp) is not None:
                checks.heard(stamp, source.sent)
                frames.append(source.sent.frame_id)
    assert len(frames) == 8
    assert frames[1] and set(frames[1:]) == {frames[1]}
    assert checks.frames(stamp) == {}, "nor are these several trackers"
