"""Gravity from an IMU on the sensor."""

import numpy as np
import pytest
from helpers.people import frames

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from builtin_interfaces.msg import Time  # noqa: E402
from helpers.ros_peer import header  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import Imu as Message  # noqa: E402
from transforms3d.euler import euler2mat, euler2quat  # noqa: E402

from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.common import InputError, SourceFrame, ros_time  # noqa: E402
from usdrl_ros.inputs.conversion import converter, described  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.deserialiser import Deserialiser  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard  # noqa: E402
from usdrl_ros.inputs.imu import Imu  # noqa: E402
from usdrl_ros.inputs.registry import find  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.inputs.source_config import SourceConfig  # noqa: E402

OPTICAL = (-np.pi / 2, 0.0, -np.pi / 2)
"""The rotation of an IMU with optical axes in the body axes of its sensor."""


def oriented(stamp, roll, pitch, yaw=0.0):
    message = Message()
    message.header.stamp = ros_time(stamp)
    q = message.orientation
    q.w, q.x, q.y, q.z = map(float, euler2quat(roll, pitch, yaw))
    return message


def felt(stamp, rotation, turning=None, push=(0.0, 0.0, 0.0)):
    """The message of an accelerometer; ``rotation`` (3, 3): IMU -> world."""
    message = Message()
    message.header.stamp = ros_time(stamp)
    message.orientation_covariance[0] = -1.0
    a, w = message.linear_acceleration, message.angular_velocity
    a.x, a.y, a.z = map(float, rotation.T @ (np.array([0, 0, 9.81]) + push))
    if turning is None:
        message.angular_velocity_covariance[0] = -1.0
    else:
        w.x, w.y, w.z = map(float, turning)
    return message


def source(stamp, points):
    frame = SkeletonFrame(stamp, (Person("1", np.atleast_2d(np.asarray(points, float))),))
    return SourceFrame(frame, ros_time(stamp), "camera")


def test_people_are_levelled_by_the_orientation_whatever_the_heading():
    imu = Imu()
    for number in range(20):
        imu.hear(oriented(5.0 + 0.01 * number, 0.1, 0.3, yaw=2.0))
    placed = Frames("optical", imu=imu)
    points = np.random.default_rng(0).normal(size=(10, 3))
    got = placed.to_canonical(source(5.1, points)).people[0].joints
    expected = Frames("optical", sensor_pose=(0, 0, 0, 0.1, 0.3, 0)).to_canonical(source(5.1, points)).people[0].joints
    np.testing.assert_allclose(got, expected, atol=1e-9)
    np.testing.assert_allclose(placed.to_published(got), points, atol=1e-9)


def test_place_and_yaw_are_those_of_sensor_pose_and_people_are_published_in_the_target_frame():
    imu = Imu()
    imu.hear(oriented(5.0, 0.0, 0.4))
    pose = (0.2, -0.1, 1.3, 9.0, 9.0, 1.2)  # roll and pitch are not used
    frames = Frames("body", target_frame="base", sensor_pose=pose, imu=imu)
    point = np.array([2.0, 0.3, -0.5])
    got = frames.to_published(frames.to_canonical(source(5.0, point)).people[0].joints)[0]
    np.testing.assert_allclose(got, euler2mat(0.0, 0.4, 1.2) @ point + pose[:3], atol=1e-9)


def test_an_imu_may_have_axes_of_its_own():
    imu = Imu(OPTICAL)
    camera = euler2mat(0.1, 0.3, 0.0)
    imu.hear(felt(5.0, camera @ euler2mat(*OPTICAL)))
    assert imu.roll_and_pitch(5.0) == pytest.approx((0.1, 0.3), abs=1e-6)
    assert np.allclose(euler2mat(*OPTICAL), AXES["body"].T @ AXES["optical"])


def test_an_orientation_that_its_driver_left_untouched_is_none():
    imu, turned = Imu(), euler2mat(0.1, 0.35, 0.0)
    for number in range(100):
        message = felt(5.0 + 0.01 * number, turned)
        message.orientation_covariance[0] = 0.0
        imu.hear(message)
    assert imu.roll_and_pitch(5.9) == pytest.approx((0.1, 0.35), abs=1e-6)
    message = felt(6.0, turned)
    message.orientation_covariance = np.diag([1e-4] * 3).ravel()
    imu.hear(message)
    assert imu.roll_and_pitch(6.0) == pytest.approx((0.0, 0.0)), "a driver that says how sure it is has measured it"


@pytest.mark.parametrize("gyroscope", [True, False])
def test_a_nodding_head_is_followed_by_acceleration_and_rotation(gyroscope):
    """200 Hz, noise of a cheap sensor, and pushes of the neck."""
    imu, rng, off = Imu(), np.random.default_rng(1), []
    for number in range(2000):
        stamp = 10.0 + number / 200.0
        pitch, speed = 0.3 * np.sin(2.0 * stamp), 0.6 * np.cos(2.0 * stamp)
        rotation = euler2mat(0.05, pitch, 0.0)
        turning = rotation.T @ np.array([0.0, speed, 0.0]) + rng.normal(scale=0.01, size=3)
        push = rng.normal(scale=0.3, size=3) + (1.0 * np.sin(9.0 * stamp), 0.0, 0.0)
        imu.hear(felt(stamp, rotation, turning if gyroscope else None, push))
        if number > 400:
            off.append(imu.roll_and_pitch(stamp)[1] - pitch)
    assert np.degrees(np.abs(off).max()) < (2.5 if gyroscope else 15.0)


def test_gravity_is_interpolated_and_never_invented():
    imu = Imu()
    with pytest.raises(InputError, match="nothing yet") as error:
        imu.roll_and_pitch(5.0)
    assert error.value.kind == "no_gravity"
    for stamp, pitch in ((5.0, 0.0), (5.1, 0.2), (6.0, 0.4)):
        imu.hear(oriented(stamp, 0.0, pitch))
    assert imu.roll_and_pitch(5.05)[1] == pytest.approx(0.1, abs=1e-3)
    assert imu.roll_and_pitch(6.05)[1] == pytest.approx(0.4), "a little later than the newest sample"
    for stamp in (4.8, 5.5, 6.2):  # before the first, in a gap, after the last
        with pytest.raises(InputError):
            imu.roll_and_pitch(stamp)


def test_repeated_stamps_are_ignored_and_a_clock_that_goes_back_starts_anew():
    imu = Imu()
    imu.hear(oriented(5.0, 0.0, 0.1))
    imu.hear(oriented(5.0, 0.0, 0.9))
    assert imu.roll_and_pitch(5.0)[1] == pytest.approx(0.1)
    imu.hear(oriented(1.0, 0.0, 0.5))
    assert imu.roll_and_pitch(1.0)[1] == pytest.approx(0.5)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_messages_without_gravity_are_refused(value):
    message = felt(5.0, np.eye(3))
    a = message.linear_acceleration
    a.x = a.y = a.z = value
    with pytest.raises(InputError) as error:
        Imu().hear(message)
    assert error.value.kind == "imu"
    nothing = Message(header=message.header)
    nothing.orientation.w = 0.0  # a driver that leaves its orientation empty
    with pytest.raises(InputError):
        Imu().hear(nothing)
    with pytest.raises(InputError, match="header.stamp"):
        Imu().hear(Message())


def test_the_node_hears_it_as_a_further_topic_of_the_source():
    config = SourceConfig(topology="kinect_v2_25", axes="kinect", imu_topic="imu")
    topics, reader = FurtherTopics(), find("point_cloud")
    description = described(reader, config)
    assert description.levelled_by == "imu"
    convert = converter(
        reader, config, deserialise=Deserialiser(reader.message_type), tf=None,
        description=description, warn=print, topics=topics, topic="/skeletons", options={},
    )  # fmt: skip
    (route,) = topics.routes
    assert (route.topic, route.kind) == ("imu", Message)
    assert convert(Heard(route, bytes(serialize_message(oriented(100.0, 0.0, 0.5)))), 100.0) is None
    (frame,) = frames(duration=0.01)
    tilted = Frames("kinect", sensor_pose=(0, 0, 0, 0, 0.5, 0))
    cloud = point_cloud(frame, header(100.0))
    _, got = convert(bytes(serialize_message(cloud)), 100.0)
    expected = tilted.to_canonical(SourceFrame(frame, ros_time(100.0), "camera"))
    np.testing.assert_allclose(got.people[0].joints, expected.people[0].joints, atol=1e-6)


def test_an_empty_message_needs_no_gravity():
    assert (
        Frames("optical", imu=Imu()).to_canonical(SourceFrame(SkeletonFrame(5.0), Time(sec=5), "camera")).people == ()
    )
