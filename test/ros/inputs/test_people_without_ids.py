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
from usdrl_ros.inputs.adapter import Context  # noqa: E402
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
    joints = topology(trackers.TRACKERS[kind].topology)
    (one,) = decode(without_ids(kind, 1), kind, joints=joints).frame.people
    assert one.id == "me"
    with pytest.raises(InputError, match="expected an id for everybody, got 2 people and 0 ids.*ids: own") as error:
        decode(without_ids(kind, 2), kind, joints=joints)
    assert error.value.kind == "no_ids"


@pytest.mark.parametrize("kind", KINDS)
def test_with_ids_of_our_own_everybody_is_somebody(kind):
    """As the node reads them: the parameter comes to the adapter."""
    source, config = registry.find(kind), SourceConfig(
        topology=trackers.TRACKERS[kind].topology,
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


def poses(step):
    """Two people of one picture of OpenDR, which sends a message a person, without ids."""
    made = [message for _, message in trackers.messages("opendr", 10.0 + step / 10, 2, depth=False)]
    for message in made:
        message.pose_id = -1
    return made


def across(frame):
    """Where people are in the picture, from left to right."""
    return sorted(float(np.nanmean(person.joints[:, 0])) for person in frame.frame.people)


def test_two_poses_of_opendr_without_ids_are_two_people_with_ids_of_our_own():
    context = Context(topology=topology(trackers.TRACKERS["opendr"].topology), ids="own")
    read = registry.load("opendr").decoder(context)
    told = [read(one, context) for step in range(4) for one in poses(step)[:: 1 - 2 * (step % 2)]]
    seen = [across(frame) for frame in told if frame]
    assert len(seen) == 4 and all(len(one) == 2 and one[1] - one[0] > 50.0 for one in seen)
    np.testing.assert_allclose(seen, [seen[0]] * 4)


def test_two_poses_of_opendr_without_ids_are_not_one_person():
    context = Context(topology=topology(trackers.TRACKERS["opendr"].topology), person_id="me")
    read, seen = registry.load("opendr").decoder(context), []
    for step in range(4):
        first, second = poses(step)
        seen.append(read(first, context))
        with pytest.raises(InputError, match="got 2 people and 0 ids: give every pose a pose_id.*ids: own") as error:
            read(second, context)
        assert error.value.kind == "no_ids"
    assert {person.id for frame in seen if frame for person in frame.frame.people} == {"me"}
    np.testing.assert_allclose([across(frame) for frame in seen[1:]], [across(seen[1])] * 3)
