"""States of real people: who sits, stands and bows in public sets, and what is withheld of people without legs."""

from itertools import islice

import numpy as np
import pytest
from helpers.paths import public

from usdrl_model.data.importers import nuisi, utkinect
from usdrl_model.skeleton.clip import Clip
from usdrl_model.states.person import PersonStates, States


def told(clip: Clip, person: int = 0) -> dict[float, States]:
    """Stamp -> what is said of a person, at every frame in which they are seen."""
    states, said, last = PersonStates(), dict[float, States](), -np.inf
    for row, stamp in enumerate(clip.stamps.tolist()):
        if stamp > last and clip.confidence[row, person].any():
            last = stamp
            states.add(stamp, clip.joints[row, person], clip.confidence[row, person], np.zeros(3))
            said[stamp] = states.snapshot()
    return said


@pytest.mark.parametrize("number", [0, 1, 4])
def test_people_sit_between_sitting_down_and_standing_up_and_nowhere_else(number: int) -> None:
    clip = Clip.of(next(islice(utkinect.load(public("utkinect")), number, None)))
    spans = {segment.label: (segment.start, segment.end) for segment in clip.segments}
    said = told(clip)
    sat = [stamp for stamp, states in said.items() if states.get("sitting")]
    assert any(spans["sit_down"][1] <= stamp <= spans["stand_up"][0] + 0.2 for stamp in sat)
    assert all(spans["sit_down"][0] <= stamp <= spans["stand_up"][1] for stamp in sat)
    for label in ("walk", "carry", "throw", "push", "wave", "clap"):
        start, end = spans[label]
        held = [bool(states.get("standing")) for stamp, states in said.items() if start <= stamp <= end]
        assert np.mean(held) > 0.7, label
    assert not any(states.get("lying") or states.get("fallen") for states in said.values())


def test_people_without_legs_have_no_posture() -> None:
    labelled = [one for one in nuisi.load(public("nuisi")) if one.label is not None][:20]
    for recording in labelled:
        clip = Clip.of(recording)
        for person in range(len(clip.people)):
            said = list(told(clip, person).values())
            assert {"standing", "sitting"} <= set(said[-1].unknown)
            assert not any(states.get(name) for states in said for name in ("standing", "sitting", "lying", "fallen"))
