"""From measures to conditions: is a state there in this frame? True, False, or None where its joints are missing.

A condition is a conjunction: one part that fails makes it False, whatever else is missing; it is None only if what is
missing decides. So a state is never guessed, and nothing is withheld that is certain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from usdrl_model.states.config import Pair, StatesConfig
from usdrl_model.states.measures import Arm, Measures

Verdict = bool | None

LEFT, RIGHT = 0, 1
UPSIDE_DOWN = 100.0
"""Degrees of the trunk from upright from which on nobody stands on their legs: a bow that touches the toes has less."""
NOT_UPRIGHT = 60.0
"""Degrees of the trunk from upright from which on arms and the front mean nothing: the person lies or bows."""
OTHER_ARM_REACH = 0.85
"""Reach of the other arm, arm lengths, below which it is bent and does not point too."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a condition may ask for beside the measures of one frame."""

    measures: Measures
    ground: float
    """Height of the floor, metres; NaN where unknown."""
    speeds: tuple[float, float]
    """Of the left and right wrist relative to the shoulder, arm lengths a second; NaN where unknown."""


Condition = Callable[[Scene, StatesConfig, bool], Verdict]
"""(scene, settings, whether the state holds now) -> verdict."""


def standing(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """One leg is straight and upright; the other may be lifted."""
    left, right = (above(leg.height, config.standing_legs, held) for leg in scene.measures.legs)
    return both(either(left, right), less(scene.measures.upright, UPSIDE_DOWN))


def sitting(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """The thighs are level, the trunk is upright, and something other than the feet carries the body."""
    m = scene.measures
    return both(
        above(m.thighs, config.sitting_thighs, held),
        *(inverse(above(leg.height, config.standing_legs, False)) for leg in m.legs),
        below(m.trunk, config.sitting_trunk, held),
        above(m.behind, config.sitting_behind, held),
    )


def lying(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """The trunk is level, and the hips are no higher than the legs or, where these are not seen, near the ground."""
    m = scene.measures
    legs = [leg for leg in (below(leg.over, config.lying_hips, held) for leg in m.legs) if leg is not None]
    height = (m.middle - scene.ground) / m.torso if m.torso > 0.0 else float("nan")
    low = both(*legs) if legs else below(height, config.lying_height, held)
    return both(above(m.trunk, config.lying_trunk, held), low)


def raising(side: int) -> Condition:
    """One arm is stretched up: the wrist over the head and apart from it, the elbow over the shoulder."""

    def condition(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
        arm = scene.measures.arms[side]
        return both(
            below(90.0 - arm.elevation, config.raised_arm, held),
            above(arm.over_head, config.raised_wrist, held),
            above(arm.elbow, config.raised_elbow, held),
            above(arm.reach, config.raised_reach, held),
            above(arm.from_head, config.raised_apart, held),
            less(scene.measures.upright, NOT_UPRIGHT),
        )

    return condition


_RAISING = raising(LEFT), raising(RIGHT)


def raising_both(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """Both arms are up."""
    return both(*(raised(scene, config, held) for raised in _RAISING))


def pointing(side: int) -> Condition:
    """One straight arm is held still, neither up nor down; the other one is not held the same way."""

    def condition(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
        arm, other = scene.measures.arms[side], scene.measures.arms[1 - side]
        return both(
            _stretched(arm, config, held),
            below(scene.speeds[side], config.pointing_speed, held),
            inverse(both(_level(other, config), more(other.reach, OTHER_ARM_REACH))),
            less(scene.measures.upright, NOT_UPRIGHT),
        )

    return condition


def hand_in_front(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """A hand is held still between the body and the sensor, at the height of chest or head."""

    def one(side: int) -> Verdict:
        arm = scene.measures.arms[side]
        return both(
            above(arm.ahead, config.hand_reach, held),
            either(
                below(arm.aside, config.hand_aside, held),
                both(below(arm.aside, config.hand_aside_bent, held), below(arm.reach, config.hand_bent, held)),
            ),
            above(arm.height, config.hand_low, held),
            below(arm.height, config.hand_high, held),
            below(scene.speeds[side], config.hand_speed, held),
            less(scene.measures.upright, NOT_UPRIGHT),
        )

    return either(one(LEFT), one(RIGHT))


def facing(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """The shoulders are turned to the sensor, of somebody upright: the front of who lies is up, or down."""
    return both(below(scene.measures.facing, config.facing, held), less(scene.measures.upright, NOT_UPRIGHT))


def near(scene: Scene, config: StatesConfig, held: bool) -> Verdict:
    """Within reach of the sensor."""
    return below(scene.measures.distance, config.near, held)


def above(value: float, pair: Pair, held: bool) -> Verdict:
    """The value passes the threshold from below; None for NaN."""
    return more(value, pair[held])


def below(value: float, pair: Pair, held: bool) -> Verdict:
    """The value passes the threshold from above; None for NaN."""
    return less(value, pair[held])


def more(value: float, threshold: float) -> Verdict:
    """Whether the value is larger; None for NaN."""
    return None if value != value else value > threshold


def less(value: float, threshold: float) -> Verdict:
    """Whether the value is smaller; None for NaN."""
    return None if value != value else value < threshold


def both(*verdicts: Verdict) -> Verdict:
    """False if one is, else None if one is, else True."""
    if False in verdicts:
        return False
    return None if None in verdicts else True


def either(*verdicts: Verdict) -> Verdict:
    """True if one is, else None if one is, else False."""
    return inverse(both(*map(inverse, verdicts)))


def inverse(verdict: Verdict) -> Verdict:
    """The other one; None stays."""
    return None if verdict is None else not verdict


def _stretched(arm: Arm, config: StatesConfig, held: bool) -> Verdict:
    """The arm is straight and neither up nor down."""
    return both(
        above(arm.reach, config.pointing_reach, held),
        below(arm.elevation, config.pointing_up, held),
        above(arm.elevation, config.pointing_down, held),
    )


def _level(arm: Arm, config: StatesConfig) -> Verdict:
    return both(below(arm.elevation, config.pointing_up, True), above(arm.elevation, config.pointing_down, True))
