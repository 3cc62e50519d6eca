"""Confidence in percent, by which every joint would be sure, is refused, whichever adapter reads it."""

import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import stand_ins  # noqa: E402
from helpers import tracker_messages as trackers  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.person import Person  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs.adapter import Adapter, Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.conversion import Conversion  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402


def joints_of(kind, message):
    """(Joints of a message, the name of their confidence)."""
    if kind == "hiros":
        return [joint for one in message.skeletons for joint in one.markers], "confidence"
    if kind == "nuitrack":
        return [joint for one in message.skeletons for joint in one.joints], "confidence"
    if kind == "rep155":
        return list(getattr(message, "skeleton", ())), "c"
    keypoints = "keypoints3d" if kind == "yolo" else "keypoints"
    return [joint for one in message.detections for joint in getattr(one, keypoints).data], "score"


def scaled(kind, message, factor):
    """The message with a confidence of 0.9 times the factor."""
    if kind == "openpose_json":
        document = json.loads(message.data)
        for person in document["people"]:
            person["pose_keypoints_2d"][2::3] = [0.9 * factor] * (len(person["pose_keypoints_2d"]) // 3)
        return String(data=json.dumps(document))
    if kind == "mediapipe_json":
        rows = json.loads(message.data)["pose_world_landmarks"]
        return String(data=json.dumps([[*row[:3], 0.9 * factor] for row in rows]))
    if kind == "mediapipe_array":
        rows = np.reshape(message.data, (-1, 3))
        message.data = np.column_stack([rows, np.full(len(rows), 0.9 * factor)]).ravel().tolist()
        return message
    joints, name = joints_of(kind, message)
    for joint in joints:
        setattr(joint, name, 0.9 * factor)
    return message


@pytest.mark.parametrize(
    "kind", ["hiros", "mediapipe_array", "mediapipe_json", "nuitrack", "openpose_json", "rep155", "yolo", "yolo_2d"]
)
def test_percent(kind, monkeypatch):
    stand_ins.install(monkeypatch)

    def given(factor):
        source = trackers.Source(kind, depth=False)
        for step in range(3):
            stamp = 10.0 + step / 10
            for topic, message in trackers.messages(kind, stamp, depth=False):
                tracked = hasattr(message, "ids")
                source(topic, message if tracked else scaled(kind, message, factor), stamp)
        return source.sent.frame.people

    for factor in (1.0, 1.3):  # some networks give a little more than 1
        assert given(factor)
    with pytest.raises(InputError, match="expected confidence from 0 to 1, got up to 90: a percentage") as error:
        given(100.0)
    assert error.value.kind == "field_value"


def test_percent_of_an_adapter_of_ones_own():
    joints = topology("coco_17")

    def decode(confidence, context):
        return context.frame([Person("anna", trackers.places(17), confidence)])

    adapter = Adapter(message="std_msgs/msg/String", version=1, decode=decode)
    context = Context(topology=joints, frame_id="camera")
    convert = Conversion(
        deserialise=lambda message: message, decode=adapter.decoder(context), context=context, frames=Frames("optical")
    )
    assert convert(np.full(17, 0.9), 10.0)
    assert convert(np.append(np.full(16, 0.9), np.nan), 11.0)
    with pytest.raises(InputError, match="got up to 87") as error:
        convert(np.full(17, 87.0), 12.0)
    assert error.value.kind == "field_value"
