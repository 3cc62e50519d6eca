"""States of people by geometry: of hand-made bodies, also with limbs that are missing."""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np
import pytest

from usdrl_model.config import from_dict
from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.measures import measure
from usdrl_model.states.person import STATES, PersonStates, States
from usdrl_model.states.switch import Switch

SENSOR = np.zeros(3)
LEGS = [joint for name, joint in JOINT_INDEX.items() if name.startswith(("knee", "ankle", "foot"))]
HIPS = [joint for name, joint in JOINT_INDEX.items() if name.startswith(("hip", "spine_base"))]
RIGHT_ARM = [JOINT_INDEX[f"{joint}_right"] for joint in ("elbow", "wrist", "hand", "hand_tip", "thumb")]


def standing(height: float = 1.7, distance: float = 2.0) -> np.ndarray:
    """(25, 3) somebody upright who faces the sensor, which is 1.2 m above the floor."""
    share = {
        "spine_base": (0, 0.53), "spine_mid": (0, 0.66), "spine_shoulder": (0, 0.82), "neck": (0, 0.86),
        "head": (0, 0.93), "shoulder": (0.1, 0.81), "elbow": (0.12, 0.65), "wrist": (0.13, 0.51), "hand": (0.13, 0.47),
        "hand_tip": (0.13, 0.43), "thumb": (0.12, 0.45), "hip": (0.05, 0.51), "knee": (0.05, 0.28),
        "ankle": (0.05, 0.045), "foot": (0.05, 0.02),
    }  # fmt: skip
    joints = np.zeros((25, 3))
    for name, index in JOINT_INDEX.items():
        out, up = share[name.removesuffix("_left").removesuffix("_right")]
        side = 1.0 if name.endswith("_right") else -1.0  # they face the sensor: their left is on its right
        joints[index] = side * out * height, up * height - 1.2, distance
    return joints


def put(joints: np.ndarray, side: str, wrist: Iterable[float], bend: float = 0.0) -> None:
    """Move an arm, in arm lengths from the shoulder: outward, up, towards the sensor."""
    shoulder = joints[JOINT_INDEX[f"shoulder_{side}"]]
    arm = 0.30 * (joints[JOINT_INDEX["head"], 1] + 1.2) / 0.93
    out, up, ahead = wrist
    end = np.array([out * (1.0 if side == "right" else -1.0), up, -ahead]) * arm
    joints[JOINT_INDEX[f"elbow_{side}"]] = shoulder + end / 2 + [0.0, -bend * arm, 0.0]
    for name, far in (("wrist", 1.0), ("hand", 1.15), ("hand_tip", 1.3), ("thumb", 1.2)):
        joints[JOINT_INDEX[f"{name}_{side}"]] = shoulder + far * end


def after(
    joints: np.ndarray, missing: Iterable[int] = (), seconds: float = 1.5, config: StatesConfig | None = None
) -> States:
    """What is said of somebody who holds a pose."""
    states, confidence = PersonStates(config), np.ones(25)
    confidence[list(missing)] = 0.0
    for stamp in np.arange(0.0, seconds, 1 / 30):
        states.add(float(stamp), joints, confidence, SENSOR)
    return states.snapshot()


def names(states: States) -> set[str]:
    """Of the states that hold."""
    return {state.name for state in states.active}


def test_everybody_is_measured_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    joints, confidence = np.stack([standing()] * 40), (rng.random((40, 25)) > 0.3).astype(float)
    joints[1:] += rng.normal(0.0, 0.1, joints[1:].shape)
    confidence[:2] = [[1.0], [0.0]]
    sensors = rng.normal(0.0, 1.0, (40, 3))
    for row, together in enumerate(measure(joints, confidence, sensors)):
        (alone,) = measure(joints[[row]], confidence[[row]], sensors[[row]])
        np.testing.assert_equal(dataclasses.asdict(together), dataclasses.asdict(alone))
    assert math.isnan(measure(joints, confidence, sensors)[1].distance)


@pytest.mark.parametrize("height", [1.2, 1.7, 2.0])
def test_somebody_who_stands_stands(height: float) -> None:
    assert names(after(standing(height))) == {"standing", "facing_me"}


@pytest.mark.parametrize("height", [1.2, 2.0])
@pytest.mark.parametrize("side", ["left", "right"])
def test_one_raised_arm_is_told_apart(height: float, side: str) -> None:
    body = standing(height)
    put(body, side, (0.2, 0.95, 0.1))
    assert names(after(body)) - {"standing", "facing_me"} == {f"raising_{side}_arm"}


def test_both_raised_arms() -> None:
    body = standing()
    put(body, "left", (0.2, 0.95, 0.1))
    put(body, "right", (0.2, 0.95, 0.1))
    assert {"raising_left_arm", "raising_right_arm", "raising_both_arms"} < names(after(body))


@pytest.mark.parametrize("height", [1.2, 2.0])
def test_a_hand_at_the_head_is_no_raised_arm(height: float) -> None:
    body = standing(height)
    put(body, "right", (0.0, 0.5, 0.1), bend=0.35)
    assert names(after(body)) == {"standing", "facing_me"}


@pytest.mark.parametrize("ground", [None, -1.2])
def test_who_points_at_the_floor_has_a_ray_that_hits_it_there(ground: float | None) -> None:
    body = standing(distance=2.5)
    target = np.array([1.6, -1.2, 1.0])
    eyes, shoulder = body[JOINT_INDEX["head"]], body[JOINT_INDEX["shoulder_right"]]
    line = (target - eyes) / np.linalg.norm(target - eyes)
    arm = 0.30 * 1.7
    # The hand lies on the line from the eyes to the target, an arm's length and a hand from the shoulder.
    far = np.roots([1.0, 2 * line @ (eyes - shoulder), (eyes - shoulder) @ (eyes - shoulder) - (1.15 * arm) ** 2]).max()
    end = (eyes + far * line - shoulder) / 1.15 / arm
    put(body, "right", (end[0], end[1], -end[2]))
    states = after(body, config=StatesConfig(ground=ground))
    pointing = states.get("pointing_right")
    assert pointing is not None and pointing.ray is not None and states.get("pointing_left") is None
    assert np.linalg.norm(pointing.ray.direction) == pytest.approx(1.0)
    assert pointing.ray.hit is not None
    assert np.linalg.norm(np.subtract(pointing.ray.hit, target)) < (0.02 if ground is not None else 0.15)


def test_the_ground_is_unknown_without_feet_and_a_level_arm_hits_nothing() -> None:
    body = standing()
    put(body, "left", (0.9, -0.4, 0.15))
    pointing = after(body, LEGS).get("pointing_left")
    assert pointing is not None and pointing.ray is not None and pointing.ray.hit is None
    put(body, "left", (0.95, 0.3, 0.0))
    level = after(body).get("pointing_left")
    assert level is not None and level.ray is not None and level.ray.hit is None


def test_two_stretched_arms_point_at_nothing() -> None:
    body = standing()
    put(body, "left", (0.99, 0.0, 0.0))
    put(body, "right", (0.99, 0.0, 0.0))
    assert names(after(body)) == {"standing", "facing_me"}


def test_a_hand_held_out_to_the_sensor_is_in_front_and_an_offered_one_is_not() -> None:
    body = standing()
    put(body, "right", (-0.1, 0.1, 0.8), bend=0.25)
    assert "hand_in_front" in names(after(body))
    put(body, "right", (-0.1, -0.6, 0.6), bend=0.25)
    assert "hand_in_front" not in names(after(body))


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("wrist", "bend", "stops"),
    [((-0.1, 0.1, 0.98), 0.0, True), ((-0.3, 0.1, 0.7), 0.3, True), ((0.3, 0.0, 0.7), 0.3, True),
     ((0.5, -0.05, 0.86), 0.0, False), ((0.75, 0.1, 0.65), 0.0, False), ((0.55, -0.2, 0.7), 0.2, False)],
    ids=["straight", "across", "bent", "aside", "far aside", "bent far aside"],
)  # fmt: skip
def test_a_hand_is_in_front_only_where_the_arm_leads_to_the_sensor(
    side: str, wrist: tuple[float, float, float], bend: float, stops: bool
) -> None:
    body = standing()
    put(body, side, wrist, bend)
    assert ("hand_in_front" in names(after(body))) == stops


def test_near_and_facing_follow_the_sensor() -> None:
    assert "near" in names(after(standing(distance=0.8)))
    turned = standing(distance=2.0)
    turned[:, 0], turned[:, 2] = turned[:, 2] - 2.0, turned[:, 0] + 2.0
    assert "facing_me" not in names(after(turned))
    states, confidence = PersonStates(), np.ones(25)
    for stamp in np.arange(0.0, 1.0, 1 / 30):  # the sensor stands beside them now
        states.add(float(stamp), turned, confidence, np.array([-0.8, 0.0, 2.0]))
    assert "near" in names(states.snapshot())


def test_what_is_not_seen_is_withheld() -> None:
    body = standing()
    put(body, "left", (0.2, 0.95, 0.1))
    without_legs = after(body, LEGS)
    assert names(without_legs) == {"raising_left_arm", "facing_me"}
    assert set(without_legs.unknown) == {"standing", "sitting"}  # the trunk is upright: not lying
    half = after(body, [*LEGS, *HIPS])
    assert names(half) == {"raising_left_arm", "facing_me"}
    assert {"standing", "sitting", "lying", "fallen"} == set(half.unknown)
    one_arm = after(body, RIGHT_ARM)
    assert names(one_arm) == {"raising_left_arm", "standing", "facing_me"}
    assert {"raising_right_arm", "raising_both_arms", "pointing_right", "hand_in_front"} == set(one_arm.unknown)
    assert after(body, range(25)) == States((), STATES)


def test_a_state_is_told_in_time_and_dated_back() -> None:
    body, up, states = standing(), standing(), PersonStates()
    put(up, "right", (0.2, 0.95, 0.1))
    for frame in range(90):
        stamp = frame / 30
        states.add(stamp, up if 1.0 <= stamp < 2.0 else body, np.ones(25), SENSOR)
        told = states.snapshot().get("raising_right_arm")
        if 1.25 < stamp < 2.0:
            assert told is not None and told.since == pytest.approx(1.0)
        elif stamp < 1.15 or stamp > 2.4:
            assert told is None


def test_settings_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"arm_after: expected 0 or more, got -1"):
        StatesConfig(arm_after=-1.0)
    with pytest.raises(ValueError, match="fall_drop: expected 0 or more, got -1"):
        StatesConfig(fall_drop=-1.0)
    with pytest.raises(ValueError, match="fall_seconds: expected at most 60, got 61"):
        StatesConfig(fall_seconds=61.0)
    with pytest.raises(ValueError, match="near_: unknown key"):
        from_dict(StatesConfig, {"near_": [1.0, 2.0]})
    with pytest.raises(ValueError, match="near: expected finite numbers"):
        StatesConfig(near=(float("nan"), 1.0))
    with pytest.raises(ValueError, match=r"near: expected \(begin, last\) with last at least begin"):
        StatesConfig(near=(1.2, 1.0))
    with pytest.raises(ValueError, match=r"standing_legs: expected \(begin, last\) with last at most begin"):
        StatesConfig(standing_legs=(0.8, 0.9))
    assert StatesConfig(near=(1.0, 1.0)).near == (1.0, 1.0)


@pytest.mark.parametrize("every", [2, 3, 8])
def test_joints_that_flicker_keep_no_state_alive_and_make_none_unknown(every: int) -> None:
    states, up, down = PersonStates(), standing(), standing()
    put(up, "right", (0.2, 1.0, 0.0))
    for frame in range(150):
        stamp, confidence = frame / 30, np.ones(25)
        if frame % every == 0:
            confidence[RIGHT_ARM] = 0.0
        states.add(stamp, up if stamp < 2.0 else down, confidence, SENSOR)
        snapshot = states.snapshot()
        if 1.0 < stamp < 2.0:
            assert "raising_right_arm" in names(snapshot)
        if stamp > 2.5:
            assert "raising_right_arm" not in {*names(snapshot), *snapshot.unknown}


@pytest.mark.parametrize(("state", "wrist"), [("pointing_right", (1, 0, 0)), ("hand_in_front", (-0.1, 0.1, 0.8))])
@pytest.mark.parametrize("every", [2, 3, 8])
@pytest.mark.parametrize("joint", ["elbow_right", "wrist_right"])
def test_an_arm_held_still_is_held_still_whatever_flickers(
    state: str, wrist: tuple[float, float, float], every: int, joint: str
) -> None:
    states, held, down = PersonStates(), standing(), standing()
    put(held, "right", wrist)
    for frame in range(150):
        stamp, confidence = frame / 30, np.ones(25)
        if frame % every == 0:
            confidence[JOINT_INDEX[joint]] = 0.0
        states.add(stamp, held if stamp < 2.0 else down, confidence, SENSOR)
        snapshot = states.snapshot()
        if 1.0 < stamp < 2.0:
            assert state in names(snapshot)
        if stamp > 2.6:
            assert state not in {*names(snapshot), *snapshot.unknown}


def test_an_arm_that_comes_back_in_a_movement_is_not_held_still() -> None:
    states, arm = PersonStates(), standing()
    for frame in range(66):
        stamp, confidence = frame / 30, np.ones(25)
        put(arm, "right", (-0.1, 0.1, 0.8) if stamp < 0.5 else (0.3 * math.sin(9.0 * (stamp - 1.6)), 0.1, 0.8))
        if 0.5 < stamp < 1.6:
            confidence[RIGHT_ARM] = 0.0
        states.add(stamp, arm, confidence, SENSOR)
        if stamp > 1.2:
            assert "hand_in_front" not in names(states.snapshot())


def test_evidence_before_a_gap_does_not_count_after_it() -> None:
    switch = Switch(begin_after=0.5, end_after=0.3, unknown_after=0.5)
    for stamp, verdict in ((0.0, True), (0.1, None), (0.7, None), (5.0, True)):
        switch.step(stamp, verdict)
    assert switch.value is None
    switch.step(5.5, True)
    assert (switch.value, switch.since) == (True, 5.0)


@pytest.mark.parametrize("begin", [0.0, 0.1, 1_764_000_000.1, 1_764_000_000.123456789])
@pytest.mark.parametrize("rate", [10, 20, 30])
def test_durations_of_states_are_kept_whatever_the_stamps_round_to(begin: float, rate: int) -> None:
    switch = Switch(begin_after=0.3, end_after=0.3, unknown_after=0.5)
    told = []
    for frame in range(2 * rate):
        switch.step(round(begin + frame / rate, 9), True)
        told.append(switch.value)
    assert told.index(True) == round(0.3 * rate)
