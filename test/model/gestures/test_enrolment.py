"""A gesture of a simulated person is enrolled and recognised; what is no example of a gesture is refused."""

import dataclasses
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.acting import script
from helpers.gestures import GESTURE, performed, shown
from helpers.near_detector import near_weights
from helpers.streaming import streaming_weights

from usdrl_model.gestures import enrolment, examples, library
from usdrl_model.gestures.gesture import Gesture
from usdrl_model.gestures.recogniser import Recogniser
from usdrl_model.inference import load
from usdrl_model.online.live_enrolment import LiveEnrolment
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person, SkeletonFrame


@pytest.mark.parametrize("beside_a_streaming_one", [False, True])
def test_a_gesture_of_others_is_recognised_once_and_nothing_else_is(
    tmp_path, detector, background, beside_a_streaming_one: bool
) -> None:
    enrolled = enrolment.add(tmp_path, "both_up", [shown(detector, seed) for seed in range(5)], detector, background)
    assert str(enrolled).startswith("both_up: 5 examples of ")
    running = streaming_weights() if beside_a_streaming_one else detector
    stream = ActionStream(running, topology="kinect_v2_25")
    stream.recognise(Recogniser(library.read_all(tmp_path, detector.sha256), background, detector))
    for seed in (11, 12):
        events, states = [], set()
        for frame in performed(
            seed, ("idle", 5.0), (GESTURE, 2.5), ("idle", 4.0), ("throw", 2.0), ("idle", 2.0)
        ).frames:
            events += stream.push(frame)
            states |= {action.label for person in stream.state().people for action in person.actions if action.active}
        events += stream.finish()
        (onset, offset) = [event for event in events if event.label == "both_up"]
        assert onset.kind == "onset"
        assert onset.onset == pytest.approx(5.0, abs=1.5)
        assert 7.0 < offset.offset < 9.5
        assert "both_up" in states


@pytest.mark.parametrize("max_rate", [10.0, 30.0])
def test_a_detector_beside_a_streaming_one_is_asked_once_a_grid_frame(
    detector, background, max_rate: float, monkeypatch
) -> None:
    asked, features, running = [], load.features, streaming_weights()
    config = dataclasses.replace(running.config.stream, max_rate=max_rate)
    stream = ActionStream(running, topology="kinect_v2_25", config=config)
    stream.recognise(Recogniser((), background, detector))
    monkeypatch.setattr(load, "features", lambda weights, x: asked.append(len(x)) or features(weights, x))
    for frame in performed(11, ("idle", 1.0)).frames:
        stream.push(frame)
    assert sum(asked) == pytest.approx(10, abs=1)


def test_people_whose_frames_have_stamps_of_their_own_make_gestures_alike(tmp_path, detector, background) -> None:
    enrolment.add(tmp_path, "both_up", [shown(detector, seed) for seed in range(5)], detector, background)
    stream = ActionStream(detector, topology="kinect_v2_25")
    stream.recognise(Recogniser(library.read_all(tmp_path, detector.sha256), background, detector))
    script = (("idle", 5.0), (GESTURE, 2.5), ("idle", 4.0))
    one, other = performed(11, *script).frames, performed(12, *script, start=0.001).frames
    for frame in (frame for both in zip(one, other, strict=True) for frame in both):
        first = frame.stamp % (1 / 30) < 5e-4 or frame.stamp % (1 / 30) > 1 / 30 - 5e-4
        body = dataclasses.replace(frame.people[0], id="one" if first else "other")
        stream.push(dataclasses.replace(frame, people=(body,)))
    stream.finish()
    told = [(event.person, event.kind) for event in stream.state().events if getattr(event, "label", "") == "both_up"]
    assert sorted(told) == [("one", "offset"), ("one", "onset"), ("other", "offset"), ("other", "onset")]


def test_examples_are_added_to_those_before(tmp_path, detector, background) -> None:
    for count in (1, 2):
        enrolled = enrolment.add(tmp_path, "both_up", [shown(detector, count)], detector, background)
        assert len(enrolled.gesture.examples) == count
    with pytest.raises(ValueError, match="expected 1 to 10 examples, got 12"):
        enrolment.add(tmp_path, "both_up", [shown(detector, 3)] * 10, detector, background)
    assert len(library.read(tmp_path, "both_up").examples) == 2


def test_an_example_that_is_there_already_is_refused(tmp_path, detector, background) -> None:
    made = [shown(detector, seed) for seed in (1, 2)]
    source = re.escape(made[0].example.source)
    for several in ([made[0], made[1], made[0]], [made[0]], [made[1], made[0]]):
        if several == [made[0]]:
            enrolment.add(tmp_path, "both_up", several, detector, background)
        with pytest.raises(ValueError, match=f"^{source} is example 1 of both_up already \\({source}\\): show"):
            enrolment.add(tmp_path, "both_up", several, detector, background)
    assert len(library.read(tmp_path, "both_up").examples) == 1


def test_what_is_left_without_an_example_is_what_the_others_make(tmp_path, detector, background) -> None:
    made = [shown(detector, seed) for seed in (1, 2, 3)]
    enrolment.add(tmp_path / "with", "both_up", made, detector, background)
    enrolment.add(tmp_path / "without", "both_up", [made[0], made[2]], detector, background)
    taken, _ = enrolment.take_back(tmp_path / "with", "both_up", 2, detector, background)
    assert taken == made[1].example
    one, other = (library.read(tmp_path / folder, "both_up") for folder in ("with", "without"))
    np.testing.assert_allclose(one.features, other.features, atol=1e-5)
    assert (one.examples, one.threshold, one.spread) == (
        other.examples, pytest.approx(other.threshold, abs=1e-5), pytest.approx(other.spread, abs=1e-5)
    )  # fmt: skip


def test_an_example_is_taken_back_as_a_whole_or_not_at_all(tmp_path, detector, background, monkeypatch) -> None:
    enrolment.add(tmp_path, "both_up", [shown(detector, seed) for seed in (1, 2)], detector, background)
    described = tmp_path / "both_up" / "gesture.yaml"
    described.write_text(yaml.safe_dump({**yaml.safe_load(described.read_text()), "threshold": 0.9}))
    before = library.read(tmp_path, "both_up")

    def full(*arguments: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as disk, pytest.raises(OSError, match="no space left"):
        disk.setattr(library.configuration, "dump", full)  # after the features were written
        enrolment.take_back(tmp_path, "both_up", 1, detector, background)
    again = library.read(tmp_path, "both_up")
    np.testing.assert_array_equal(again.features, before.features)
    assert again.examples == before.examples
    _, left = enrolment.take_back(tmp_path, "both_up", 1, detector, background)
    assert "keeps its threshold of 0.90" in str(left)
    assert library.read(tmp_path, "both_up").examples == before.examples[1:]
    assert len(list((tmp_path / "both_up").iterdir())) == 2


def test_which_example_is_unlike_the_others_is_said_from_the_third_on(tmp_path, detector, background) -> None:
    config = detector.config.detector
    kick = examples.from_recording(performed(3, ("idle", 2.0), ("kick", 1.5)), config.rate, config.encoder.window)
    enrolled = enrolment.add(tmp_path, "both_up", [shown(detector, 1), kick], detector, background)
    assert "its two examples are unlike each other: a third one tells which" in str(enrolled)
    enrolled = enrolment.add(tmp_path, "both_up", [shown(detector, 2), shown(detector, 4)], detector, background)
    assert "example 2 of 4 unlike the others" in str(enrolled)


def test_who_adds_to_a_gesture_meanwhile_waits_and_both_examples_are_stored(
    tmp_path, detector, background, monkeypatch
) -> None:
    read_all = library.read_all

    def slowly(folder: Path, weights: str) -> list[Gesture]:
        there = read_all(folder, weights)
        time.sleep(0.3)
        return there

    monkeypatch.setattr(library, "read_all", slowly)
    made = [shown(detector, seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda one: enrolment.add(tmp_path, "both_up", [one], detector, background), made))
    assert len(library.read(tmp_path, "both_up").examples) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["both_up"]


def test_a_threshold_that_was_set_by_hand_stays(tmp_path, detector, background) -> None:
    enrolment.add(tmp_path, "both_up", [shown(detector, 1)], detector, background)
    described = tmp_path / "both_up" / "gesture.yaml"
    content = yaml.safe_load(described.read_text())
    described.write_text(yaml.safe_dump({**content, "threshold": 0.9}))
    again = enrolment.add(tmp_path, "both_up", [shown(detector, 2)], detector, background)
    assert library.read(tmp_path, "both_up").threshold == 0.9
    assert "keeps its threshold of 0.90, which is not that of its examples" in str(again)
    enrolment.add(tmp_path, "again", [shown(detector, 1)], detector, background)
    more = enrolment.add(tmp_path, "again", [shown(detector, 2)], detector, background)
    assert "keeps its threshold" not in str(more)


def test_a_movement_that_is_longer_than_a_window_is_warned_of(tmp_path, detector, background) -> None:
    config = detector.config.detector
    long = performed(1, ("wave", 9.0))
    example = examples.from_recording(long, config.rate, config.encoder.window)
    enrolled = enrolment.add(tmp_path, "long", [example], detector, background)
    assert [one for one in enrolled.warnings if "of which the last 3.2 s are learnt: enrol a span of it" in one]


@pytest.mark.parametrize("late", [0.0, 0.03, 0.05])
def test_who_begins_between_two_frames_of_the_grid_stands_before_as_at_the_start(detector, late: float) -> None:
    config = detector.config.detector
    recording = performed(0, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0))
    frames = tuple(dataclasses.replace(frame, stamp=frame.stamp + late) for frame in recording.frames)
    later = dataclasses.replace(recording, frames=frames)
    window = examples.from_recording(later, config.rate, config.encoder.window, start=3.0).window
    still = np.isclose(window[1:], window[:-1], equal_nan=True).all(axis=(1, 2, 3))
    assert np.isfinite(window).any(axis=(1, 2, 3)).all()
    assert still[:5].all()
    assert not still[5:].all()


@pytest.mark.parametrize("span", [{"start": -5.0, "stop": 3.0}, {"start": 3.0, "stop": 3.0}, {"start": 900.0}])
def test_a_span_outside_of_the_recording_is_refused(detector, span) -> None:
    with pytest.raises(ValueError, match="expected a span that begins before it ends, within 0-"):
        shown(detector, 1, **span)


def test_a_gesture_like_another_one_is_stored_with_a_warning(tmp_path, detector, background) -> None:
    some = [shown(detector, seed) for seed in range(3)]
    first = enrolment.add(tmp_path, "both_up", some, detector, background)
    assert [warning for warning in first.warnings if "gesture" in warning] == []
    again = enrolment.add(tmp_path, "again", some, detector, background)
    assert "too like the gesture 'both_up'" in again.warnings


def test_weights_of_another_rate_tell_no_gestures_beside_these(detector, background) -> None:
    slower = dataclasses.replace(detector.config.detector, rate=5.0)
    other = dataclasses.replace(detector, config=dataclasses.replace(detector.config, detector=slower))
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    with pytest.raises(ValueError, match="expected at most .* frames at 10 Hz beside untrained, got 32 at 5 Hz"):
        stream.recognise(Recogniser((), background, other))
    with pytest.raises(ValueError, match="a streaming detector: gestures are told by one of windows, such as hri"):
        Recogniser((), background, streaming_weights())


def test_gestures_that_need_depth_are_not_told_beside_weights_without_it(detector, background) -> None:
    stream = ActionStream(streaming_weights(flat=True), topology="kinect_v2_25")
    with pytest.raises(ValueError, match="expected joints in space, got untrained, which is for joints in a picture"):
        stream.recognise(Recogniser((), background, detector))


def test_a_gesture_with_the_name_of_an_action_is_not_told_beside_it(tmp_path, detector, background) -> None:
    enrolment.add(tmp_path, "hand_up", [shown(detector, 0)], detector, background)
    known = Recogniser(library.read_all(tmp_path, background.weights), background, detector)
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    with pytest.raises(ValueError, match="hand_up is told by the weights .* already: remove the gesture"):
        stream.recognise(known)
    assert stream.gestures is None


def test_a_label_of_the_weights_is_refused(tmp_path, detector, background) -> None:
    with pytest.raises(ValueError, match="'wave' is an action of the weights .*: take another name"):
        enrolment.add(tmp_path, "wave", [shown(detector, 0)], detector, background)
    with pytest.raises(ValueError, match="'sitting' is a state that is found without training"):
        enrolment.add(tmp_path, "sitting", [shown(detector, 0)], detector, background)
    assert library.labels(tmp_path) == []


def test_an_action_of_two_people_is_refused_by_the_name_of_the_weights_that_tell_it(
    tmp_path, detector, background
) -> None:
    enrolment.add(tmp_path / "before", "shake_hands", [shown(detector, 0)], detector, background)
    stream = ActionStream(detector, topology="kinect_v2_25", pairs=near_weights(frames=32))
    with pytest.raises(ValueError, match="'shake_hands' is an action of the weights near: take another name"):
        LiveEnrolment(stream, tmp_path / "now").check("shake_hands")
    with pytest.raises(ValueError, match="shake_hands is told by the weights near already: remove the gesture"):
        LiveEnrolment(stream, tmp_path / "before")


def test_examples_of_two_joint_sets_are_refused(tmp_path, detector, background) -> None:
    enrolment.add(tmp_path, "both_up", [shown(detector, 0)], detector, background)
    other = shown(detector, 1)
    other = dataclasses.replace(other, example=dataclasses.replace(other.example, topology="k4abt_32"))
    with pytest.raises(ValueError, match="examples of one joint set, got 'k4abt_32', 'kinect_v2_25'"):
        enrolment.add(tmp_path, "both_up", [other], detector, background)
    assert len(library.read(tmp_path, "both_up").examples) == 1


def test_a_person_who_does_not_move_shows_no_gesture(detector) -> None:
    config = detector.config.detector
    still = performed(0, ("idle", 4.0))
    with pytest.raises(ValueError, match="did not move: expected 15 cm of an arm or a leg or more, got"):
        examples.from_recording(still, config.rate, config.encoder.window)


def test_half_of_the_joints_missing_is_refused(detector) -> None:
    config = detector.config.detector
    recording = performed(0, ("idle", 1.0), (GESTURE, 2.5))

    def hidden(person: Person) -> Person:
        joints = np.array(person.joints)
        joints[:14] = np.nan
        return dataclasses.replace(person, joints=joints)

    frames = tuple(dataclasses.replace(one, people=tuple(map(hidden, one.people))) for one in recording.frames)
    with pytest.raises(
        ValueError, match="% of the joints were seen and .* above the waist, expected 50% or more: stand so"
    ):
        examples.from_recording(dataclasses.replace(recording, frames=frames), config.rate, config.encoder.window)


def test_why_a_recording_is_no_example_is_said_of_what_is_wrong_with_it(detector) -> None:
    config, right = detector.config.detector, performed(0, ("idle", 1.0), (GESTURE, 2.5))

    def refused(frames: tuple[SkeletonFrame, ...]) -> str:
        with pytest.raises(ValueError) as said:
            examples.from_recording(dataclasses.replace(right, frames=frames), config.rate, config.encoder.window)
        return str(said.value).removeprefix(f"{right.name}: ")

    body = right.frames[0].people[0]
    hung = tuple(dataclasses.replace(one, people=(body,)) for one in right.frames)
    assert "of the time, expected 50% or more (joints that repeat to the last digit" in refused(hung)
    far = dataclasses.replace(body, joints=1000.0 * body.joints)
    assert refused(tuple(dataclasses.replace(one, people=(far,)) for one in right.frames)) == (
        "no joint can be believed: are they in metres, and those of kinect_v2_25?"
    )
    gap = tuple(one if row % 50 < 15 else SkeletonFrame(one.stamp) for row, one in enumerate(right.frames[:101]))
    assert refused(gap) == (
        f"nobody is seen there for 0.8 s without a gap of 1 s: in 31 of 101 frames (3.3 s); people: {body.id}"
    )


def test_two_people_are_refused_unless_one_is_named(detector) -> None:
    config = detector.config.detector
    acts = (script((GESTURE, 3.0)), script((GESTURE, 3.0)))
    recording = simulate(PerformanceConfig(scripts=acts, rate=30.0), 0)
    with pytest.raises(ValueError, match=r"expected one person, got 2 \(.*\): say which"):
        examples.from_recording(recording, config.rate, config.encoder.window)
    one = recording.frames[0].people[0].id
    assert examples.from_recording(recording, config.rate, config.encoder.window, person=one).example.seconds > 0.5
    with pytest.raises(ValueError, match="no person 'x' is seen there"):
        examples.from_recording(recording, config.rate, config.encoder.window, person="x")


def test_an_unknown_joint_set_and_an_empty_span_are_errors(detector) -> None:
    config = detector.config.detector
    recording = performed(0, (GESTURE, 3.0))
    with pytest.raises(ValueError, match="kinect_v2_52"):
        examples.from_recording(
            dataclasses.replace(recording, topology="kinect_v2_52"), config.rate, config.encoder.window
        )
    with pytest.raises(ValueError, match="50-60 s: no frames there; expected .* within 0-"):
        shown(detector, 0, start=50.0, stop=60.0)
