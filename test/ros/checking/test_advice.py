"""What a recorded source needs: every wrong parameter is found, in order, and a right one is left alone."""

import dataclasses
import shlex

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.checked_source import START, captured, config, perform, report, steps  # noqa: E402

from usdrl_model.plausibility.findings import Finding, Level  # noqa: E402
from usdrl_model.skeleton.person import SkeletonFrame  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.checking.advice import Step  # noqa: E402
from usdrl_ros.checking.hearing import Captured  # noqa: E402
from usdrl_ros.checking.people import People  # noqa: E402
from usdrl_ros.checking.report import Report  # noqa: E402
from usdrl_ros.checking.trial import Trial  # noqa: E402
from usdrl_ros.inputs.registry import find  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import poses  # noqa: E402


def tilted(degrees):
    """Joints as a sensor sees them that looks down by so much."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return lambda joints: joints @ np.array([[1.0, 0, 0], [0, cos, -sin], [0, sin, cos]])


def swapped(joints):
    names = topology("kinect_v2_25").joints
    other = [name.replace("left", "*").replace("right", "left").replace("*", "right") for name in names]
    return joints[[names.index(name) for name in other]]


def test_a_right_source_is_left_alone_and_its_people_are_described():
    found = report(captured(perform()))
    assert found.fine, found
    assert [one.id for one in found.trial.people] == ["1", "2"]
    assert all(one.ahead > 1.0 and one.joints > 0.9 and "standing" in one.states for one in found.trial.people)
    assert found.trial.rate == pytest.approx(15.0) and found.trial.delay == pytest.approx(0.02)
    assert found.trial.frame_ids == ("eye",)


def test_one_fault_that_hides_another_is_found_after_it():
    messages = captured(perform("coco_17"), axes="body", change=lambda joints: 1000.0 * joints)
    found = report(messages)
    assert not found.fine and not found.left, found.trial
    assert dict(steps(found)) == {"topology": "coco_17", "units": "mm", "axes": "body"}


@pytest.mark.parametrize("degrees", [-30.0, 30.0])
def test_the_pose_of_a_tilted_sensor(degrees):
    found = report(captured(perform(), change=tilted(degrees)))
    ((name, pose),) = steps(found)
    assert name == "sensor_pose" and pose[4] == pytest.approx(np.radians(degrees), abs=0.06)
    assert pose[2] > 0.5 and pose[:2] == (0.0, 0.0)
    assert not found.left


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("pose", [(0.0,) * 6, (0.2, 0.0, 1.1, 0.0, 0.0, 1.5)])
def test_the_pose_of_a_sensor_on_its_side(sign, pose):
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    found = report(captured(perform(), change=lambda joints: joints @ (turn if sign > 0 else turn.T)), sensor_pose=pose)
    ((name, value),) = steps(found)
    assert name == "sensor_pose" and value[3] == pytest.approx(-sign * np.pi / 2, abs=0.06)
    assert value[4] == pytest.approx(0.0, abs=0.06) and (value[:2], value[5]) == (pose[:2], pose[5])
    assert f"is the sensor on its side (roll {value[3]:.2f}" in found.steps[0].why.text
    assert not found.left


def with_axes_of_its_own():
    """A source that settles its axes itself, as all do whose joints a depth image lifts."""
    source = find("point_cloud")
    return dataclasses.replace(source, adapter=dataclasses.replace(source.adapter, axes="optical"))


HANGING = np.array([-1.0, -1.0, 1.0])
"""A picture that is turned by half a turn: right is left, and up is down."""


@pytest.mark.parametrize("pose", [(0.0,) * 6, (0.2, 0.0, 1.1, 0.0, 0.0, 1.5)])
def test_the_pose_of_a_sensor_that_hangs_upside_down(pose):
    found = report(
        captured(perform(), change=lambda joints: joints * HANGING), with_axes_of_its_own(), sensor_pose=pose
    )
    ((name, value),) = steps(found)
    assert name == "sensor_pose" and abs(value[3]) == pytest.approx(np.pi, abs=0.06)
    assert value[4] == pytest.approx(0.0, abs=0.06) and (value[:2], value[5]) == (pose[:2], pose[5])
    assert "does the sensor hang upside down? by these people, sensor_pose: [" in found.steps[0].why.text
    assert not found.left and all("standing" in one.states for one in found.trial.people)


def test_a_picture_that_is_mirrored_is_not_one_that_is_turned():
    found = report(captured(perform(), change=lambda joints: joints * (1.0, -1.0, 1.0)), with_axes_of_its_own())
    (name, _), mirrored = steps(found)
    assert (name, mirrored) == ("sensor_pose", ("mirrored", True)), "a rotation leaves left and right as they are"


def test_where_axes_can_be_set_both_that_fit_are_said():
    found = report(captured(perform(), change=lambda joints: joints * HANGING))
    assert steps(found) == [("axes", "kinect")] and not found.left
    assert "or, if the sensor hangs upside down, by these people, sensor_pose: [0.0, 0.0, " in found.steps[0].why.text
    body = report(captured(perform(), axes="body", change=lambda joints: joints * HANGING), axes="body")
    ((name, value),) = steps(body)
    assert name == "sensor_pose" and abs(value[3]) == pytest.approx(np.pi, abs=0.06), "no other axes fit"
    assert "does the sensor hang upside down?" in body.steps[0].why.text


def test_a_small_tilt_is_a_note():
    found = report(captured(perform(), change=tilted(15.0)))
    assert found.fine
    assert [finding.key for finding in found.findings] == ["tilt"]
    assert "pitch 0.27" in found.findings[0].text
    assert not report(captured(perform(), change=tilted(15.0)), sensor_pose=(0, 0, 0, 0, 0.26, 0)).findings


def test_a_sensor_pose_is_corrected_and_keeps_its_place():
    found = report(captured(perform(), change=tilted(30.0)), sensor_pose=(0.2, 0.0, 1.1, 0.0, -0.4, 1.5))
    ((name, pose),) = steps(found)
    assert (name, pose[:3], pose[5]) == ("sensor_pose", (0.2, 0.0, 1.1), 1.5)
    assert pose[4] == pytest.approx(np.radians(30.0), abs=0.06)


def test_left_and_right():
    assert steps(report(captured(perform(), change=swapped))) == [("mirrored", True)]


def test_poses_of_another_joint_set_are_refused_and_the_one_that_fits_is_named():
    found = report(captured(perform("k4abt_32", people=1), build=poses), input_type="pose_array")
    ((name, value),) = steps(found)
    assert name == "topology" and len(topology(value).joints) == 32
    assert "refused (joint_count)" in found.steps[0].why.text
    assert not found.left


UNMENDED = {
    "no stamp": ({"stamp": lambda at: 0.0}, "zero_stamp", "header.stamp"),
    "a repeated stamp": ({"stamp": lambda at: START}, "frozen_stamp", "carry the stamp"),
    "another clock": ({"stamp": lambda at: at - 1e6}, "other_clock", "use_sim_time"),
    "nothing but zeros": ({"change": lambda joints: 0.0 * joints}, "unusable", "zeros"),
}


@pytest.mark.parametrize("case", UNMENDED)
def test_what_no_parameter_mends_is_told(case):
    how, key, words = UNMENDED[case]
    found = report(captured(perform(), **how))
    assert not steps(found)
    assert {finding.key: words in finding.text for finding in found.left}.get(key), found.left


def test_two_trackers_with_the_same_ids():
    messages = []
    for frame in perform(people=1):
        (one,) = frame.people
        other = dataclasses.replace(one, joints=np.asarray(one.joints) + [1.2, 0.0, 0.0])
        later = dataclasses.replace(frame, stamp=frame.stamp + 0.01, people=(other,))
        messages += captured([frame, later])
    found = report(messages)
    assert steps(found) == [("ids", "own")] and not found.left
    assert "two trackers with the same ids, or" in found.steps[0].why.text
    assert report(messages, ids="own").fine


def test_glitches_that_are_far_apart_and_a_map_that_is_corrected_are_not_two_trackers():
    frames = perform(people=1)
    long = [dataclasses.replace(frame, stamp=frame.stamp + 40.0 * turn) for turn in range(6) for frame in frames]
    for row in range(len(frames) // 2, len(long), len(frames)):
        (one,) = long[row].people
        away = dataclasses.replace(one, joints=np.asarray(one.joints) + [2.0, 0.0, 0.0])
        long[row] = dataclasses.replace(long[row], people=(away,))
    people, joints = People(), topology("kinect_v2_25")
    for frame in long:
        people.add(frame, joints)
    assert people.leaps(20.0) == 1 < 6 == people.leaps(1e9)
    people = People()
    for row, frame in enumerate(frames):
        (one,) = frame.people
        shift = 2.0 * (row // 10)
        moved = dataclasses.replace(one, joints=np.asarray(one.joints) + [shift, 0.0, 0.0])
        people.add(dataclasses.replace(frame, people=(moved,), sensor=(shift, 0.0, 0.0)), joints)
    assert people.leaps(1e9) == 0


def test_other_units_are_not_two_trackers():
    found = report(captured(perform(), change=lambda joints: 10.0 * joints))
    assert "ids" not in {one.parameter for one in found.steps}


def test_slow_and_empty_sources():
    assert "slow" in {finding.key for finding in report(captured(perform(rate=5.0))).left}
    empty = [SkeletonFrame(frame.stamp) for frame in perform()]
    (finding,) = report(captured(empty)).left
    assert finding.key == "nobody" and "let somebody stand" in finding.text


def test_two_sources_on_one_topic():
    frames = perform()
    both = captured(frames) + captured(frames, stamp=lambda at: at - 5.0, frame_id="other")
    found = report(sorted(both, key=lambda message: message.arrival))
    texts = {finding.key: finding.text for finding in found.left}
    assert "stamps of two clocks 5" in texts["second_clock_frames"]
    assert "several frames (eye, other)" in texts["frames"]


@pytest.mark.parametrize("data", [b"", b"\0\1\0\0", b"\xff" * 400])
def test_bytes_of_something_else_are_told(data):
    found = report([Captured(data, START, START)] * 5)
    assert found.left[0].level == Level.ERROR and "5 of 5 messages are refused" in found.left[0].text
    assert "nan" not in found.text(), "of a rate that is not known nothing is said"


@pytest.mark.parametrize(("own", "settles"), [({"units": "m"}, "units"), ({"axes": "kinect"}, "axes")])
def test_what_the_messages_settle_themselves_is_no_parameter_to_set(own, settles):
    source = find("point_cloud")
    source = dataclasses.replace(source, adapter=dataclasses.replace(source.adapter, **own))
    change = (lambda joints: 1000.0 * joints) if settles == "units" else (lambda joints: joints)
    found = report(captured(perform(), axes="optical" if settles == "units" else "body", change=change), source)
    assert steps(found) == [] and not found.fine
    (finding,) = [one for one in found.left if one.key == settles]
    assert f"these messages have {settles} of their own: correct what publishes them" in finding.text


def test_tf_that_is_not_installed_does_not_hide_the_rest():
    found = report(captured(perform(), axes="body"), target_frame="odom")
    assert steps(found) == [("axes", "body")]
    assert [finding.key for finding in found.left] == ["tf"]


def test_the_command_has_all_that_was_given_and_all_steps():
    why = Finding("topology", Level.ERROR, "other joints")
    given = config(axes="kinect", person_id="1", sensor_pose=(0.0, 0.0, 1.2, 0.0, 0.35, 0.0))
    report = Report(
        topic="/camera/skeletons", publishers=(), perception="", config=given, options={"scale": 2.0}, messages=9,
        trial=None, steps=(Step("topology", "k4abt_32", why),), findings=(),
    )  # fmt: skip
    assert shlex.split(report.command(report.steps)) == [
        "usdrl-perception", "--ros-args", "-p", "topic:=/camera/skeletons", "-p", "person_id:=\"1\"",
        "-p", "axes:=kinect", "-p", "sensor_pose:=[0.0, 0.0, 1.2, 0.0, 0.35, 0.0]", "-p", "input.scale:=2.0",
        "-p", "topology:=k4abt_32",
    ]  # fmt: skip
    odd = dataclasses.replace(report, config=config(person_id="*, a: b"))
    assert 'person_id:="*, a: b"' in shlex.split(odd.command(odd.steps)), (
        "what YAML would read as something else is in quotes"
    )
    tilted = Finding("tilt", Level.NOTE, "the sensor has pitch 0.16")
    told = dataclasses.replace(report, trial=Trial(findings=(tilted,)), findings=(tilted,))
    assert told.verdict() == "With that, people look like people.", "notes are no fault"
    assert dataclasses.replace(told, findings=(tilted, why)).verdict() == "Not fine yet."
    usual = dataclasses.replace(report, topic="/skeletons", config=config(watch=()), options={})
    assert usual.command(usual.steps) == "usdrl-perception --ros-args -p topology:=k4abt_32"
