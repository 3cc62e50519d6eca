"""People move at the speed of people: steps a second, walking speed and sitting down, in every set that shows them.

A frame rate that is read wrongly makes everybody slow or fast, which no parser notices: a set at half its speed looks
perfectly well-formed. Walking is 1.2 to 2.6 steps/s and jogging 2 to 3; on the spot both are quicker. Sets that take
long to read are looked at where they are counted, in ``test_datasets_mocap.py``.
"""

from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from helpers.paths import public
from helpers.tempo import ANKLES, Move, cadence, labelled, speed

from usdrl_model.data import catalogue

WALKING = {"utkinect": "walk", "sbu": "approach", "nw_ucla": "walk_around", "lafan1": "walk"}
WALKING_ON_THE_SPOT = {"utd_mhad": "walk"}
JOGGING = {"msraction3d": "jogging"}
JOGGING_ON_THE_SPOT = {"utd_mhad": "jog"}
GOING = {"utkinect": "walk", "nw_ucla": "walk_around"}
"""Walking that leads somewhere: in the other sets people take a step or two."""
SITTING = {"utkinect": "sit_down", "utd_mhad": "sit_down", "nw_ucla": "sit_down", "ntu60": "sit_down"}
TEMPO = [
    *((name, label, 1.2, 2.6) for name, label in WALKING.items()),
    *((name, label, 1.2, 2.8) for name, label in WALKING_ON_THE_SPOT.items()),
    *((name, label, 2.0, 3.0) for name, label in JOGGING.items()),
    *((name, label, 2.0, 4.0) for name, label in JOGGING_ON_THE_SPOT.items()),
]


def moves(name: str, label: str) -> list[Move]:
    """Everybody of a set who does ``label``; skips where the set is not here."""
    found = all_moves(name)[label]
    assert found, f"{name} has no {label}"
    return found


@cache
def all_moves(name: str) -> dict[str, list[Move]]:
    """Label -> who does it, of the labels above."""
    tables = (WALKING, WALKING_ON_THE_SPOT, JOGGING, JOGGING_ON_THE_SPOT, SITTING)
    wanted = {table[name] for table in tables if name in table}
    found = defaultdict(list)
    for recording in catalogue.load(name, public(name)):
        for label in wanted:
            found[label] += labelled(recording, label)
    return found


@pytest.mark.parametrize(("name", "label", "slowest", "fastest"), TEMPO)
def test_people_step_at_the_cadence_of_people(name: str, label: str, slowest: float, fastest: float) -> None:
    assert slowest <= np.median([cadence(*move) for move in moves(name, label)]) <= fastest


@pytest.mark.parametrize("name", GOING)
def test_people_walk_as_fast_as_people(name: str) -> None:
    assert 0.5 <= np.median([speed(*move) for move in moves(name, GOING[name])]) <= 1.8


@pytest.mark.parametrize("name", SITTING)
def test_people_sit_down_within_three_seconds(name: str) -> None:
    lasting = [stamps[-1] - stamps[0] for stamps, _ in moves(name, SITTING[name])]
    assert 0.7 <= np.median(lasting) <= 3.0


@pytest.mark.parametrize("steps", [0.9, 1.4, 2.2])
def test_cadence_is_measured_as_it_is(steps: float) -> None:
    stamps = np.arange(0.0, 3.0, 1.0 / 15.0)
    joints = np.zeros((len(stamps), 25, 3))
    joints[:, ANKLES[0], 2] = 0.3 * np.sin(np.pi * steps * stamps)
    assert cadence(stamps, joints) == pytest.approx(steps, abs=0.15)
