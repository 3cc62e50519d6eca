"""States over time, of measures that are told frame by frame: hysteresis, falls, rays, and arms that were gone."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from helpers.arms import HANGING
from helpers.people import standing

from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.states.measures import Arm, Measures, measure
from usdrl_model.states.person import PersonStates, States
from usdrl_model.states.pointing import FARTHEST, SMOOTHING, Ground, Pointer
from usdrl_model.states.switch import Switch

BODY, SURE = standing(), np.ones(25)
(UP,) = measure(BODY[None], SURE[None], np.zeros((1, 3)))
SHOWN = dataclasses.replace(HANGING, reach=0.95, elevation=0.0, wrist=(0.0, 0.0, 0.8), height=0.0, ahead=0.8, aside=0.2)
GONE = Arm(**dict.fromkeys((field.name for field in dataclasses.fields(Arm)), math.nan) | {"wrist": (math.nan,) * 3})


def follow(of: Callable[[float], Measures], until: float) -> list[tuple[float, States]]:
    """What is said after every frame."""
    states, said = PersonStates(), []
    for stamp in (round(frame / 30, 6) for frame in range(round(30 * until))):
        states.step(stamp, of(stamp), BODY, SURE)
        said.append((stamp, states.snapshot()))
    return said


@pytest.mark.parametrize(("first", "near"), [(1.1, True), (1.5, False)])
def test_between_the_thresholds_it_stays_as_it_was(first: float, near: bool) -> None:
    said = follow(lambda stamp: dataclasses.replace(UP, distance=first if stamp < 1.0 else 1.3), 3.0)
    assert (said[-1][1].get("near") is not None) == near


def test_a_fall_is_dated_to_its_lying_and_over_half_a_second_after_they_got_up() -> None:
    """At 6 s they lie down again, slowly: the hips are low before the trunk is level."""

    def of(stamp: float) -> Measures:
        lies, low = 1.0 <= stamp < 3.0 or stamp >= 6.0, 1.0 <= stamp < 3.0 or stamp >= 5.0
        legs = tuple(dataclasses.replace(leg, over=0.1) for leg in UP.legs)
        hips = UP.hips - 1.5 * UP.torso * low
        return dataclasses.replace(UP, trunk=85.0, upright=85.0, hips=hips, legs=legs) if lies else (
            dataclasses.replace(UP, hips=hips))  # fmt: skip

    said = [(stamp, states.get("fallen")) for stamp, states in follow(of, 8.0)]
    fallen = [(stamp, held.since) for stamp, held in said if held is not None]
    assert fallen[0] == (1.5, 1.0)
    assert fallen[-1] == (pytest.approx(3.5 - 1 / 30), 1.0)


def test_an_arm_that_comes_back_is_not_measured_from_where_it_was() -> None:
    def of(stamp: float) -> Measures:
        moving = dataclasses.replace(SHOWN, wrist=(max(0.0, stamp - 2.0), 0.0, 0.8))  # one arm length a second
        return dataclasses.replace(UP, arms=(UP.arms[0], GONE if 0.5 < stamp < 2.0 else moving))

    said = {stamp: states.get("hand_in_front") is not None for stamp, states in follow(of, 2.5)}
    assert said[0.4] and not any(shown for stamp, shown in said.items() if stamp > 1.2)


def arm(hand: tuple[float, float, float]) -> np.ndarray:
    joints = BODY.copy()
    joints[JOINT_INDEX["hand_left"]] = hand
    return joints


def test_a_ray_stays_where_the_arm_pointed_while_it_drops() -> None:
    states = PersonStates()
    for frame in range(35):
        points = frame < 30
        of = dataclasses.replace(UP, arms=(SHOWN if points else HANGING, HANGING))
        states.step(frame / 30, of, arm((-1.0, 0.4, 2.0) if points else (-0.3, -0.5, 2.0)), SURE)
    held = states.snapshot().get("pointing_left")
    assert held is not None and held.ray is not None
    assert held.ray.origin == pytest.approx((-1.0, 0.4, 2.0))


@pytest.mark.parametrize(
    ("missing", "start"), [((), "head"), (("head",), "neck"), (("head", "neck"), "shoulder_left")], ids=str
)
def test_a_ray_leads_from_the_highest_joint_that_is_seen(missing: tuple[str, ...], start: str) -> None:
    pointer, confidence, hand = Pointer("left"), SURE.copy(), np.array([-1.0, 0.2, 1.5])
    confidence[[JOINT_INDEX[name] for name in missing]] = 0.0
    pointer.add(0.0, arm((-1.0, 0.2, 1.5)), confidence)
    ray, way = pointer.ray(math.nan), hand - BODY[JOINT_INDEX[start]]
    assert ray is not None and ray.direction == pytest.approx(way / np.linalg.norm(way)) and ray.hit is None


def test_a_ray_is_averaged_over_a_short_time() -> None:
    pointer = Pointer("left")
    pointer.add(0.0, arm((0.0, 0.0, 1.0)), SURE)
    pointer.add(SMOOTHING, arm((1.0, 0.0, 1.0)), SURE)
    ray = pointer.ray(math.nan)
    assert ray is not None and ray.origin == pytest.approx((1.0 - math.exp(-1.0), 0.0, 1.0))


@pytest.mark.parametrize(("height", "hits"), [(0.9, True), (1.1, False), (-1.0, False)])
def test_a_ray_hits_the_floor_below_the_hand_and_not_too_far_away(height: float, hits: bool) -> None:
    pointer, share = Pointer("left"), 0.1
    joints = arm((0.0, 0.0, 1.0))
    joints[JOINT_INDEX["head"]] = (0.0, share, 1.0 + math.sqrt(1.0 - share**2))  # it falls by a tenth of its way
    pointer.add(0.0, joints, SURE)
    ray = pointer.ray(-height * share * FARTHEST)
    assert ray is not None and (ray.hit is not None) == hits
    if ray.hit is not None:
        assert ray.hit[1] == pytest.approx(-height * share * FARTHEST)


def test_the_floor_is_the_median_of_the_feet_over_some_seconds() -> None:
    ground = Ground()
    for tenth in range(60):
        ground.add(tenth / 10, -1.0 if tenth % 3 else -1.6)  # a foot that is sometimes found too low
    assert ground.height == -1.0
    for tenth in range(60, 92):
        ground.add(tenth / 10, 0.0)
    assert ground.height == 0.0, "upstairs; what was before is forgotten"


def test_a_state_needs_its_condition_without_a_break_to_begin_and_to_end() -> None:
    switch, told = Switch(begin_after=0.5, end_after=0.2, unknown_after=0.5), []
    for tenth in range(30):
        stamp = tenth / 10
        switch.step(stamp, 0.3 <= stamp < 0.6 or 1.0 <= stamp < 1.8 or 1.9 <= stamp < 2.3)
        told.append((switch.value, switch.held))
    assert [value for value, _ in told].index(True) == 15 and told[15:25] == [(True, True)] * 10
    assert told[25] == (False, False) and switch.since == pytest.approx(2.3)
    assert [held for _, held in told[:15]] == [0.3 <= tenth / 10 < 0.6 or tenth >= 10 for tenth in range(15)]


def test_what_is_unknown_is_so_since_its_joints_are_missing() -> None:
    switch = Switch(begin_after=0.0, end_after=0.0, unknown_after=0.5)
    for tenth, verdict in enumerate([True, None, None, True, None, None, None, None, None, None]):
        switch.step(tenth / 10, verdict)
        assert (switch.value, switch.since) == ((True, 0.0) if tenth < 9 else (None, 0.4))
    assert not switch.held and switch.begun is None
