"""The perception node over real DDS: what it publishes, its parameters, its services and its states."""

import itertools
import json
import re
import signal

import numpy as np
import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import PoseStamped  # noqa: E402
from helpers.people import UP, frames
from helpers.robot import STATE, starts
from helpers.ros_peer import LATCHED, header, seconds_to_end  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import GetState  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402

from usdrl_model.simulation.script import Act  # noqa: E402
from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.outputs import detections  # noqa: E402
from usdrl_ros.wire import OUTPUTS  # noqa: E402


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
    assert state["model"] == {
        "weights": "rule",
        "hash": "0" * 12,
        "device": "cpu",
        "precision": "fp32",
        "runtime": "torch, as trained",
    }
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


def test_a_performer_who_points_and_raises_an_arm_is_watched_and_has_a_ray(robot):
    start = next(starts)
    acts = (("idle", 1.0), ("point_right", 3.5), ("idle", 1.0), ("raise_left_arm", 3.0), ("idle", 1.0))
    script = tuple(Act(action=action, seconds=seconds) for action, seconds in acts)
    shown = simulate(PerformanceConfig(scripts=(script,), start=start), seed=5).frames
    assert robot.set("watch", ["hand_up", "pointing_right", "raising_left_arm"]).successful
    topics = {
        name: robot.peer.listen(Bool, f"watch/{name}/active", LATCHED)
        for name in ("pointing_right", "raising_left_arm")
    }
    who = robot.peer.listen(String, "watch/raising_left_arm/person", LATCHED)
    rays = robot.peer.listen(PoseStamped, "pointing", 50)
    robot.wait(lambda: all(topics.values()), "watched states")

    robot.play([frame for frame in shown if frame.stamp < start + 4.0], speed=4.0)
    robot.wait(lambda: topics["pointing_right"][-1].data and rays, "pointing")
    (person,) = robot.states[-1]["people"]
    (held,) = (held for held in person["states"]["active"] if held["label"] == "pointing_right")
    assert start + 1.2 < held["onset"] < start + 2.2
    hand = shown[round(3.9 * 30)].people[0].joints[JOINT_INDEX["hand_right"]]
    np.testing.assert_allclose(held["ray"]["origin"], hand, atol=0.05)
    origin = rays[-1].pose.position
    np.testing.assert_allclose([origin.x, origin.y, origin.z], hand, atol=0.05)
    assert not topics["raising_left_arm"][-1].data

    robot.play([frame for frame in shown if start + 4.0 <= frame.stamp < start + 7.5], speed=4.0)
    robot.wait(lambda: topics["raising_left_arm"][-1].data and who[-1].data == "1", "raised arm")
    assert not topics["pointing_right"][-1].data
    for state in robot.states:
        STATE.validate(state)
    assert robot.set("watch", ["hand_up"]).successful


def test_who_comes_late_hears_the_state_at_once_and_again(robot):
    robot.play(frames(duration=1.0, start=next(starts)))
    late = robot.peer.listen_json("actions/state")
    robot.wait(lambda: late, "latched state")
    assert late[0]["people"][0]["id"] == "7"
    count = len(late)
    robot.wait(lambda: len(late) > count, "heartbeat")


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
        ("look_ahead", 1.5, ""),
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


def documented_outputs(*, by_rules=False):
    """Topic -> type, as docs/topics.md has them; ``by_rules``: also those that need ``hri_rules``."""
    text = (ROOT / "docs/topics.md").read_text(encoding="utf-8").split("## Outputs")[1].split("\n\n")[1]
    lines = [line for line in text.splitlines()[2:] if by_rules or "`hri_rules`" not in line]
    rows = [re.findall(r"`([^`]+)`", line)[:2] for line in lines]
    return {"/" + re.sub(r"<\w+>", "hand_up", name.lstrip("/")): kind for name, kind in rows}


def test_the_topics_are_those_of_the_documentation(robot):
    documented = documented_outputs()
    if detections.message_type() is None:
        del documented["/actions/detections"], documented["/actions/label_info"]
    everywhere = {"/rosout", "/parameter_events", "/usdrl_perception/transition_event"}
    offered = robot.peer.node.get_publisher_names_and_types_by_node("usdrl_perception", "/")
    assert {name: kind.replace("/msg/", "/") for name, (kind,) in offered if name not in everywhere} == documented


def test_no_output_is_taken_for_people():
    unknown = [name for name in documented_outputs(by_rules=True) if not OUTPUTS.search(f"/robot{name}")]
    assert unknown == ["/diagnostics"], "OUTPUTS of usdrl_ros/wire.py has to match every output"


def test_lifecycle(robot):
    def label():
        return robot.peer.call(GetState, "usdrl_perception/get_state").current_state.label

    assert label() == "active"
    robot.play(frames(duration=4.5, start=next(starts)))
    robot.wait(lambda: robot.active[-1].data, "onset")
    assert robot.lifecycle(Transition.TRANSITION_DEACTIVATE)
    robot.wait(lambda: not robot.active[-1].data and not robot.states[-1]["people"], "nobody")
    robot.wait(lambda: robot.kinds() == ["onset", "offset"], "the end of the action")
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


def test_detection_can_be_switched_off_and_on(robot):
    def enable(wanted):
        return robot.peer.call(SetBool, "usdrl_perception/enable", SetBool.Request(data=wanted))

    assert enable(True).message == "enabled"
    assert enable(False).success and enable(False).success
    beats = len(robot.states)
    robot.wait(lambda: robot.diagnostics.newest()["input"].message == "not active", "word that it is not active")
    assert not robot.states[-1]["people"] and len(robot.states) <= beats + 1
    assert robot.peer.call(Trigger, "usdrl_perception/list_labels").success, "the weights stay"
    assert enable(True).success
    robot.wait(lambda: len(robot.states) > beats + 3, "heartbeats")
    assert robot.lifecycle(Transition.TRANSITION_DEACTIVATE) and robot.lifecycle(Transition.TRANSITION_CLEANUP)
    assert enable(True).message == "enabled", "from unconfigured as well"
    assert robot.set("on_threshold", 7.0).reason and robot.set("max_rate", 8.0).successful


def test_sigterm_ends_a_busy_node(robot):
    recorded = iter(frames(duration=8.0, start=next(starts)))
    for frame in itertools.islice(recorded, 60):
        robot.publisher.publish(point_cloud(frame, header(frame.stamp)))
    assert seconds_to_end(robot.child, signal.SIGTERM) < 2.0
    robot.child.check()
    assert "Traceback" not in robot.child.output()
