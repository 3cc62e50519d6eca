"""World landmarks of MediaPipe in the messages of its wrappers, and what is no world landmark."""

import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import Point, Pose, PoseArray  # noqa: E402
from helpers.messages import FLOATS, HEADER, decode, fields, loaded  # noqa: E402
from sensor_msgs.msg import PointField  # noqa: E402
from std_msgs.msg import Float32MultiArray, String  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.messages.point_cloud import create_cloud, dtype_from_fields  # noqa: E402

LANDMARKS = topology("mediapipe_33")
AHEAD = np.array([0.0, 0.0, 2.0])


def world():
    """(33, 3) landmarks around the middle of the hips, exact in float32."""
    points = np.arange(99.0).reshape(33, 3) / 128 - 0.4375
    points[[23, 24]] = [(0.125, 0.0, 0.03125), (-0.125, 0.0, -0.03125)]
    return points


def read(message, kind, **context):
    return decode(message, kind, joints=LANDMARKS, **({"arrival": 50.5, "frame_id": "head"} | context))


def refused(message, kind):
    with pytest.raises(InputError) as error:
        read(message, kind)
    assert "expected" in str(error.value) and "got" in str(error.value) and "\n" not in str(error.value)
    return error.value.kind


def poses(points):
    return PoseArray(header=HEADER, poses=[Pose(position=Point(x=x, y=y, z=z)) for x, y, z in points.tolist()])


def cloud(*people):
    layout = fields(FLOATS[0], track_id=PointField.UINT32)
    points = np.zeros(33 * len(people), dtype_from_fields(layout))
    for axis, name in enumerate("xyz"):
        points[name] = np.concatenate(people)[:, axis]
    points["track_id"] = np.repeat(np.arange(len(people)), 33)
    return create_cloud(HEADER, layout, points)


def numbers(points, *columns):
    rows = np.column_stack([points, *[np.full(len(points), one) for one in columns]])
    return Float32MultiArray(data=rows.ravel().tolist())


def text(document):
    return String(data=document if isinstance(document, str) else json.dumps(document))


def dicts(points, visibility=0.5):
    return [{"x": x, "y": y, "z": z, "visibility": visibility} for x, y, z in points.tolist()]


@pytest.mark.parametrize(
    ("kind", "message", "stamp", "visibility"),
    [
        ("mediapipe_poses", poses(world()), 12.5, None),
        ("mediapipe_cloud", cloud(world()), 12.5, None),
        ("mediapipe_array", numbers(world()), 50.5, None),
        ("mediapipe_array", numbers(world(), 0.5), 50.5, 0.5),
        ("mediapipe_array", numbers(world(), 0.5, 0.25), 50.5, 0.5),
        ("mediapipe_json", text(dicts(world())), 50.5, 0.5),
        ("mediapipe_json", text(world().tolist()), 50.5, 1.0),
        ("mediapipe_json", text({"pose_world_landmarks": [{"landmark": dicts(world())}]}), 50.5, 0.5),
        ("mediapipe_json", text({"landmarks": [[*row, 0.25] for row in world().tolist()]}), 50.5, 0.25),
        (
            "mediapipe_json",
            text({"header": {"stamp": {"sec": 3, "nanosec": 0}, "frame_id": "eye"}, "landmarks": dicts(world())}),
            3.0,
            0.5,
        ),
    ],
)
def test_landmarks_centred_on_the_hips_are_put_in_front_of_the_camera(kind, message, stamp, visibility):
    odd = []
    source = read(message, kind, warn=lambda *told: odd.append(told[0]))
    assert source.frame.stamp == stamp
    assert source.frame_id == {12.5: "camera", 50.5: "head", 3.0: "eye"}[stamp]
    (person,) = source.frame.people
    np.testing.assert_array_equal(person.joints, world() + AHEAD)
    assert odd == ["no_place"]
    if visibility is not None:
        np.testing.assert_array_equal(person.confidence, visibility)


def test_landmarks_with_a_place_stay_there():
    there = world() + (0.5, 0.0, 3.0)
    np.testing.assert_array_equal(read(poses(there), "mediapipe_poses").frame.people[0].joints, there)
    source = read(cloud(there, there + (1.0, 0.0, 0.0)), "mediapipe_cloud")
    assert [person.id for person in source.frame.people] == ["0", "1"]


def test_somebody_whose_hips_are_hidden_is_no_nearer():
    body = world() - (0.0, 0.5, 0.0)  # above the hips
    body[[23, 24]] = np.nan
    (person,) = read(numbers(body), "mediapipe_array").frame.people
    np.testing.assert_array_equal(person.joints, body + AHEAD)
    there = body + (0.5, 0.0, 3.0)
    np.testing.assert_array_equal(read(poses(there), "mediapipe_poses").frame.people[0].joints, there)
    reads = loaded("mediapipe_poses").decoder(Context(topology=LANDMARKS))
    near = body + (0.0, 0.0, 0.4)
    seen = near.copy()
    seen[[23, 24]] = (0.0, 0.0, 0.4)
    for points in (seen, near):
        (person,) = reads(poses(points), Context(topology=LANDMARKS)).frame.people
        np.testing.assert_array_equal(person.joints, points, "who has had a place has one")
    nobody = np.zeros((33, 3))
    assert np.isnan(read(poses(nobody), "mediapipe_poses").frame.people[0].joints).all()
    picture = world() + 0.5
    picture[[23, 24]] = 0.0
    assert refused(poses(picture), "mediapipe_poses") == "image_landmarks"


def test_landmarks_that_are_missing_stay_missing():
    points = world()
    points[5] = 0.0
    points[7] = np.nan
    (person,) = read(numbers(points), "mediapipe_array").frame.people
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(person.joints).any(axis=1)), [5, 7])


@pytest.mark.parametrize("document", ["null", "[]", '{"pose_world_landmarks": null}', '{"landmarks": []}'])
def test_nobody(document):
    assert read(text(document), "mediapipe_json").frame.people == ()
    assert read(Float32MultiArray(), "mediapipe_array").frame.people == ()
    assert read(PoseArray(header=HEADER), "mediapipe_poses").frame.people == ()


@pytest.mark.parametrize(
    ("kind", "message", "reason"),
    [
        ("mediapipe_poses", poses(world() + (0.5, 0.6, 0.0)), "image_landmarks"),
        ("mediapipe_poses", poses(world()[:25]), "joint_count"),
        ("mediapipe_cloud", cloud(world(), world()), "too_many_people"),
        ("mediapipe_array", numbers(world()[:30]), "joint_count"),
        ("mediapipe_array", Float32MultiArray(data=[0.5] * 1_000_000), "joint_count"),
        ("mediapipe_json", text("hello"), "json"),
        ("mediapipe_json", text("[" * 50_000), "json"),
        ("mediapipe_json", text("1" * 60_000), "json"),
        ("mediapipe_json", text(" " * 70_000), "json"),
        ("mediapipe_json", text({"people": []}), "json"),
        ("mediapipe_json", text({"landmarks": "none\n[FATAL]"}), "json"),
        ("mediapipe_json", text({"landmarks": 3}), "json"),
        ("mediapipe_json", text([dicts(world()), dicts(world())]), "too_many_people"),
        ("mediapipe_json", text(dicts(world())[:32]), "joint_count"),
        ("mediapipe_json", text([*dicts(world())[:32], {"x": 1}]), "field_value"),
        ("mediapipe_json", text([*world().tolist()[:32], [1, 2]]), "field_value"),
        ("mediapipe_json", text([*world().tolist()[:32], [1, 2, 10**400]]), "field_value"),
        ("mediapipe_json", text([*world().tolist()[:32], [1, 2, {}]]), "field_value"),
        ("mediapipe_json", text({"header": {"stamp": 3}, "landmarks": []}), "field_value"),
        ("mediapipe_json", text({"header": {"stamp": {"sec": -1, "nanosec": 0}}, "landmarks": []}), "zero_stamp"),
        ("mediapipe_json", text({"header": {"stamp": {"sec": 10**30, "nanosec": 0}}, "landmarks": []}), "field_value"),
    ],
)
def test_what_is_no_world_landmark_is_refused(kind, message, reason):
    assert refused(message, kind) == reason
