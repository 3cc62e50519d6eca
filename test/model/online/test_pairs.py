"""What people do with each other, and with the robot: a detector of two beside that of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.near_detector import near_weights
from helpers.people import standing
from helpers.rule_detector import hand_up_weights

from usdrl_model.online.person_pairs import PersonPairs
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame

SURE = np.ones(25)
ROBOT = standing() + [1.0, 0.0, 2.0]
"""It stands perfectly still, as no measured person does."""


def stream(max_rate: float = 10.0, **more: object) -> ActionStream:
    one, pairs = hand_up_weights(), near_weights(**more)  # type: ignore[arg-type]
    config = replace(one.config.stream, max_rate=max_rate)
    return ActionStream(one, topology="kinect_v2_25", config=config, pairs=pairs)


def frames(way: float, *, others: bool = True, robot: bool = False, seconds: float = 4.0) -> list[SkeletonFrame]:
    """Two people, or one and the robot: 1 m apart for the first half of the time, then at 3 m/s to so far."""
    rng = np.random.default_rng(0)
    made = []
    for stamp in np.arange(0.0, seconds, 1 / 20):
        gap = min(way, 1.0 + 3.0 * max(0.0, stamp - seconds / 2))
        places = {"a": 1.0 + gap, **({"b": 1.0} if others else {})}
        people = tuple(
            Person(name, standing() + [side, 0.0, 2.0] + rng.normal(scale=0.002, size=(25, 3)))
            for name, side in places.items()
        )
        made.append(SkeletonFrame(float(stamp), people, robot=(ROBOT, SURE) if robot else None))
    return made


def told(tried: ActionStream, given: list[SkeletonFrame]) -> list[tuple[str, str, str]]:
    events = [event for frame in given for event in tried.push(frame)]
    return [(event.person, event.kind, event.label) for event in events]


def test_two_who_are_near_do_it_both_until_they_part() -> None:
    tried = stream()
    assert tried.pair_labels == ("shake_hands",), "what both know is told by the detector of one"
    found = told(tried, frames(way=4.0))
    assert sorted(found[:2]) == [("a", "onset", "shake_hands"), ("b", "onset", "shake_hands")]
    assert sorted(found[2:]) == [("a", "offset", "shake_hands"), ("b", "offset", "shake_hands")]


def test_of_whom_too_little_is_seen_all_of_it_is_withheld() -> None:
    tried = stream()
    for frame in frames(way=1.0, seconds=1.0):
        few = (np.where(np.arange(25)[:, None] < 5, one.joints, np.nan) for one in frame.people)
        people = zip(frame.people, few, strict=True)
        tried.push(replace(frame, people=tuple(replace(one, joints=joints) for one, joints in people)))
    assert {person.withheld for person in tried.state().people} == {("hand_up", "shake_hands")}


@pytest.mark.parametrize(("seconds", "kinds"), [(0.6, ["onset"]), (0.9, ["onset"]), (1.8, ["onset", "lost", "onset"])])
def test_who_is_hidden_for_a_moment_goes_on_with_the_other(seconds: float, kinds: list[str]) -> None:
    hidden = [
        replace(frame, people=frame.people[:1]) if 1.6 <= frame.stamp < 1.6 + seconds else frame
        for frame in frames(way=1.0, seconds=6.0)
    ]
    assert [kind for person, kind, _ in told(stream(), hidden) if person == "b"] == kinds


def test_two_moments_near_somebody_are_no_handshake() -> None:
    near = near_weights().config
    person = PersonPairs(near.detector, near.stream, ("shake_hands",))
    for end, shake in ((110, True), (118, True)):
        probabilities = np.zeros((16, 3), np.float32)
        probabilities[:, 1] = shake
        person.add(end, probabilities, np.arange(16) == 15)
        assert person.decide(100, end + 3, patience=10) == []


def test_who_is_alone_is_not_asked_about() -> None:
    tried = stream()
    assert told(tried, frames(way=1.0, others=False)) == []
    assert tried.counters["pair_inferences"] == 0 and tried.counters["inferences"] > 0


def test_the_robot_is_somebody_near_and_none_of_the_people() -> None:
    tried = stream()
    found = told(tried, frames(way=4.0, others=False, robot=True))
    assert found == [("a", "onset", "shake_hands"), ("a", "offset", "shake_hands")]
    assert [person.id for person in tried.state().people] == ["a"]
    assert {event.person for event in tried.people_events()} == {"a"}


def test_a_robot_of_which_nothing_is_known_any_more_is_there_no_more() -> None:
    tried = stream()
    known = frames(way=1.0, others=False, robot=True, seconds=6.0)
    found = told(tried, [frame if frame.stamp < 2.0 else replace(frame, robot=None) for frame in known])
    assert found == [("a", "onset", "shake_hands"), ("a", "offset", "shake_hands")]
    assert tried.counters["pair_inferences"] == pytest.approx(25, abs=2), "half a second after it fell silent"
    little = np.where(np.arange(25) < 4, SURE, 0.0)
    few = [replace(frame, robot=(ROBOT, little)) for frame in known]
    assert told(stream(), few) == [], "four joints are no body"


def test_a_pair_is_seen_over_a_longer_window_than_one_person() -> None:
    one = hand_up_weights()
    encoder = replace(one.config.detector.encoder, frames=8)
    short = replace(one, config=replace(one.config, detector=replace(one.config.detector, encoder=encoder)))
    windows: list[np.ndarray] = []
    pairs = near_weights(frames=32)
    near = pairs.detector
    pairs = replace(pairs, detector=lambda x: windows.append(x) or near(x))  # type: ignore[arg-type]
    tried = ActionStream(short, topology="kinect_v2_25", pairs=pairs)
    told(tried, frames(way=1.0, seconds=6.0))
    assert windows[-1].shape[1] == 32 and np.isfinite(windows[-1]).all()


def test_more_slots_than_grid_frames_ask_about_no_two_twice() -> None:
    runs = [stream(), stream(max_rate=20.0)]
    told_ = [told(one, frames(way=4.0)) for one in runs]
    assert len(told_[0]) == 4 and told_[0] == told_[1]
    assert [one.counters["pair_inferences"] for one in runs] == [runs[0].counters["pair_inferences"]] * 2


def test_everything_ends_when_the_recording_does() -> None:
    tried = stream()
    given = frames(way=1.0)
    assert [kind for _, kind, _ in told(tried, given)] == ["onset"] * 2
    assert [event.kind for event in tried.finish()] == ["offset"] * 2


def test_detectors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a detector of two people, got rule, which looks at one"):
        ActionStream(hand_up_weights(), topology="kinect_v2_25", pairs=hand_up_weights())
    with pytest.raises(ValueError, match=r"expected a detector of 10 Hz .* got near of 15 Hz"):
        stream(rate=15.0)
    with pytest.raises(ValueError, match="know all actions of near already"):
        stream(labels=("none", "hand_up"))


def test_what_was_asked_about_two_is_not_asked_again_where_one_is_late_unevenly() -> None:
    tried, asked = stream(), list[int]()
    pairs = tried._pairs
    assert pairs is not None
    follow = pairs.follow

    def followed() -> PersonPairs:
        person = follow()
        add = person.add
        person.add = lambda end, *rest: (asked.append(end), add(end, *rest))[1]  # type: ignore[method-assign]
        return person

    pairs.follow = followed  # type: ignore[method-assign]
    given = frames(way=1.0, seconds=6.0)
    late = [(frame.stamp, replace(frame, people=frame.people[:1])) for frame in given]
    late += [
        (frame.stamp + (0.15, 0.42)[int(frame.stamp) % 2], replace(frame, people=frame.people[1:])) for frame in given
    ]
    for _, frame in sorted(late, key=lambda pair: pair[0]):
        tried.push(frame)
    assert len(asked) > 40 and asked == sorted(asked)


@pytest.mark.parametrize("order", [1, -1])
def test_people_in_a_message_each_do_the_same(order: int) -> None:
    one = hand_up_weights()
    now = replace(one, config=replace(one.config, stream=replace(one.config.stream, look_ahead=0.0)))
    together, apart = (ActionStream(now, topology="kinect_v2_25", pairs=near_weights()) for _ in range(2))
    given = frames(way=4.0, seconds=6.0)
    each = [replace(frame, people=(one,)) for frame in given for one in frame.people[::order]]
    times = [
        sorted((event.person, event.kind, event.onset) for frame in all_ for event in tried.push(frame))
        for tried, all_ in ((together, given), (apart, each))
    ]
    assert len(times[0]) == 4 and times[0] == times[1]
