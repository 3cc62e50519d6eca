"""What the perception node does with what trackers send over real DDS: bad messages, holes, repeats, silence."""

from array import array

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import PoseArray  # noqa: E402
from helpers.people import UP, frames
from helpers.robot import STATE, starts
from helpers.ros_peer import Peer, header  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402

from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_model.skeleton.person import Person, SkeletonFrame  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402


def cloud(start, **changes):
    message = point_cloud(frames(duration=0.1, start=start)[0], header(start))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


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
    robot.wait(lambda: len(robot.states[-1]["people"]) == 1, "the one person")


def test_two_trackers_on_one_topic(robot):
    start = next(starts)
    other = robot.peer.publisher(PointCloud2, "skeletons")
    mine, theirs = frames(start=start, ids=("1",)), frames(start=start + 0.01, ids=("2",))
    for one, two in zip(mine, theirs, strict=True):
        robot.publisher.publish(point_cloud(one, header(one.stamp)))
        robot.peer.spin(1 / 240)  # two writers have no order between them: what overtakes would be dropped
        other.publish(point_cloud(two, header(two.stamp)))
        robot.peer.spin(1 / 120)
    robot.wait(lambda: len(robot.events) == 4, "the events of both")
    assert robot.kinds("1") == robot.kinds("2") == ["onset", "offset"]
    robot.peer.node.destroy_publisher(other)


@pytest.mark.parametrize("rate", [5.0, 120.0])
def test_slow_and_fast_trackers(robot, rate):
    start = next(starts)
    robot.play(frames(rate=rate, start=start), speed=min(6.0, 240.0 / rate))  # no more messages than DDS delivers
    robot.wait(lambda: robot.kinds() == ["onset", "offset"], "the action")
    assert robot.events[0]["onset"] == pytest.approx(start + UP[0], abs=0.35)


def test_people_who_vanish_and_come_back(robot):
    start = next(starts)
    robot.play(frames(duration=4.5, start=start))
    robot.play([SkeletonFrame(start + 4.5 + i / 30) for i in range(45)])
    # The event and the state that it is of come on two topics, in either order.
    robot.wait(lambda: robot.kinds() == ["onset", "lost"] and not robot.states[-1]["people"], "loss")
    robot.play(frames(duration=4.5, start=start + 6.0))
    robot.wait(lambda: robot.kinds() == ["onset", "lost", "onset"], "return")


def test_a_tracker_that_falls_silent(robot):
    robot.play(frames(duration=4.5, start=next(starts)))
    robot.wait(lambda: robot.active[-1].data, "onset")
    robot.wait(lambda: not robot.states[-1]["people"] and not robot.active[-1].data, "nobody")
    assert robot.kinds() == ["onset", "lost"]


def test_a_message_type_that_is_not_expected(robot):
    with Peer() as other:
        other.node.create_publisher(PoseArray, "skeletons", 10)
        robot.wait(lambda: "input_type" in robot.diagnostics.newest()["input"].message, "advice")
    assert "geometry_msgs/msg/PoseArray" in robot.diagnostics.newest()["input"].message


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
