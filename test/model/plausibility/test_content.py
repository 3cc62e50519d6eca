"""What is wrong with a source shows in the people it makes: every wrong configuration is told, no right one."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import yaml
from helpers.acting import script
from helpers.people import pose
from helpers.source_bench import BODY, OPTICAL, STANDING, Bench, perform, rotation

from usdrl_model.data.content_check import look
from usdrl_model.plausibility.findings import Level
from usdrl_model.plausibility.live_check import ContentCheck
from usdrl_model.plausibility.sights import Setup
from usdrl_model.simulation.simulate import PerformanceConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import names, topology

TURN = "joints of recordings have x to the sensor's left, y up, z away from it: turn them"
SOON = 8.0
"""Seconds in which a wrong configuration must be told."""


def swapped(joint_set: str) -> Callable[[np.ndarray], np.ndarray]:
    joints = topology(joint_set).joints
    other = [name.replace("left", "*").replace("right", "left").replace("*", "right") for name in joints]
    return lambda sent: sent[[joints.index(name) for name in other]]


def from_the_waist_up(sent: np.ndarray) -> np.ndarray:
    below = ("hip", "knee", "ankle", "foot", "spine_base")
    missing = [name.startswith(below) for name in topology("kinect_v2_25").joints]
    return np.where(np.array(missing)[:, None], np.nan, sent)


def without_legs(sent: np.ndarray) -> np.ndarray:
    missing = [name.startswith(("knee", "ankle", "foot")) for name in topology("kinect_v2_25").joints]
    return np.where(np.array(missing)[:, None], np.nan, sent)


def without_arms(sent: np.ndarray) -> np.ndarray:
    missing = [name.startswith(("elbow", "wrist", "hand", "thumb")) for name in topology("kinect_v2_25").joints]
    return np.where(np.array(missing)[:, None], 0.0, sent)


def pixels(sent: np.ndarray) -> np.ndarray:
    return np.stack([320 + 500 * sent[:, 0] / sent[:, 2], 240 + 500 * sent[:, 1] / sent[:, 2], 0 * sent[:, 2]], axis=1)


WRONG = {
    "axes upside down": (Bench(sends=np.eye(3)), None, "axes", "set axes: kinect"),
    "optical read as body": (Bench(axes="body", sends=OPTICAL.T), None, "axes", "set axes: optical"),
    "body read as optical": (Bench(sends=BODY.T), None, "axes", "set axes: body"),
    "millimetres": (Bench(change=lambda sent: 1000 * sent), None, "units", "millimetres? set units: mm"),
    "centimetres": (Bench(change=lambda sent: 100 * sent), None, "units", "centimetres? set units: cm"),
    "ten times too large": (Bench(change=lambda sent: 10 * sent), None, "units", "times the size of an adult"),
    "metres said to be millimetres": (Bench(metres=0.001), None, "units", "metres? set units: m"),
    "left and right swapped": (Bench(change=swapped("kinect_v2_25")), None, "sides", "set mirrored: true"),
    "mirrored": (Bench(change=lambda sent: sent * (-1, 1, 1)), None, "sides", "set mirrored: true"),
    "said to be mirrored and is not": (Bench(mirrored=True), None, "sides", "set mirrored: false"),
    "coco_17 read as kinect_v2_25": (Bench(), "coco_17", "topology", "set topology: coco_17"),
    "zed_18 read as zed_34": (Bench("zed_body_34"), "zed_body_18", "topology", "set topology: zed_body_18"),
    "25 read as k4abt_32": (Bench("k4abt_32"), "kinect_v2_25", "topology", "set topology: kinect_v2_25"),
    "kinect_v1_20 read as v2": (Bench(), "kinect_v1_20", "topology", "set topology: kinect_v1_20"),
    "another order of 20": (Bench("kinect_v1_20"), "msr_action3d_20", "topology", "set topology: msr_action3d_20"),
    "sensor_pose of the wrong sign": (
        Bench(sends=(rotation(17, 0) @ OPTICAL).T, mounting=rotation(-17, 0)), None, "pose", "is its sign wrong?"
    ),
    "sensor_pose of an optical frame": (
        Bench(mounting=OPTICAL @ BODY.T), None, "axes", "it takes the rotation of body axes"
    ),
    "a tilted sensor without its pose": (
        Bench(sends=(rotation(-30, 0) @ OPTICAL).T), None, "pose", "is the sensor tilted?"
    ),
    "a sensor on its side": (
        Bench(sends=(rotation(90, 2) @ OPTICAL).T), None, "axes", "is the sensor on its side"
    ),
    "pixels": (Bench(change=pixels), None, "flat", "2D pixels? give the tracker a depth camera"),
    "pixels, no depth camera": (Bench(change=pixels), None, "flat", "(openpose_json, yolo_2d) and weights: hri_2d"),
    "seen from the waist up": (Bench(change=from_the_waist_up), None, "legs", "from the waist up"),
    "no legs": (Bench(change=without_legs), None, "legs", "no leg is ever seen down to the foot"),
    "no arms": (Bench(change=without_arms), None, "arms", "arms are never seen"),
    "zeros": (Bench(change=np.zeros_like), None, "unusable", "zeros"),
    "nothing but NaN": (Bench(change=lambda sent: sent * np.nan), None, "unusable", "NaN"),
    "placeholders": (Bench(change=lambda sent: 0.0 * sent - 1.0), None, "unusable", "at one and the same place"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_configuration_is_told_within_seconds(case: str) -> None:
    bench, seen_as, key, advice = WRONG[case]
    told = bench.watch(perform(seen_as or "kinect_v2_25"))
    assert key in told, (case, bench.check.judgement)
    seconds, finding = told[key]
    assert seconds < SOON
    assert finding.level > Level.NOTE
    assert advice in finding.text
    if named := re.search(r"set (\w+): (\w+)", advice):
        assert finding.change is not None
        assert [str(part).lower() for part in finding.change] == list(named.groups())
    assert "\n" not in finding.text and len(finding.text) < 300
    assert bench.check.judgement.begun[key] >= 1
    assert set(told) == {key}  # one cause, one finding


def test_a_tracker_that_hangs_is_told_and_why_nobody_is_seen() -> None:
    """Also where the pipeline has dropped what repeats already."""
    frames = perform(scripts=STANDING).frames
    lost = tuple(Person(p.id, p.joints * np.nan) for p in frames[60].people)
    for believed in (frames[60].people, lost):
        check, told = ContentCheck(Setup(topology=topology("kinect_v2_25"))), dict[str, float]()
        for frame in frames:
            hung = frame.stamp > frames[60].stamp
            sent = SkeletonFrame(frame.stamp, frames[60].people if hung else frame.people)
            check.add(SkeletonFrame(frame.stamp, believed if hung else frame.people), sent)
            for finding in check.judgement.findings:
                told.setdefault(finding.key, frame.stamp - frames[60].stamp)
                assert finding.level is Level.ERROR and "the tracker hangs" in finding.text
        assert list(told) == ["frozen"] and told["frozen"] < SOON, told


def test_an_arm_is_seen_with_its_hand_or_with_its_wrist() -> None:
    for end in ("wrist", "hand"):
        missing = np.array([name.startswith(end) for name in topology("kinect_v2_25").joints])[:, None]
        bench = Bench(change=lambda sent, missing=missing: np.where(missing, np.nan, sent))
        assert bench.watch(perform("kinect_v2_25")) == {}


@pytest.mark.parametrize("degrees", [-30, 30])
def test_a_tilted_sensor_is_told_its_pose(degrees: float) -> None:
    """About the axis to the left, as a head that looks up or down."""
    told = Bench(sends=(rotation(degrees, 0) @ OPTICAL).T).watch(perform(scripts=(*STANDING, *STANDING)))
    advised = yaml.safe_load(told["pose"][1].text.rpartition("sensor_pose: ")[2])
    change = told["pose"][1].change
    assert change is not None and change[0] == "sensor_pose"
    assert advised == list(change[1]) and {type(value) for value in advised} == {float}, "as a params file takes it"
    x, y, z, roll, pitch, yaw = np.array(change[1])
    assert (x, y, yaw) == (0.0, 0.0, 0.0) and z > 0.0
    assert np.degrees([roll, pitch]) == pytest.approx([0.0, degrees], abs=3.0)


def test_nobody_at_all_is_said_and_is_no_fault() -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    for second in range(10):
        check.add(SkeletonFrame(1e9 + second))
        if check.judgement.stamp > 0.0:  # of the first judgement on
            (finding,) = check.judgement.findings
            assert (finding.key, finding.level) == ("nobody", Level.NOTE)
    assert check.judgement.begun == {"nobody": 1}


def test_an_empty_beginning_of_a_bag_that_loops_is_told_once_at_most() -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    for _ in range(3):
        for step in range(120):
            stamp = 1e9 + step / 10
            people = (Person("1", pose(stamp, False)),) if step > 25 else ()
            check.add(SkeletonFrame(stamp, people))
    assert check.judgement.begun.get("nobody", 0) == 1


def performed() -> list[str]:
    found = []
    for name in names():
        try:
            PerformanceConfig(topology=name)
        except ValueError:
            continue
        found.append(name)
    return found


@pytest.mark.parametrize("joint_set", performed())
def test_right_configurations_are_left_alone(joint_set: str) -> None:
    for seed in range(2):
        bench = Bench(joint_set)
        assert not bench.watch(perform(joint_set, seed=seed)), seed
        assert bench.check.judgement.measured["people looked at"] != "0"


STAYS = {
    "sitting": (("sit_down", 2.0), ("look_at_phone", 12.0)),
    "picking up": (*[("pick_up", 3.0)] * 6,),
    "standing still": (("idle", 15.0),),
    "walking": (("walk", 15.0),),
}


@pytest.mark.parametrize("stay", STAYS)
def test_no_posture_is_a_fault(stay: str) -> None:
    for seed in range(3):
        recording = perform(scripts=(script(*STAYS[stay]),), seed=seed)
        assert not Bench().watch(recording), seed
        assert not Bench(axes="body").watch(recording), seed


@pytest.mark.parametrize("degrees", [-35, -15, 10, 20, 35])
def test_a_robot_that_looks_up_or_down_and_says_so(degrees: float) -> None:
    sends = (rotation(degrees, 0) @ OPTICAL).T
    assert not Bench(sends=sends, mounting=rotation(degrees, 0)).watch(perform())


def test_other_units_and_mirrors_that_are_said_are_right() -> None:
    assert not Bench(metres=0.001, change=lambda sent: 1000.0 * sent).watch(perform())
    for joint_set in ("kinect_v2_25", "coco_17"):
        assert not Bench(joint_set, mirrored=True, change=swapped(joint_set)).watch(perform(joint_set))


@pytest.mark.parametrize("times", [0.58, 0.75, 1.2])
def test_children_and_tall_people_are_people(times: float) -> None:
    """From a child of 1 m to 2.1 m."""
    assert not Bench(change=lambda sent: times * sent).watch(perform())


@pytest.mark.parametrize("axis", [0, 2])
def test_lying_people_are_noted_and_no_fault(axis: int) -> None:
    """On the floor before the sensor, along the view and across it."""
    lying = rotation(90, axis)

    def lie_down(sent: np.ndarray) -> np.ndarray:
        canonical = sent @ OPTICAL.T
        around = canonical.mean(axis=0)
        return ((canonical - around) @ lying.T + (0.0, -0.8, 3.0)) @ OPTICAL

    told = Bench(change=lie_down).watch(perform(scripts=STANDING))
    assert {key for key, (_, finding) in told.items() if finding.level > Level.NOTE} == set()
    assert "lying" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda joints: joints * (-1.0, -1.0, 1.0), f"nobody is upright: {TURN}"),
        (lambda joints: (joints - joints.mean(axis=0)) @ rotation(90, 2).T + (0.0, -0.8, 3.0), f"nobody does, {TURN}"),
        (swapped("kinect_v2_25"), "swapped: swap them, or the entry mirrored"),
        (lambda joints: 10.0 * joints, "an adult: joints of recordings are in metres: convert them"),
    ],
)
def test_recordings_are_not_told_to_set_parameters(change: Callable[[np.ndarray], np.ndarray], told: str) -> None:
    recording = perform(scripts=STANDING)
    frames = tuple(
        SkeletonFrame(frame.stamp, tuple(Person(p.id, change(np.asarray(p.joints))) for p in frame.people))
        for frame in recording.frames
    )
    verdict = look([replace(recording, frames=frames)])
    assert verdict.line().endswith(told) and "set " not in verdict.line()


def test_one_who_lies_beside_others_who_stand_is_not_even_noted() -> None:
    recording = perform(scripts=(*STANDING, *STANDING, *STANDING))
    turn = rotation(90, 2)
    frames = tuple(
        SkeletonFrame(
            frame.stamp,
            tuple(
                Person(p.id, (p.joints - p.joints.mean(axis=0)) @ turn.T + (0.5, -0.9, 2.5)) if p.id == "1" else p
                for p in frame.people
            ),
        )
        for frame in recording.frames
    )
    assert not Bench().watch(Recording("one lies", recording.topology, frames))


def test_a_finding_ends_when_the_source_is_mended_and_is_counted_again() -> None:
    recording = perform(scripts=STANDING)
    bench = Bench()
    check, levels = bench.check, []
    for run, times in enumerate((1.0, 1000.0, 1.0, 1000.0)):
        for frame in recording.frames:
            people = tuple(Person(p.id, p.joints * times) for p in frame.people)
            sent = SkeletonFrame(frame.stamp + 20.0 * run, tuple(Person(p.id, p.joints @ OPTICAL) for p in people))
            check.add(SkeletonFrame(sent.stamp, people), sent)
        levels.append([finding.key for finding in check.judgement.findings])
    assert levels == [[], ["units"], [], ["units"]]
    assert check.judgement.begun == {"units": 2}


def test_a_sensor_stays_tilted_while_people_sit() -> None:
    sit = (("idle", 6.0), ("sit_down", 2.0), ("look_at_phone", 14.0))
    bench = Bench(sends=(rotation(-35, 0) @ OPTICAL).T)
    bench.watch(perform(scripts=(script(*sit),)))
    assert [finding.key for finding in bench.check.judgement.findings] == ["pose"]
    assert bench.check.judgement.begun == {"pose": 1}
