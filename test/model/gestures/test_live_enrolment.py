"""A gesture that is shown to the robot: who is meant, and what becomes of it where it cannot be stored."""

import dataclasses
import time

import numpy as np
import pytest
from helpers.gestures import GESTURE, performed, shown
from helpers.streaming import streaming_weights

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures import enrolment, library
from usdrl_model.online import live_examples
from usdrl_model.online.live_enrolment import LiveEnrolment
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame


def make_between_start_and_now(stream: ActionStream, live: LiveEnrolment, label="both_up") -> tuple[SkeletonFrame, ...]:
    """Somebody stands, the enrolment is started at frame 60, and they make the gesture; the frames."""
    made = performed(1, ("idle", 2.0), (GESTURE, 2.5), ("idle", 0.5)).frames
    for frame in made[:60]:
        stream.push(frame)
    live.start(label)
    for frame in made[60:]:
        stream.push(frame)
    return made


@pytest.mark.parametrize("label", ["wave", "sitting", "my wave"])
def test_a_label_is_refused_before_the_gesture_is_made(tmp_path, detector, label: str) -> None:
    stream = seen_at(detector, 2.0)
    enrolment = LiveEnrolment(stream, tmp_path)
    with pytest.raises(ValueError, match="^label: "):
        enrolment.start(label)
    with pytest.raises(ValueError, match="not started"):
        enrolment.stop()


def test_one_gesture_is_shown_at_a_time_and_stored_by_the_name_with_which_it_began(tmp_path, detector) -> None:
    stream = ActionStream(detector, topology="kinect_v2_25")
    live = LiveEnrolment(stream, tmp_path)
    make_between_start_and_now(stream, live, "first")
    with pytest.raises(ValueError, match=r"^first is being shown by person 1, one at a time: .* begin in 3\.\d s$"):
        live.start("second")
    assert live.stop().gesture.label == "first"
    assert live.start("second") == "1", "it is over"


def test_a_gesture_that_nobody_ended_keeps_no_other_from_beginning(tmp_path, detector) -> None:
    stream = ActionStream(detector, topology="kinect_v2_25")
    live = LiveEnrolment(stream, tmp_path)
    for frame in performed(1, ("idle", 12.0)).frames:
        stream.push(frame)
        if frame.stamp > 2.0 and frame.stamp - 2.0 < 1 / 25:
            live.start("first")
    assert live.start("second") == "1", "all that is kept is after it"
    stream.reset()
    for frame in performed(1, ("idle", 1.0), start=12.0).frames:
        stream.push(frame)
    assert live.start("third") == "1", "its person is another one now"
    with pytest.raises(ValueError, match="^third is being shown"):
        live.start("fourth")


def test_nothing_is_stored_beside_a_gesture_that_came_meanwhile_and_has_the_name_of_an_action(
    tmp_path, detector, background
) -> None:
    stream = ActionStream(streaming_weights(), topology="kinect_v2_25")
    live = LiveEnrolment(stream, tmp_path, detector)
    enrolment.add(tmp_path, "hand_up", [shown(detector, 0)], detector, background)
    make_between_start_and_now(stream, live)
    with pytest.raises(ValueError, match="hand_up is told by the weights .* already: remove the gesture"):
        live.stop()
    assert library.labels(tmp_path) == ["hand_up"]
    library.remove(tmp_path, "hand_up")
    live.stop()
    assert live.labels == ("both_up",)


def test_what_was_made_waits_for_a_folder_that_is_in_use(tmp_path, detector) -> None:
    stream = ActionStream(detector, topology="kinect_v2_25")
    live = LiveEnrolment(stream, tmp_path)
    made = make_between_start_and_now(stream, live)
    began = time.monotonic()
    with library.alone(tmp_path), pytest.raises(BlockingIOError, match="is in use by process"):
        live.stop()
    assert time.monotonic() - began < 1.0, "the people of the stream wait meanwhile"
    begin = made[-1].stamp + 1 / 30
    for frame in performed(2, ("wave", 2.0)).frames:  # meanwhile
        stream.push(dataclasses.replace(frame, stamp=frame.stamp + begin))
    (example,) = live.stop().gesture.examples
    assert example.seconds == pytest.approx(made[-1].stamp - made[60].stamp, abs=0.2)
    assert live.labels == ("both_up",)
    with pytest.raises(ValueError, match="not started"):
        live.stop()


def seen_at(detector: LoadedDetector, *people: float) -> ActionStream:
    """A stream with people at these distances, a second after they appeared."""
    stream = ActionStream(detector, topology="kinect_v2_25")
    for frame in performed(0, ("idle", 1.0)).frames:
        joints = frame.people[0].joints - frame.people[0].joints.mean(axis=0)
        stream.push(
            SkeletonFrame(frame.stamp, tuple(Person(str(n), joints + [0.0, 0.0, z]) for n, z in enumerate(people)))
        )
    return stream


def test_the_nearest_person_is_meant_unless_two_are_equally_near(detector) -> None:
    assert live_examples.find(seen_at(detector, 3.0, 2.0)).id == "1"
    assert live_examples.find(seen_at(detector, 3.0, 2.0), "0").id == "0"
    with pytest.raises(ValueError, match="two people are equally near"):
        live_examples.find(seen_at(detector, 2.0, 2.1))
    with pytest.raises(ValueError, match="nobody is seen"):
        live_examples.find(ActionStream(detector, topology="kinect_v2_25"))
    with pytest.raises(ValueError, match="no person 'x'; there: 0"):
        live_examples.find(seen_at(detector, 2.0), "x")


def test_the_nearest_person_is_meant_though_one_frame_shows_nothing_of_them(detector) -> None:
    stream = seen_at(detector, 3.0, 2.0)
    far = performed(0, ("idle", 2.0)).frames[40].people[0].joints
    stream.push(SkeletonFrame(stream.stamp + 1 / 30, (Person("0", far), Person("1", np.zeros_like(far)))))
    assert live_examples.find(stream).id == "1"


def test_half_a_gesture_of_somebody_who_is_gone_is_refused(tmp_path, detector) -> None:
    """Before the stream loses them: they left the picture, or the tracker has said nothing since."""
    for frames, silent in ((20, 0.0), (0, 1.5)):
        stream = ActionStream(detector, topology="kinect_v2_25")
        live = LiveEnrolment(stream, tmp_path)
        made = make_between_start_and_now(stream, live)
        for step in range(frames):
            stream.push(SkeletonFrame(made[-1].stamp + (step + 1) / 30))
        with pytest.raises(ValueError, match=r"person 1 has not been seen for \d\.\d s: begin again"):
            live.stop(silent)
        with pytest.raises(ValueError, match="not started"):
            live.stop()
    assert library.labels(tmp_path) == []


def test_a_person_who_left_before_stop_is_an_error(detector) -> None:
    stream = seen_at(detector, 2.0)
    person, shape = live_examples.find(stream), detector.config.detector
    with pytest.raises(ValueError, match="did not move"):
        live_examples.example(stream, person, person.came, stream.stamp - 1.0, shape)
    with pytest.raises(ValueError, match="expected at most 6.4 s between start and stop, got"):
        live_examples.example(stream, person, person.came, stream.stamp - 20.0, shape)
    came, last = person.came, stream.stamp
    for step in range(45):
        stream.push(SkeletonFrame(last + (step + 1) / 30))
    for again in (False, True):
        if again:  # under the same id, as trackers do
            for frame in performed(1, ("idle", 1.0), start=stream.stamp + 0.1).frames:
                stream.push(frame)
        there = "1" if again else "nobody"
        with pytest.raises(ValueError, match=f"person 0 was lost since start, there: {there}: begin again"):
            live_examples.example(stream, person, came, stream.stamp - 0.5, shape)


def test_who_reads_a_gesture_that_is_written_meanwhile_gets_the_new_one(
    tmp_path, detector, background, monkeypatch
) -> None:
    def add(number: int) -> None:
        enrolment.add(tmp_path, "both_up", [shown(detector, number)], detector, background)

    add(0)
    load, others = library.configuration.load, [1]

    def load_slowly(*arguments):
        description = load(*arguments)
        if others:
            add(others.pop())
        return description

    monkeypatch.setattr(library.configuration, "load", load_slowly)
    assert len(library.read(tmp_path, "both_up").examples) == 2
    next((tmp_path / "both_up").glob("features_*")).unlink()
    with pytest.raises(ValueError, match="missing: usdrl gestures remove both_up"):
        library.read(tmp_path, "both_up")
