"""Simulated people do what the name of an act says."""

import numpy as np
import pytest
from helpers.acting import acting, arm_length, at, script, speeds, track

from usdrl_model.simulation import poses
from usdrl_model.simulation import script as scripts
from usdrl_model.simulation.gestures import GESTURES
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.topology import JOINT_INDEX

SEEDS = range(12)


def test_every_act_that_a_script_may_have_has_its_gesture() -> None:
    assert GESTURES.keys() == scripts.ACTION_SECONDS.keys() | scripts.NEGATIVE_SECONDS.keys()
    assert tuple(poses.POSES) == scripts.POSES


@pytest.mark.parametrize("seed", SEEDS)
def test_a_waving_hand_is_up_and_goes_to_and_fro(seed: int) -> None:
    times, joints = acting("wave", 4.0, seed)
    during = (times > 0.9) & (times < 3.1)
    hands, tips = at(joints, "hand_left", "hand_right"), at(joints, "hand_tip_left", "hand_tip_right")
    side = int(hands[during, :, 1].mean(axis=0).argmax())
    shoulders, elbows = at(joints, "shoulder_left", "shoulder_right"), at(joints, "elbow_left", "elbow_right")
    # Above the elbow, at the height of the chest or higher.
    assert (np.median(tips[during, side, 1]) > np.median(elbows[during, side, 1])) and (
        np.median(tips[during, side, 1] - shoulders[during, side, 1]) > -0.1
    )
    aside = hands[during, side] - at(joints, "spine_shoulder")[during]
    assert np.ptp(aside[:, 0]) + np.ptp(aside[:, 2]) > 0.1
    assert hands[times < -0.2, side, 1].max() < shoulders[times < -0.2, side, 1].min()


def test_people_wave_with_one_hand_or_with_both() -> None:
    raised = set()
    for seed in range(30):
        times, joints = acting("wave", 3.0, seed, rate=10.0)
        middle = np.abs(times - 1.5) < 0.5
        hands = at(joints, "hand_left", "hand_right")[middle, :, 1].mean(axis=0)
        raised.add(tuple(hands > at(joints, "spine_mid")[middle, 1].mean()))
    assert raised == {(True, False), (False, True), (True, True)}


@pytest.mark.parametrize("seed", SEEDS)
def test_clapping_hands_meet_again_and_again(seed: int) -> None:
    times, joints = acting("clap", 4.0, seed, rate=60.0)
    during = (times > 0.7) & (times < 3.3)
    gap = np.linalg.norm(at(joints, "wrist_left") - at(joints, "wrist_right"), axis=1)
    together = gap[during] < 0.5 * (gap[during].min() + gap[during].max())
    assert np.count_nonzero(np.diff(together.astype(int)) == 1) >= 2
    assert gap[during].min() < 0.2 < gap[times < -0.3].min()


@pytest.mark.parametrize("seed", SEEDS)
def test_seats_are_lower_than_standing_and_people_come_up_again(seed: int) -> None:
    acts = script(("idle", 1.0), ("sit_down", 2.0), ("idle", 2.0), ("stand_up", 2.0), ("idle", 1.0))
    times, joints = track(simulate(PerformanceConfig(scripts=(acts,)), seed))
    floor = at(joints, "foot_left", "foot_right")[..., 1].min()
    hips = at(joints, "spine_base")[:, 1] - floor
    before, seated, after = hips[times < 1.0], hips[(times > 3.3) & (times < 5.0)], hips[times > 7.5]
    assert 0.5 < before.mean() < 1.15
    assert seated.min() > 0.45 * before.mean() and seated.max() < 0.9 * before.mean() and np.ptp(seated) < 0.05
    assert np.abs(after.mean() - before.mean()) < 0.03
    assert (np.diff(hips[(times > 1.2) & (times < 2.8)]) < 0.005).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_bends_down_to_pick_up(seed: int) -> None:
    times, joints = acting("pick_up", 3.0, seed)
    lowest = at(joints, "hand_left", "hand_right")[..., 1].min(axis=1)
    knees = at(joints, "knee_left", "knee_right")[..., 1]
    down = np.abs(times - 1.5) < 0.2
    assert (lowest[down] < knees[down].min(axis=1)).all()
    assert at(joints, "head")[down, 1].max() < at(joints, "head")[times < 0.0, 1].min() - 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_throwing_hand_goes_over_the_shoulder_and_fast(seed: int) -> None:
    times, joints = acting("throw", 1.6, seed, rate=60.0)
    during = (times > 0.0) & (times < 1.6)
    wrists = at(joints, "wrist_left", "wrist_right")[during]
    side = int(wrists[..., 1].max(axis=0).argmax())
    assert (wrists[:, side, 1] > at(joints, "shoulder_left", "shoulder_right")[during, side, 1]).any()
    assert speeds(wrists, 60.0)[:, side].max() > 1.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("action", ["push", "pull"])
def test_pushing_ends_with_the_arm_stretched_and_pulling_with_it_bent(action: str, seed: int) -> None:
    times, joints = acting(action, 1.6, seed, rate=60.0)
    reach = np.linalg.norm(
        at(joints, "wrist_left", "wrist_right")[..., [0, 2]]
        - at(joints, "shoulder_left", "shoulder_right")[..., [0, 2]],
        axis=2,
    )
    arm = arm_length(joints)
    during = (times > 0.0) & (times < 1.6)
    side = int(reach[during].max(axis=0).argmax())
    farthest = times[during][reach[during, side].argmax()]
    assert reach[during, side].max() > 0.7 * arm
    assert (farthest > 0.8) == (action == "push")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_punch_shoots_out_and_comes_back(seed: int) -> None:
    times, joints = acting("punch", 1.6, seed, rate=60.0)
    wrists, shoulders = at(joints, "wrist_left", "wrist_right"), at(joints, "shoulder_left", "shoulder_right")
    reach = np.linalg.norm((wrists - shoulders)[..., [0, 2]], axis=2)
    during = (times > 0.0) & (times < 1.6)
    side = int(reach[during].max(axis=0).argmax())
    assert reach[during, side].max() > 0.7 * arm_length(joints) > reach[(times > 1.8), side].max()
    assert speeds(wrists, 60.0)[during[1:], side].max() > 1.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("towards", ["left", "right"])
def test_a_swipe_crosses_the_body_to_its_side(towards: str, seed: int) -> None:
    times, joints = acting(f"swipe_{towards}", 1.4, seed, rate=60.0)
    across = at(joints, "shoulder_left")[0] - at(joints, "shoulder_right")[0]
    across /= np.linalg.norm(across)
    wrists = at(joints, "wrist_left", "wrist_right")
    place = (wrists - at(joints, "spine_shoulder")[:, None]) @ across  # to the left is positive
    early, late = np.argmin(np.abs(times - 0.35)), np.argmin(np.abs(times - 1.0))
    side = int(wrists[early : late + 1, :, 1].mean(axis=0).argmax())
    assert (place[late, side] - place[early, side] > 0.1) == (towards == "left")


@pytest.mark.parametrize("seed", SEEDS)
def test_crossed_arms_bring_each_wrist_to_the_other_side(seed: int) -> None:
    times, joints = acting("cross_arms", 3.0, seed)
    across = at(joints, "shoulder_left") - at(joints, "shoulder_right")
    between = at(joints, "wrist_left") - at(joints, "wrist_right")
    held = np.sum(across * between, axis=1)[np.abs(times - 1.5) < 0.3]
    assert (held < 0.0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_kick_lifts_one_foot_and_sets_it_down(seed: int) -> None:
    times, joints = acting("kick", 1.6, seed, rate=60.0)
    height = at(joints, "ankle_left", "ankle_right")[..., 1]
    raised = height.max(axis=0) - height[0]
    assert raised.max() > 0.08 > 0.02 > raised.min()
    assert np.abs(height[times > 2.2] - height[0]).max() < 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_bowing_lowers_the_head_and_ducking_the_hips(seed: int) -> None:
    sunk = {}
    for act in ("bow", "duck"):
        times, joints = acting(act, 2.5, seed)
        down = np.abs(times - 1.2) < 0.2
        drop = joints[times < 0.0].mean(axis=0)[:, 1] - joints[down].mean(axis=0)[:, 1]
        sunk[act] = {name: drop[JOINT_INDEX[name]] for name in ("head", "spine_base")}
    assert sunk["bow"]["head"] > 0.04 > sunk["bow"]["spine_base"]
    assert sunk["duck"]["spine_base"] > 0.12


@pytest.mark.parametrize("seed", SEEDS)
def test_running_bends_the_arms_and_lifts_the_feet(seed: int) -> None:
    times, joints = acting("run", 3.0, seed)
    during = (times > 0.8) & (times < 2.2)
    upper = at(joints, "shoulder_left", "shoulder_right") - at(joints, "elbow_left", "elbow_right")
    lower = at(joints, "wrist_left", "wrist_right") - at(joints, "elbow_left", "elbow_right")
    lengths = np.linalg.norm(upper, axis=2) * np.linalg.norm(lower, axis=2)
    bend = np.degrees(np.arccos(np.sum(upper * lower, axis=2) / lengths))
    assert np.median(bend[during]) < 125.0 < np.median(bend[times < -0.3])
    ankles = at(joints, "ankle_left", "ankle_right")[..., 1]
    assert (np.ptp(ankles[during], axis=0) > 0.05).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_who_comes_running_takes_room_and_comes_straight_and_fast(seed: int) -> None:
    times, joints = acting("come_running", 4.0, seed, rate=60.0)
    base = at(joints, "spine_base")[:, [0, 2]]
    far, bearing = np.linalg.norm(base, axis=1), np.arctan2(base[:, 0], base[:, 1])
    before, turned, there = (far[np.argmin(np.abs(times - second))] for second in (0.0, 2.4, 4.0))
    assert before - 0.1 < turned < 4.1 and turned > 3.2 and 1.4 < there < 1.8
    nearing = -np.gradient(far, times)
    assert 1.9 < nearing.max() < 4.0 and np.abs(times[nearing.argmax()] - 3.2) < 0.3
    assert np.ptp(bearing[(times > 0.0) & (times < 4.0)]) < np.radians(3.0)
    left = (at(joints, "hip_left") - at(joints, "hip_right"))[np.abs(times - 3.2) < 0.5][:, [0, 2]].mean(axis=0)
    assert np.degrees(abs(np.arctan2(*left) - np.arctan2(-1.0, 0.0) - bearing.mean())) < 15.0, "they look at the sensor"


@pytest.mark.parametrize("seconds", [0.5, 1.5, 30.0])
def test_who_comes_running_has_no_more_room_than_time_and_runs_at_the_end(seconds: float) -> None:
    times, joints = acting("come_running", seconds, 1, rate=60.0)
    far = np.linalg.norm(at(joints, "spine_base")[:, [0, 2]], axis=1)
    nearing = -np.gradient(far, times)
    assert nearing.max() < 4.0 and times[nearing.argmax()] > seconds - 1.6


@pytest.mark.parametrize("seed", SEEDS)
def test_walking_goes_somewhere_on_feet_that_do_not_slide(seed: int) -> None:
    times, joints = acting("walk", 4.0, seed, rate=60.0)
    way = np.linalg.norm(np.diff(at(joints, "spine_base")[:, [0, 2]], axis=0), axis=1).sum()
    assert 0.9 < way < 6.0 or way < 0.8  # or on the spot
    ankles = at(joints, "ankle_left", "ankle_right")
    height = ankles[..., 1] - ankles[..., 1].min()
    assert height.max() > 0.04
    # Nobody flies, and a foot that is on the floor before and after stays in its place.
    assert height.min(axis=1).max() < 0.02
    planted = (height[1:] < 1e-6) & (height[:-1] < 1e-6)
    assert planted.mean() > 0.5
    assert speeds(ankles, 60.0)[planted].max() < 0.05
    knees = at(joints, "hip_left", "knee_left", "ankle_left")
    assert (knees[:, 0, 1] > knees[:, 1, 1]).all() and (knees[:, 1, 1] > knees[:, 2, 1]).all()


@pytest.mark.parametrize(
    "action", ["wave", "clap", "throw", "push", "pull", "pick_up", "sit_down", "talk", "shift_weight"]
)
def test_feet_stay_on_the_floor(action: str) -> None:
    for seed in SEEDS:
        _, joints = acting(action, 2.0, seed, rate=10.0)
        assert np.ptp(at(joints, "ankle_left", "ankle_right", "foot_left", "foot_right"), axis=0).max() < 0.02


def test_carrying_is_walking_without_swinging_the_full_hand() -> None:
    for seed in SEEDS:
        times, carrying = acting("carry", 4.0, seed)
        assert np.ptp(at(carrying, "spine_base")[:, [0, 2]], axis=0).max() > 0.4
        during = (times > 0.8) & (times < 3.2)
        wrists = at(carrying, "wrist_left", "wrist_right")[during]
        reach = np.linalg.norm(wrists - at(carrying, "shoulder_left", "shoulder_right")[during], axis=2)
        assert np.ptp(reach, axis=0).min() < 0.03


@pytest.mark.parametrize("seed", range(20))
def test_people_move_no_faster_than_people(seed: int) -> None:
    rate = 60.0
    rng = np.random.default_rng(seed)
    _, joints = track(simulate(PerformanceConfig(scripts=(random_script(rng, 60.0),), rate=rate), seed))
    fastest = dict(zip(JOINT_INDEX, speeds(joints, rate).max(axis=0), strict=True))
    assert max(fastest[name] for name in ("spine_base", "hip_left", "hip_right")) < 5.0
    assert max(fastest[name] for name in ("shoulder_left", "shoulder_right", "spine_shoulder")) < 5.0
    assert max(fastest[name] for name in ("wrist_left", "wrist_right", "ankle_left", "ankle_right")) < 10.0
    across = (at(joints, "shoulder_left") - at(joints, "shoulder_right"))[:, [0, 2]]
    turning = np.diff(np.unwrap(np.arctan2(across[:, 0], across[:, 1]))) * rate
    assert np.abs(turning).max() < 11.0
