"""Ids by place: people whom the tracker does not tell apart, swaps, or loses for a moment."""

import dataclasses
import sys

import numpy as np
import pytest
from helpers.people import UP, frames, pose
from helpers.rule_detector import hand_up_weights

from usdrl_model.evaluation.predict import predict
from usdrl_model.events.config import StreamConfig
from usdrl_model.online.association import GRACE, MOST, NOISE, SPEED, Association, Memory, Place, _costs
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording

pytest.importorskip("scipy", reason="needs scipy: pip install scipy")


def stream() -> ActionStream:
    weights = hand_up_weights()
    return ActionStream(weights, topology="kinect_v2_25", config=dataclasses.replace(weights.config.stream, ids="own"))


def sample(x: float, z: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    return pose(0.0, False) + [x, 0.0, z - 2.0], np.ones(25)


def test_a_tracker_that_numbers_people_anew_in_every_frame_is_good_enough():
    rng, events = np.random.default_rng(0), []
    own = stream()
    for t in np.arange(0.0, 8.0, 1 / 30):
        bodies = [pose(t, UP[0] <= t < UP[1], 0.0), pose(t, False, 1.0), pose(t, False, 2.0)]
        order = rng.permutation(3)
        people = tuple(Person(str(number), bodies[body]) for number, body in enumerate(order))
        events += own.push(SkeletonFrame(100.0 + float(t), people))
    assert own.counters["tracks_started"] == 3 and own.counters["ids_swapped"] == 0
    assert [event.kind for event in events] == ["onset", "offset"]
    assert len({event.person for event in events}) == 1


def test_people_who_cross_keep_their_ids():
    ids = Association(Memory(), 1.0)
    for step in range(41):
        x = -1.0 + 0.05 * step
        named = ids.name(0.1 * step, {"a": sample(x, 2.0), "b": sample(-x, 2.6)})
    assert {id_: round(joints[0][0, 0] - sample(0.0)[0][0, 0], 2) for id_, joints in named.items()} == {
        "1": 1.0,
        "2": -1.0,
    }


@pytest.mark.parametrize("rate", [8, 15, 30])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "a message each"])
def test_who_follows_somebody_who_leaves_keeps_their_own_id(rate: int, apart: bool):
    ids, follower = Association(Memory(), 1.0), set()
    for step in range(3 * rate):
        stamp, x = step / rate, 1.3 * step / rate
        both = {"leads": sample(x)} if x < 1.5 else {}
        both["follows"] = sample(x - 1.0)
        for part in [{id_: one} for id_, one in both.items()] if apart else [both]:
            named = ids.name(stamp, part)
            follower |= {id_ for id_, one in named.items() if one[0] is both["follows"][0]}
    assert follower == {"2"}


def test_two_who_stand_close_keep_their_ids_where_each_comes_in_a_message_of_their_own():
    ids, told = Association(Memory(), 1.0), set()
    for step in range(30):
        told |= {("left", *ids.name(step / 15, {"x": sample(0.0)}))}
        told |= {("right", *ids.name(step / 15 + 0.03, {"x": sample(0.45 if step else 0.6)}))}
    assert told == {("left", "1"), ("right", "2")}


def test_a_frame_that_comes_late_does_not_say_where_somebody_is_now():
    memory = Memory()
    ids = Association(memory, 1.0)
    for stamp in (1.0, 1.1, 0.9):
        assert list(ids.name(stamp, {"x": sample(stamp)})) == ["1"]
    assert memory.places["1"].stamp == 1.1


def test_who_comes_back_is_the_same_and_who_comes_later_is_new():
    ids = Association(Memory(), 1.0)
    ids.name(0.0, {"x": sample(0.0), "y": sample(2.0)})
    assert list(ids.name(0.1, {"x": sample(2.0)})) == ["2"]
    assert list(ids.name(GRACE, {"x": sample(0.3), "y": sample(2.0)})) == ["1", "2"]
    assert list(ids.name(GRACE + 0.1, {"y": sample(2.0)})) == ["2"]
    assert sorted(ids.name(2 * GRACE + 0.2, {"x": sample(0.3)})) == ["3"], "a number is never used twice"


def test_a_stranger_after_a_silence_has_a_new_id():
    own, told = stream(), []
    for start in (100.0, 200.0):
        for step in range(30):
            stamp = start + step / 30
            own.push(SkeletonFrame(stamp, (Person("0", pose(stamp, False)),)))
        told += [person.id for person in own.state().people]
        own.reset()
    assert told == ["1", "2"]


def back(stamp: float, place: float = 0.3) -> list[str]:
    """Ids after somebody was seen from 100 s to 101 s, and at ``stamp`` and for a second after it at ``place``."""
    own = stream()
    for start, x in ((100.0, 0.0), (stamp, place)):
        for step in range(31):
            own.push(SkeletonFrame(start + step / 30, (Person("0", pose(0.0, False, x)),)))
    return [person.id for person in own.state().people]


def test_who_is_back_after_a_silence_is_the_same_and_after_a_jump_back_somebody_new():
    assert back(103.6) == ["1"]
    assert back(101.0 + GRACE + 0.1) == back(103.6, place=2.0) == ["2"]
    assert back(98.0) == back(50.0) == ["2"]


def test_who_had_left_before_a_jump_back_is_somebody_new_after_it():
    own = stream()
    for step in range(31):
        own.push(SkeletonFrame(100.0 + step / 30, (Person("0", pose(0.0, False)),)))
    for step in range(75):
        own.push(SkeletonFrame(101.0 + step / 30))
    for step in range(31):
        own.push(SkeletonFrame(101.5 + step / 30, (Person("0", pose(0.0, False)),)))
    assert own.counters["resets"] == 1
    assert [person.id for person in own.state().people] == ["2"]


def test_a_reset_keeps_ids_of_those_who_stay():
    own = stream()
    for stamp in (100.0, 100.1, 100.2):
        own.push(SkeletonFrame(stamp, (Person("0", pose(0.0, False)),)))
        assert [person.id for person in own.state().people] == ["1"]
        own.reset()
    own.push(SkeletonFrame(98.5, (Person("0", pose(0.0, False)),)))
    assert [person.id for person in own.state().people] == ["2"], "the source began anew meanwhile"


def test_people_of_another_recording_are_others():
    own, told = stream(), []
    for start in (100.0, 101.2, 100.0):
        predict(Recording("one", "kinect_v2_25", tuple(frames(1.0, start=start))), own)
        told.append({event.person for event in own.people_events()})
    assert told == [{"1"}] * 3
    (both, *_), (later, *_) = frames(0.1, ids=("a", "b")), frames(0.1, start=100.5, ids=("a", "b"))
    own.push(both)
    own.finish(anew=False)
    own.push(SkeletonFrame(later.stamp, later.people[1:]))
    assert [person.id for person in own.people] == ["2"], "who goes on after a reset is the same"


def test_somebody_far_away_is_somebody_else_and_nobody_has_no_id():
    ids = Association(Memory(), 1.0)
    assert list(ids.name(0.0, {"x": sample(0.0)})) == ["1"]
    assert list(ids.name(1.0, {"x": sample(1.8)})) == ["2"]
    assert ids.name(1.1, {}) == {}
    assert ids.name(1.2, {"x": (np.full((25, 3), np.nan), np.zeros(25))}) == {}


def test_as_many_as_possible_are_assigned():
    """The nearest pair alone would leave one of them out."""
    ids = Association(Memory(), 1.0)
    ids.name(0.0, {"x": sample(0.0), "y": sample(0.6)})
    assert list(ids.name(0.1, {"x": sample(0.5), "y": sample(1.1)})) == ["1", "2"]


def test_the_cost_of_a_pair_is_the_median_way_of_the_joints_that_both_have():
    rng = np.random.default_rng(0)
    places = [Place(1.0, rng.normal(size=(25, 3)), rng.random(25) > 0.4) for _ in range(4)]
    places.append(Place(1.0, rng.normal(size=(25, 3)), np.zeros(25, bool)))
    seen = [
        (place.joints + rng.normal(scale=0.2, size=(25, 3)), (rng.random(25) > 0.4) * 1.0) for place in places[::-1]
    ]
    found = _costs(places, 1.1, seen)
    for row, place in enumerate(places):
        for column, (joints, confidence) in enumerate(seen):
            both = place.valid & (confidence > 0.0)
            way = np.median(np.linalg.norm(joints[both] - place.joints[both], axis=1)) if both.any() else np.inf
            assert found[row, column] == pytest.approx(way if way <= NOISE + 0.1 * SPEED else np.inf)
    assert np.isfinite(found).any() and np.isinf(found[-1]).all()


def test_places_of_a_crowd_that_comes_and_goes_are_forgotten():
    memory = Memory()
    ids = Association(memory, 1.0)
    for frame in range(10):
        ids.name(frame * 0.01, {str(n): sample(100.0 * frame + 3.0 * n) for n in range(40)})
    assert len(memory.places) <= MOST + 40


def test_without_scipy_the_setting_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ValueError, match="pip install scipy"):
        stream()
    running = ActionStream(hand_up_weights(), topology="kinect_v2_25")
    for refuses in (running.check, running.configure):
        with pytest.raises(ValueError, match="pip install scipy"):
            refuses(dataclasses.replace(running.config, ids="own", max_people=3))
    assert (running.config.ids, running.config.max_people, running.finish()) == ("source", 20, [])
    with pytest.raises(ValueError, match="source or own, got 'mine'"):
        StreamConfig(ids="mine")
