"""Sources that look right, or wrong in another way than they are."""

import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.checked_source import captured, perform, report, steps  # noqa: E402

from usdrl_model.plausibility.findings import Level  # noqa: E402
from usdrl_model.skeleton.person import Person  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.diagnostics import graph_checks  # noqa: E402
from usdrl_ros.inputs.registry import find  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud, poses  # noqa: E402

RIGHT = (-1.0, 1.0, 1.0)
"""x to the right instead of to the left: axes of the other hand."""


@pytest.mark.parametrize(("axes", "given"), [("kinect", ("axes", "kinect")), ("body", ("axes", "body"))])
def test_left_handed_axes_are_told_besides_swapped_names(axes, given):
    """Unity: x right, y up, z forward; Unreal: x forward, y right, z up."""
    found = report(captured(perform(), axes=axes, change=lambda joints: joints * RIGHT))
    assert steps(found) == [given, ("mirrored", True)]
    assert "if axes are left-handed (Unity: y up, Unreal: z up), publish -y instead" in found.steps[1].why.text
    mended = captured(perform(), axes="optical" if axes == "kinect" else "body")
    assert report(mended, axes="optical" if axes == "kinect" else "body").fine, "what -y makes of them"


@pytest.mark.parametrize("people", [2, 3])
def test_everybody_in_a_message_with_the_same_id_is_told_to_have_ids_of_our_own(people):
    one_each = [
        dataclasses.replace(frame, people=(Person("0", one.joints, one.confidence),))
        for frame in perform(people=people)
        for one in frame.people
    ]
    found = report(captured(one_each))
    assert steps(found) == [("ids", "own")] and not found.left
    assert "everybody in a message with the same one?" in found.steps[0].why.text
    assert report(captured(one_each), ids="own").fine


@pytest.mark.parametrize("often", [1, 3])
def test_a_tracker_that_renames_people_is_told_to_have_ids_of_our_own(often):
    renamed = []
    for number, frame in enumerate(perform()):
        people = tuple(Person(f"{one.id}{number // often:03}", one.joints, one.confidence) for one in frame.people)
        renamed.append(dataclasses.replace(frame, people=people))
    found = report(captured(renamed))
    assert steps(found) == [("ids", "own")] and not found.left
    assert "the tracker renames people" in found.steps[0].why.text
    assert report(captured(renamed), ids="own").fine


def test_a_message_that_is_sent_twice_is_nobody_else():
    assert report(captured([frame for frame in perform() for _ in range(2)])).fine


def in_a_picture(message, plane, places):
    """A source of joints in a picture of 640 x 480, whose numbers are ``places`` of the pixels."""
    source = find(message)

    def decode(one, context):
        frame = source.adapter.decode(one, context)
        people = []
        for person in frame.frame.people:
            joints = np.array(person.joints)
            seen = joints[:, :2] / joints[:, 2:] * 500.0 + (320.0, 240.0)
            people.append(Person(person.id, np.column_stack([places(seen), np.full(len(seen), np.nan)])))
        return dataclasses.replace(frame, frame=dataclasses.replace(frame.frame, people=tuple(people)))

    adapter = dataclasses.replace(source.adapter, plane=plane, units="m", axes="optical", decode=decode)
    return dataclasses.replace(source, adapter=adapter)


FLAT = {"picture_size": (640.0, 480.0), "weights": "hri_2d"}


@pytest.mark.parametrize(
    "places", [lambda pixels: pixels / (640.0, 480.0), lambda pixels: pixels / (320.0, 240.0) - 1.0]
)
def test_joints_of_a_picture_in_another_scale_are_told(places):
    found = report(captured(perform()), in_a_picture("point_cloud", "pixels", places), **FLAT)
    assert not steps(found) and "are they shares of the picture?" in found.left[0].text
    assert report(captured(perform()), in_a_picture("point_cloud", "pixels", lambda pixels: pixels), **FLAT).fine


def test_units_are_nothing_to_set_for_joints_of_a_picture():
    found = report(captured(perform()), in_a_picture("point_cloud", "image", lambda pixels: pixels), **FLAT)
    assert any("are they pixels, or from -1 to 1?" in finding.text for finding in found.left)
    assert not any("set units" in finding.text for finding in found.left), found.left


def test_weights_that_need_depth_are_told_of_joints_in_a_picture():
    source, sent = in_a_picture("point_cloud", "pixels", lambda pixels: pixels), captured(perform())
    found = report(sent, source, picture_size=(640.0, 480.0))
    assert steps(found) == [("weights", "hri_2d")] and not found.left
    assert "weights hri_streaming need joints in space" in found.steps[0].why.text
    assert "weights:=hri_2d" in found.command(found.steps)
    assert report(sent, source, picture_size=(640.0, 480.0), weights="/nowhere").fine, "which the node tells"


def landmarks(frames):
    """People as MediaPipe has them: around their own hips."""
    hips = [topology("mediapipe_33").index(f"hip_{side}") for side in ("left", "right")]
    found = []
    for frame in frames:
        (one,) = frame.people
        joints = topology("mediapipe_33").fit @ np.asarray(one.joints, np.float64)
        found.append(dataclasses.replace(frame, people=(Person("0", joints - joints[hips].mean(axis=0)),)))
    return found


@pytest.mark.parametrize(("build", "source", "right"), [
    (poses, "pose_array", "mediapipe_poses"), (point_cloud, "point_cloud", "mediapipe_cloud"),
])  # fmt: skip
def test_world_landmarks_are_told_the_adapter_that_gives_them_a_place(build, source, right):
    sent = captured(landmarks(perform(people=1)), build=build)
    found = report(sent, input_type=source, topology="mediapipe_33")
    assert steps(found) == [("input_type", right)] and not found.left
    assert found.trial.people[0].ahead == pytest.approx(2.0, abs=0.1)
    (hint,) = (finding for finding in found.findings if finding.key == "no_place")
    assert hint.level == Level.NOTE, "it is said once, as the node does"
    assert report(sent, input_type=right, topology="mediapipe_33").fine


def test_texts_that_several_adapters_read_are_told_all_of_them_and_no_step():
    finding = graph_checks.other_type("/people", ["std_msgs/msg/String"], "sensor_msgs/msg/PointCloud2")
    assert finding.change is None and "set the parameter input_type to mediapipe_json or openpose_json" in finding.text
    assert graph_checks.other_type("/people", ["geometry_msgs/msg/PoseArray"], "x").change == (
        "input_type",
        "pose_array",
    )


def test_a_confidence_that_is_always_zero_is_named_of_joints_in_a_picture():
    sure = in_a_picture("point_cloud", "pixels", lambda pixels: pixels)

    def unsure(message, context):
        frame = sure.adapter.decode(message, context)
        people = tuple(dataclasses.replace(one, confidence=np.zeros(len(one.joints))) for one in frame.frame.people)
        return dataclasses.replace(frame, frame=dataclasses.replace(frame.frame, people=people))

    source = dataclasses.replace(sure, adapter=dataclasses.replace(sure.adapter, decode=unsure))
    (finding,) = report(captured(perform()), source, **FLAT).left
    assert "confidence is below 0.1" in finding.text and "topology" not in finding.text


@pytest.mark.parametrize(("settings", "said"), [
    ({}, "axes optical, units m"), ({"input_type": "tf_frames"}, "axes optical"), ({"target_frame": "odom"}, "units m"),
    ({"input_type": "mediapipe_poses"}, ""),
])  # fmt: skip
def test_settings_that_count_for_nothing_are_not_listed(settings, said):
    found = report([], find("point_cloud"), **settings)
    assert [one for one in found.text().splitlines() if one.startswith("read as ")][0].count(said or "read as ") == 1
    assert ("axes" in found.text(), "units" in found.text()) == ("axes" in said, "units" in said)


@pytest.mark.parametrize("pitch", [0.0, 0.5])
def test_of_a_camera_that_hangs_both_readings_are_listed_from_beginning_to_end(pitch):
    """Its points are those of an upright one with axes of the Kinect SDK, and tilted the other way."""
    cos, sin = np.cos(pitch), np.sin(pitch)
    turn = np.array([[-1.0, 0, 0], [0, -cos, sin], [0, sin, cos]])
    found = report(captured(perform(), change=lambda joints: joints @ turn))
    assert steps(found)[0] == ("axes", "kinect") and len(found.steps) == (2 if pitch else 1) and not found.left
    ((name, hanging),) = [(step.parameter, step.value) for step in found.others]
    assert name == "sensor_pose" and abs(hanging[3]) == pytest.approx(np.pi, abs=0.06)
    assert abs(hanging[4]) == pytest.approx(pitch, abs=0.06)
    either, alternative = found.text().split("\nor:\n")
    assert "Set, in this order, either:\n  1. axes: kinect" in either
    assert alternative.startswith("  1. sensor_pose: [0.0, 0.0, ")
    assert "\nor usdrl-perception --ros-args -p topic:=/bodies -p 'sensor_pose:=[0.0, 0.0, " in alternative
    assert not re.search(r"-0\.0+\b", found.text()), found.text()
    assert [step["parameter"] for step in found.document()["other_steps"]] == ["sensor_pose"]
