"""A head that pans and nods must not look like a person who moves."""

import dataclasses
import types

import numpy as np
import pytest
from helpers.people import UP, frames, play
from helpers.rule_detector import hand_up_weights

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import tf_tree  # noqa: E402
from helpers.moving_head import Head  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX  # noqa: E402
from usdrl_ros.inputs.common import InputError, SourceFrame, ros_time  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402

START = 100.0


@pytest.fixture(scope="module", params=["stand-in", "tf2_ros"])
def tf2(request):
    """The class of the buffer: the stand-in, and tf2's own where it is installed."""
    if request.param == "stand-in":
        return tf_tree.Buffer
    return pytest.importorskip("tf2_ros", reason="no wheel has tf2_ros").Buffer


def through_tf(recorded, head, tf2, lag=0.0, rate=50.0):
    """The frames as the node places them: seen by the moving camera, placed by tf."""
    buffer = tf2()
    for one in head.static():
        buffer.set_transform_static(one, "test")
    for stamp in np.arange(START - 0.5, recorded[-1].stamp + 0.5, 1.0 / rate):
        buffer.set_transform(head.told(float(stamp), lag), "test")
    placed = Frames("optical", target_frame="base_link", tf=buffer)
    return place(placed, [head.seen(frame) for frame in recorded])


def place(placed, sent):
    return [placed.to_canonical(SourceFrame(one, ros_time(one.stamp), "camera_optical_frame")) for one in sent]


def joints(found):
    return np.array([frame.people[0].joints for frame in found])


@pytest.fixture(scope="module")
def recorded():
    return frames(start=START)


def test_people_stand_still_while_the_head_moves(recorded, tf2):
    placed = through_tf(recorded, Head(), tf2)
    assert np.abs(joints(placed) - joints(recorded)).max() < 0.005
    as_sent = np.ptp(joints([Head().seen(frame) for frame in recorded])[:, 0], axis=0)
    assert as_sent.max() > 1.0, "and it does move"


def test_the_same_actions_are_told_with_and_without_a_moving_head(recorded, tf2):
    still = play(recorded)[1]
    moving = play(through_tf(recorded, Head(), tf2))[1]
    assert [(one.kind, one.onset) for one in moving] == [(one.kind, one.onset) for one in still] != []


def test_transforms_that_lag_move_people_by_angle_and_distance_and_no_further(recorded, tf2):
    """50 ms at up to 1 rad/s are 3 degrees, and 10 cm at 2 m."""
    head = Head()
    off = np.linalg.norm(joints(through_tf(recorded, head, tf2, lag=0.05)) - joints(recorded), axis=-1)
    speeds = [_speed(head, frame.stamp) for frame in recorded]
    reach = np.linalg.norm(joints(recorded) - (0.0, 1.3, 0.1), axis=-1).max()
    assert 0.05 < off.max() < 1.1 * 0.05 * max(speeds) * reach
    lagging = play(through_tf(recorded, head, tf2, lag=0.05))[1]
    assert [one.kind for one in lagging] == [one.kind for one in play(recorded)[1]]
    onset = next(one.onset for one in lagging if one.kind == "onset")
    assert onset == pytest.approx(START + UP[0], abs=0.2)


def _speed(head, stamp):
    """Radians a second."""
    turn = head.rotation(stamp + 0.005).T @ head.rotation(stamp - 0.005)
    return float(np.arccos(np.clip((np.trace(turn) - 1.0) / 2.0, -1.0, 1.0))) / 0.01


def test_transforms_that_stop_are_refused_and_never_replaced_by_old_ones(recorded, tf2):
    head, buffer = Head(), tf2()
    for one in head.static():
        buffer.set_transform_static(one, "test")
    for stamp in (99.9, 100.0, 100.1):
        buffer.set_transform(head.told(stamp), "test")
    placed = Frames("optical", target_frame="base_link", tf=buffer)
    told = []
    for frame in recorded[:30]:
        one = head.seen(frame)
        try:
            placed.to_canonical(SourceFrame(one, ros_time(one.stamp), "camera_optical_frame"))
        except InputError as error:
            told.append(error.kind)
    assert told == ["no_transform"] * 26


def by_tf(sent):
    """Placed by tf, while the head moves."""
    head, buffer = Head(), tf_tree.Buffer()
    for one in head.static():
        buffer.set_transform_static(one, "test")
    for stamp in np.arange(sent[0].stamp - 0.5, sent[-1].stamp + 0.5, 0.02):
        buffer.set_transform(head.told(float(stamp)), "test")
    return Frames("optical", target_frame="base_link", tf=buffer)


def by_imu(sent):
    """Levelled by an IMU with some noise."""
    noise = np.random.default_rng(0)
    return Frames("optical", imu=types.SimpleNamespace(roll_and_pitch=lambda stamp: noise.normal(0.0, 1e-4, 2)))


@pytest.mark.parametrize("moved", [by_tf, by_imu])
def test_a_tracker_that_hangs_loses_everybody_wherever_the_head_looks(recorded, moved):
    """Its stamps go on, and it repeats whoever it saw last: they are elsewhere in every frame of the robot."""
    hangs = START + UP[0] + 1.0
    sent = [Head().seen(frame) for frame in recorded if frame.stamp < hangs]
    again = [dataclasses.replace(sent[-1], stamp=frame.stamp) for frame in recorded if frame.stamp >= hangs]
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    twice = [frame for one in again for frame in (one, one)]
    placed = place(moved([*sent, *again]), [*sent, *twice])
    events = [event for frame in placed for event in stream.push(frame)]
    assert [event.kind for event in events] == ["onset", "lost"]
    assert events[-1].stamp == pytest.approx(hangs + 1.4, abs=0.1)
    assert stream.state().people == ()


@pytest.mark.parametrize("moved", [by_tf, by_imu])
def test_a_joint_that_is_held_is_missing_until_it_moves_again(recorded, moved):
    hand, sent = JOINT_INDEX["hand_left"], [Head().seen(frame) for frame in recorded]
    for frame in sent[30:60]:
        frame.people[0].joints[hand] = sent[29].people[0].joints[hand]
    missing = np.isnan(joints(place(moved(sent), sent))).any(axis=2)
    assert np.flatnonzero(missing[:, hand]).tolist() == list(range(42, 60)), "after 0.4 s"
    assert not np.delete(missing, hand, axis=1).any()


def test_a_source_that_begins_anew_is_judged_anew(recorded):
    sent = [Head().seen(frame) for frame in recorded[:5]]
    loops = [dataclasses.replace(sent[0], stamp=sent[0].stamp - 50.0 * loop) for loop in range(20)]
    assert not np.isnan(joints(place(by_imu(sent), loops))).any()
