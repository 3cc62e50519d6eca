"""The perception node over real DDS: the node is one process, this test is the other.

One node serves most tests, as one robot would: what one test does to it, the next has to live with.
"""

import itertools
import json
import re
import signal
from array import array

import jsonschema
import numpy as np
import pytest
from helpers.paths import HELPERS, ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import PoseArray, PoseStamped  # noqa: E402
from helpers.people import UP, frames
from helpers.ros_peer import LATCHED, TIMEOUT, Diagnostics, Peer, header, seconds_to_end  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.outputs import detections  # noqa: E402
from usdrl_ros.outputs.state_json import schema  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

ARGUMENTS = ["--ros-args", "-p", "axes:=kinect", "-p", "watch:=[hand_up]", "-p", "source_timeout:=1.5"]
STATE = jsonschema.Draft202012Validator(schema())
starts = itertools.count(1000.0, 100.0)
"""Stamps of the tests: each one begins 100 s after the one before."""


class Robot:
    """The node under test, and everything that it says."""

    def __init__(self, peer, child):
        self.peer, self.child = peer, child
        self.states = peer.listen_json("actions/state")
        self.events = peer.listen_json("actions/events", 50)
        self.active = peer.listen(Bool, "watch/hand_up/active", LATCHED)
        self.who = peer.listen(String, "watch/hand_up/person", LATCHED)
        self.pose = peer.listen(PoseStamped, "watch/hand_up/pose", LATCHED)
        self.diagnostics = Diagnostics(peer)
        self.wait(lambda: self.states, "first state")
        self.publisher = peer.publisher(PointCloud2, "skeletons")

    def wait(self, done, what, timeout=TIMEOUT):
        def checked():
            self.child.check()
            return done()

        return self.peer.wait(checked, what, timeout)

    def play(self, recorded, speed=8.0, frame_id="camera"):
        """Publish frames with their stamps, ``speed`` times as fast; wait until the last one was taken."""
        for before, frame in zip([recorded[0], *recorded], recorded, strict=False):
            self.peer.spin(max(0.0, frame.stamp - before.stamp) / speed)
            self.publisher.publish(point_cloud(frame, header(frame.stamp, frame_id)))
        # The newest inference slot may end before the last frame.
        newest = recorded[-1].stamp - 0.25
        return self.wait(
            lambda: next((state for state in self.states[-3:] if abs(state["stamp"] - newest) < 0.26), None),
            f"state at {newest}",
        )

    def kinds(self, person=None):
        return [event["kind"] for event in self.events if person in (None, event["person"])]

    def lifecycle(self, transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.peer.call(ChangeState, "usdrl_perception/change_state", request).success

    def set(self, name, value):
        kind, slot = {
            float: (ParameterType.PARAMETER_DOUBLE, "double_value"),
            str: (ParameterType.PARAMETER_STRING, "string_value"),
            list: (ParameterType.PARAMETER_STRING_ARRAY, "string_array_value"),
        }[type(value)]
        parameter = Parameter(name=name, value=ParameterValue(type=kind, **{slot: value}))
        request = SetParameters.Request(parameters=[parameter])
        return self.peer.call(SetParameters, "usdrl_perception/set_parameters", request).results[0]


@pytest.fixture(scope="module")
def node():
    with Child("perception", [str(HELPERS / "hand_up_node.py"), *ARGUMENTS]) as child:
        yield child


@pytest.fixture(scope="module")
def shared_robot(module_peer, node):
    return Robot(module_peer, node)


@pytest.fixture
def robot(shared_robot):
    """The node with nobody in sight."""
    assert shared_robot.peer.call(Trigger, "usdrl_perception/reset").success
    shared_robot.wait(lambda: not shared_robot.states[-1]["people"], "empty room")
    shared_robot.peer.spin(0.1)
    shared_robot.events.clear()
    return shared_robot


def cloud(start, **changes):
    message = point_cloud(frames(duration=0.1, start=start)[0], header(start))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def test_a_raised_hand_is_reported_on_every_topic(robot):
    start = next(starts)
    recorded = frames(start=start)
    robot.play(recorded[: 30 * 5 - 10])
    robot.wait(lambda: robot.active[-1].data and robot.pose, "watched label")
    state = robot.states[-1]
    (person,) = state["people"]
    assert (person["id"], person["label"], person["state"]) == ("7", "hand_up", "active")
    assert person["onset"] == pytest.approx(start + UP[0], abs=0.2)
    assert state["frame_id"] == "camera"
    assert state["model"] == {"weights": "rule", "hash": "0" * 12, "device": "cpu", "precision": "fp32"}
    assert state["latency_ms"] is None  # these stamps are of another clock
    np.testing.assert_allclose(person["position"], (0.0, 0.7, 2.0), atol=0.02)
    assert (robot.who[-1].data, robot.pose[-1].header.frame_id) == ("7", "camera")

    robot.play(recorded[30 * 5 - 10 :])
    robot.wait(lambda: len(robot.events) == 2 and not robot.active[-1].data, "end of the action")
    onset, offset = robot.events
    assert (onset["kind"], offset["kind"]) == ("onset", "offset")
    assert offset["seq"] == onset["seq"] + 1
    assert offset["offset"] == pytest.approx(start + UP[1], abs=0.2)
    assert onset in robot.states[-1]["events"]
    for state in robot.states:
        STATE.validate(state)


def test_who_comes_late_hears_the_state_at_once_and_again(robot):
    robot.play(frames(duration=1.0, start=next(starts)))
    late = robot.peer.listen_json("actions/state")
    robot.wait(lambda: late, "latched state")
    assert late[0]["people"][0]["id"] == "7"
    count = len(late)
    robot.wait(lambda: len(late) > count, "heartbeat")


def _fields(message, change):
    result = []
    for field in message.fields:
        copy = PointField(name=field.name, offset=field.offset, datatype=field.datatype, count=field.count)
        change(copy)
        result.append(copy)
    return result


def _integers(field):
    field.datatype = PointField.INT32


def _without_z(field):
    field.name = "depth" if field.name == "z" else field.name


def test_bad_messages_are_counted_and_nothing_comes_of_them(robot):
    start = next(starts)
    good = cloud(start)
    spoiled = {
        "field_type": cloud(start, fields=_fields(good, _integers)),
        "missing_field": cloud(start, fields=_fields(good, _without_z)),
        "layout": cloud(start, data=array("B", bytes(100))),
        "joint_range": cloud(start, fields=[*good.fields[:4], _joint_in_confidence(), good.fields[5]]),
        "duplicate_joint": _two_people_one_id(start),
        "zero_stamp": cloud(start, header=header(0.0)),
        "joint_count": cloud(start, fields=good.fields[:3], width=24),
        "too_many_people": _depth_cloud(start),
        "too_many_parts": cloud(start, fields=good.fields * 500),
        "malformed": bytes(serialize_message(good))[:100],
    }
    before = {kind: int(robot.diagnostics.values().get(f"refused.{kind}", 0)) for kind in spoiled}
    count = len(robot.states)
    for _ in range(3):
        for message in spoiled.values():
            robot.publisher.publish(message)
    robot.wait(
        lambda: all(robot.diagnostics.counted(f"refused.{kind}", before[kind] + 3) for kind in spoiled),
        "count of every refusal",
    )
    assert robot.diagnostics.newest()["input"].level in (DiagnosticStatus.WARN, DiagnosticStatus.ERROR)
    assert "expected" in robot.diagnostics.newest()["input"].message
    assert all(not state["people"] for state in robot.states[count:])
    # Once a kind, however many there were.
    assert robot.child.output().count("(zero_stamp)") == 1
    robot.play(frames(duration=1.0, start=start + 1.0))
    assert robot.states[-1]["people"]


def _joint_in_confidence():
    """A field ``joint`` where the upper half of a float 1.0 lies: 16256."""
    return PointField(name="joint", offset=22, datatype=PointField.UINT16, count=1)


def _two_people_one_id(start):
    (person,) = frames(duration=0.1, start=start)[0].people
    return point_cloud(SkeletonFrame(start, (person, person)), header(start))


def _depth_cloud(start):
    message = cloud(start, height=25, width=80, row_step=80 * 12, point_step=12, data=array("B", bytes(25 * 80 * 12)))
    message.fields = message.fields[:3]
    return message


def test_coordinates_that_are_not_finite_and_nobody_at_all(robot):
    start = next(starts)
    recorded = frames(duration=1.0, start=start)
    holes = [
        SkeletonFrame(frame.stamp, tuple(Person(p.id, _with_holes(p.joints, i)) for p in frame.people))
        for i, frame in enumerate(recorded)
    ]
    robot.play(holes)
    assert robot.states[-1]["people"][0]["valid_joints"] < 1.0
    nothing = [SkeletonFrame(f.stamp + 1.0, (Person("8", np.full((25, 3), np.inf)),)) for f in recorded]
    robot.play(nothing)
    robot.play([SkeletonFrame(frame.stamp + 2.0) for frame in recorded])
    robot.wait(lambda: not robot.states[-1]["people"], "empty room")
    for state in robot.states:
        STATE.validate(state)


def _with_holes(joints, seed):
    joints = joints.copy()
    joints[np.random.default_rng(seed).choice(25, 5, replace=False)] = [np.nan, np.inf, -np.inf]
    return joints


def test_a_bag_that_begins_again(robot):
    recorded = frames(duration=4.5, start=next(starts))
    resets = int(robot.diagnostics.values().get("stream.resets", 0))
    robot.play(recorded)
    robot.wait(lambda: robot.kinds() == ["onset"], "onset")
    robot.play(recorded)
    robot.wait(lambda: robot.kinds() == ["onset", "lost", "onset"], "a second onset")
    robot.wait(lambda: robot.diagnostics.counted("stream.resets", resets + 1), "count of the reset")


def test_stamps_that_repeat_are_counted_and_ignored(robot):
    recorded = frames(duration=1.0, start=next(starts))
    before = int(robot.diagnostics.values().get("stream.stale_frames", 0))
    robot.play([frame for frame in recorded for _ in range(3)])
    robot.wait(lambda: robot.diagnostics.counted("stream.stale_frames", before + 55), "count of the repeats")
    assert len(robot.states[-1]["people"]) == 1


def test_two_trackers_on_one_topic(robot):
    start = next(starts)
    other = robot.peer.publisher(PointCloud2, "skeletons")
    mine, theirs = frames(start=start, ids=("1",)), frames(start=start + 0.01, ids=("2",))
    for one, two in zip(mine, theirs, strict=True):
        robot.publisher.publish(point_cloud(one, header(one.stamp)))
        other.publish(point_cloud(two, header(two.stamp)))
        robot.peer.spin(1 / 240)
    robot.wait(lambda: len(robot.events) == 4, "the events of both")
    assert robot.kinds("1") == robot.kinds("2") == ["onset", "offset"]
    robot.peer.node.destroy_publisher(other)


@pytest.mark.parametrize("rate", [5.0, 120.0])
def test_slow_and_fast_trackers(robot, rate):
    start = next(starts)
    robot.play(frames(rate=rate, start=start), speed=6.0)
    robot.wait(lambda: robot.kinds() == ["onset", "offset"], "the action")
    assert robot.events[0]["onset"] == pytest.approx(start + UP[0], abs=0.35)


def test_people_who_vanish_and_come_back(robot):
    start = next(starts)
    robot.play(frames(duration=4.5, start=start))
    robot.play([SkeletonFrame(start + 4.5 + i / 30) for i in range(45)])
    robot.wait(lambda: robot.kinds() == ["onset", "lost"], "loss")
    assert robot.states[-1]["people"] == []
    robot.play(frames(duration=4.5, start=start + 6.0))
    robot.wait(lambda: robot.kinds() == ["onset", "lost", "onset"], "return")


def test_a_tracker_that_falls_silent(robot):
    robot.play(frames(duration=4.5, start=next(starts)))
    robot.wait(lambda: robot.active[-1].data, "onset")
    robot.wait(lambda: not robot.states[-1]["people"] and not robot.active[-1].data, "nobody")
    assert robot.kinds() == ["onset", "lost"]


def test_parameters_that_change_at_run_time(robot):
    assert robot.set("min_duration", 3.0).successful
    robot.play(frames(start=next(starts)))  # the hand is up for two seconds
    assert robot.set("min_duration", -1.0).successful
    assert robot.events == []
    robot.play(frames(start=next(starts)))
    robot.wait(lambda: robot.kinds() == ["onset", "offset"], "the action")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("on_threshold", 0.2, "off_threshold"),  # the weights recommend 0.4 for off_threshold
        ("off_threshold", 0.9, "off_threshold"),
        ("max_rate", 1000.0, ""),
        ("look_ahead", 1.5, "less than max_gap"),
        ("watch", ["wave"], "hand_up"),
        ("topic", "other", "clean it up"),
        ("hold", "long", ""),
    ],
)
def test_a_wrong_parameter_is_refused(robot, name, value, reason):
    result = robot.set(name, value)
    assert not result.successful
    assert reason in result.reason


def test_watching_begins_and_ends_at_run_time(robot):
    assert robot.set("watch", [""]).successful
    robot.wait(lambda: not robot.peer.node.get_publishers_info_by_topic("/watch/hand_up/active"), "end of the topic")
    assert robot.set("watch", ["hand_up"]).successful
    count = len(robot.active)
    robot.wait(lambda: len(robot.active) > count, "the topic again")


def test_the_labels_can_be_asked_for(robot):
    answer = robot.peer.call(Trigger, "usdrl_perception/list_labels")
    assert answer.success
    assert json.loads(answer.message) == ["hand_up"]


def test_the_topics_are_those_of_the_documentation(robot):
    text = (ROOT / "docs/topics.md").read_text(encoding="utf-8").split("## Outputs")[1].split("\n\n")[1]
    rows = [re.findall(r"`([^`]+)`", line)[:2] for line in text.splitlines()[2:]]
    documented = {"/" + name.lstrip("/").replace("<label>", "hand_up"): kind for name, kind in rows}
    if detections.message_type() is None:
        documented.pop("/actions/detections")
    everywhere = {"/rosout", "/parameter_events", "/usdrl_perception/transition_event"}
    offered = robot.peer.node.get_publisher_names_and_types_by_node("usdrl_perception", "/")
    assert {name: kind.replace("/msg/", "/") for name, (kind,) in offered if name not in everywhere} == documented


def test_a_message_type_that_is_not_expected(robot):
    with Peer() as other:
        other.node.create_publisher(PoseArray, "skeletons", 10)
        robot.wait(lambda: "input_type" in robot.diagnostics.newest()["input"].message, "advice")
    assert "geometry_msgs/msg/PoseArray" in robot.diagnostics.newest()["input"].message


def test_lifecycle(robot):
    def label():
        return robot.peer.call(GetState, "usdrl_perception/get_state").current_state.label

    assert label() == "active"
    robot.play(frames(duration=4.5, start=next(starts)))
    robot.wait(lambda: robot.active[-1].data, "onset")
    assert robot.lifecycle(Transition.TRANSITION_DEACTIVATE)
    robot.wait(lambda: not robot.active[-1].data and not robot.states[-1]["people"], "nobody")
    assert robot.kinds() == ["onset", "offset"]
    robot.wait(lambda: robot.diagnostics.newest()["input"].message == "not active", "word that it is not active")
    assert robot.peer.call(Trigger, "usdrl_perception/reset").success  # in every state
    assert not robot.lifecycle(Transition.TRANSITION_DEACTIVATE)  # twice
    assert not robot.lifecycle(Transition.TRANSITION_CONFIGURE)  # not from here
    assert label() == "inactive"
    assert robot.lifecycle(Transition.TRANSITION_CLEANUP)
    assert not robot.peer.call(Trigger, "usdrl_perception/list_labels").success
    assert label() == "unconfigured"
    assert robot.peer.call(Trigger, "usdrl_perception/reset").success
    # What a configured node refuses can be changed now, and counts from the next configuration on.
    assert robot.set("topic", "elsewhere").successful
    assert robot.lifecycle(Transition.TRANSITION_CONFIGURE)
    assert robot.lifecycle(Transition.TRANSITION_ACTIVATE)
    robot.publisher = robot.peer.publisher(PointCloud2, "elsewhere")
    robot.play(frames(duration=1.0, start=next(starts)))
    assert robot.states[-1]["people"]


def test_people_in_millimetres_are_an_error_with_a_remedy_and_one_warning(robot):
    start = next(starts)
    acted = simulate(PerformanceConfig(rate=10.0, start=start), 1).frames[:120]
    told = "content of the input (units)"

    def send(recorded, times):
        for frame in recorded:
            people = tuple(Person(p.id, times * p.joints) for p in frame.people)
            robot.publisher.publish(point_cloud(SkeletonFrame(frame.stamp, people), header(frame.stamp)))
            robot.peer.spin(0.005)

    send(acted[:60], 1.0)
    robot.wait(lambda: "people look like people" in robot.diagnostics.newest()["content"].message, "a first look")
    send(acted[60:], 1000.0)
    robot.wait(lambda: "set units: mm" in robot.diagnostics.newest()["content"].message, "the finding")
    assert robot.diagnostics.newest()["content"].level == DiagnosticStatus.ERROR
    assert robot.diagnostics.counted("begun.units")
    robot.peer.spin(2.0)
    assert robot.child.output().count(told) == 1


def test_sigterm_ends_a_busy_node(robot):
    recorded = iter(frames(duration=8.0, start=next(starts)))
    for frame in itertools.islice(recorded, 60):
        robot.publisher.publish(point_cloud(frame, header(frame.stamp)))
    assert seconds_to_end(robot.child, signal.SIGTERM) < 2.0
    robot.child.check()
    assert "Traceback" not in robot.child.output()
