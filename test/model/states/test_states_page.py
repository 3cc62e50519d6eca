"""docs/states.md has a row for every state, and the numbers of the code."""

import re

import pytest
from helpers.paths import ROOT

from usdrl_model.states import conditions, fall, pointing
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.person import STATES

PAGE = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
USUAL = StatesConfig()
SAID = [
    f"within {USUAL.near[0]:g} m of the sensor",
    f"reached within {USUAL.fall_seconds:g} s of an upright trunk",
    f"the trunk is within {conditions.NOT_UPRIGHT:g} degrees of upright",
    f"where it meets the floor within {pointing.FARTHEST:g} m",
    f"lasted {USUAL.arm_after:g} s (arms, hand), {USUAL.place_after:g} s (place)",
    f"or {USUAL.posture_after:g} s (posture, and pointing after",
    f"gone for {USUAL.end_after:g} s (`fallen` {USUAL.posture_after:g} s)",
    f"with today's ({USUAL.raised_reach[0]:g} and {USUAL.raised_arm[0]:g} degrees)",
]


def test_every_state_has_its_row_in_the_order_of_the_code() -> None:
    table = PAGE.split("| state | holds while |")[1].split("\n\n")[0]
    rows = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert rows == list(STATES), "docs/states.md: the first table has a row a state"


@pytest.mark.parametrize("said", SAID)
def test_the_numbers_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(PAGE.split()), "docs/states.md: what the code has by default"


def test_what_the_page_says_in_words() -> None:
    assert "missing for half a second" in " ".join(PAGE.split()) and USUAL.unknown_after == 0.5
    assert "up to a second without a frame of the person" in PAGE and fall.UNSEEN[1] == 1.0
    assert USUAL.pointing_after == USUAL.posture_after, "of which the page says the same"
