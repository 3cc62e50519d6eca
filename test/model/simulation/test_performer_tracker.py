"""Simulated people as a tracker sees them: the truth is right, and every fault is what it says."""

from dataclasses import fields

import numpy as np
import pytest
from helpers.acting import at, script, speeds, sureness, track
from hypothesis import example, given, settings
from hypothesis import strategies as st

from usdrl_model.simulation.faults import TYPICAL_FAULTS, TrackerFaults, random_faults
from usdrl_model.simulation.script import ACTIONS, NEGATIVE_SECONDS, Script, random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import canonical
from usdrl_model.skeleton.topology import JOINT_INDEX, topology

PERFORMED = (
    "kinect_v2_25",
    "kinect_v1_20",
    "k4abt_32",
    "coco_17",
    "zed_body_34",
    "zed_body_18",
    "openpose_coco_18",
    "msr_action3d_20",
)


# --- truth


def test_the_truth_is_the_labelled_part_of_the_script() -> None:
    config = PerformanceConfig(start=1000.0)
    recording = simulate(config, 0)
    assert recording.labels == ACTIONS
    assert recording.frames[0].stamp == 1000.0
    for index, acts in enumerate(config.scripts):
        starts = 1000.0 + np.cumsum([0.0, *(act.seconds for act in acts)])
        expected = [(a.action, t) for a, t in zip(acts, starts[:-1], strict=True) if a.action not in NEGATIVE_SECONDS]
        mine = [segment for segment in recording.segments if segment.person == str(index + 1)]
        assert [segment.label for segment in mine] == [action for action, _ in expected]
        np.testing.assert_allclose([segment.start for segment in mine], [start for _, start in expected])


def test_background_has_no_truth() -> None:
    acts = script(*((action, low + 0.5) for action, (low, _) in NEGATIVE_SECONDS.items()))
    recording = simulate(PerformanceConfig(scripts=(acts,)), 0)
    assert recording.segments == ()
    _, joints = track(recording)
    assert speeds(joints, 30.0).max() > 0.3  # they do move


def test_the_demo_shows_every_promised_action_and_both_people_act_at_once() -> None:
    recording = simulate(PerformanceConfig(), 0)
    shown = {segment.label for segment in recording.segments}
    assert {"walk", "wave", "clap", "sit_down", "stand_up", "pick_up", "throw", "push"} <= shown
    assert 35.0 < recording.frames[-1].stamp < 45.0
    pairs = [
        (a.label, b.label)
        for a in recording.segments
        for b in recording.segments
        if a.person < b.person and a.label != b.label and min(a.end, b.end) - max(a.start, b.start) > 1.0
    ]
    assert len(pairs) >= 3


@settings(max_examples=15)
@example(seed=2, rate=55.0, people=2)  # two losses with no frame between them
@given(seed=st.integers(0, 10_000), rate=st.floats(5.0, 60.0), people=st.integers(1, 3))
def test_truth_lies_in_the_recording_on_ids_that_are_seen_then(seed: int, rate: float, people: int) -> None:
    rng = np.random.default_rng(seed)
    faults = TrackerFaults(person_loss=8.0, loss_seconds=0.5, new_id=0.7, frame_loss=0.05, stamp_jitter=0.004)
    scripts = tuple(random_script(rng, 20.0) for _ in range(people))
    config = PerformanceConfig(scripts=scripts, rate=rate, faults=faults, start=50.0)
    recording = simulate(config, seed)
    stamps = np.array([frame.stamp for frame in recording.frames])
    assert (np.diff(stamps) > 0.0).all()
    seen: dict[str, list[float]] = {}
    for frame in recording.frames:
        assert len({person.id for person in frame.people}) == len(frame.people) <= people
        for person in frame.people:
            seen.setdefault(person.id, []).append(frame.stamp)
    slack = 1.0 / rate + 0.01
    for segment in recording.segments:
        assert 50.0 <= segment.start < segment.end <= 50.0 + config.seconds + 1e-6
        # A loss may hide the beginning or the end of an action, but never all sights of its id before and after.
        assert seen[segment.person][0] <= segment.end + slack
        assert seen[segment.person][-1] >= segment.start - slack


def test_truth_moves_on_to_the_new_id() -> None:
    acts = script(*[("wave", 5.0)] * 6)
    faults = TrackerFaults(person_loss=10.0, loss_seconds=0.5, new_id=1.0)
    changed = 0
    for seed in range(6):
        recording = simulate(PerformanceConfig(scripts=(acts,), faults=faults), seed)
        spans: dict[str, list[float]] = {}
        for frame in recording.frames:
            for person in frame.people:
                spans.setdefault(person.id, []).append(frame.stamp)
        changed += len(spans) - 1
        assert list(spans) == [str(index + 1) for index in range(len(spans))]
        for name, stamps in spans.items():
            mine = [segment for segment in recording.segments if segment.person == name]
            assert all(stamps[0] - 0.05 <= s.start and s.end <= stamps[-1] + 0.05 for s in mine)
            # All of the script is waving, so the id has truth wherever it is seen, but for pieces too short to count.
            assert sum(s.end - s.start for s in mine) > stamps[-1] - stamps[0] - 0.6
    assert changed >= 6


# --- faults, one at a time


def pair(
    faults: TrackerFaults, acts: Script | None = None, seed: int = 4, joint_set: str = "kinect_v2_25"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, V, 3) true and (T, V, 3) reported joints of one person, and (T, V) confidence; no frame may be lost."""
    acts = acts or script(("idle", 2.0), *[("walk", 5.0), ("wave", 4.0)] * 6)
    clean = simulate(PerformanceConfig(scripts=(acts,), topology=joint_set), seed)
    bad = simulate(PerformanceConfig(scripts=(acts,), topology=joint_set, faults=faults), seed)
    confidence = np.stack([sureness(frame.people[0]) for frame in bad.frames])
    return track(clean)[1], track(bad)[1], confidence


def squared_distance(joints: np.ndarray) -> np.ndarray:
    """(T, 1, 1): what the noise of a depth camera grows with, 1 at 2 m."""
    return (np.linalg.norm(joints.mean(axis=1), axis=1) / 2.0)[:, None, None] ** 2


def test_without_faults_everything_is_seen_and_sure() -> None:
    recording = simulate(PerformanceConfig(rate=25.0), 0)
    stamps = np.array([frame.stamp for frame in recording.frames])
    np.testing.assert_allclose(np.diff(stamps), 1.0 / 25.0)
    for frame in recording.frames:
        assert [person.id for person in frame.people] == ["1", "2"]
        for person in frame.people:
            assert np.isfinite(person.joints).all() and (sureness(person) == 1.0).all()


def test_jitter_is_white_and_wander_is_slow() -> None:
    for faults, memory in ((TrackerFaults(jitter=0.01), 0.0), (TrackerFaults(wander=0.01), 0.92)):
        true, seen, _ = pair(faults)
        error = (seen - true) / squared_distance(true)
        assert error.std() == pytest.approx(0.01, rel=0.1)
        correlation = (error[1:] * error[:-1]).mean() / (error**2).mean()
        assert correlation == pytest.approx(memory, abs=0.05)


def test_lost_joints_are_nan_without_confidence() -> None:
    _, seen, confidence = pair(TrackerFaults(joint_loss=0.2))
    missing = np.isnan(seen).any(axis=2)
    assert missing.mean() == pytest.approx(0.2, abs=0.04)
    assert (confidence[missing] == 0.0).all() and (confidence[~missing] == 1.0).all()
    # In spells, not in single frames: a joint that is missing is mostly missing in the next frame too.
    assert missing[1:][missing[:-1]].mean() > 0.7


def test_occluded_arms_are_guessed_with_less_confidence() -> None:
    true, seen, confidence = pair(TrackerFaults(occlusion=0.06))
    guessed = confidence < 1.0
    assert 0.0 < guessed.mean() < 0.3
    arms = [i for name, i in JOINT_INDEX.items() if name.startswith(("elbow", "wrist", "hand", "thumb"))]
    assert not np.delete(guessed, arms, axis=1).any()
    moved = np.abs(seen - true).max(axis=2) > 0.0
    assert (moved == guessed).all()
    assert (seen - true)[guessed].std() == pytest.approx(0.06, rel=0.4)
    # What is guessed is behind the middle of the trunk, as seen from the sensor.
    trunk = at(true, "spine_mid")[:, None].repeat(25, axis=1)
    assert np.mean(np.linalg.norm(true[guessed], axis=1) > np.linalg.norm(trunk[guessed], axis=1)) > 0.9


def test_lost_people_are_away_and_come_back_under_their_id() -> None:
    acts = script(("idle", 60.0))
    faults = TrackerFaults(person_loss=10.0, loss_seconds=1.0)
    away = []
    for seed in range(5):
        recording = simulate(PerformanceConfig(scripts=(acts,), faults=faults), seed)
        away.append(np.mean([not frame.people for frame in recording.frames]))
        assert {person.id for frame in recording.frames for person in frame.people} == {"1"}
    assert np.mean(away) == pytest.approx(10.0 / 60.0, abs=0.08)


def test_lost_frames_are_missing_and_the_others_keep_their_stamps() -> None:
    acts = script(("idle", 60.0))
    recording = simulate(PerformanceConfig(scripts=(acts,), rate=20.0, faults=TrackerFaults(frame_loss=0.3)), 0)
    stamps = np.array([frame.stamp for frame in recording.frames])
    assert len(stamps) / 1201 == pytest.approx(0.7, abs=0.05)
    np.testing.assert_allclose(stamps * 20.0, np.round(stamps * 20.0), atol=1e-9)


def test_stamps_are_uneven_but_rise() -> None:
    acts = script(("idle", 60.0))
    for jitter in (0.002, 0.5):
        faults = TrackerFaults(stamp_jitter=jitter)
        recording = simulate(PerformanceConfig(scripts=(acts,), rate=20.0, faults=faults), 0)
        stamps = np.array([frame.stamp for frame in recording.frames])
        assert (np.diff(stamps) > 0.0).all() and stamps[0] >= 0.0
        error = stamps - np.arange(1201) / 20.0
        assert np.abs(error).max() < 0.5 / 20.0
        assert jitter > 0.1 or error.std() == pytest.approx(jitter, rel=0.1)


def test_a_frozen_limb_keeps_its_last_place() -> None:
    true, seen, confidence = pair(TrackerFaults(freeze=20.0))
    wrong = np.abs(seen - true).max(axis=2) > 0.0
    assert 0.0 < wrong.mean() < 0.5
    assert (confidence == 1.0).all()
    limb_of = {i: _limb(name) for name, i in JOINT_INDEX.items()}
    assert not wrong[:, [i for i, limb in limb_of.items() if not limb]].any()
    for limb in set(limb_of.values()) - {""}:
        joints = [i for i, other in limb_of.items() if other == limb]
        for joint in joints:
            # Wrong is what did not move since the frame before.
            still = (seen[1:, joint] == seen[:-1, joint]).all(axis=1)
            assert still[wrong[1:, joint]].all()


def _limb(name: str) -> str:
    side = name.rsplit("_", 1)[-1]
    if name.startswith(("elbow", "wrist", "hand", "thumb")):
        return f"arm {side}"
    return f"leg {side}" if name.startswith(("knee", "ankle", "foot")) else ""


@pytest.mark.parametrize("joint_set", ["kinect_v2_25", "coco_17", "zed_body_34"])
def test_swapped_legs_have_exactly_changed_places(joint_set: str) -> None:
    true, seen, _ = pair(TrackerFaults(leg_swap=30.0), joint_set=joint_set)
    names = topology(joint_set).joints
    legs = [i for i, name in enumerate(names) if name.startswith(("knee", "ankle", "foot", "heel"))]
    others = [names.index(_other_side(names[i])) for i in legs]
    wrong = np.abs(seen - true).max(axis=(1, 2)) > 0.0
    assert 0.0 < wrong.mean() < 0.3
    expected = true.copy()
    expected[np.ix_(wrong, legs)] = true[np.ix_(wrong, others)]
    np.testing.assert_array_equal(seen, expected)


def _other_side(name: str) -> str:
    return name.replace("left", "right") if "left" in name else name.replace("right", "left")


def test_random_faults_are_none_to_twice_the_typical_ones() -> None:
    drawn = [random_faults(np.random.default_rng(seed)) for seed in range(50)]
    for field in fields(TrackerFaults):
        typical = getattr(TYPICAL_FAULTS, field.name)
        values = np.array([getattr(faults, field.name) for faults in drawn])
        assert typical > 0.0 and (values >= 0.0).all() and (values <= 2.0 * typical).all()
        assert values.min() < 0.5 * typical and values.max() > 1.5 * typical


# --- trackers


@pytest.mark.parametrize("name", PERFORMED)
def test_every_tracker_sees_the_same_person(name: str) -> None:
    acts = script(("idle", 1.0), ("wave", 2.0))
    reference = simulate(PerformanceConfig(scripts=(acts,), rate=10.0), 1)
    recording = simulate(PerformanceConfig(scripts=(acts,), rate=10.0, topology=name), 1)
    assert recording.topology == name and len(recording.frames) == len(reference.frames)
    for frame, other in zip(recording.frames, reference.frames, strict=True):
        assert frame.people[0].joints.shape == (len(topology(name).joints), 3)
        joints, confidence = canonical(frame.people[0], topology(name))
        true, _ = canonical(other.people[0], topology("kinect_v2_25"))
        limbs = [JOINT_INDEX[j] for j in ("shoulder_left", "elbow_left", "wrist_right", "knee_left", "ankle_right")]
        assert (confidence[limbs] > 0.0).all()
        np.testing.assert_allclose(joints[limbs], true[limbs], atol=1e-5)
        trunk = [JOINT_INDEX[j] for j in ("spine_base", "spine_mid", "head")]
        np.testing.assert_allclose(joints[trunk], true[trunk], atol=0.12)


@pytest.mark.parametrize("name", ["halpe_26", "smpl_24", "openni_nite_15"])
def test_a_tracker_whose_joints_are_not_on_the_body_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"cannot show topology {name}; it can show .*kinect_v2_25"):
        PerformanceConfig(topology=name)
