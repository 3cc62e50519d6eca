"""The tilt of a sensor, and its height, by the people who stand before it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.acting import script
from helpers.paths import public

from usdrl_model.data import catalogue
from usdrl_model.plausibility.judge import judge
from usdrl_model.plausibility.mounting import Mounting, estimate
from usdrl_model.plausibility.sights import Levelling, Setup, Sight, to_canonical
from usdrl_model.plausibility.upright import guess
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

BODY = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])


def bodies(recording: Recording, every: int = 3) -> np.ndarray:
    """(R, 25, 3) canonical joints of everybody in some frames."""
    joints = np.array([p.joints for frame in recording.frames[::every] for p in frame.people], float)
    joints[(joints == 0.0).all(axis=2)] = np.nan
    return to_canonical(joints, topology(recording.topology))


def seen_from(body: np.ndarray, roll: float, pitch: float, height: float) -> np.ndarray:
    """The same joints in the axes of a sensor that is mounted so, ``height`` above where it was."""
    turn = BODY @ _euler(roll, pitch) @ BODY.T  # sensor -> level, canonical axes
    return (body - (0.0, height, 0.0)) @ turn


def _euler(roll: float, pitch: float) -> np.ndarray:
    x = np.array([[1, 0, 0], [0, math.cos(roll), -math.sin(roll)], [0, math.sin(roll), math.cos(roll)]])
    y = np.array([[math.cos(pitch), 0, math.sin(pitch)], [0, 1, 0], [-math.sin(pitch), 0, math.cos(pitch)]])
    return y @ x


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    acts = script(("idle", 3.0), ("wave", 3.0), ("walk", 4.0), ("pick_up", 3.0), ("idle", 2.0))
    return bodies(simulate(PerformanceConfig(scripts=(acts, acts), rate=10.0), seed=3))


@pytest.mark.parametrize(("roll", "pitch"), [(0.0, 0.0), (0.1, 0.35), (-0.3, -0.2), (0.0, 0.8), (math.pi, 0.1)])
def test_the_pose_of_a_sensor_is_found_again(people: np.ndarray, roll: float, pitch: float) -> None:
    level = estimate(people)
    found = estimate(seen_from(people, roll, pitch, 0.4))
    assert level is not None and found is not None
    assert abs(math.remainder(found.roll - roll, math.tau)) < 0.06
    assert abs(found.pitch - pitch) < 0.06
    assert found.height - level.height == pytest.approx(0.4, abs=0.02)
    assert found.spread < 6.0


def test_a_picture_that_hangs_upside_down_is_turned_by_no_parameter(people: np.ndarray) -> None:
    hanging = seen_from(people, math.pi, 0.0, 0.0)
    optical = Setup(topology=topology("kinect_v2_25"), axes="optical", own=frozenset({"axes"}))
    text, change, _ = guess(hanging, replace(optical, planar=True), estimate(hanging))
    assert (text, change) == ("is the picture turned? turn it upright before the tracker reads it", None)
    for mounted in (estimate(hanging), None):  # nobody stands, who would tell the pitch
        text, change, _ = guess(hanging, optical, mounted)
        assert text.startswith("does the sensor hang upside down? ") and change is not None
        assert (change[0], abs(change[1][3])) == ("sensor_pose", pytest.approx(math.pi, abs=0.06))


def test_who_sits_or_lies_does_not_tilt_the_sensor(people: np.ndarray) -> None:
    lying = (people[::3] - np.nanmean(people, axis=(0, 1))) @ np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])
    found = estimate(np.concatenate([people, lying]))
    assert found is not None and found.tilt < 4.0


@pytest.mark.parametrize(("levelled_by", "told"), [("", True), ("sensor_pose", True), ("target_frame", False)])
def test_where_tf_turns_the_points_the_mounting_is_not_known(
    people: np.ndarray, levelled_by: Levelling, told: bool
) -> None:
    setup = Setup(topology=topology("kinect_v2_25"), levelled_by=levelled_by)
    persons = [Person("1", joints) for joints in people]
    sights = [Sight.of(number / 10.0, person, person, setup) for number, person in enumerate(persons)]
    assert ("mounting by standing people" in judge(sights, setup)[1]) == told


def test_too_few_who_stand_give_no_estimate(people: np.ndarray) -> None:
    assert estimate(people[:5]) is None
    turned = people @ np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]])
    assert estimate(np.concatenate([people, turned])) is None, "half of them lie, and nobody knows which half"
    assert estimate(np.full_like(people, np.nan)) is None


def test_a_pose_keeps_what_people_cannot_tell() -> None:
    found = Mounting(roll=0.012, pitch=0.3, height=1.234, spread=1.0)
    assert found.pose((0.0,) * 6) == (0.0, 0.0, 1.23, 0.01, 0.3, 0.0)
    assert found.pose((0.2, 0.1, 1.5, 0.0, 0.1, 1.57)) == (0.2, 0.1, 1.5, 0.01, 0.3, 1.57)


def test_the_vertical_of_motion_capture_is_met() -> None:
    """The floor of a laboratory is level, so whatever tilt is found is the error."""
    tilts = []
    for recording in catalogue.load("cmu_mocap", public("cmu_mocap")):
        if found := estimate(bodies(recording, every=24)):
            tilts.append(found.tilt)
        if len(tilts) == 3:
            break
    assert max(tilts) < 5.0


def test_a_tilt_of_a_real_sensor_is_found_again() -> None:
    body = bodies(next(iter(catalogue.load("utkinect", public("utkinect")))))
    before, after = estimate(body), estimate(body @ (BODY @ _euler(0.0, 0.2) @ BODY.T))
    assert before is not None and after is not None
    assert after.pitch - before.pitch == pytest.approx(0.2, abs=0.03)
    assert after.roll == pytest.approx(before.roll, abs=0.03)
