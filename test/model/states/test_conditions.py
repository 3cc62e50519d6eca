"""What each condition asks for: a measure between its two thresholds ends it before it holds, and not while it does."""

import dataclasses
import math
from typing import Any

import pytest
from helpers.arms import HANGING

from usdrl_model.states import conditions
from usdrl_model.states.conditions import Condition, Scene, Verdict
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.measures import Arm, Leg, Measures
from usdrl_model.states.person import CONDITIONS

RAISED = dataclasses.replace(HANGING, elevation=70.0, over_head=0.5, from_head=0.8, elbow=0.4)
LEVEL = dataclasses.replace(HANGING, elevation=0.0)
SHOWN = dataclasses.replace(HANGING, reach=0.95, height=0.0, ahead=0.8, aside=0.2)
BENT = dataclasses.replace(SHOWN, reach=0.8, aside=0.6)
STRAIGHT, THIGH_AHEAD, LEVEL_LEG = (
    Leg(height=0.95, thigh=5.0, over=0.95), Leg(height=0.5, thigh=80.0, over=0.5), Leg(height=0.1, thigh=85.0, over=0.1)
)  # fmt: skip
STANDING = Measures(
    trunk=5.0, upright=5.0, torso=0.5, hips=-0.3, middle=-0.05, legs=(STRAIGHT, STRAIGHT), thighs=5.0, behind=0.0,
    feet=-1.2, arms=(HANGING, HANGING), facing=10.0, distance=1.0,
)  # fmt: skip
SITTING = dataclasses.replace(STANDING, legs=(THIGH_AHEAD, THIGH_AHEAD), thighs=80.0, behind=0.3)
LYING = dataclasses.replace(STANDING, trunk=85.0, upright=85.0, middle=-1.1, legs=(LEVEL_LEG, LEVEL_LEG))
NO_LEG = Leg(height=math.nan, thigh=math.nan, over=math.nan)
TORSO_ALONE = dataclasses.replace(LYING, legs=(NO_LEG, NO_LEG), middle=-1.0)


def scene(measures: Measures, side: int, arm: Arm | None, changes: dict[str, Any]) -> Scene:
    """Somebody with such an arm on a side; ``changes``: of it, the ``other`` arm, its speed, a leg, or measures."""
    changes = dict(changes)
    arms, speeds, legs = [HANGING, HANGING], [9.0, 9.0], list(measures.legs)
    arms[side], speeds[side] = arm or HANGING, changes.pop("speed", 0.1)
    ground = changes.pop("ground", -1.2)
    for name in list(changes):
        if name.startswith("arm_"):
            arms[side] = dataclasses.replace(arms[side], **{name.removeprefix("arm_"): changes.pop(name)})
        elif name == "other":
            arms[1 - side] = changes.pop(name)
        elif name.startswith("leg_"):
            legs[side] = dataclasses.replace(legs[side], **{name.removeprefix("leg_"): changes.pop(name)})
    return Scene(
        dataclasses.replace(measures, arms=tuple(arms), legs=tuple(legs), **changes), ground, (speeds[0], speeds[1])
    )


def verdicts(condition: Condition, given: Scene) -> tuple[Verdict, Verdict]:
    """Before the state holds, and while it does."""
    return condition(given, StatesConfig(), False), condition(given, StatesConfig(), True)


BETWEEN, NEVER, STILL = (False, True), (False, False), (True, True)
CASES = [
    (conditions.standing, dataclasses.replace(STANDING, legs=(THIGH_AHEAD, THIGH_AHEAD)), None, [
        ({"leg_height": 0.95}, STILL), ({"leg_height": 0.88}, BETWEEN), ({"leg_height": 0.8}, NEVER),
        ({"leg_height": 0.95, "upright": 120.0}, NEVER),
    ]),
    (conditions.sitting, SITTING, None, [
        ({}, STILL), ({"thighs": 36.0}, BETWEEN), ({"trunk": 55.0}, BETWEEN), ({"behind": 0.06}, BETWEEN),
        ({"leg_height": 0.88}, STILL), ({"leg_height": 0.95}, NEVER),
    ]),
    (conditions.lying, LYING, None, [
        ({}, STILL), ({"trunk": 55.0}, BETWEEN), ({"leg_over": 0.35}, BETWEEN), ({"leg_over": 0.6}, NEVER),
        ({"middle": 0.0}, STILL), ({"leg_over": math.nan}, STILL),
    ]),
    (conditions.lying, TORSO_ALONE, None, [
        ({}, STILL), ({"middle": -0.85}, BETWEEN), ({"middle": 0.0}, NEVER), ({"ground": math.nan}, (None, None)),
    ]),
    (conditions.raising, STANDING, RAISED, [
        ({}, STILL), ({"arm_elevation": 30.0}, BETWEEN), ({"arm_over_head": -0.05}, BETWEEN),
        ({"arm_elbow": -0.05}, BETWEEN), ({"arm_reach": 0.75}, BETWEEN), ({"arm_from_head": 0.45}, BETWEEN),
        ({"upright": 70.0}, NEVER),
    ]),
    (conditions.raising_both, STANDING, RAISED, [
        ({"other": RAISED}, STILL), ({"other": RAISED, "arm_elevation": 30.0}, BETWEEN), ({}, NEVER),
    ]),
    (conditions.pointing, STANDING, LEVEL, [
        ({}, STILL), ({"arm_reach": 0.9}, BETWEEN), ({"arm_elevation": 50.0}, BETWEEN),
        ({"arm_elevation": -50.0}, BETWEEN), ({"speed": 0.6}, BETWEEN), ({"upright": 70.0}, NEVER),
        ({"other": LEVEL}, NEVER), ({"other": dataclasses.replace(LEVEL, reach=0.8)}, STILL),
        ({"other": RAISED}, STILL), ({"speed": math.nan}, (None, None)),
    ]),
    (conditions.hand_in_front, STANDING, SHOWN, [
        ({}, STILL), ({"arm_ahead": 0.55}, BETWEEN), ({"arm_aside": 0.5}, BETWEEN), ({"arm_height": -0.4}, BETWEEN),
        ({"arm_height": 0.55}, BETWEEN), ({"speed": 0.9}, BETWEEN), ({"upright": 70.0}, NEVER),
    ]),
    (conditions.hand_in_front, STANDING, BENT, [
        ({}, STILL), ({"arm_aside": 0.75}, BETWEEN), ({"arm_reach": 0.915}, BETWEEN), ({"arm_reach": 0.95}, NEVER),
    ]),
    (conditions.facing, STANDING, None, [({}, STILL), ({"facing": 40.0}, BETWEEN), ({"upright": 70.0}, NEVER)]),
    (conditions.near, STANDING, None, [({}, STILL), ({"distance": 1.3}, BETWEEN), ({"distance": 1.5}, NEVER)]),
]  # fmt: skip


@pytest.mark.parametrize("side", [conditions.LEFT, conditions.RIGHT], ids=["left", "right"])
@pytest.mark.parametrize(
    ("condition", "measures", "arm", "changes", "expected"),
    [(*of, changes, expected) for *of, cases in CASES for changes, expected in cases],
    ids=lambda value: (
        " ".join(f"{name}={part}" for name, part in value.items())[:40] if isinstance(value, dict) else ""
    ),
)
def test_every_measure_counts_on_its_own_side(
    condition: Any, measures: Measures, arm: Arm | None, changes: dict[str, Any], expected: tuple, side: int
) -> None:
    of_a_side = condition in (conditions.raising, conditions.pointing)
    given = scene(measures, side, arm, changes)
    assert verdicts(condition(side) if of_a_side else condition, given) == expected
    if of_a_side:
        assert conditions.raising_both(given, StatesConfig(), True) is not True


def test_every_condition_has_its_cases() -> None:
    made = {condition.__qualname__.partition(".")[0] for condition, _ in CONDITIONS.values()}
    assert made == {condition.__name__ for condition, *_ in CASES}, "CASES of this file: every condition of CONDITIONS"
