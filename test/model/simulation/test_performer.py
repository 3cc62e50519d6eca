"""Simulated people: the same every time, and they move as people do."""

import doctest
import time
from collections.abc import Callable

import numpy as np
import pytest
from helpers.acting import acting, at, script, speeds, track
from hypothesis import given, settings
from hypothesis import strategies as st

from usdrl_model.simulation import simulate as simulate_module
from usdrl_model.simulation.faults import TYPICAL_FAULTS, TrackerFaults
from usdrl_model.simulation.script import ACTION_SECONDS, ACTIONS, NEGATIVE_SECONDS, Act, demo_scripts, random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS

SEEDS = range(12)


def same(one: Recording, other: Recording) -> bool:
    return one.segments == other.segments and all(
        a.stamp == b.stamp
        and [p.id for p in a.people] == [p.id for p in b.people]
        and all(np.array_equal(p.joints, q.joints, equal_nan=True) for p, q in zip(a.people, b.people, strict=True))
        for a, b in zip(one.frames, other.frames, strict=True)
    )


# --- the same every time


def test_the_seed_decides_everything() -> None:
    config = PerformanceConfig(faults=TYPICAL_FAULTS)
    recording = simulate(config, 3)
    assert same(recording, simulate(config, 3))
    stature = {round(at(acting("idle", 1.0, seed)[1], "head")[:, 1].max(), 6) for seed in SEEDS}
    assert len(stature) == len(SEEDS)


def test_the_rate_does_not_change_the_story() -> None:
    acts = script(("idle", 1.0), ("walk", 3.0), ("wave", 2.0), ("sit_down", 2.0), ("talk", 2.0))
    _, slow = track(simulate(PerformanceConfig(scripts=(acts,), rate=15.0), 5))
    _, fast = track(simulate(PerformanceConfig(scripts=(acts,), rate=60.0), 5))
    np.testing.assert_allclose(slow, fast[::4], atol=5e-3)


def test_a_fault_does_not_change_who_people_are_and_what_they_do() -> None:
    clean = simulate(PerformanceConfig(), 2)
    noisy = simulate(PerformanceConfig(faults=TrackerFaults(jitter=0.001)), 2)
    for one, other in zip(clean.frames[::20], noisy.frames[::20], strict=True):
        np.testing.assert_allclose(one.people[1].joints, other.people[1].joints, atol=0.03)


def test_the_example_of_the_module_runs() -> None:
    result = doctest.testmod(simulate_module, extraglobs={"random_script": random_script})
    assert result.attempted and not result.failed


# --- bodies


@pytest.mark.parametrize("seed", SEEDS)
def test_bones_keep_their_length_and_people_are_adults(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, joints = track(simulate(PerformanceConfig(scripts=(random_script(rng, 30.0),)), seed))
    bones = np.linalg.norm(joints - joints[:, list(PARENTS)], axis=2)
    assert np.ptp(bones, axis=0).max() < 1e-9
    floor = at(joints, "foot_left", "foot_right")[..., 1].min()
    # The head joint is in the middle of the head, a tenth of a metre under its top.
    assert 1.35 < np.percentile(at(joints, "head")[:, 1], 99) - floor < 1.95
    assert -1.6 < floor < -0.75


@pytest.mark.parametrize("seed", SEEDS)
def test_people_are_before_the_sensor_and_mostly_face_it(seed: int) -> None:
    _, joints = acting("idle", 2.0, seed)
    base = at(joints, "spine_base")[:, [0, 2]]
    assert (np.linalg.norm(base, axis=1) > 1.4).all() and (np.linalg.norm(base, axis=1) < 4.1).all()
    left = (at(joints, "hip_left") - at(joints, "hip_right"))[:, [0, 2]]
    # A quarter turn from the left hip: facing the sensor, the left is on the sensor's right, where x is smaller.
    ahead = np.stack([-left[:, 1], left[:, 0]], axis=1)
    cosine = -np.sum(ahead * base, axis=1) / (np.linalg.norm(ahead, axis=1) * np.linalg.norm(base, axis=1))
    assert np.degrees(np.arccos(cosine)).max() < 65.0


# --- actions


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
    assert 0.7 < before.mean() < 1.15
    assert seated.min() > 0.38 and seated.max() < 0.65 and np.ptp(seated) < 0.05
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
    during = (times > 0.0) & (times < 1.6)
    side = int(reach[during].max(axis=0).argmax())
    farthest = times[during][reach[during, side].argmax()]
    assert reach[during, side].max() > 0.35
    assert (farthest > 0.8) == (action == "push")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_punch_shoots_out_and_comes_back(seed: int) -> None:
    times, joints = acting("punch", 1.6, seed, rate=60.0)
    wrists, shoulders = at(joints, "wrist_left", "wrist_right"), at(joints, "shoulder_left", "shoulder_right")
    reach = np.linalg.norm((wrists - shoulders)[..., [0, 2]], axis=2)
    during = (times > 0.0) & (times < 1.6)
    side = int(reach[during].max(axis=0).argmax())
    assert reach[during, side].max() > 0.35 > reach[(times > 1.8), side].max()
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
    assert max(fastest[name] for name in ("spine_base", "hip_left", "hip_right")) < 4.0
    assert max(fastest[name] for name in ("shoulder_left", "shoulder_right", "spine_shoulder")) < 4.0
    assert max(fastest[name] for name in ("wrist_left", "wrist_right", "ankle_left", "ankle_right")) < 9.0
    across = (at(joints, "shoulder_left") - at(joints, "shoulder_right"))[:, [0, 2]]
    turning = np.diff(np.unwrap(np.arctan2(across[:, 0], across[:, 1]))) * rate
    assert np.abs(turning).max() < 11.0


# --- scripts


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), labels=st.sets(st.sampled_from(ACTIONS), min_size=1))
def test_random_scripts_can_be_performed_and_last_long_enough(seed: int, labels: set[str]) -> None:
    acts = random_script(np.random.default_rng(seed), 40.0, sorted(labels))
    PerformanceConfig(scripts=(acts,))
    assert sum(act.seconds for act in acts) >= 40.0
    chair = {"sit_down", "stand_up"}
    done = {act.action for act in acts} & set(ACTIONS)
    assert done <= labels | (chair if labels & chair else set())
    for act in acts:
        low, high = (ACTION_SECONDS | NEGATIVE_SECONDS)[act.action]
        assert low - 1e-3 <= act.seconds <= high + 1e-3


def test_random_scripts_have_all_actions_and_all_background() -> None:
    acts = random_script(np.random.default_rng(0), 1200.0)
    assert {act.action for act in acts} == {*ACTION_SECONDS, *NEGATIVE_SECONDS}
    assert acts == random_script(np.random.default_rng(0), 1200.0)


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "slow": (lambda: PerformanceConfig(rate=4.0), "rate of 5 to 120 frames a second, got 4.0"),
    "fast": (lambda: PerformanceConfig(rate=200.0), "rate of 5 to 120"),
    "no rate": (lambda: PerformanceConfig(rate=float("nan")), "rate of 5 to 120"),
    "nobody": (lambda: PerformanceConfig(scripts=()), "1 to 4 people, got 0"),
    "crowd": (lambda: PerformanceConfig(scripts=demo_scripts() * 3), "1 to 4 people, got 6"),
    "nothing": (lambda: PerformanceConfig(scripts=((),)), "at least one act"),
    "never": (lambda: PerformanceConfig(start=float("inf")), "finite start"),
    "unknown tracker": (lambda: PerformanceConfig(topology="coco17"), "did you mean 'coco_17'"),
    "unknown act": (lambda: Act(action="fly", seconds=2.0), "expected an action of .*walk.*got 'fly'"),
    "short act": (lambda: Act(action="walk", seconds=0.1), "0.5 to 600 seconds, got 0.1"),
    "no chair": (lambda: PerformanceConfig(scripts=(script(("stand_up", 2.0)),)), "act 0, stand_up.*is standing"),
    "on the chair": (
        lambda: PerformanceConfig(scripts=(script(("sit_down", 2.0), ("walk", 2.0)),)),
        "act 1, walk: the person is seated",
    ),
    "negative fault": (lambda: TrackerFaults(jitter=-0.1), "expected jitter .*got -0.1"),
    "fault of everything": (lambda: TrackerFaults(joint_loss=1.0), "joint_loss from 0 to 0.9, got 1.0"),
    "more than always": (lambda: TrackerFaults(new_id=1.5), "new_id from 0 to 1.0, got 1.5"),
    "endless": (lambda: TrackerFaults(person_loss=float("inf")), "person_loss finite"),
    "not a number": (lambda: TrackerFaults(freeze=float("nan")), "freeze finite"),
    "unknown label": (lambda: random_script(np.random.default_rng(0), 5.0, ["idle"]), "got idle"),
    "no label": (lambda: random_script(np.random.default_rng(0), 5.0, []), "got none"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused(what: str) -> None:
    make, message = REFUSED[what]
    with pytest.raises(ValueError, match=message):
        make()


# --- cost


def test_a_minute_of_two_people_takes_a_moment(capsys: pytest.CaptureFixture) -> None:
    scripts = tuple(random_script(np.random.default_rng(seed), 60.0) for seed in (0, 1))
    begin = time.process_time()
    recording = simulate(PerformanceConfig(scripts=scripts, faults=TYPICAL_FAULTS), 0)
    with capsys.disabled():
        print(f" {recording.frames[-1].stamp:.0f} s of two people in {time.process_time() - begin:.2f} s CPU", end=" ")
