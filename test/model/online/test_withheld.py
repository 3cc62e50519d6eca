"""Actions of which too little is seen are withheld, and the state says so."""

import dataclasses

import numpy as np
import pytest

from usdrl_model.inference import load
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.script import Act
from usdrl_model.skeleton.parts import Part
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import JOINT_INDEX

LEGS = [JOINT_INDEX[f"{part}_{side}"] for part in ("knee", "ankle", "foot") for side in ("left", "right")]


WRISTS = [JOINT_INDEX[f"wrist_{side}"] for side in ("left", "right")]


def without(hidden: list[int], recording: Recording) -> Recording:
    def cut(frame: SkeletonFrame) -> SkeletonFrame:
        people = []
        for person in frame.people:
            joints = np.array(person.joints, np.float64)
            joints[hidden] = np.nan
            people.append(dataclasses.replace(person, joints=joints))
        return dataclasses.replace(frame, people=tuple(people))

    return dataclasses.replace(recording, frames=tuple(cut(frame) for frame in recording.frames))


def run(
    recording: Recording, needs: dict[str, tuple[Part, ...]] | None = None
) -> tuple[set[str], set[tuple[str, ...]]]:
    """Labels of the onsets, and what the states withheld."""
    weights = load.load("hri_streaming", "cpu")
    if needs is not None:
        detector = dataclasses.replace(weights.config.detector, needs=needs)
        weights = dataclasses.replace(weights, config=dataclasses.replace(weights.config, detector=detector))
    stream = ActionStream(weights, topology=recording.topology)
    labels, withheld = set(), set()
    for frame in recording.frames:
        labels |= {event.label for event in stream.push(frame)}
        withheld |= {person.withheld for person in stream.state().people}
    return labels | {event.label for event in stream.finish()}, withheld


def test_an_action_ends_when_too_few_joints_are_seen_for_it() -> None:
    script = tuple(Act(action=action, seconds=seconds) for action, seconds in (("idle", 2.0), ("wave", 6.0)))
    recording = performance(seed=1, people=1, faults="none", script=script)
    begin = recording.frames[0].stamp
    few = [JOINT_INDEX[name] for name in ("head", "neck", "spine_shoulder", "shoulder_left", "shoulder_right")]
    stream = ActionStream(load.load("hri_streaming", "cpu"), topology=recording.topology)
    told = []
    for frame in recording.frames:
        (person,) = frame.people
        if frame.stamp - begin > 4.0:  # they come so near that head and shoulders are left
            joints = np.full((25, 3), np.nan)
            joints[few] = np.asarray(person.joints)[few]
            person = dataclasses.replace(person, joints=joints)
        told += stream.push(dataclasses.replace(frame, people=(person,)))
    assert [(event.kind, event.label) for event in told] == [("onset", "wave"), ("offset", "wave")]
    (here,) = stream.state().people
    assert here.actions == () and here.top == () and "wave" in here.withheld


@pytest.mark.parametrize("name", ["hri_streaming", "hri"])
def test_of_somebody_with_a_head_and_an_arm_all_that_is_not_judged_is_withheld(name: str) -> None:
    script = (Act(action="idle", seconds=1.0), Act(action="wave", seconds=4.0))
    recording = performance(seed=1, people=1, faults="none", script=script)
    arm = ("head", "neck", "spine_shoulder", "shoulder_right", "elbow_right", "wrist_right", "hand_right")
    hidden = [index for joint, index in JOINT_INDEX.items() if joint not in arm]
    stream = ActionStream(load.load(name, "cpu"), topology=recording.topology)
    for frame in without(hidden, recording).frames:
        stream.push(frame)
        (here,) = stream.state().people
        assert here.withheld == stream.labels[1:] and here.actions == ()
    for frame in recording.frames:  # they step back
        stream.push(dataclasses.replace(frame, stamp=frame.stamp + recording.frames[-1].stamp))
    (here,) = stream.state().people
    assert here.withheld == () and here.top


@pytest.mark.parametrize("name", ["hri_streaming", "hri"])
def test_of_who_comes_nothing_is_withheld(name: str) -> None:
    recording = performance(seed=1, people=1, faults="none", script=(Act(action="idle", seconds=1.5),))
    stream = ActionStream(load.load(name, "cpu"), topology=recording.topology)
    for frame in recording.frames:
        stream.push(frame)
        assert [person.withheld for person in stream.state().people] == [()], "from the first frame on"


@pytest.fixture(scope="module")
def walker() -> Recording:
    acts = (("idle", 1.5), ("walk", 5.0), ("idle", 1.5), ("wave", 4.0), ("idle", 1.5))
    script = tuple(Act(action=action, seconds=seconds) for action, seconds in acts)
    return performance(seed=0, people=1, faults="none", script=script)


def test_a_tracker_of_hands_without_wrists_shows_arms(walker: Recording) -> None:
    labels, withheld = run(without([*WRISTS, *LEGS], walker))
    assert "wave" in labels
    assert not any("wave" in one for one in withheld)


def test_what_needs_legs_is_withheld_where_there_are_none(walker: Recording) -> None:
    needs = {"walk": ("legs",)}
    assert "walk" in run(walker, needs)[0]
    labels, withheld = run(without(LEGS, walker), needs)
    assert "walk" not in labels
    assert ("walk",) in withheld


def test_an_action_of_the_arms_is_not(walker: Recording) -> None:
    labels, withheld = run(without(LEGS, walker), {"wave": ("arm",), "walk": ("legs",)})
    assert "wave" in labels
    assert all("wave" not in names for names in withheld)


def test_needs_of_a_label_that_is_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs\.'wawe': not one of the labels.*wave"):
        DetectorConfig(labels=("none", "wave"), needs={"wawe": ("arm",)})
