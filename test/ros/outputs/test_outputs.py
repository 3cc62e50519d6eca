"""What the outputs put on which topic."""

import dataclasses
import json
import re
import sys
import time
import types

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import Pose, PoseStamped, Vector3  # noqa: E402
from helpers.paths import ROOT
from helpers.people import standing
from helpers.ros_peer import LATCHED  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import LivelinessPolicy  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import Bool, Header, String  # noqa: E402
from transforms3d.quaternions import quat2mat  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_model.events.onset_offset import Event  # noqa: E402
from usdrl_model.online.state import ActionState, PersonState, StreamState  # noqa: E402
from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS  # noqa: E402
from usdrl_model.states.person import HeldState, States  # noqa: E402
from usdrl_model.states.pointing import Ray  # noqa: E402
from usdrl_ros.inputs.common import SourceFrame  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.outputs import detections, watched  # noqa: E402
from usdrl_ros.outputs.markers import NOTHING, colour_of, markers  # noqa: E402
from usdrl_ros.outputs.publishers import Outputs, Result, topic_names  # noqa: E402
from usdrl_ros.outputs.state_json import ModelInfo  # noqa: E402

STAMP = Time(sec=20, nanosec=123_456_789)
HEADER = Header(stamp=STAMP, frame_id="camera")
FRAMES = Frames("optical")
MODEL = ModelInfo(weights="test", hash="0123", device="cpu", precision="float32", runtime="torch")


RAY = Ray(origin=(0.5, 0.2, 1.5), direction=(0.6, -0.8, 0.0), hit=(1.4, -1.0, 1.5))


def person(id_, *actions, joints=None, states=()):
    joints = standing() if joints is None else joints
    return PersonState(
        id=id_,
        position=tuple(joints[JOINT_INDEX["head"]].tolist()),
        distance=2.0,
        bearing=0.0,
        joints=joints,
        last_seen=20.0,
        actions=actions,
        top=(),
        valid_joints=1.0,
        states=States(active=states),
    )


def doing(label, score=0.9, active=True, onset=18.5):
    return ActionState(label=label, active=active, score=score, onset=onset)


def result(*people, events=()):
    state = StreamState(stamp=20.0, seq=len(events), people=people, events=events, counters={})
    return Result(events=events, state=state, stamp=STAMP, frame_id="camera")


@pytest.fixture
def outputs(peer):
    outputs = Outputs(peer.node, MODEL, FRAMES, ["wave", "pick up"], period=0.5)
    yield outputs
    outputs.destroy()


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
        create_publisher=publisher, destroy_publisher=lambda one: done.append(("destroyed", one.topic))
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


def test_watched_labels_need_no_parsing(peer, outputs):
    active = peer.listen(Bool, "watch/wave/active", LATCHED)
    who = peer.listen(String, "watch/wave/person", LATCHED)
    pose = peer.listen(PoseStamped, "watch/wave/pose", LATCHED)
    other = peer.listen(Bool, "watch/pick_up/active", LATCHED)
    peer.wait(lambda: not outputs.heartbeat() and active and other, "first words")
    assert not active[-1].data and who[-1].data == "" and not pose
    people = (
        person("3", doing("wave", 0.7)),
        person("5", doing("wave", 0.8), joints=standing() + [1.0, 0.0, 0.0]),
        person("9", doing("wave", 0.95, active=False)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: active[-1].data and pose and who[-1].data, "wave")
    assert who[-1].data == "5"
    assert pose[-1].header == HEADER
    x, y, z = pose[-1].pose.position.x, pose[-1].pose.position.y, pose[-1].pose.position.z
    np.testing.assert_allclose([x, y, z], FRAMES.to_published(people[1].position))
    assert not other[-1].data
    outputs.publish(result(), None)
    peer.wait(lambda: not active[-1].data and who[-1].data == "", "the end of the wave")


def test_who_does_it_where_and_since_when_is_one_message(peer, outputs):
    heard = peer.listen(PointCloud2, "watch/wave", LATCHED)
    peer.wait(lambda: heard, "nobody")
    assert heard[-1].width == 0
    people = (
        person("3", doing("wave", 0.7, onset=18.0)),
        person("Zoë of the second floor", doing("wave", 0.8), joints=standing() + [1.0, 0.0, 0.0]),
        person("5", doing("wave", 0.6), joints=np.full((25, 3), np.nan)),
        person("9", doing("wave", 0.95, active=False)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: heard[-1].width, "wave")
    assert heard[-1].header == HEADER and heard[-1].point_step % 8 == 0
    found = watched.read(heard[-1])
    assert [one.id for one in found] == ["Zoë of the second floor", "3", "5"], "highest score first"
    assert [round(one.score, 3) for one in found] == [0.8, 0.7, 0.6] and found[1].onset == 18.0
    np.testing.assert_allclose(found[0].position, FRAMES.to_published(people[1].position), rtol=1e-6)
    assert found[2].position is None
    outputs.publish(dataclasses.replace(result(), stamp=Time(sec=21)), None)
    peer.wait(lambda: not heard[-1].width, "the end of the wave")
    assert heard[-1].header.stamp.sec == 21, "nobody, and since when"
    with pytest.raises(ValueError, match="'track_id'"):
        watched.read(PointCloud2())


def test_a_watched_state_is_that_of_who_has_been_in_it_longest(peer, outputs):
    outputs.watch(["sitting"])
    active = peer.listen(Bool, "watch/sitting/active", LATCHED)
    who = peer.listen(String, "watch/sitting/person", LATCHED)
    pose = peer.listen(PoseStamped, "watch/sitting/pose", LATCHED)
    people = (
        person("3", doing("wave"), states=(HeldState("sitting", 12.0),)),
        person("5", states=(HeldState("sitting", 11.0),), joints=standing() + [1.0, 0.0, 0.0]),
        person("9", states=(HeldState("standing", 10.0),)),
    )
    outputs.publish(result(*people), None)
    peer.wait(lambda: active and active[-1].data and pose and who[-1].data, "sitting")
    assert who[-1].data == "5"
    place = pose[-1].pose.position
    np.testing.assert_allclose([place.x, place.y, place.z], FRAMES.to_published(people[1].position))


def test_every_pointing_arm_has_a_pose_along_its_ray_and_an_arrow(peer, outputs):
    heard = peer.listen(PoseStamped, "pointing", 50)
    peer.wait(lambda: peer.node.count_subscribers("pointing"), "subscription")
    peer.spin(0.3)
    back = Ray(origin=(0.0, 0.0, 1.0), direction=(1.0, 0.0, 0.0), hit=None)  # -x in optical axes
    said = result(
        person("3", states=(HeldState("pointing_left", 12.0, RAY),)),
        person("4"),
        person("5", states=(HeldState("standing", 12.0), HeldState("pointing_right", 13.0, back))),
    )
    outputs.publish(said, None)
    peer.wait(lambda: len(heard) == 2, "two poses")
    for pose, ray in zip(heard, (RAY, back), strict=True):
        assert pose.header == HEADER
        place, q = pose.pose.position, pose.pose.orientation
        np.testing.assert_allclose([place.x, place.y, place.z], FRAMES.to_published(ray.origin))
        along = quat2mat([q.w, q.x, q.y, q.z])[:, 0]
        np.testing.assert_allclose(along, FRAMES.to_published(ray.direction), atol=1e-9)
    first, second = (
        marker for marker in markers(said.state, HEADER, FRAMES.to_published).markers if marker.ns == "pointing"
    )
    assert first.type == Marker.ARROW and first.id != second.id
    for marker, ray, end in ((first, RAY, RAY.hit), (second, back, (2.0, 0.0, 1.0))):
        ends = [[point.x, point.y, point.z] for point in marker.points]
        np.testing.assert_allclose(ends, [FRAMES.to_published(ray.origin), FRAMES.to_published(end)])


def test_what_is_watched_can_change(peer, outputs):
    outputs.watch(["clap"])
    names = [name for name, _ in peer.node.get_publisher_names_and_types_by_node("peer", "/") if "watch" in name]
    assert names == ["/watch/clap", "/watch/clap/active", "/watch/clap/person", "/watch/clap/pose"]


def test_markers_show_bones_and_text():
    joints = standing()
    joints[JOINT_INDEX["hand_left"]] = np.nan
    array = markers(result(person("7", doing("wave"), joints=joints), person("8")).state, HEADER, FRAMES.to_published)
    figure, text, *_, last = array.markers
    assert (figure.type, text.type) == (Marker.LINE_LIST, Marker.TEXT_VIEW_FACING)
    touching = sum("hand_left" in (name, parent) for name, parent in _bones())
    assert len(figure.points) == 2 * (24 - touching)
    assert text.text == "7: wave 0.90 1.5 s"
    assert (figure.color, array.markers[2].color) == (colour_of("wave"), NOTHING)
    assert colour_of("wave") != colour_of("clap")
    assert last.text == "8"
    assert len({(marker.ns, marker.id) for marker in array.markers}) == 4
    assert all(marker.header == HEADER and marker.lifetime.nanosec > 0 for marker in array.markers)
    assert text.pose.position.y < -0.7  # above the head, where y of the camera points down


def _bones():
    names = list(JOINT_INDEX)
    return [(name, names[parent]) for name, parent in zip(names, PARENTS, strict=True) if name != names[parent]]


def test_nobody_and_nothing_valid_give_no_markers():
    unseen = person("7", joints=np.full((25, 3), np.nan))
    assert markers(result(unseen).state, HEADER, FRAMES.to_published).markers == []


def test_markers_are_published_for_who_looks(peer, outputs):
    heard = peer.listen(MarkerArray, "actions/markers")
    peer.wait(lambda: not outputs.publish(result(person("7")), None) and heard, "markers")


def test_detections_where_vision_msgs_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", None)
    assert detections.message_type() is None
    monkeypatch.setitem(sys.modules, "vision_msgs", types.ModuleType("vision_msgs"))
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", _vision_msgs())
    assert detections.message_type() is not None
    array = detections.detections(result(person("7", doing("wave"))).state, HEADER, FRAMES.to_published)
    (detection,) = array.detections
    assert (array.header, detection.id) == (HEADER, "7")
    assert detection.results[0].hypothesis.class_id == "wave"
    low, high = standing().min(axis=0), standing().max(axis=0)
    size = detection.bbox.size
    np.testing.assert_allclose([size.x, size.y, size.z], high - low)


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
