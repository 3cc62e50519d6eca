"""Gestures of people whose joints are in a picture, without depth."""

import dataclasses

import pytest
from helpers.gestures import GESTURE, performed

from usdrl_model.gestures import examples
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.windows.picture import DISTANCE


def in_picture(frame: SkeletonFrame) -> SkeletonFrame:
    people = []
    for person in frame.people:
        joints = person.joints / person.joints[:, 2:]
        joints[:, 2] = DISTANCE
        people.append(dataclasses.replace(person, joints=joints))
    return dataclasses.replace(frame, people=tuple(people), flat=True)


def test_a_picture_is_no_example_for_weights_that_need_depth(detector) -> None:
    """Which the stream would refuse to recognise it in."""
    recording = performed(1, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0))
    flat = dataclasses.replace(recording, frames=tuple(map(in_picture, recording.frames)))
    config = detector.config.detector
    with pytest.raises(ValueError, match="expected joints in space, got joints in a picture"):
        examples.from_recording(flat, config.rate, config.encoder.window)
    shape = dataclasses.replace(config.encoder.window, masked=True, flat=True, people=1)
    assert examples.from_recording(flat, config.rate, shape).example.seconds > 1.0
