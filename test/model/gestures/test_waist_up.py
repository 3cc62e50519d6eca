"""Gestures of people of whom only the upper part is seen: behind a table, or over the lower edge of a picture."""

import dataclasses

import numpy as np
import pytest
from helpers.acting import script
from helpers.gestures import GESTURE, performed, shown

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures import enrolment, examples, library
from usdrl_model.gestures.recogniser import Recogniser
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX, names, topology

SHORT = (("idle", 1.5), ("wave", 1.2), ("idle", 1.5))
"""Hands hang out of sight most of the time."""


def from_the_waist_up(recording: Recording) -> Recording:
    """As behind a table: hips, legs and the middle of the spine are never seen."""
    joints = topology(recording.topology).joints
    low = [
        n for n, name in enumerate(joints) if name.startswith(("spine_base", "spine_mid", "hip", "knee", "ank", "foot"))
    ]

    def upper(person: Person) -> Person:
        seen = np.array(person.joints)
        seen[low] = np.nan
        return dataclasses.replace(person, joints=seen)

    frames = tuple(dataclasses.replace(one, people=tuple(map(upper, one.people))) for one in recording.frames)
    return dataclasses.replace(recording, frames=frames)


def over_the_edge(acts: tuple[tuple[str, float], ...], seed: int, joint_set: str, above: float) -> Recording:
    """As by a camera that sees what is so many metres above the hips and higher: hands that hang are out of sight."""
    recording = simulate(PerformanceConfig(scripts=(script(*acts),), rate=30.0), seed)
    hips = np.median([frame.people[0].joints[JOINT_INDEX["spine_base"], 1] for frame in recording.frames])
    # The canonical joints are as good as measured in every joint set, also in one that the performer cannot show.
    fit = np.eye(25) if joint_set == CANONICAL else topology(joint_set).fit

    def upper(person: Person) -> Person:
        joints = fit @ person.joints
        joints[joints[:, 1] < hips + above] = np.nan
        return Person(person.id, joints)

    frames = tuple(dataclasses.replace(one, people=tuple(map(upper, one.people))) for one in recording.frames)
    return dataclasses.replace(recording, frames=frames, topology=joint_set)


def made(detector: LoadedDetector, recording: Recording) -> examples.Shown:
    config = detector.config.detector
    return examples.from_recording(recording, config.rate, config.encoder.window)


def test_a_gesture_from_the_waist_up_is_enrolled_and_recognised(tmp_path, detector, background) -> None:
    config = detector.config.detector
    acted = [performed(seed, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0)) for seed in range(3)]
    made = [examples.from_recording(from_the_waist_up(one), config.rate, config.encoder.window) for one in acted]
    whole = [examples.from_recording(one, config.rate, config.encoder.window) for one in acted]
    for one, other in zip(made, whole, strict=True):
        assert one.example.seconds == pytest.approx(other.example.seconds, abs=0.35)
    enrolment.add(tmp_path, "both_up", made, detector, background)
    stream = ActionStream(detector, topology="kinect_v2_25")
    stream.recognise(Recogniser(library.read_all(tmp_path, detector.sha256), background, detector))
    events = []
    for frame in from_the_waist_up(performed(11, ("idle", 5.0), (GESTURE, 2.5), ("idle", 4.0))).frames:
        events += stream.push(frame)
    (onset, offset) = [event for event in events + stream.finish() if event.label == "both_up"]
    assert onset.onset == pytest.approx(5.0, abs=1.5)


@pytest.mark.parametrize("joint_set", names())
@pytest.mark.parametrize("above", [0.05, 0.2])
def test_whose_hands_hang_out_of_sight_waves_in_every_joint_set(
    joint_set: str, above: float, detector: LoadedDetector
) -> None:
    assert made(detector, over_the_edge(SHORT, 1, joint_set, above)).example.seconds == pytest.approx(1.4, abs=0.4)


@pytest.mark.parametrize("joint_set", ["kinect_v2_25", "coco_17"])
def test_a_gesture_over_the_edge_is_recognised_in_the_same_view(
    joint_set: str, tmp_path, detector: LoadedDetector, background
) -> None:
    acts = (("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0))
    shown = [made(detector, over_the_edge(acts, seed, joint_set, 0.1)) for seed in range(3)]
    enrolment.add(tmp_path, "both_up", shown, detector, background)
    stream = ActionStream(detector, topology=joint_set)
    stream.recognise(Recogniser(library.read_all(tmp_path, detector.sha256), background, detector))
    events = []
    played = (("idle", 5.0), (GESTURE, 2.5), ("idle", 4.0), ("throw", 2.0), ("idle", 2.0))
    for frame in over_the_edge(played, 11, joint_set, 0.1).frames:
        events += stream.push(frame)
    (onset, _) = [event for event in events + stream.finish() if event.label == "both_up"]
    assert onset.onset == pytest.approx(5.0, abs=1.5)


@pytest.mark.parametrize("joint_set", ["kinect_v2_25", "coco_17"])
@pytest.mark.parametrize("above", [-0.1, 0.2])
def test_who_stands_over_the_edge_makes_no_gesture(joint_set: str, above: float, detector: LoadedDetector) -> None:
    with pytest.raises(ValueError, match="did not move|stand so that arms and shoulders are in view"):
        made(detector, over_the_edge((("idle", 3.0),), 0, joint_set, above))


def test_who_does_not_move_from_the_waist_up_makes_no_gesture(detector) -> None:
    config = detector.config.detector
    with pytest.raises(ValueError, match="the person did not move: expected 15 cm .*, got [1-9]"):
        examples.from_recording(from_the_waist_up(performed(0, ("idle", 3.0))), config.rate, config.encoder.window)


def test_gestures_of_whom_too_little_is_seen_are_withheld(tmp_path, detector, background) -> None:
    enrolment.add(tmp_path, "both_up", [shown(detector, 1)], detector, background)
    stream = ActionStream(detector, topology="kinect_v2_25")
    stream.recognise(Recogniser(library.read_all(tmp_path, detector.sha256), background, detector))
    for frame in performed(0, ("idle", 1.0)).frames:
        (person,) = frame.people
        joints = np.where(np.arange(25)[:, None] < 5, person.joints, np.nan)
        stream.push(dataclasses.replace(frame, people=(dataclasses.replace(person, joints=joints),)))
    (person,) = stream.state().people
    assert person.withheld == (*stream.labels[1:], "both_up")
