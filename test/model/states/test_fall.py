"""A fall: from upright to lying in a short time, seen or not, until they are up again."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from helpers.people import standing

from usdrl_model.states.config import StatesConfig
from usdrl_model.states.fall import Fall
from usdrl_model.states.measures import measure
from usdrl_model.states.switch import Switch

(UP,) = measure(standing()[None], np.ones((1, 25)), np.zeros((1, 3)))
EVERY = 1 / 30


def told(frames: Iterable[tuple[float, bool, float]]) -> list[bool | None]:
    """What is said at every frame: (stamp, whether they lie, by how much the hips are lower, trunk lengths)."""
    config, said = StatesConfig(), []
    fall, lying = Fall(config), Switch(config.posture_after, config.end_after, 0.5)
    for stamp, lies, lower in frames:
        lying.step(stamp, lies)
        hips = UP.hips - lower * UP.torso
        said.append(fall.step(stamp, dataclasses.replace(UP, trunk=85.0 if lies else 5.0, hips=hips), lying))
    return said


def stamps(until: float, every: float = EVERY) -> list[float]:
    return np.arange(0.0, until, every).tolist()


@pytest.mark.parametrize(("sinks", "fallen"), [(1.2, True), (2.5, False)])
def test_who_sinks_further_after_they_lay_has_not_fallen(sinks: float, fallen: bool) -> None:
    """From a couch to the floor, say: a fall is from upright to where somebody lies, and is judged once."""
    said = told((stamp, stamp >= 1.0, 0.0 if stamp < 1.0 else 0.3 if stamp < sinks else 1.5) for stamp in stamps(5.0))
    assert any(said) == fallen == bool(said[-1])


@pytest.mark.parametrize(
    ("lies_at", "sits_at", "low", "fallen"),
    [(1.95, 9.0, 0.0, True), (2.1, 9.0, 0.0, False), (2.3, 1.95, 0.0, False), (1.95, 9.0, 1.0, False)],
    ids=["hidden for a second", "hidden for longer", "sits first", "was low before"],
)
def test_a_fall_that_nobody_saw(lies_at: float, sits_at: float, low: float, fallen: bool) -> None:
    """Somebody is not seen for a while from 1.0 s on; before, they stand or sit on the floor."""
    said = told(
        (stamp, stamp >= lies_at, 1.2 if stamp >= min(lies_at, sits_at) else low)
        for stamp in stamps(4.0, 0.05)
        if not 1.0 < stamp < min(lies_at, sits_at)
    )
    assert bool(said[-1]) == fallen


def test_who_is_hidden_again_where_they_lie_has_fallen_all_the_same() -> None:
    hidden = ((1.0, 1.95), (2.1, 2.4))
    seen = [stamp for stamp in stamps(4.0, 0.05) if not any(since < stamp < until for since, until in hidden)]
    assert told((stamp, stamp >= 1.95, 1.2 if stamp >= 1.95 else 0.0) for stamp in seen)[-1]


def test_who_crouches_in_the_middle_of_a_fall_has_fallen_from_where_they_stood() -> None:
    """The trunk is upright until 1.0 s, and the hips are low already since 0.7 s."""
    assert told((stamp, stamp >= 1.0, 0.0 if stamp < 0.7 else 0.6 if stamp < 1.0 else 1.0) for stamp in stamps(3.0))[-1]


@pytest.mark.parametrize(("rises", "fallen"), [(0.3, True), (0.6, False)], ids=["sits on the floor", "gets up"])
def test_who_has_fallen_is_up_when_trunk_and_hips_are(rises: float, fallen: bool) -> None:
    def lower(stamp: float) -> float:
        return 0.0 if stamp < 1.0 else 1.2 if stamp < 3.0 else 1.2 - rises

    said = told((stamp, 1.0 <= stamp < 4.0, lower(stamp)) for stamp in stamps(5.0))
    assert said[round(3.5 / EVERY)], "the hips are up, the trunk is not"
    assert said[-1] == fallen
