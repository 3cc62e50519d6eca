"""Two people who pass each other while a tracker loses sight of both: who is who is what its ids say."""

from collections.abc import Callable

import numpy as np
import pytest
from helpers.people import standing
from helpers.rule_detector import hand_up_weights

from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.windows.picture import DISTANCE

PASS = 1.2
"""Seconds after the start at which two walkers are beside each other."""
Path = Callable[[float], float]
"""Seconds since the start -> metres to the side."""


def played(paths: tuple[Path, Path], behind: float, hidden: float, *, flat: bool, swapped: bool = False) -> int:
    """How many swaps a stream undoes of two people, ``behind`` metres apart, whom nobody sees for ``hidden`` seconds.

    ``swapped``: the tracker calls each by the other's id afterwards.
    """
    stream, rng = ActionStream(hand_up_weights(flat=flat), topology="kinect_v2_25"), np.random.default_rng(0)
    for t in np.arange(0.0, 2.0 * PASS, 1 / 15):
        people = []
        for place, path in enumerate(paths):
            joints = standing() + rng.normal(scale=0.01, size=(25, 3)) + [path(t), 0.0, 1.0 + place * behind]
            if flat:
                joints = joints / joints[:, 2:] * DISTANCE
            if abs(t - PASS) < hidden / 2:
                joints[:] = np.nan
            people.append(Person(str(1 - place if swapped and t > PASS else place), joints))
        stream.push(SkeletonFrame(100.0 + t, tuple(people), flat=flat))
    assert (stream.counters["tracks_started"], stream.counters["id_jumps"]) == (2, 0)
    return stream.counters["ids_swapped"]


def walking(speed: float) -> tuple[Path, Path]:
    """To the right and to the left, beside each other at ``PASS``."""
    return lambda t: speed * (t - PASS), lambda t: speed * (PASS - t)


@pytest.mark.parametrize(("speed", "hidden"), [(1.5, 0.3), (1.2, 0.5), (0.9, 0.7), (1.2, 0.9)])
@pytest.mark.parametrize(("flat", "behind"), [(True, 0.5), (True, 1.0), (False, 0.1)])
def test_who_pass_each_other_out_of_sight_keep_their_ids(
    speed: float, hidden: float, flat: bool, behind: float
) -> None:
    assert played(walking(speed), behind, hidden, flat=flat) == 0


@pytest.mark.parametrize("hidden", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("flat", [True, False])
def test_who_stand_side_by_side_and_have_each_other_s_ids_afterwards_were_swapped(hidden: float, flat: bool) -> None:
    assert played((lambda t: 0.0, lambda t: 0.7), 0.0, hidden, flat=flat, swapped=True) == 1


@pytest.mark.parametrize("flat", [True, False])
def test_who_walk_side_by_side_in_sight_and_change_ids_were_swapped(flat: bool) -> None:
    path, _ = walking(1.2)
    assert played((path, lambda t: path(t) + 0.7), 0.0, 0.0, flat=flat, swapped=True) == 1
