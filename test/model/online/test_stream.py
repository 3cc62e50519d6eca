"""Frames in, events out: the online pipeline through its public face."""

import dataclasses

import numpy as np
import pytest
from helpers.people import UP, frames, play
from helpers.rule_detector import hand_up_weights

from usdrl_model.events.onset_offset import ActionMachine, Edge, EventConfig
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import JOINT_INDEX, topology


@pytest.mark.parametrize("rate", [5.0, 15.0, 30.0, 120.0])
def test_who_does_what_since_when_whatever_the_rate(rate: float) -> None:
    _, (onset, offset) = play(frames(rate=rate))
    assert (onset.kind, offset.kind) == ("onset", "offset")
    assert (onset.person, onset.label) == ("7", "hand_up")
    slack = 0.5 / rate + 0.11  # half a sample and a frame of the grid
    assert onset.onset == pytest.approx(100.0 + UP[0], abs=slack)
    assert offset.offset == pytest.approx(100.0 + UP[1], abs=slack)
    # look-ahead, minimum duration, one inference slot, one sample
    assert onset.stamp - onset.onset <= 0.3 + 0.3 + 0.1 + 1 / rate + 0.11
    assert onset.score > 0.9


def test_the_state_tells_what_goes_on_now() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    recorded = frames(duration=4.5)
    for frame in recorded:
        stream.push(frame)
    state = stream.state()
    (person,) = state.people
    (action,) = person.actions
    assert action.active
    assert action.label == "hand_up"
    assert state.stamp == recorded[-1].stamp == person.last_seen
    assert person.top[0][0] == "hand_up"
    np.testing.assert_allclose(person.position, (0.0, 0.7, 2.0), atol=0.01)
    assert person.valid_joints == 1.0
    assert person.distance == pytest.approx(2.0, abs=0.02) and person.bearing == pytest.approx(0.0, abs=1.0)
    assert state.events[-1].seq == state.seq == 2, "who enters is numbered too"


def test_people_are_told_apart_and_share_one_forward() -> None:
    stream, events = play(frames(ids=("1", "2", "3")))
    assert sorted(event.person for event in events if event.kind == "onset") == ["1", "2", "3"]
    assert [event.seq for event in events] == list(range(4, 10)), "three have entered before"
    assert set(stream.weights.detector.batches) == {3}


class Silent(ActionMachine):
    def __init__(self, config: EventConfig) -> None:
        super().__init__(("none", "hand_up"), config)
        self.times: list[float] = []

    def step(self, time: float, posterior: np.ndarray) -> list[Edge]:
        self.times.append(time)
        return []


def test_another_machine_decides_in_the_place_of_the_usual_one() -> None:
    made: dict[str, Silent] = {}
    weights = hand_up_weights()

    def machine(person: str) -> Silent:
        return made.setdefault(person, Silent(weights.config.stream.events))

    stream = ActionStream(weights, topology="kinect_v2_25", machine=machine)
    assert [event for frame in frames(ids=("1", "2")) for event in stream.push(frame)] + stream.finish() == []
    assert made.keys() == {"1", "2"}
    assert all(
        np.diff(one.times) == pytest.approx(0.1) and one.times[-1] == pytest.approx(107.9) for one in made.values()
    )


def test_a_model_of_two_people_sees_the_neighbour() -> None:
    stream, events = play(frames(ids=("1", "2")), people=2)
    assert len(events) == 4
    assert stream.counters["inferences"] > 0


def test_another_topology_gives_the_same_events() -> None:
    source = topology("k4abt_32")
    columns = np.linalg.pinv(source.matrix)
    recorded = [
        SkeletonFrame(frame.stamp, tuple(Person(p.id, columns @ p.joints) for p in frame.people)) for frame in frames()
    ]
    stream = ActionStream(hand_up_weights(), topology="k4abt_32")
    events = [event for frame in recorded for event in stream.push(frame)] + stream.finish()
    assert [(event.kind, event.onset, event.offset) for event in events] == [
        (event.kind, event.onset, event.offset) for event in play(frames())[1]
    ]


@pytest.mark.parametrize("jump", [0.0, -300.0, 500.0])
def test_buffering_and_inferring_apart_is_the_same_as_push(jump: float) -> None:
    recorded = [*frames(), *(dataclasses.replace(frame, stamp=frame.stamp + jump) for frame in frames() if jump)]
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    events = [event for frame in recorded if stream.add(frame) for event in stream.infer()]
    at_once = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    pushed = [event for frame in recorded for event in at_once.push(frame)]
    assert events + stream.finish() == pushed + at_once.finish()
    assert stream.counters == at_once.counters and not stream.counters["skipped_slots"]


@pytest.mark.parametrize("each", [False, True], ids=["together", "a message each"])
def test_more_slots_than_grid_frames_ask_no_window_twice(each: bool) -> None:
    recorded = [frame for frame in frames(ids=("1", "2"))]
    if each:
        recorded = [SkeletonFrame(frame.stamp, (person,)) for frame in recorded for person in frame.people]
    runs = []
    for max_rate in (10.0, 30.0):
        weights = hand_up_weights()
        config = dataclasses.replace(weights.config.stream, max_rate=max_rate)
        stream = ActionStream(weights, topology="kinect_v2_25", config=config)
        events = [event for frame in recorded for event in stream.push(frame)]
        runs.append((events, weights.detector.batches, stream.counters))
    assert runs[0] == runs[1] and len(runs[0][0]) == 4 and len(runs[0][1]) == 80


def test_a_busy_model_skips_slots_and_says_so() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in frames(duration=2.0):
        stream.add(frame)
    stream.infer()
    assert stream.counters["inferences"] == 1
    assert stream.counters["skipped_slots"] == 19


def test_a_person_who_leaves_is_lost_and_may_come_back() -> None:
    recorded = [frame for frame in frames(duration=20.0) if frame.stamp < 104.5]
    nobody = [SkeletonFrame(104.5 + k / 30) for k in range(60)]
    stream, events = play(recorded + nobody)
    assert [event.kind for event in events] == ["onset", "lost"]
    assert events[1].offset == pytest.approx(104.2, abs=0.3)
    assert stream.counters["tracks_lost"] == 1
    back = [dataclasses.replace(frame, stamp=frame.stamp + 20.0) for frame in frames()]
    again = [event for frame in back for event in stream.push(frame)] + stream.finish()
    assert [event.kind for event in again] == ["onset", "offset"]
    assert again[0].seq == 6, "after entered, onset, lost, left and entered"


def test_a_pause_of_the_whole_source_ends_a_track_too() -> None:
    recorded = [frame for frame in frames() if not 104.0 < frame.stamp < 106.0]
    recorded += [dataclasses.replace(frame, stamp=frame.stamp + 20.0) for frame in frames(duration=1.0)]
    stream, events = play(recorded)
    assert [(event.kind, round(event.offset or 0.0)) for event in events] == [("onset", 0), ("lost", 104)]
    assert stream.counters["tracks_lost"] == 2


def test_a_silent_tracker_does_not_leave_an_action_running() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in frames(duration=4.5):
        stream.push(frame)
    assert stream.advance(105.0) == []
    assert [event.kind for event in stream.advance(106.0)] == ["lost"]
    assert stream.state().people == ()


@pytest.mark.parametrize("pause", [0.0, 1.5, 2.0])
def test_a_source_that_goes_on_after_a_silence_has_not_jumped(pause: float) -> None:
    """Where it was, as one that is paused, or where it would be by now."""
    weights = hand_up_weights()
    config = dataclasses.replace(weights.config.stream, ids="own")
    stream = ActionStream(weights, topology="kinect_v2_25", config=config)
    for frame in frames(duration=1.0):
        stream.push(frame)
    stream.advance(stream.stamp + 2.0)
    assert stream.state().people == ()
    goes_on = frames(duration=6.0, start=101.0 + pause)
    events = [event for frame in goes_on for event in stream.push(frame)]
    assert [event.kind for event in events] == ["onset", "offset"]
    assert (stream.counters["resets"], stream.counters["outlier_stamps"], stream.counters["late_frames"]) == (0, 0, 0)
    assert [(event.kind, event.person) for event in stream.people_events()] == [
        ("entered", "1"), ("left", "1"), ("entered", "1"),
    ]  # fmt: skip
    assert stream.stamp == goes_on[-1].stamp


def test_a_short_absence_does_not_split_an_action() -> None:
    recorded = [frame for frame in frames() if not 103.9 < frame.stamp < 104.3]
    assert [event.kind for event in play(recorded)[1]] == ["onset", "offset"]


def test_stamps_that_repeat_or_step_back_a_little_are_counted_and_harmless() -> None:
    clean = frames()
    messy = [frame for frame in clean for frame in (frame, frame)]
    messy[100:100] = [dataclasses.replace(messy[100], stamp=messy[100].stamp - 0.2)]
    stream, events = play(messy)
    assert events == play(clean)[1]
    assert stream.counters["stale_frames"] == len(clean) + 1


@pytest.mark.parametrize(("behind", "late"), [(0.2, False), (0.9, True)])
def test_people_whose_clock_is_behind_what_is_decided_are_counted(behind: float, late: bool) -> None:
    """Two trackers: one shows 7, the other 8, on a clock that is behind."""
    both = []
    for mine, other in zip(frames(), frames(ids=("8",)), strict=True):
        both += [mine, dataclasses.replace(other, stamp=other.stamp - behind)]
    stream, _ = play(both)
    assert stream.counters["late_frames"] == (pytest.approx(len(both) / 2, abs=30) if late else 0)


def test_a_bag_that_loops_starts_afresh() -> None:
    stream, events = play(frames(duration=4.5) + frames())
    assert [event.kind for event in events] == ["onset", "lost", "onset", "offset"]
    assert stream.counters["resets"] == 1


def test_one_message_a_person_is_as_good_as_one_for_all() -> None:
    together = frames(ids=("1", "2"))
    apart = [SkeletonFrame(frame.stamp, (person,)) for frame in together for person in frame.people]
    key = lambda event: (event.person, event.kind, event.onset, event.offset)  # noqa: E731
    assert sorted(map(key, play(apart)[1])) == sorted(map(key, play(together)[1]))


def test_duplicate_ids_and_crowds_are_counted() -> None:
    recorded = frames(ids=("1", "1"))
    stream, events = play(recorded)
    assert {event.person for event in events} == {"1"}
    assert stream.counters["duplicate_people"] == len(recorded)
    stream, _ = play(frames(duration=1.0, ids=tuple("abcdefghijklmnopqrstuvwx")))
    assert stream.counters["people_over_limit"] == 30 * 4
    assert stream.counters["tracks_started"] == 20


def test_a_person_made_of_nan_is_not_judged() -> None:
    ghost = Person("1", np.full((25, 3), np.nan))
    stream, events = play([SkeletonFrame(1.0 + k / 30, (ghost,)) for k in range(90)])
    assert events == []
    assert stream.counters["inferences"] == 0


def test_upper_body_only_is_enough() -> None:
    legs = [index for name, index in JOINT_INDEX.items() if name.split("_")[0] in ("hip", "knee", "ankle", "foot")]
    recorded = frames()
    for frame in recorded:
        for person in frame.people:
            person.joints[legs] = np.nan
    assert [event.kind for event in play(recorded)[1]] == ["onset", "offset"]


def test_nonsense_is_refused() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    with pytest.raises(ValueError, match="finite stamp"):
        stream.push(SkeletonFrame(float("nan")))
    with pytest.raises(ValueError, match="expected joints of shape"):
        stream.push(SkeletonFrame(1.0, (Person("1", np.zeros((17, 3))),)))
    with pytest.raises(ValueError, match="unknown topology"):
        ActionStream(hand_up_weights(), topology="nope")
