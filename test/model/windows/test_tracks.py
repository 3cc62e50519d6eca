"""Irregular samples on the regular grid of the model."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS
from usdrl_model.windows import window as live
from usdrl_model.windows.shape import Centre
from usdrl_model.windows.track import MAX_JOINT_GAP, Track
from usdrl_model.windows.window import fill

RATE = 10.0


def normalise(window: np.ndarray, centre: Centre = "frame") -> np.ndarray:
    """(T, M, V, 3)."""
    return live.normalise(torch.from_numpy(np.ascontiguousarray(window))[None], centre)[0].numpy()


SURE = np.ones(25, np.float32)


def moving(time: float) -> np.ndarray:
    """Every joint on a straight line through time, so that linear interpolation is exact."""
    return (np.arange(75).reshape(25, 3) * 0.01 + 1.0 + time * np.linspace(0.1, 0.5, 75).reshape(25, 3)).astype("f4")


@settings(max_examples=50)
@given(st.lists(st.floats(0.005, 0.45), min_size=3, max_size=60), st.floats(0.0, 1e4))
def test_any_rate_and_jitter_gives_the_same_grid(steps: list[float], start: float) -> None:
    track = Track(RATE, capacity=400)
    stamps = start + np.cumsum(steps)
    for stamp in stamps:
        track.add(float(stamp), moving(stamp - start), SURE)
    joints, mask = track.window(300, track.newest)
    times = (track.newest - 299 + np.arange(300)) / RATE
    covered = (times > stamps[0] + 1e-9) & (times <= stamps[-1])
    assert (mask.all(axis=1) == covered).all() or stamps[0] in times
    for index in np.flatnonzero(covered):
        np.testing.assert_allclose(joints[index], moving(times[index] - start), atol=2e-3)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8.0, 15.0, 30.0, 60.0]), st.sampled_from([0.0, 100.0, 1.7e9]))
def test_samples_that_come_at_once_give_the_grid_of_samples_that_come_one_by_one(
    seed: int, rate: float, start: float
) -> None:
    rng = np.random.default_rng(seed)
    stamps = start + np.cumsum(rng.choice([1.0, 1.0, 1.0, 5.0, 40.0], 60) / rate)
    joints = np.stack([moving(stamp - start) for stamp in stamps])
    joints[:, 3] = joints[0, 3]  # frozen
    confidence = (rng.random((60, 25)) > 0.2).astype("f4")
    single, several = Track(RATE, capacity=100), Track(RATE, capacity=100)
    for sample in zip(stamps.tolist(), joints, confidence, strict=True):
        single.add(*sample)
    for part in np.split(np.arange(60), np.sort(rng.integers(1, 60, 5))):
        if len(part):
            several.extend(stamps[part], joints[part], confidence[part])
    assert single.newest == several.newest
    np.testing.assert_array_equal(single.confidence, several.confidence)
    (one, known), (other, also) = (track.window(100, track.newest) for track in (single, several))
    np.testing.assert_array_equal(known, also)
    np.testing.assert_array_equal(one[known], other[known])
    with pytest.raises(ValueError, match="expected a stamp after"):
        several.extend(stamps[-1:] + [1.0, 0.5], joints[:2], confidence[:2])


@pytest.mark.parametrize("start", [0.0, 0.3, 1.7e9])
def test_rounded_stamps_stand_on_the_grid(start: float) -> None:
    track = Track(RATE, capacity=50)
    for index in range(40):
        track.add(start + index / 10, moving(index / 10), SURE)
    joints, mask = track.window(40, track.newest)
    assert mask.all()
    np.testing.assert_allclose(joints, np.stack([moving(index / 10) for index in range(40)]), atol=1e-5)


def test_a_short_gap_of_a_joint_is_filled_in_afterwards_and_a_long_one_is_not() -> None:
    for gap, filled in ((MAX_JOINT_GAP - 0.1, True), (MAX_JOINT_GAP + 0.3, False)):
        track = Track(RATE, capacity=100)
        for stamp in np.arange(1.0, 4.0, 0.05):
            confidence = SURE.copy()
            if 2.0 < stamp < 2.0 + gap:
                confidence[7] = 0.0
            track.add(float(stamp), moving(stamp), confidence)
        _, mask = track.window(25, track.newest)
        assert mask[:, 7].all() == filled
        assert mask[:, 8].all()


def test_a_frozen_joint_is_invalid_until_it_moves_again() -> None:
    track = Track(RATE, capacity=100)
    for stamp in np.arange(1.0, 3.0, 1 / 30):
        joints = moving(stamp)
        joints[5] = 1.234
        track.add(float(stamp), joints, SURE)
    assert track.confidence[5] == 0.0
    assert (np.delete(track.confidence, 5) == 1.0).all()
    track.add(3.1, moving(3.1), SURE)
    assert track.confidence[5] == 1.0


def test_of_coarse_joints_only_all_together_are_frozen() -> None:
    track = Track(RATE, capacity=100, coarse=True)
    for stamp in np.arange(1.0, 3.0, 1 / 30):
        track.add(float(stamp), np.round(moving(stamp)), SURE)
        assert track.confidence.all(), "whole numbers of which some change"
    for stamp in np.arange(3.0, 4.0, 1 / 30):
        track.add(float(stamp), np.round(moving(3.0)), SURE)
    assert not track.confidence.any()
    _, mask = track.window(30, track.newest)
    assert mask[19:23].all() and not mask[26:].any()
    track.add(4.0, np.round(moving(3.5)), SURE)
    assert track.confidence.all()


def test_the_ring_forgets_what_is_older_than_its_capacity() -> None:
    track = Track(RATE, capacity=20)
    for stamp in np.arange(1.0, 10.0, 0.05):
        track.add(float(stamp), moving(stamp), SURE)
    _, mask = track.window(40, track.newest)
    assert not mask[:20].any()
    assert mask[20:].all()


def test_frames_that_are_not_there_yet_are_not_those_of_long_ago() -> None:
    track = Track(RATE, capacity=20)
    for stamp in np.arange(1.0, 10.0, 0.05):
        track.add(float(stamp), moving(stamp), SURE)
    _, mask = track.window(10, track.newest + 3)
    assert mask[:7].all() and not mask[7:].any()


def test_where_a_joint_was_is_told_for_half_a_second() -> None:
    track, gone = Track(RATE, capacity=20), SURE.copy()
    gone[7] = 0.0
    track.add(1.0, moving(1.0), SURE)
    track.add(1.5, moving(1.5), gone)
    places, there = track.recent(1.5)
    assert there.all()
    np.testing.assert_allclose(places, np.where(gone[:, None] > 0.0, moving(1.5), moving(1.0)))
    _, there = track.recent(1.51)
    assert not there[7] and np.delete(there, 7).all()


def test_a_stamp_that_does_not_rise_is_refused() -> None:
    track = Track(RATE, capacity=20)
    track.add(1.0, moving(1.0), SURE)
    with pytest.raises(ValueError, match="expected a stamp after 1.000000"):
        track.add(1.0, moving(1.0), SURE)


def test_fill_holds_joints_and_puts_never_seen_ones_on_their_parent() -> None:
    joints = np.stack([moving(t) for t in np.arange(0.0, 2.0, 0.1)])
    mask = np.ones((20, 25), bool)
    hand, wrist = JOINT_INDEX["hand_left"], JOINT_INDEX["wrist_left"]
    mask[:, hand] = False
    mask[:5, wrist] = False
    mask[10:, wrist] = False
    filled = fill(np.where(mask[:, :, None], joints, 99.0), mask)
    assert PARENTS[hand] == wrist
    np.testing.assert_array_equal(filled[:, hand], filled[:, wrist])
    np.testing.assert_array_equal(filled[:5, wrist], np.repeat(joints[5:6, wrist], 5, axis=0))
    np.testing.assert_array_equal(filled[12, wrist], joints[9, wrist])
    assert np.abs(filled).max() < 10.0


def test_fill_of_nothing_is_zero() -> None:
    assert not fill(np.full((4, 25, 3), 7.0), np.zeros((4, 25), bool)).any()


@given(st.floats(-3.1, 3.1), st.floats(-5, 5), st.floats(-5, 5))
def test_where_somebody_stands_and_faces_does_not_matter(yaw: float, x: float, z: float) -> None:
    rng = np.random.default_rng(3)
    window = rng.normal(scale=0.3, size=(16, 1, 25, 3))
    window[:, 0, SHOULDER_LEFT, 0] -= 1.0
    window[:, 0, SHOULDER_RIGHT, 0] += 1.0
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    # The component-wise median does not commute with a turn exactly, so every frame has the same shoulder line here.
    window[:, 0, SHOULDER_LEFT] = window[:, 0, SPINE_MID] + [-0.2, 0.3, 0.0]
    window[:, 0, SHOULDER_RIGHT] = window[:, 0, SPINE_MID] + [0.2, 0.3, 0.1]
    moved = normalise(window @ turn.T + [x, 0.7, z])
    np.testing.assert_allclose(moved, normalise(window), atol=1e-9)
    line = moved[:, 0, SHOULDER_RIGHT] - moved[:, 0, SHOULDER_LEFT]
    assert (line[:, 0] > 0).all()
    np.testing.assert_allclose(line[:, 2], 0.0, atol=1e-9)


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("yaw", [0.0, 1.0, -2.5])
def test_a_window_that_is_centred_as_a_whole_shows_where_somebody_goes(yaw: float, people: int) -> None:
    pose = np.random.default_rng(4).normal(scale=0.3, size=(people, 25, 3))
    pose[0, [SHOULDER_LEFT, SHOULDER_RIGHT]] = [[-0.2, 0.3, 0.0], [0.2, 0.3, 0.0]] + pose[0, SPINE_MID]
    pose[1:, SPINE_MID] = pose[0, SPINE_MID] + [2.0, 0.1, 0.0]
    steps = np.linspace([-0.6, -0.3, -0.9], [0.6, 0.3, 0.9], 9)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    window = (pose + steps[:, None, None]) @ turn.T + [3.0, 1.0, 2.0]

    frame, whole = normalise(window), normalise(window, "window")

    np.testing.assert_allclose(whole[:, 0, SPINE_MID], steps, atol=1e-9)
    np.testing.assert_allclose(whole - steps[:, None, None], frame, atol=1e-9)
    np.testing.assert_allclose(frame, np.broadcast_to(frame[:1], frame.shape), atol=1e-9)


def test_who_is_not_there_goes_nowhere() -> None:
    window = np.random.default_rng(5).normal(size=(9, 2, 25, 3))
    window[:, 1] = 0.0
    assert not normalise(window, "window")[:, 1].any()


@pytest.mark.parametrize("angle", [0.0, 1.0, 2.5, -2.0])
def test_of_two_people_the_second_is_to_the_right_whatever_the_camera(angle: float) -> None:
    rng = np.random.default_rng(0)
    window = rng.normal(size=(9, 2, 25, 3))
    # As above: the median commutes with the turn where it is the same in every frame.
    window[:, 1, SPINE_MID] = window[:, 0, SPINE_MID] + [1.5, 0.1, 0.4]
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    got = normalise(window @ turn.T + [0.3, 0.0, 2.0])
    np.testing.assert_allclose(got, normalise(window), atol=1e-9)
    assert (got[:, 1, SPINE_MID, 0] > 1.0).all()
    np.testing.assert_allclose(got[:, 1, SPINE_MID, 2], 0.0, atol=1e-9)
