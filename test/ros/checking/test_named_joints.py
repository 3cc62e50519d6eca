"""Joints that come as frames of tf: the joint set is told by their names, the axes by the people."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import TransformStamped  # noqa: E402
from helpers import stand_ins  # noqa: E402
from helpers.checked_source import perform, report, steps  # noqa: E402

from usdrl_model.skeleton.person import AXES  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.checking import trial  # noqa: E402
from usdrl_ros.checking.hearing import Captured  # noqa: E402
from usdrl_ros.inputs import further_topics  # noqa: E402
from usdrl_ros.inputs.common import ros_time  # noqa: E402
from usdrl_ros.inputs.options import values  # noqa: E402
from usdrl_ros.inputs.registry import find  # noqa: E402


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    """Messages of packages that are not installed, which cannot be serialised."""
    stand_ins.install(monkeypatch)
    for module in (trial, further_topics):
        monkeypatch.setattr(module, "Deserialiser", lambda *_: lambda message: message)


TF = {"input_type": "tf_frames", "topic": "/tf"}


def nite(*, apart):
    """What a NiTE tracker sends, with the side before the part: in one message or one by one."""
    from tf2_msgs.msg import TFMessage

    joint_set, sent = topology("openni_nite_15"), []
    for frame in perform():
        transforms = []
        for person in frame.people:
            places = joint_set.fit @ np.asarray(person.joints, np.float64) @ AXES["body"]
            for joint, place in zip(joint_set.joints, places, strict=True):
                part, _, side = joint.rpartition("_")
                name = f"{side}_{part}" if side in ("left", "right") else joint
                made = TransformStamped(child_frame_id=f"{name}_{person.id}")
                made.header.stamp, made.header.frame_id = ros_time(frame.stamp), "openni_depth_frame"
                at = made.transform.translation
                at.x, at.y, at.z = map(float, place)
                transforms.append(made)
        for parts in [[one] for one in transforms] if apart else [transforms]:
            sent.append(Captured(TFMessage(transforms=parts), frame.stamp + 0.02, frame.stamp + 0.02))
    return sent


@pytest.mark.parametrize("apart", [False, True])
def test_a_joint_set_is_found_by_its_names_and_then_the_axes(apart):
    options = values(find("tf_frames").adapter.options, {})
    found = report(nite(apart=apart), options=options, **TF)
    assert steps(found) == [("topology", "openni_nite_15"), ("axes", "body")] and not found.left
    assert "joints of kinect_v2_25 come, and all 15 of openni_nite_15" in found.steps[0].why.text
    assert report(nite(apart=apart), options=options, topology="openni_nite_15", axes="body", **TF).fine
