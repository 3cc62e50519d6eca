"""Left and right: right, swapped, or not certain; and where they are not judged at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.source_bench import STANDING, perform

from usdrl_model.plausibility.findings import Finding
from usdrl_model.plausibility.judge import judge
from usdrl_model.plausibility.sights import Setup, Sight
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import topology

NITE = "openni_nite_15"
"""A joint set with neither feet nor a face: the hands alone tell the front."""
MIRROR = (-1.0, 1.0, 1.0)
PLAIN = (1.0, 1.0, 1.0)


def judged(joint_set: str, change: tuple[float, ...] = PLAIN, hands: float | None = None, **setup: object):
    """Findings by key, what is said of left and right, and the keys that are undecided.

    Args:
        change: times x, y, z.
        hands: metres of the hands before the shoulders; None: as they act.
    """
    said = replace(Setup(topology=topology(joint_set)), **setup)
    sights = []
    for frame in perform(scripts=STANDING).frames[::2]:
        for person in frame.people:
            joints = said.topology.fit @ np.asarray(person.joints, np.float64)
            for side in ("left", "right") if hands is not None else ():
                shoulder, hand = (said.topology.index(f"{name}_{side}") for name in ("shoulder", "hand"))
                joints[hand] = joints[shoulder] + (0.0, -0.5, -hands)
            one = Person(person.id, joints * change)
            sights.append(Sight.of(frame.stamp, one, one, said))
    found, measured, undecided = judge(sights, said)
    by_key: dict[str, Finding] = {finding.key: finding for finding in found}
    return by_key, measured["left and right"], undecided


@pytest.mark.parametrize("change", [PLAIN, MIRROR])
def test_hands_that_hang_down_tell_neither_right_nor_swapped(change: tuple[float, ...]) -> None:
    found, said, undecided = judged(NITE, change, hands=0.05)
    assert "sides" not in found and undecided >= {"sides"}
    assert "not certain: let somebody face the sensor" in said


@pytest.mark.parametrize("change", [PLAIN, MIRROR])
def test_hands_in_front_tell(change: tuple[float, ...]) -> None:
    found, said, undecided = judged(NITE, change, hands=0.3)
    assert ("sides" in found) == (change is MIRROR) and "sides" not in undecided
    assert said.endswith("(swapped)" if change is MIRROR else "(right)")


def test_people_of_an_impossible_size_are_not_judged() -> None:
    found, said, undecided = judged("kinect_v2_25", (-4.0, 4.0, 4.0))
    assert set(found) == {"units"} and "sides" in undecided
    assert said == "not judged: people are of an impossible size"


def test_joints_with_the_depth_of_an_image_are_not_judged() -> None:
    found, said, undecided = judged("kinect_v2_25", MIRROR, depth_topic="/depth")
    assert "sides" not in found and "sides" in undecided
    assert said == "not judged: joints have the depth of a depth image"
