"""Whoever goes on where they were keeps their id."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.filmed import body, pose  # noqa: E402

from usdrl_ros.camera.tracker import GRACE, Tracker  # noqa: E402


def at(right, distance=3.0):
    return pose(body(distance, right))


def test_people_keep_their_ids_in_whatever_order_they_come():
    tracker = Tracker()
    assert tracker.ids([at(-1.0), at(1.0)], 0.0) == ["1", "2"]
    for step in range(1, 20):
        assert tracker.ids([at(1.0 - 0.03 * step), at(-1.0 + 0.03 * step)], step / 15) == ["2", "1"]


def test_who_is_away_for_less_than_the_grace_time_is_the_same_person():
    tracker = Tracker()
    tracker.ids([at(0.0)], 0.0)
    assert tracker.ids([], 0.3) == []
    assert tracker.ids([at(0.2)], 0.9 * GRACE) == ["1"]
    assert tracker.ids([at(0.2)], 2.0 * GRACE) == ["2"]


def test_somebody_far_away_is_somebody_else():
    tracker = Tracker()
    tracker.ids([at(-1.2)], 0.0)
    assert tracker.ids([at(1.2)], 1 / 15) == ["2"]
    assert tracker.ids([at(1.2, distance=9.0)], 2 / 15) == ["3"]


def test_a_pose_found_twice_is_one_person_and_two_side_by_side_are_two():
    surer = pose(body(3.0, 0.05), confidence=0.95)
    assert Tracker().ids([at(0.0), surer, at(1.5)], 0.0) == [None, "1", "2"]
    assert Tracker().ids([at(0.0), at(0.45)], 0.0) == ["1", "2"]


def test_time_that_jumps_back_makes_everybody_new_and_no_id_comes_again():
    tracker = Tracker()
    tracker.ids([at(0.0)], 10.0)
    assert tracker.ids([at(0.0)], 3.0) == ["2"]


def test_a_picture_that_a_newer_one_has_overtaken_renames_nobody():
    tracker = Tracker()
    assert tracker.ids([at(0.0)], 10.000) == ["1"]
    assert tracker.ids([at(0.0)], 9.993) == [None]
    assert tracker.ids([at(0.0)], 10.033) == ["1"]


def test_nobody_is_made_of_a_few_joints():
    seen = at(0.0)
    tracker = Tracker()
    few = np.where(np.arange(33) < 3, 0.9, 0.1)
    assert tracker.ids([type(seen)(seen.pixels, seen.metres, few)], 0.0) == [None]
