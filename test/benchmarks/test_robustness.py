"""Disturbances do what their names say and nothing else, and the table says where too little is left."""

import dataclasses
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import ROOT

from usdrl_model.simulation.script import Act
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton import topology
from usdrl_model.skeleton.recording import Recording, in_canonical_joints
from usdrl_model.skeleton.topology import JOINT_INDEX

sys.path.insert(0, str(ROOT / "benchmarks"))

import disturbances as by
import robustness


def acting(seed: int = 1, *actions: str) -> Recording:
    script = tuple(Act(action=action, seconds=2.0) for action in ("idle", *(actions or ("wave",)), "idle"))
    return in_canonical_joints(simulate(PerformanceConfig(scripts=(script,), start=1.0), seed))


ONE = acting()


def bodies(one: Recording) -> np.ndarray:
    return np.stack([person.joints for frame in one.frames for person in frame.people])


def stamps(one: Recording) -> np.ndarray:
    return np.array([frame.stamp for frame in one.frames])


def bones(joints: np.ndarray) -> np.ndarray:
    pairs = [("shoulder_left", "elbow_left"), ("knee_right", "ankle_right"), ("neck", "head")]
    return np.stack([np.linalg.norm(joints[:, JOINT_INDEX[a]] - joints[:, JOINT_INDEX[b]], axis=1) for a, b in pairs])


@pytest.mark.parametrize("name", topology.names())
def test_another_joint_set_keeps_what_it_measures_and_moves_with_the_body(name: str) -> None:
    seen, tracker = by.seen_as(name)(ONE), topology.topology(name)
    assert seen.topology == name
    again = bodies(in_canonical_joints(seen))
    there = tracker.direct & np.isfinite(again).all(axis=(0, 2))
    assert there.sum() >= 6
    np.testing.assert_allclose(again[:, there], bodies(ONE)[:, there], atol=2e-3)
    np.testing.assert_allclose(tracker.fit.sum(axis=1), 1.0, atol=1e-9)


@pytest.mark.parametrize("disturb", [by.turned(90.0), by.tilted("pitch", 20.0), by.tilted("roll", -30.0)])
def test_turns_and_tilts_change_no_bone(disturb: by.Disturb) -> None:
    np.testing.assert_allclose(bones(bodies(disturb(ONE))), bones(bodies(ONE)), atol=1e-6)
    assert np.abs(bodies(disturb(ONE)) - bodies(ONE)).max() > 0.1


def test_a_turn_is_about_where_people_are_and_four_of_them_are_none() -> None:
    quarter = by.turned(90.0)
    whole = quarter(quarter(quarter(quarter(ONE))))
    np.testing.assert_allclose(bodies(whole), bodies(ONE), atol=0.05)
    assert np.abs(np.median(bodies(by.turned(180.0)(ONE)) - bodies(ONE), axis=(0, 1))).max() < 0.1
    across = lambda one: bodies(one)[:, JOINT_INDEX["shoulder_left"]] - bodies(one)[:, JOINT_INDEX["shoulder_right"]]  # noqa: E731
    half = across(by.turned(180.0)(ONE))
    np.testing.assert_allclose(half[:, [0, 2]], -across(ONE)[:, [0, 2]], atol=1e-9)


def test_a_pitch_is_about_the_sideways_axis_and_a_roll_about_the_one_ahead() -> None:
    np.testing.assert_allclose(bodies(by.tilted("pitch", 20.0)(ONE))[..., 0], bodies(ONE)[..., 0])
    np.testing.assert_allclose(bodies(by.tilted("roll", 20.0)(ONE))[..., 2], bodies(ONE)[..., 2])


@pytest.mark.parametrize("metres", [1.2, 2.0])
def test_people_are_as_tall_as_asked(metres: float) -> None:
    assert by.height(by.tall(metres)(ONE)) == pytest.approx(metres, abs=0.03)


def test_rates_and_speeds_move_the_truth_with_the_frames() -> None:
    slow = by.at_rate(8.0)(ONE)
    np.testing.assert_allclose(np.diff(stamps(slow)), 1 / 8, atol=1e-9)
    assert slow.segments == ONE.segments
    double = by.at_speed(2.0, 30.0)(ONE)
    length = lambda one: stamps(one)[-1] - stamps(one)[0]  # noqa: E731
    assert length(double) == pytest.approx(length(ONE) / 2, abs=0.05)
    (was,), (now,) = ONE.segments, double.segments
    assert now.end - now.start == pytest.approx((was.end - was.start) / 2)
    middle = (was.start - 1.0) / 2 + 1.0
    assert now.start == pytest.approx(middle)
    frame = lambda one, stamp: bodies(one)[np.abs(stamps(one) - stamp).argmin()]  # noqa: E731
    np.testing.assert_allclose(frame(double, middle), frame(ONE, was.start), atol=0.05)


def test_nothing_is_interpolated_over_a_gap() -> None:
    cut = dataclasses.replace(ONE, frames=tuple(f for f in ONE.frames if not 2.0 < f.stamp < 3.0))
    again = by.at_rate(30.0)(cut)
    empty = [frame.stamp for frame in again.frames if not frame.people]
    assert min(empty) >= 2.0 and max(empty) <= 3.05 and len(empty) > 25


def test_joints_go_missing_as_often_as_asked_and_limbs_for_good() -> None:
    lost = np.isnan(bodies(by.dropping_out(0.3)(ONE))).any(axis=2).mean()
    assert 0.22 < lost < 0.38
    without = np.isnan(bodies(by.missing(by.arm("left"))(ONE))).any(axis=2)
    assert without.all(axis=0).sum() == without.any(axis=0).sum() == 5
    assert not np.isnan(bodies(ONE)).any(), "the recording itself stays as it is"
    spread = (bodies(by.noise(0.05)(ONE)) - bodies(ONE)).std()
    assert spread == pytest.approx(0.05, rel=0.05)


def test_people_act_together_and_change_places() -> None:
    scene = by.together([acting(1), acting(2, "clap")], 30.0)
    assert {segment.label for segment in scene.segments} == {"wave", "clap"}
    assert {segment.person for segment in scene.segments} == {"0-1", "1-1"}
    first, second = scene.frames[60].people
    assert np.linalg.norm(np.nanmean(first.joints - second.joints, axis=0)) > 0.5
    swapped = by.swapping(2.0)(scene)
    before, after = scene.frames[90].people, swapped.frames[90].people
    np.testing.assert_array_equal(after[0].joints, before[1].joints)
    np.testing.assert_array_equal(swapped.frames[0].people[0].joints, scene.frames[0].people[0].joints)


def test_the_same_disturbance_is_the_same_each_time() -> None:
    for disturb in (by.dropping_out(0.2), by.noise(0.02)):
        np.testing.assert_array_equal(bodies(disturb(ONE)), bodies(disturb(ONE)))


def test_the_table_marks_what_is_too_low_and_a_page_keeps_its_other_sections() -> None:
    titles = [title for row in robustness.rows() for title in (row.title, f"{row.title}, arm actions")]
    scores = {title: {"much": 0.4} for title in titles}
    known = {"simulated": scores | {"undisturbed": {"": 0.8}, "undisturbed, arm actions": {"": 0.4}}}
    text = robustness.table(known)
    assert "| frame rate | much **0.50** |" in text
    assert "| never seen, below, arm actions | much 1.00 |" in text
    page = robustness.written("# Robustness\n", "one", "first")
    page = robustness.written(robustness.written(page, "two", "second"), "one", "third")
    assert page.count("## one") == 1
    assert "third" in page and "second" in page and "first" not in page


def test_the_shipped_detector_is_scored_as_live() -> None:
    weights = robustness.load.load("default", "cpu")
    scenes = [acting(3, "wave", "clap")]
    clean = robustness.f1(robustness.found_in(scenes, weights), {"wave", "clap"})
    blind = [by.missing(tuple(JOINT_INDEX)[:20])(one) for one in scenes]
    assert clean > 0.6
    assert math.isclose(robustness.f1(robustness.found_in(blind, weights), {"wave", "clap"}), 0.0)


def test_people_of_the_test_are_not_asked(tmp_path: Path) -> None:
    from helpers.small_benchmark import utd

    chosen = robustness.recorded(utd(tmp_path), "utd_mhad", None, 100)
    assert {one.subject for one in chosen} == {"1", "3"}


def test_every_joint_set_is_asked_once() -> None:
    sets = robustness.joint_sets()
    names = [name for together in sets for name in together]
    assert sorted([*names, topology.CANONICAL]) == sorted(topology.names())
    assert ["k4abt_32", "zed_body_34"] in sets
