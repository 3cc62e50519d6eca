"""What is measured of a hand-made body, and of one of whom joints are missing."""

import math

import numpy as np
import pytest
from helpers.people import standing

from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.states.measures import Measures, measure


def measured(joints: np.ndarray, *missing: str) -> Measures:
    """Of somebody before a sensor in the origin."""
    confidence = np.ones(25)
    confidence[[JOINT_INDEX[name] for name in missing]] = 0.0
    (found,) = measure(joints[None], confidence[None], np.zeros((1, 3)))
    return found


def both(joint: str) -> list[int]:
    return [JOINT_INDEX[f"{joint}_left"], JOINT_INDEX[f"{joint}_right"]]


@pytest.mark.parametrize("turned", [0.0, 30.0, 90.0, 180.0])
def test_the_front_is_that_of_the_shoulders_and_without_them_that_of_the_hips(turned: float) -> None:
    cos, sin = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    place = np.array([0.0, 0.0, 2.0])
    body = (standing() - place) @ np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]]) + place
    assert measured(body).facing == pytest.approx(turned, abs=1e-6)
    assert measured(body, "shoulder_left").facing == pytest.approx(turned, abs=1e-6)
    assert math.isnan(measured(body, "shoulder_left", "hip_right").facing)


def test_hips_are_over_the_lower_one_of_knee_and_ankle() -> None:
    body = standing()  # thighs and shins of 0.4 m
    assert measured(body).legs[0].over == pytest.approx(1.0)
    body[both("ankle"), 1] = body[both("knee"), 1] + 0.1  # as of somebody who kneels, or lies with bent knees
    body[both("ankle"), 2] += math.sqrt(0.4**2 - 0.1**2)
    for leg in measured(body).legs:
        assert leg.over == pytest.approx(0.5) and leg.height == pytest.approx(0.3 / 0.8)
    assert math.isnan(measured(body, "knee_left").legs[0].over)


@pytest.mark.parametrize(("moved", "sign"), [("ankle", 1.0), ("shoulder", -1.0)])
def test_who_sits_has_the_weight_behind_the_feet_and_who_leans_forward_before_them(moved: str, sign: float) -> None:
    body = standing()  # who faces the sensor in the origin, from 2 m along z
    if moved == "ankle":  # a chair: knees and feet are before the hips
        body[[*both("knee"), *both("ankle")], 2] -= 0.4
        body[both("knee"), 1] = body[both("hip"), 1]
        body[both("ankle"), 1] = body[both("hip"), 1] - 0.4
    else:
        body[[*both("shoulder"), JOINT_INDEX["spine_shoulder"]], 2] -= 0.3
    assert sign * measured(body).behind > 0.1
    assert abs(measured(standing()).behind) < 1e-9


def test_the_lowest_of_the_feet_that_are_seen_is_where_the_floor_is() -> None:
    body = standing()
    feet = ("foot_left", "foot_right")
    assert measured(body).feet == pytest.approx(-0.95) and measured(body, *feet).feet == pytest.approx(-0.9)
    body[JOINT_INDEX["ankle_left"], 1] = -0.7
    assert measured(body, *feet).feet == pytest.approx(-0.9)
    assert math.isnan(measured(body, *feet, "ankle_left", "ankle_right").feet)
