"""Simulated people: the same every time, and they move as people do."""

import doctest
import time
from collections.abc import Callable

import numpy as np
import pytest
from helpers.acting import acting, at, script, track
from helpers.rule_detector import hand_up_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation import simulate as simulate_module
from usdrl_model.simulation.faults import TYPICAL_FAULTS, TrackerFaults
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.script import ACTION_SECONDS, ACTIONS, NEGATIVE_SECONDS, Act, demo_scripts, random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import PARENTS

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


def test_who_stands_still_before_a_tracker_without_faults_is_not_taken_for_frozen() -> None:
    recording = performance(people=1, faults="none", script=script(("idle", 2.0)))
    stream = ActionStream(hand_up_weights(), topology=recording.topology)
    for frame in recording.frames:
        stream.push(frame)
    (person,) = stream.state().people
    assert person.states is not None and "standing" in {one.name for one in person.states.active}


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
def test_bones_keep_their_length_and_people_are_children_or_adults(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, joints = track(simulate(PerformanceConfig(scripts=(random_script(rng, 30.0),)), seed))
    bones = np.linalg.norm(joints - joints[:, list(PARENTS)], axis=2)
    assert np.ptp(bones, axis=0).max() < 1e-9
    floor = at(joints, "foot_left", "foot_right")[..., 1].min()
    # The head joint is in the middle of the head, a tenth of a metre under its top.
    assert 0.95 < np.percentile(at(joints, "head")[:, 1], 99) - floor < 2.0
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


def test_a_minute_of_two_people_takes_a_moment() -> None:
    scripts = tuple(random_script(np.random.default_rng(seed), 60.0) for seed in (0, 1))
    begin = time.process_time()
    recording = simulate(PerformanceConfig(scripts=scripts, faults=TYPICAL_FAULTS), 0)
    assert recording.frames[-1].stamp > 60.0
    assert time.process_time() - begin < 3.0, "0.14 s on an EPYC: a run of hours must not wait for its people"
