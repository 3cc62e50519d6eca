"""A stream whose joints are in a picture: what is known of people, and what is not."""

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.people import UP, frames
from helpers.rule_detector import hand_up_weights

from usdrl_model.online.stream import ActionStream
from usdrl_model.states.person import IN_PICTURE, STATES
from usdrl_model.windows.picture import DISTANCE


def in_picture(frame):
    people = []
    for person in frame.people:
        joints = person.joints / person.joints[:, 2:]
        joints[:, 2] = DISTANCE
        people.append(replace(person, joints=joints))
    return replace(frame, people=tuple(people), flat=True)


@pytest.mark.parametrize("flat", [True, False])
def test_actions_are_found_with_and_without_depth(flat):
    stream = ActionStream(hand_up_weights(flat=True), topology="kinect_v2_25")
    assert stream.describe()["joints"] == "in a picture"
    events, states = [], []
    for frame in frames():
        events += stream.push(in_picture(frame) if flat else frame)
        states.append(stream.state())
    assert [(event.kind, event.person, event.label) for event in events] == [
        ("onset", "7", "hand_up"), ("offset", "7", "hand_up"),
    ]  # fmt: skip
    assert abs(events[0].onset - (100.0 + UP[0])) < 0.3
    (person,) = states[-1].people
    assert states[-1].flat == flat
    if flat:
        assert all(map(math.isnan, (*person.position, person.distance, person.bearing)))
        assert set(person.states.unknown) >= set(STATES) - set(IN_PICTURE)
        assert not set(IN_PICTURE) & set(person.states.unknown)
    else:
        assert abs(person.distance - 2.0) < 0.1 and "near" not in person.states.unknown


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_who_stands_still_in_whole_pixels_keeps_their_joints_until_the_camera_stops(rate):
    stream = ActionStream(hand_up_weights(flat=True), topology="kinect_v2_25")
    rng, pixel, seen = np.random.default_rng(0), DISTANCE / 525.0, {}
    for frame in frames(duration=8.0, rate=rate):
        (person,) = in_picture(frames(duration=0.1)[0]).people
        if frame.stamp < 105.0:
            joints = np.round(person.joints / pixel + rng.normal(0.0, 0.2, person.joints.shape)) * pixel
            joints[:, 2] = DISTANCE
        stream.push(replace(frame, people=(replace(person, joints=joints),), flat=True))
        seen[frame.stamp] = [one.valid_joints for one in stream.state().people]
    assert {tuple(joints) for stamp, joints in seen.items() if stamp < 105.0} == {(1.0,)}
    assert [joints for stamp, joints in seen.items() if 105.6 < stamp < 105.9][0] == [0.0], "it repeats itself"
    assert not seen[max(seen)], "nobody is seen any more"


def test_weights_that_need_depth_refuse_a_picture():
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    with pytest.raises(ValueError, match="take weights that need no depth"):
        stream.push(in_picture(frames()[0]))
    assert stream.describe()["joints"] == "in space"


def test_what_is_learnt_of_a_gesture_is_seen_from_where_it_is_told():
    """From the sensor, wherever it is in the frame of the joints: a picture has no other place."""
    stream, sensor = ActionStream(hand_up_weights(flat=True), topology="kinect_v2_25"), (0.5, 1.3, 0.0)
    for frame in frames(duration=2.0):
        moved = tuple(replace(person, joints=person.joints + sensor) for person in frame.people)
        stream.push(replace(frame, people=moved, sensor=sensor))
    (person,) = stream.people
    joints, mask = person.since(stream.stamp - 1.0)
    live, seen = person.body(person.track.newest, len(joints))
    np.testing.assert_array_equal(joints, live)
    np.testing.assert_array_equal(mask, seen)
    assert np.abs(joints[:, :, 1]).max() < 1.1, "metres over and under the sensor"
