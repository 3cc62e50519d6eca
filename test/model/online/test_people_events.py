"""Who comes and goes: told once, in the order in which it happens to people and their actions."""

import dataclasses

import numpy as np
import pytest
from helpers.people import UP, frames, pose
from helpers.rule_detector import hand_up_weights

from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.online.event_log import RECENT_EVENTS, EventLog
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import JOINT_INDEX


def stream_of(recorded: list[SkeletonFrame], **config: object) -> ActionStream:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in recorded:
        stream.push(frame)
        here = {person.id for person in stream.state().people}
        assert here == among(stream.state().events), "events and people of a state agree"
    return stream


def among(events: tuple[Event | PersonEvent, ...]) -> set[str]:
    here: set[str] = set()
    for event in events:
        if event.kind == "entered":
            here.add(event.person)
        if event.kind == "left":
            here.remove(event.person)
    return here


def told(stream: ActionStream) -> list[tuple]:
    return [(event.kind, event.person, event.reason) for event in stream.people_events()]


def test_somebody_enters_acts_and_goes_in_this_order():
    until = 104.0  # the hand is still up
    stream = stream_of([frame if frame.stamp < until else SkeletonFrame(frame.stamp) for frame in frames()])
    assert [event.kind for event in stream.state().events] == ["entered", "onset", "lost", "left"]
    assert [event.seq for event in stream.state().events] == [1, 2, 3, 4]
    entered, left = stream.people_events()
    assert (entered.came, entered.went, entered.stamp) == (100.0, None, 100.0)
    assert (left.came, left.reason) == (100.0, "gone")
    assert left.went == pytest.approx(until, abs=0.05) and left.stamp == pytest.approx(until + 1.0, abs=0.1)
    assert stream.people_events() == [], "each is told once"


def test_who_has_left_begins_nothing_however_late_it_is_decided():
    stream, still = ActionStream(hand_up_weights(), topology="kinect_v2_25"), pose(4.0, True)
    for frame in frames():
        frozen = frame.stamp >= 104.0
        stream.add(SkeletonFrame(frame.stamp, (Person("7", still),)) if frozen else frame)
    stream.infer()
    stream.push(SkeletonFrame(108.0, (Person("7", pose(8.0, True)),)))  # and again
    stream.finish()
    assert [event.kind for event in stream.state().events] == ["entered", "left", "entered", "left"]


def test_actions_are_returned_without_people_and_numbered_with_them():
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    events = [event for frame in frames() for event in stream.push(frame)] + stream.finish()
    assert [(event.kind, event.seq) for event in events] == [("onset", 2), ("offset", 3)]
    assert told(stream) == [("entered", "7", None), ("left", "7", "reset")]


def test_a_silent_source_and_a_jump_of_time_are_told_apart():
    stream = stream_of(frames(duration=2.0))
    stream.advance(104.0)
    assert told(stream) == [("entered", "7", None), ("left", "7", "silent")]
    stream = stream_of([*frames(duration=2.0), *frames(duration=2.0, start=10.0)])
    assert told(stream) == [("entered", "7", None), ("left", "7", "reset"), ("entered", "7", None)]


@pytest.mark.parametrize("start", [10.0, 300.0])
def test_what_a_jump_of_time_ends_is_of_the_time_before_it(start):
    until = 104.0  # the hand is still up
    before = [frame for frame in frames() if frame.stamp < until]
    stream = stream_of([*before, *frames(duration=2.0, start=start)])
    ended = {event.kind: event for event in stream.state().events if event.kind in ("lost", "left")}
    assert {event.stamp for event in ended.values()} == {before[-1].stamp}
    assert ended["lost"].offset <= before[-1].stamp and ended["left"].went == before[-1].stamp


def test_a_person_without_a_joint_has_not_entered():
    nothing = Person("7", np.full((25, 3), np.nan))
    stamps = np.arange(100.0, 106.0, 0.1)
    ghost = stream_of([SkeletonFrame(float(t), (nothing,)) for t in stamps])
    assert told(ghost) == []
    hidden = stream_of([SkeletonFrame(float(t), (nothing if 102 < t < 104 else Person("7", pose(t, False)),))
                        for t in stamps])  # fmt: skip
    assert told(hidden) == [("entered", "7", None), ("left", "7", "gone"), ("entered", "7", None)]


def test_a_new_body_under_an_old_id_is_somebody_new():
    there = [Person("7", pose(t, False, 0.0 if t < 1.0 else 6.0)) for t in np.arange(0.0, 2.0, 0.1)]
    stream = stream_of([SkeletonFrame(100.0 + 0.1 * n, (one,)) for n, one in enumerate(there)])
    assert told(stream) == [("entered", "7", None), ("left", "7", "gone"), ("entered", "7", None)]


def test_a_full_room_that_acts_at_once_fits_into_the_state():
    ids = tuple(str(n) for n in range(20))
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in frames(duration=UP[0] + 1.0, rate=10.0, ids=ids):
        stream.push(frame)
    kinds = [event.kind for event in stream.state().events]
    assert (kinds.count("entered"), kinds.count("onset")) == (20, 20)
    assert stream.counters["people_over_limit"] == 0


def test_events_that_nobody_collects_do_not_pile_up():
    log = EventLog()
    for n in range(3000):
        log.enters(str(n), 0.0, 0.0)
    assert len(log.recent) == RECENT_EVENTS and log.recent[-1].seq == log.seq == 3000
    assert len(log.collect_people()) == 1024


def test_who_is_not_sent_any_more_has_no_place_and_no_states():
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    recorded = [frame if frame.stamp < 102.0 else SkeletonFrame(frame.stamp) for frame in frames(duration=2.8)]
    last = max(frame.stamp for frame in recorded if frame.people)
    for frame in recorded:
        stream.push(frame)
        (person,) = stream.state().people
        absent = frame.stamp - last > 0.5
        assert np.isnan(person.position).all() == absent
        assert (person.valid_joints, np.isfinite(person.joints).any()) == ((0.0, False) if absent else (1.0, True))
        assert frame.stamp < 101.0 or ("standing" in person.states.unknown) == absent
    assert person.last_seen == last


def test_empty_slots_of_a_tracker_are_nobody():
    stream, nothing = ActionStream(hand_up_weights(), topology="kinect_v2_25"), np.full((25, 3), np.nan)
    for frame in frames(duration=2.0):
        stream.push(SkeletonFrame(frame.stamp, (*frame.people, *(Person(f"no {n}", nothing) for n in range(9)))))
        assert [person.id for person in stream.people] == ["7"]
    for frame in frames(duration=2.0, start=102.0, ids=("no 3",)):  # a slot is used, and another one is free
        stream.push(SkeletonFrame(frame.stamp, (*frame.people, Person("7", nothing))))
    assert [person.id for person in stream.people] == ["no 3"]
    assert (stream.counters["tracks_started"], stream.counters["tracks_lost"]) == (2, 1)
    assert stream.counters["people_over_limit"] == 0, "nobody is no further person"


def test_a_frozen_person_takes_nobodys_place():
    weights = hand_up_weights()
    config = dataclasses.replace(weights.config.stream, max_people=1)
    stream = ActionStream(weights, topology="kinect_v2_25", config=config)
    ghost = Person("ghost", pose(0.0, up=False) - [0.0, 0.0, 1.0])
    moves = [False] * 120 + [True] * 15
    for frame, moving in zip(frames(duration=4.5), moves, strict=True):
        near = dataclasses.replace(ghost, joints=ghost.joints + 0.1 * (frame.stamp - 104.0)) if moving else ghost
        stream.push(SkeletonFrame(frame.stamp, (*frame.people, near)))
        assert len(stream.state().people) <= 1
    assert told(stream)[:3] == [("entered", "ghost", None), ("left", "ghost", "gone"), ("entered", "7", None)]
    assert [person.id for person in stream.state().people] == ["ghost"], "it moves again, and is nearer"


def test_who_was_not_seen_from_the_first_moment_came_then():
    there = [Person("7", pose(t, False, 0.0 if t < 1.0 else 6.0)) for t in np.arange(0.0, 2.0, 0.1)]
    stream = stream_of([SkeletonFrame(100.0 + 0.1 * n, (one,)) for n, one in enumerate(there)])
    assert [event.came for event in stream.people_events()] == pytest.approx([100.0, 100.0, 101.0])


def test_who_comes_into_a_slot_that_was_sent_empty_came_then():
    there = [Person("7", pose(t, False) if t > 2.95 else np.zeros((25, 3))) for t in np.arange(0.0, 4.0, 0.1)]
    stream = stream_of([SkeletonFrame(100.0 + 0.1 * n, (one,)) for n, one in enumerate(there)])
    assert [event.came for event in stream.people_events()] == pytest.approx([103.0])


def test_who_comes_back_has_no_state_and_no_score_of_before():
    stream, nothing = ActionStream(hand_up_weights(), topology="kinect_v2_25"), np.full((25, 3), np.nan)
    for stamp in np.arange(100.0, 107.0, 1 / 30):
        joints = pose(stamp, False) if stamp < 103.0 else nothing if stamp < 103.4 else pose(stamp, False, 1.8)
        stream.push(SkeletonFrame(float(stamp), (Person("7", joints),) if not 103.4 <= stamp < 104.1 else ()))
        for person in stream.state().people:
            came = max(event.came for event in stream.state().events if event.kind == "entered")
            assert all(state.since >= came for state in person.states.active)
            if 104.1 <= stamp < 104.15:
                assert (person.top, person.states.active) == ((), ())
    assert [event.kind for event in stream.people_events()] == ["entered", "left", "entered"]
    assert {"standing"} <= {state.name for state in stream.state().people[0].states.active}


def test_a_hand_before_the_face_moves_nobody():
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for stamp in np.arange(100.0, 103.0, 0.1):
        joints = pose(stamp, stamp > 101.0)
        if stamp > 101.0:
            joints[JOINT_INDEX["hand_tip_right"], 2] -= 0.6
            joints[JOINT_INDEX["head"]] = np.nan
        stream.push(SkeletonFrame(float(stamp), (Person("7", joints),)))
        (person,) = stream.state().people
        assert person.distance == pytest.approx(2.0, abs=0.02)
    assert person.position == pytest.approx((0.0, 0.5, 2.0), abs=0.02), "the neck"
