"""People to whom the tracker gives no ids: one is ``person_id``, several need ``ids: own``."""

import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import stand_ins  # noqa: E402
from helpers import tracker_messages as trackers  # noqa: E402
from helpers.messages import decode  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.conversion import converter, described  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.inputs.source_config import SourceConfig  # noqa: E402

KINDS = ("openpose_json", "yolo", "yolo_2d", "zed")


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    stand_ins.install(monkeypatch)


def without_ids(kind, count, stamp=10.0):
    """A message of a tracker that gives no ids, as it is sent."""
    message = dict(trackers.messages(kind, stamp, count, depth=False))[""]
    if kind == "openpose_json":
        people = json.loads(message.data)
        for person in people["people"]:
            person["person_id"] = [-1]
        return String(data=json.dumps(people))
    if kind == "zed":
        for body in message.objects:
            body.tracking_available, body.tracking_state, body.label_id = False, 0, -1
        return message
    for detection in message.detections:
        detection.id = ""
    return message


@pytest.mark.parametrize("kind", KINDS)
def test_several_are_refused_and_the_way_out_is_named(kind):
    joints = topology(trackers.TOPOLOGIES[kind])
    (one,) = decode(without_ids(kind, 1), kind, joints=joints).frame.people
    assert one.id == "me"
    with pytest.raises(InputError, match="expected an id for everybody, got 2 people and 0 ids.*ids: own") as error:
        decode(without_ids(kind, 2), kind, joints=joints)
    assert error.value.kind == "no_ids"


@pytest.mark.parametrize("kind", KINDS)
def test_with_ids_of_our_own_everybody_is_somebody(kind):
    """As the node reads them: the parameter comes to the adapter."""
    source, config = registry.find(kind), SourceConfig(
        topology=trackers.TOPOLOGIES[kind],
        axes="optical",
        ids="own",
        picture_size=(640.0, 480.0) if registry.load(kind).plane else (0.0, 0.0),
    )  # fmt: skip
    convert = converter(
        source, config, deserialise=lambda message: message, tf=None, description=described(source, config),
        warn=lambda *told: None, topics=FurtherTopics(), topic="/people", options={},
    )  # fmt: skip
    for count in (2, 3, 1):
        _, frame = convert(without_ids(kind, count), 10.0)
        assert len({person.id for person in frame.people}) == count
        assert all(np.isfinite(person.joints).any() for person in frame.people)
