"""The robot's own body beside the people of a message: from tf, from a topic, late, missing, or nonsense."""

import time

import numpy as np
import pytest
from helpers.people import frames, standing

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import tf_tree  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX, topology  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import SourceFrame, ros_time  # noqa: E402
from usdrl_ros.inputs.conversion import Conversion  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.robot_skeleton import KIND, RobotSkeleton, read  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402

JOINTS = ("head", "spine_shoulder", "spine_base", "shoulder_left", "elbow_left", "wrist_left", "shoulder_right",
          "elbow_right", "wrist_right")  # fmt: skip
STAMP = 100.0


def table(tmp_path, text):
    file = tmp_path / "robot.yaml"
    file.write_text(text)
    return read(str(file))


def by_links(tmp_path, missing="parent"):
    links = ", ".join(f"{joint}: robot/{joint}" for joint in JOINTS)
    return table(tmp_path, f"links: {{{links}}}\nmissing: {missing}\n")


def body():
    """(25, 3) of the robot in canonical axes, 1 m to the left of where people are."""
    return standing() + [1.0, 0.0, 0.0]


def tree(buffer, stamp, joints=JOINTS, frame="base_link"):
    """Tell tf where the links are."""
    for joint in joints:
        at = body()[JOINT_INDEX[joint]] @ AXES["body"]
        buffer.set_transform(tf_tree.transform(frame, f"robot/{joint}", stamp, np.eye(3), at), "test")


def source(stamp=STAMP, frame_id="base_link"):
    return SourceFrame(SkeletonFrame(stamp, frames(0.03, start=stamp)[0].people), ros_time(stamp), frame_id)


def made(config, frames, tf):
    warnings, topics = [], {}
    robot = RobotSkeleton(
        config, frames, tf, lambda kind, text: warnings.append((kind, text)),
        lambda topic, message, decode, **more: topics.update({topic: decode}),
    )  # fmt: skip
    return robot, warnings, topics


@pytest.mark.parametrize("axes", ["body", "optical"])
@pytest.mark.parametrize("target", ["", "base_link"])
def test_links_are_where_the_people_are(tmp_path, axes, target):
    """In the axes of the people's frame, or in target_frame whatever those are."""
    buffer = tf_tree.Buffer()
    tree(buffer, STAMP)
    sensor = np.eye(3) if target or axes == "body" else AXES["body"].T @ AXES[axes]
    buffer.set_transform_static(tf_tree.transform("base_link", "camera", 0.0, sensor), "test")
    robot, warnings, _ = made(by_links(tmp_path), Frames(axes, target_frame=target, tf=buffer), buffer)
    joints, confidence = robot(source(frame_id="camera"), STAMP, 0.0)
    known = [JOINT_INDEX[joint] for joint in JOINTS]
    np.testing.assert_allclose(joints[known], body()[known], atol=1e-6)
    assert not warnings
    assert confidence[JOINT_INDEX["hand_left"]] == 1.0 and confidence[JOINT_INDEX["knee_left"]] == 0.0
    np.testing.assert_array_equal(joints[JOINT_INDEX["hand_tip_left"]], joints[JOINT_INDEX["wrist_left"]])


def test_transforms_that_are_late_or_missing_are_warnings_and_never_a_body_elsewhere(tmp_path):
    buffer = tf_tree.Buffer()
    robot, warnings, _ = made(by_links(tmp_path), Frames("body"), buffer)
    assert robot(source(), STAMP, 0.0) is None
    assert [kind for kind, _ in warnings] == [KIND]
    assert "9 of 9 links are missing" in warnings[0][1]
    tree(buffer, STAMP - 0.1)
    assert robot(source(), STAMP, 0.0) is None, "a transform of before is not one of now"
    tree(buffer, STAMP, JOINTS[:-2])
    joints, confidence = robot(source(), STAMP, 0.0)
    assert confidence[JOINT_INDEX["wrist_right"]] == 0.0 and np.isfinite(joints).all()
    assert "2 of 9 links are missing" in warnings[-1][1]
    few, _, _ = made(by_links(tmp_path, "nothing"), Frames("body"), buffer)
    assert few(source(), STAMP, 0.0) is None, "seven joints are no body"


def test_one_late_transform_is_waited_for_once_a_message_and_a_dead_tree_not_at_all(tmp_path):
    waited = []

    class Late(tf_tree.Buffer):
        def lookup_transform(self, target, source, time, timeout=None):
            waited.append(timeout.nanoseconds * 1e-9)
            return super().lookup_transform(target, source, time)

    robot, _, _ = made(by_links(tmp_path), Frames("body"), Late())
    for _ in range(2):
        robot(source(), STAMP, 0.05)
    assert waited[0] == 0.05 and not any(waited[1:])


@pytest.mark.parametrize("robots", [0, len(JOINTS)])
def test_all_transforms_of_a_message_together_are_waited_for_as_long_as_one(tmp_path, robots, monkeypatch):
    """That of the camera comes late, and those of the robot late, one after another, or never."""
    patience, step, waited = 0.2, 0.06, []
    monkeypatch.setattr(time, "monotonic", lambda: sum(waited))

    class Slow(tf_tree.Buffer):
        def lookup_transform(self, target, source, time, timeout=None):
            patient = timeout.nanoseconds * 1e-9
            comes = source == "camera" or len(waited) <= robots
            waited.append(min(patient, step) if comes else patient)
            if patient < step or not comes:
                raise LookupError("not yet")
            return tf_tree.transform(target, source, STAMP, np.eye(3))

    buffer, context = Slow(), Context(topology=topology("kinect_v2_25"))
    seen = Frames("optical", target_frame="base_link", tf=buffer)
    robot, _, _ = made(by_links(tmp_path), seen, buffer)
    convert = Conversion(
        deserialise=bytes, decode=lambda *_: source(frame_id="camera"), context=context, frames=seen, robot=robot
    )
    assert convert(b"", STAMP, patience)[1].people
    assert waited[0] == step and sum(waited) == pytest.approx(patience)


def test_after_transforms_that_were_too_late_once_they_are_waited_for_again(tmp_path):
    class Late(tf_tree.Buffer):
        comes, missing = True, JOINTS[-1:]

        def lookup_transform(self, target, source, time, timeout=None):
            if timeout.nanoseconds and self.comes:  # in time, for whoever waits
                tree(self, time.nanoseconds * 1e-9, [joint for joint in JOINTS if joint not in self.missing])
            return super().lookup_transform(target, source, time)

    buffer = Late()
    robot, _, _ = made(by_links(tmp_path), Frames("body"), buffer)
    seen = []
    for step in range(6):
        buffer.comes = step != 2
        stamp = STAMP + 0.1 * step
        seen.append(robot(source(stamp), stamp, 0.05) is not None)
        tree(buffer, stamp, [joint for joint in JOINTS if joint not in buffer.missing])  # at the latest
    assert seen == [True, True, False, True, True, True]


def test_nobody_is_looked_up_for_an_empty_room(tmp_path):
    robot, warnings, _ = made(by_links(tmp_path), Frames("body"), tf_tree.Buffer())
    assert robot(SourceFrame(SkeletonFrame(STAMP), ros_time(STAMP), "base_link"), STAMP, 0.05) is None
    assert not warnings


def hearing(topics):
    """Give the robot what somebody publishes on its topic."""

    def hear(stamp, frame_id="base_link", people=1, moved=0.0):
        level = (body() + [moved, 0.0, 0.0]) @ AXES["body"]
        sent = SkeletonFrame(stamp, tuple(Person(str(number), level) for number in range(people)))
        message = point_cloud(sent, Header(stamp=ros_time(stamp), frame_id=frame_id))
        context = Context(topology=topology("kinect_v2_25"), arrival=stamp + 0.02)
        assert topics["robot/joints"](message, context) is None, "it is none of the people"

    return hear


def test_a_topic_of_joints_counts_while_it_is_of_now(tmp_path):
    robot, warnings, topics = made(table(tmp_path, "topic: robot/joints\n"), Frames("body"), None)
    assert robot(source(), STAMP, 0.0) is None and "got none yet" in warnings[-1][1]
    hear = hearing(topics)
    hear(STAMP - 0.05)
    np.testing.assert_allclose(robot(source(), STAMP, 0.0)[0], body(), atol=1e-5)
    for ahead, told in ((2.0, "the nearest are 2.0 s older"), (-2.0, "the nearest are 2.0 s newer")):
        assert robot(source(STAMP - 0.05 + ahead), STAMP, 0.0) is None
        assert f"{told}: are they stamped with the clock that stamps people?" in warnings[-1][1]
    assert robot(source(STAMP + 5.0), STAMP + 5.0, 0.0) is None
    assert "got none for 5.0 s: the robot has no body" in warnings[-1][1], "it is silent, whatever its clock"
    hear(STAMP, frame_id="odom")
    assert robot(source(), STAMP, 0.0) is None and "in the frame 'base_link', got 'odom'" in warnings[-1][1]
    hear(STAMP, people=2)
    assert "expected one body" in warnings[-1][1]
    buffer = tf_tree.Buffer()
    buffer.set_transform_static(tf_tree.transform("base_link", "odom", 0.0, np.eye(3), (1.0, 0.0, 0.0)), "test")
    moved, _, others = made(table(tmp_path, "topic: robot/joints\n"), Frames("body"), buffer)
    hearing(others)(STAMP, frame_id="odom")
    np.testing.assert_allclose(moved(source(), STAMP, 0.0)[0], body() + AXES["body"] @ [1.0, 0.0, 0.0], atol=1e-5)


@pytest.mark.parametrize("late", [0.0, 0.1, 0.4, 2.0])
def test_people_of_a_slow_tracker_meet_the_robot_of_their_picture(tmp_path, late):
    robot, warnings, topics = made(table(tmp_path, "topic: robot/joints\n"), Frames("body"), None)
    hear = hearing(topics)
    for step in range(1000):  # 0.5 m a second
        now = STAMP + step / 100
        hear(now, moved=0.005 * step)
        if now - late >= STAMP:
            joints, _ = robot(source(now - late), now + 0.02, 0.0)
            np.testing.assert_allclose(joints, body() + [0.005 * (step - 100 * late), 0.0, 0.0], atol=1e-5)
    assert not warnings


def test_the_body_of_a_former_run_is_forgotten_where_time_begins_anew(tmp_path):
    robot, _, topics = made(table(tmp_path, "topic: robot/joints\n"), Frames("body"), None)
    hear = hearing(topics)
    for moved in (0.0, 5.0):
        for step in range(200):
            now = STAMP + step / 10 + 0.002 * moved
            hear(now, moved=moved)
            joints, _ = robot(source(STAMP + step / 10), now + 0.02, 0.0)
            np.testing.assert_allclose(joints, body() + [moved, 0.0, 0.0], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected either links: .* or a topic"),
        ("links: {haed: head_link}", "unknown joint 'haed'.*'head'"),
        ("links: {head: head_link}", "expected 8 joints or more, for a body to be seen, got 1"),
        ("link: {head: head_link}", "link.*did you mean 'links'"),
        ("topic: a\nmissing: all", "missing"),
        ("links: [head]", "links"),
        ("topic: a\nlinks: {head: h}", "expected either"),
    ],
)
def test_tables_that_are_none_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        table(tmp_path, text)
    assert "\n" not in str(caught.value) and "robot.yaml" in str(caught.value)


def test_what_is_needed_and_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"robot_skeleton: .*nowhere\.yaml: No such file"):
        read(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(ValueError, match="needs tf2_ros: install it, or publish a topic"):
        made(by_links(tmp_path), Frames("body"), None)
