"""Who is who and who is followed: ids that jump or change places, crowds, neighbours."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from helpers.people import UP, frames, play, pose
from helpers.rule_detector import hand_up_weights

from usdrl_model.inference import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.script import demo_scripts
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import SPINE_MID, Person, SkeletonFrame


def told(events: list) -> list[tuple]:
    return [(event.person, event.kind, event.onset, event.offset) for event in events]


def renamed(recorded: list[SkeletonFrame], name: Callable[[float, str], str]) -> list[SkeletonFrame]:
    return [
        dataclasses.replace(
            frame, people=tuple(dataclasses.replace(p, id=name(frame.stamp, p.id)) for p in frame.people)
        )
        for frame in recorded
    ]


def swapping(period: float) -> Callable[[float, str], str]:
    """1 and 2 change their ids every ``period`` seconds."""
    return lambda stamp, id_: {"1": "2", "2": "1"}.get(id_, id_) if int((stamp - 100.0) / period) % 2 else id_


def apart(recorded: list[SkeletonFrame]) -> list[SkeletonFrame]:
    return [dataclasses.replace(frame, people=(person,)) for frame in recorded for person in frame.people]


@pytest.mark.parametrize("rate", [10.0, 30.0])
@pytest.mark.parametrize("split", [list, apart])
def test_people_whose_ids_change_places_keep_their_names(rate: float, split: Callable) -> None:
    clean = [
        SkeletonFrame(100.0 + t, (Person("1", pose(t, UP[0] <= t < UP[1], 0.0)), Person("2", pose(t, False, 2.5))))
        for t in np.arange(0.0, 8.0, 1 / rate)
    ]
    stream, events = play(split(renamed(clean, swapping(1.3))))
    assert told(events) == told(play(clean)[1])
    assert {event.person for event in events} == {"1"}
    assert stream.counters["ids_swapped"] == 6
    assert stream.counters["tracks_started"] == 2


@pytest.mark.parametrize("beside", [0.6, 0.9, 1.2])
@pytest.mark.parametrize("rate", [8.0, 15.0, 30.0])
def test_people_side_by_side_whose_ids_change_places_keep_their_names(rate: float, beside: float) -> None:
    clean = [
        SkeletonFrame(100.0 + t, (Person("1", pose(t, UP[0] <= t < UP[1], 0.0)), Person("2", pose(t, False, beside))))
        for t in np.arange(0.0, 8.0, 1 / rate)
    ]
    stream, events = play(renamed(clean, swapping(3.1)))
    assert told(events) == told(play(clean)[1])
    assert {event.person for event in events} == {"1"}
    assert (stream.counters["ids_swapped"], stream.counters["tracks_started"]) == (2, 2)


def test_swaps_of_people_long_gone_are_forgotten() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for start in (100.0, 110.0, 120.0):
        pair = (f"a{start}", f"b{start}")
        for frame in frames(duration=1.0, rate=10.0, start=start, ids=pair):
            names = dict(zip(pair, pair[:: 1 if frame.stamp < start + 0.5 else -1], strict=True))
            stream.push(*renamed([frame], lambda _, id_, names=names: names[id_]))
        stream.push(SkeletonFrame(start + 1.5))
        stream.push(SkeletonFrame(start + 2.5))
    assert (stream.counters["ids_swapped"], stream.people, stream._crowd._names) == (3, (), {})


def test_people_who_walk_past_each_other_are_not_swapped() -> None:
    def people(t: float) -> tuple[Person, ...]:
        return Person("1", pose(t, False, 1.4 * (t - 2.0))), Person("2", pose(t, False, -1.4 * (t - 2.0)))

    stream, _ = play([SkeletonFrame(100.0 + t, people(t)) for t in np.arange(0.0, 4.0, 1 / 8)])
    assert (stream.counters["ids_swapped"], stream.counters["tracks_started"]) == (0, 2)


def test_three_ids_that_rotate_are_followed() -> None:
    clean = frames(ids=("1", "2", "3"))
    after = {"1": "2", "2": "3", "3": "1"}
    stream, events = play(renamed(clean, lambda stamp, id_: after[id_] if stamp > 104.0 else id_))
    assert sorted(told(events)) == sorted(told(play(clean)[1]))
    assert stream.counters["tracks_started"] == 3


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_an_id_that_jumps_to_another_body_is_somebody_new(rate: float) -> None:
    stamps = np.arange(0.0, 8.0, 1 / rate)
    jumped = [
        SkeletonFrame(100.0 + t, (Person("1", pose(t, 3.0 <= t < 4.5, 0.0 if t < 4.5 else 3.0)),)) for t in stamps
    ]
    stream, events = play(jumped)
    assert [event.kind for event in events] == ["onset", "lost"]
    assert (stream.counters["id_jumps"], stream.counters["tracks_lost"]) == (1, 1)
    assert stream.counters["tracks_started"] == 2


def test_an_id_taken_over_by_a_body_that_keeps_its_own_is_no_swap() -> None:
    def people(t: float) -> tuple[Person, ...]:
        return Person("1", pose(t, False, 0.0 if t < 4.0 else 2.5)), Person("2", pose(t, UP[0] <= t < UP[1], 2.5))

    recorded = [SkeletonFrame(100.0 + t, people(t)) for t in np.arange(0.0, 8.0, 1 / 30)]
    stream, events = play(recorded)
    assert ("2", "onset") in [(event.person, event.kind) for event in events]
    assert [event.kind for event in events if event.person == "2"] == ["onset", "offset"]
    assert (stream.counters["id_jumps"], stream.counters["ids_swapped"]) == (1, 0)


def test_one_wild_sample_is_refused_and_costs_nothing() -> None:
    clean = frames()
    wild = [
        dataclasses.replace(frame, people=tuple(dataclasses.replace(p, joints=p.joints + 4.0) for p in frame.people))
        if index % 50 == 25
        else frame
        for index, frame in enumerate(clean)
    ]
    stream, events = play(wild)
    assert [(event.kind, round(event.onset, 1)) for event in events] == [("onset", 103.0), ("offset", 103.0)]
    assert (stream.counters["leaps_refused"], stream.counters["id_jumps"]) == (5, 0)
    assert stream.counters["tracks_started"] == 1


def test_another_body_of_the_same_id_and_instant_is_counted_and_a_repeated_one_is_not() -> None:
    clean = frames()
    for apart, refused in ((2.0, len(clean)), (0.0, 0)):
        others = [
            dataclasses.replace(frame, people=tuple(Person(p.id, p.joints + apart) for p in frame.people))
            for frame in clean
        ]
        stream, _ = play([frame for pair in zip(clean, others, strict=True) for frame in pair])
        assert (stream.counters["leaps_refused"], stream.counters["stale_frames"]) == (refused, len(clean))


@pytest.mark.parametrize("speed", [2.0, 6.0])
def test_whoever_runs_is_followed(speed: float) -> None:
    recorded = [
        SkeletonFrame(100.0 + t, (Person("1", pose(t, UP[0] <= t < UP[1], speed * (t - 3.0))),))
        for t in np.arange(0.0, 6.0, 0.1)
    ]
    stream, events = play(recorded)
    assert [event.kind for event in events] == ["onset", "offset"]
    assert stream.counters["leaps_refused"] == stream.counters["id_jumps"] == 0


def test_a_map_that_is_corrected_moves_everybody_and_nobody_has_leapt() -> None:
    def at(frame: SkeletonFrame, x: float) -> SkeletonFrame:
        people = tuple(Person(p.id, p.joints + [x, 0.0, 0.0]) for p in frame.people)
        return SkeletonFrame(frame.stamp, people, (x, 0.0, 0.0))

    recorded = [at(frame, 0.0 if frame.stamp < 104.0 else 15.0) for frame in frames()]
    stream, events = play(recorded)
    assert [event.kind for event in events] == ["onset", "offset"]
    assert stream.counters["tracks_started"] == 1


def crowd(t: float, near: str) -> list[Person]:
    """Twenty-two people at 4 m and farther, and one near who raises a hand."""
    far = [Person(f"far{k}", pose(t, False, 0.0) + [0.4 * k - 6.0, 0.0, 2.0 + 0.05 * k]) for k in range(22)]
    return [*far, Person(near, pose(t, UP[0] <= t < UP[1]))]


@pytest.mark.parametrize("enters", [0.0, 1.0])
def test_the_nearest_are_followed_not_the_first(enters: float) -> None:
    recorded = [
        SkeletonFrame(100.0 + t, tuple(person for person in crowd(t, "me") if person.id != "me" or t >= enters))
        for t in np.arange(0.0, 7.0, 0.1)
    ]
    stream, events = play(recorded)
    assert [(event.person, event.kind) for event in events] == [("me", "onset"), ("me", "offset")]
    assert len(stream.counters) and stream.counters["people_over_limit"] > 0
    assert max(stream.weights.detector.batches) == 20
    assert stream.counters["tracks_started"] == (20 if enters == 0.0 else 21)


def test_of_two_people_equally_far_the_first_is_followed() -> None:
    weights, rng = hand_up_weights(), np.random.default_rng(0)
    config = dataclasses.replace(weights.config.stream, max_people=1)
    stream = ActionStream(weights, topology="kinect_v2_25", config=config)
    for t in np.arange(0.0, 5.0, 1 / 30):
        beside = {"left": -1.0, "right": 1.0}
        people = [Person(one, pose(t, False, x) + [0.0, 0.0, rng.normal(0.0, 0.05)]) for one, x in beside.items()]
        stream.push(SkeletonFrame(100.0 + t, tuple(people)))
    assert stream.counters["tracks_started"] == 1, "noise takes nobody's place"


def test_some_frames_without_a_joint_cost_nobody_their_place() -> None:
    weights = hand_up_weights()
    config = dataclasses.replace(weights.config.stream, max_people=1)
    stream = ActionStream(weights, topology="kinect_v2_25", config=config)
    events = []
    for frame in frames(ids=("near",)):
        far = Person("far", frame.people[0].joints + [0.0, 0.0, 4.0])
        empty = Person("near", np.zeros((25, 3)))
        near = empty if 104.0 <= frame.stamp < 104.15 else frame.people[0]
        events += stream.push(SkeletonFrame(frame.stamp, (near, far)))
    assert [(event.person, event.kind) for event in events] == [("near", "onset"), ("near", "offset")]
    assert stream.counters["tracks_started"] == 1


def test_neighbours_are_measured_where_the_spine_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = ActionStream(hand_up_weights(2), topology="kinect_v2_25")

    def person(name: str, t: float, x: float) -> Person:
        joints = pose(t, False, x)
        if name != "far":
            joints[SPINE_MID] = np.nan
        return Person(name, joints)

    for t in np.arange(0.0, 2.0, 1 / 30):
        # At the origin of the frame there is "far"; who has no spine must not be thought to stand there.
        stream.add(SkeletonFrame(100.0 + t, (person("me", t, 6.0), person("beside", t, 7.0), person("far", t, 0.0))))
    windows: list[np.ndarray] = []
    answers = load.answers
    monkeypatch.setattr(load, "answers", lambda weights, x: windows.append(x) or answers(weights, x))
    stream.infer()
    me, beside, far = windows[0][:, -1]
    both: np.ndarray = np.any(windows[0][:, -1] != 0.0, axis=(2, 3))
    assert both.tolist() == [[True, False], [True, True], [True, True]]


@pytest.mark.parametrize("nothing", [np.nan, 0.0])
def test_whoever_is_tracked_without_a_joint_ends_what_they_did(nothing: float) -> None:
    def joints(t: float) -> np.ndarray:
        return pose(t, True) if t < 4.0 else np.full((25, 3), nothing)

    stream, events = play([SkeletonFrame(100.0 + t, (Person("1", joints(t)),)) for t in np.arange(0.0, 8.0, 1 / 30)])
    assert [event.kind for event in events] == ["onset", "lost"]
    assert events[1].stamp == pytest.approx(105.0, abs=0.1)


def test_a_person_who_is_frozen_ends_what_they_did() -> None:
    still = pose(4.0, True)
    recorded = [
        SkeletonFrame(100.0 + t, (Person("1", pose(t, True) if t < 4.0 else still),))
        for t in np.arange(0.0, 8.0, 1 / 30)
    ]
    stream, events = play(recorded)
    assert [event.kind for event in events] == ["onset", "lost"]
    assert stream.state().people == ()


def test_one_frame_without_joints_does_not_make_anybody_vanish() -> None:
    stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for frame in frames(duration=4.0):
        stream.push(frame)
    stream.push(SkeletonFrame(104.0, (Person("7", np.full((25, 3), np.nan)),)))
    (person,) = stream.state().people
    assert person.actions[0].active
    np.testing.assert_allclose(person.position, (0.0, 0.7, 2.0), atol=0.01)
    assert person.valid_joints == 0.0


def test_swapped_ids_cost_the_simulated_demo_little() -> None:
    recording = simulate(PerformanceConfig(scripts=tuple(demo_scripts()), rate=15.0), 0)
    first = [frame for frame in recording.frames if frame.stamp < 22.0]
    ids = sorted({person.id for frame in first for person in frame.people})
    other = dict(zip(ids, reversed(ids), strict=True))
    swapped = renamed(first, lambda stamp, id_: other[id_] if int(stamp / 5.0) % 2 else id_)
    runs = []
    for recorded in (first, swapped):
        stream = ActionStream.from_pretrained(topology=recording.topology, device="cpu")
        runs.append(told([event for frame in recorded for event in stream.push(frame)] + stream.finish()))
    assert runs[1] == runs[0]
    assert len({person for person, *_ in runs[0]}) == 2 and len(runs[0]) >= 6
