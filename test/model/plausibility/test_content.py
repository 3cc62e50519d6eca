"""What is wrong with a source shows in the people it makes: every wrong configuration is told, no right one."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import yaml
from helpers.acting import script
from helpers.people import pose

from usdrl_model.data.content_check import look
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.live_check import ContentCheck, Judgement
from usdrl_model.plausibility.sights import Setup
from usdrl_model.simulation.faults import TYPICAL_FAULTS
from usdrl_model.simulation.script import Script, demo_scripts
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import names, topology

OPTICAL, BODY = AXES["optical"], AXES["body"]  # canonical = matrix @ source
TURN = "joints of recordings have x to the sensor's left, y up, z away from it: turn them"
SOON = 8.0
"""Seconds in which a wrong configuration must be told."""
STANDING = (script(("idle", 3.0), ("wave", 4.0), ("walk", 4.0), ("idle", 3.0), ("clap", 3.0)),)


def perform(joint_set: str = "kinect_v2_25", scripts: tuple[Script, ...] | None = None, seed: int = 1) -> Recording:
    scripts = demo_scripts() if scripts is None else scripts
    return simulate(
        PerformanceConfig(scripts=scripts, topology=joint_set, rate=10.0, faults=TYPICAL_FAULTS, start=1e9), seed
    )


def rotation(degrees: float, axis: int) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    a, b = [other for other in range(3) if other != axis]
    turn[a, a], turn[a, b], turn[b, a], turn[b, b] = cos, -sin, sin, cos
    return turn


class Bench:
    """A source as it is, and what it was said to be."""

    def __init__(
        self,
        said: str = "kinect_v2_25",
        *,
        axes: str = "optical",
        sends: np.ndarray | None = None,
        mounting: np.ndarray | None = None,
        metres: float = 1.0,
        mirrored: bool = False,
        change: Callable[[np.ndarray], np.ndarray] = lambda joints: joints,
    ) -> None:
        self.joint_set = topology(said)
        self.rotation = AXES[axes]
        self.sends = self.rotation.T if sends is None else sends  # source = sends @ canonical
        self.mounting = np.eye(3) if mounting is None else mounting
        self.change = change
        self.check = ContentCheck(
            Setup(
                topology=self.joint_set,
                axes=axes,
                levelled_by="" if mounting is None else "sensor_pose",
                metres=metres,
                mirrored=mirrored,
                order=self.joint_set.order(mirrored),
            )
        )

    def watch(self, recording: Recording) -> dict[str, tuple[float, Finding]]:
        """Finding by key, and after how many seconds it was told."""
        told: dict[str, tuple[float, Finding]] = {}
        for frame in recording.frames:
            sent = SkeletonFrame(frame.stamp, tuple(self._send(person) for person in frame.people))
            turn = self.mounting @ self.rotation
            metres, order = self.check.setup.metres, self.check.setup.order
            people = tuple(Person(p.id, metres * p.joints[order] @ turn.T) for p in sent.people)
            self.check.add(SkeletonFrame(frame.stamp, people), sent)
            for finding in self.check.judgement.findings:
                told.setdefault(finding.key, (frame.stamp - recording.frames[0].stamp, finding))
        return told

    def _send(self, person: Person) -> Person:
        joints = np.full((len(self.joint_set.joints), 3), np.nan)
        sent = self.change(np.asarray(person.joints) @ self.sends.T)
        joints[: len(sent)] = sent
        return Person(person.id, joints)


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
    "pixels": (Bench(change=pixels), None, "flat", "2D pixels?"),
    "seen from the waist up": (Bench(change=from_the_waist_up), None, "legs", "from the waist up"),
    "no legs": (Bench(change=without_legs), None, "legs", "knees and feet are never seen"),
    "no arms": (Bench(change=without_arms), None, "arms", "arms are never seen"),
    "zeros": (Bench(change=np.zeros_like), None, "unusable", "zeros"),
    "nothing but NaN": (Bench(change=lambda sent: sent * np.nan), None, "unusable", "NaN"),
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


def test_memory_and_work_follow_the_span_not_the_stream() -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    joints = np.random.default_rng(0).normal(size=(25, 3))
    people = tuple(Person(str(number), joints + number) for number in range(30))
    for number in range(3000):
        check.add(SkeletonFrame(1e9 + number / 100.0, people))
    assert len(check._sights) <= 8 * 32


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, 1e9])
def test_clocks_that_jump_do_not_stop_it(jump: float) -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    recording = perform(scripts=STANDING)
    for offset in (0.0, jump, 0.0):
        for frame in recording.frames:
            people = tuple(Person(p.id, p.joints * 1000.0) for p in frame.people)
            check.add(SkeletonFrame(frame.stamp + offset, people))
        judgement: Judgement = check.judgement
        assert judgement.stamp == pytest.approx(recording.frames[-1].stamp + offset, abs=1.5)
        assert [finding.key for finding in judgement.findings] == ["units"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(20))
def test_no_input_makes_it_fail(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check = ContentCheck(Setup(topology=topology("coco_17")))
    scale = 10.0 ** rng.uniform(-300.0, 300.0)
    for number in range(40):
        people = []
        for person in range(rng.integers(0, 4)):
            joints = rng.normal(size=(17, 3)) * scale
            joints[rng.random((17, 3)) < rng.choice([0.0, 0.1, 0.9])] = np.nan
            joints[rng.random(17) < rng.choice([0.0, 0.1, 0.9])] = 0.0
            if rng.random() < 0.2:
                joints[:] = rng.choice([np.inf, 1.0, -0.0])
            confidence = rng.random(17) * rng.choice([0.0, 1.0, 100.0]) if rng.random() < 0.5 else None
            people.append(Person(str(person), joints, confidence))
        check.add(SkeletonFrame(1e9 + 0.2 * number, tuple(people)))
    assert all("\n" not in finding.text for finding in check.judgement.findings)
