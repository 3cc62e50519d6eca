"""What the outputs put on which topic."""

import dataclasses
import json
import re
import sys
import time
import types
from unittest.mock import Mock

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import Pose, Vector3  # noqa: E402
from helpers.paths import ROOT
from helpers.people import standing
from helpers.results import FRAMES, HEADER, MODEL, doing, person, result  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import LivelinessPolicy  # noqa: E402
from std_msgs.msg import Header, String  # noqa: E402

from usdrl_model.events.onset_offset import Event  # noqa: E402
from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX  # noqa: E402
from usdrl_ros.inputs.common import SourceFrame  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.outputs import detections  # noqa: E402
from usdrl_ros.outputs.publishers import Outputs, topic_names  # noqa: E402


def test_labels_become_topic_names():
    assert topic_names(["wave", "pick up", "2 hands"]) == {"wave": "wave", "pick up": "pick_up", "2 hands": "_2_hands"}
    with pytest.raises(ValueError, match="pick_up"):
        topic_names(["pick up", "pick-up"])


def test_who_comes_late_gets_the_last_state(peer, outputs):
    first = peer.listen_json("actions/state")
    peer.wait(lambda: first, "state before the first message")
    assert (first[0]["people"], first[0]["frame_id"], first[0]["model"]["weights"]) == ([], "", "test")
    outputs.publish(result(person("7", doing("wave"))), 12.0)
    late = peer.listen_json("actions/state")
    peer.wait(lambda: late, "latched state")
    assert late[0]["people"][0]["label"] == "wave"
    assert (late[0]["latency_ms"], late[0]["frame_id"]) == (12.0, "camera")
    heard = len(late)
    outputs.heartbeat()
    peer.wait(lambda: len(late) > heard, "heartbeat")
    before, after = (state.pop("heartbeat") for state in (late[0], late[-1]))
    assert late[-1] == late[0]
    assert before["period"] == after["period"] == 0.5
    assert before["stamp"] < after["stamp"] == pytest.approx(time.time(), abs=30.0)


def test_further_outputs_are_reminded_of_what_changes_without_a_message(peer):
    """Of a threshold, say, that somebody sets while nobody is there."""
    also, told = Mock(), []
    also.heartbeat = lambda header: told.append(header.frame_id)
    outputs = Outputs(peer.node, MODEL, FRAMES, [], period=0.5, also=[also])
    outputs.heartbeat()
    outputs.publish(result(person("7")), 12.0)
    outputs.heartbeat()
    outputs.destroy()
    outputs.heartbeat()
    assert told == ["", "camera"]


def test_a_state_is_repeated_where_its_people_were_however_the_sensor_moves_on(peer):
    nodding = Frames("body", imu=types.SimpleNamespace(roll_and_pitch=lambda stamp: (0.0, 0.1 * stamp)))

    def move(stamp):
        seen = SkeletonFrame(stamp, (Person("7", standing()),))
        nodding.to_canonical(SourceFrame(seen, Time(sec=int(stamp)), "camera"))

    outputs = Outputs(peer.node, MODEL, nodding, ["wave"], period=0.5)
    heard = peer.listen_json("actions/state")
    move(1.0)
    outputs.publish(result(person("7")), 12.0)
    there = nodding.to_published(standing()[JOINT_INDEX["head"]])
    move(5.0)
    outputs.heartbeat()
    peer.wait(lambda: len([state for state in heard if state["people"]]) == 2, "heartbeat")
    outputs.destroy()
    for state in heard[-2:]:
        np.testing.assert_allclose(state["people"][0]["position"], there, atol=1e-3)
    assert np.linalg.norm(nodding.to_published(standing()[JOINT_INDEX["head"]]) - there) > 0.3


def test_publishers_are_destroyed_when_the_last_states_and_events_have_arrived():
    done = []

    def publisher(kind, topic, *_, **__):
        return types.SimpleNamespace(
            topic=topic,
            publish=lambda message: done.append(("published", topic)),
            wait_for_all_acked=lambda timeout: done.append(("arrived", topic)),
            get_subscription_count=lambda: 0,
        )

    node = types.SimpleNamespace(
        create_publisher=publisher,
        destroy_publisher=lambda one: done.append(("destroyed", one.topic)),
        resolve_topic_name=lambda topic: f"/{topic}",
        _parameter_overrides={},
    )
    outputs = Outputs(node, MODEL, FRAMES, ["wave"], period=0.5)
    outputs.publish(result(), 12.0)
    outputs.destroy()
    for topic in ("actions/state", "actions/events", "watch/wave", "watch/wave/active", "watch/wave/person"):
        assert [what for what, where in done if where == topic][-2:] == ["arrived", "destroyed"], topic


def test_what_is_latched_promises_a_sign_of_life(peer, outputs):
    offered = {
        name: peer.node.get_publishers_info_by_topic(f"/{name}")[0].qos_profile
        for name in ("actions/state", "watch/wave", "watch/wave/active", "watch/wave/person", "watch/wave/pose")
    }
    for qos in offered.values():
        assert qos.liveliness == LivelinessPolicy.AUTOMATIC
        assert qos.liveliness_lease_duration.nanoseconds == 1_500_000_000
    deadlines = {name: qos.deadline.nanoseconds for name, qos in offered.items()}
    assert deadlines.pop("watch/wave/pose") > 1e15, "nobody does it: nothing is published"
    assert set(deadlines.values()) == {1_500_000_000}


def test_what_is_promised_can_be_overridden(peer):
    given = {"deadline": 4_000_000_000, "lifespan": 5_000_000_000, "liveliness_lease_duration": 6_000_000_000}
    node = rclpy.create_node(
        "tuned",
        context=peer.context,
        parameter_overrides=[
            Parameter(f"qos_overrides./watch/wave.publisher.{name}", value=value) for name, value in given.items()
        ],
    )
    outputs = Outputs(node, MODEL, FRAMES, ["wave"], period=0.5)
    qos = peer.wait(lambda: peer.node.get_publishers_info_by_topic("/watch/wave"), "publisher")[0].qos_profile
    assert {name: getattr(qos, name).nanoseconds for name in given} == given
    outputs.destroy()
    node.destroy_node()


def test_events_come_one_a_message(peer, outputs):
    heard = peer.listen(String, "actions/events", 50)
    peer.wait(lambda: peer.node.count_subscribers("actions/events"), "subscription")
    peer.spin(0.3)
    events = tuple(
        Event(kind="onset", seq=n, person="7", label="wave", onset=18.5, offset=None, score=0.9, stamp=20.0)
        for n in (1, 2, 3)
    )
    outputs.publish(result(person("7"), events=events), None)
    peer.wait(lambda: len(heard) == 3, "three events")
    assert [json.loads(message.data)["seq"] for message in heard] == [1, 2, 3]


def test_detections_where_vision_msgs_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", None)
    assert detections.message_type() is None
    monkeypatch.setitem(sys.modules, "vision_msgs", types.ModuleType("vision_msgs"))
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", _vision_msgs())
    assert detections.message_type() is not None
    unseen = person("8", joints=np.full((25, 3), np.nan))
    candidate = dataclasses.replace(doing("throw", 0.9), active=False)
    state = result(person("7", doing("clap", 0.6), doing("wave", 0.8), candidate), unseen).state
    array = detections.detections(state, HEADER, FRAMES.to_published)
    (detection,) = array.detections
    assert (array.header, detection.id) == (HEADER, "7")
    assert [(one.hypothesis.class_id, one.hypothesis.score) for one in detection.results] == [
        ("wave", 0.8), ("clap", 0.6)
    ]  # fmt: skip
    low, high = standing().min(axis=0), standing().max(axis=0)
    size, centre = detection.bbox.size, detection.bbox.center.position
    np.testing.assert_allclose([size.x, size.y, size.z], high - low)
    np.testing.assert_allclose([centre.x, centre.y, centre.z], FRAMES.to_published((low + high) / 2.0))
    in_picture = dataclasses.replace(state, flat=True)
    assert not detections.detections(in_picture, HEADER, FRAMES.to_published).detections, "a box needs a place"


def _vision_msgs():
    """The part of vision_msgs that is used; the package is in no wheel."""
    module = types.ModuleType("vision_msgs.msg")

    def message(**defaults):
        return lambda **values: types.SimpleNamespace(
            **{name: make() for name, make in defaults.items() if name not in values}, **values
        )

    hypothesis = message(class_id=str, score=float)
    module.Detection3DArray = message(header=Header, detections=list)
    module.Detection3D = message(header=Header, id=str, results=list, bbox=message(center=Pose, size=Vector3))
    module.ObjectHypothesisWithPose = message(hypothesis=hypothesis, pose=message(pose=Pose))
    return module


def test_the_foxglove_layout_shows_topics_that_are_published_in_panels_that_are_configured(peer, outputs):
    layout = json.loads((ROOT / "config" / "perception.foxglove.json").read_text(encoding="utf-8"))

    def panels(part: str | dict) -> list[str]:
        return [part] if isinstance(part, str) else panels(part["first"]) + panels(part["second"])

    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
    text = json.dumps(layout["configById"])
    named = {topic.removesuffix(".data") for topic in re.findall(r'"(/[a-z][a-z_/.]+)"', text)}
    assert "/actions/markers" in named
    outputs.watch(["wave"])
    published = {name for name, _ in peer.node.get_publisher_names_and_types_by_node("peer", "/")}
    assert named <= published | {"/skeletons", "/diagnostics"}
