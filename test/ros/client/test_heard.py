"""What is heard of a perception node: whether it lives, what began, and what is no state."""

import json

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.told_states import WAVED, state  # noqa: E402

from usdrl_ros.heard import Heard, Pulse, understood  # noqa: E402


def test_a_pulse_is_felt_at_the_second_beat_and_lost_after_three():
    pulse = Pulse()
    assert not pulse.alive(0.0)
    pulse.beat(100.0, 0.5, 10.0)
    assert not pulse.alive(10.0), "the latched message of a node that is gone"
    pulse.beat(100.0, 0.5, 10.4)
    assert not pulse.alive(10.4), "the very same message"
    pulse.beat(100.5, 0.5, 10.5)
    assert pulse.alive(10.5) and pulse.alive(12.0) and not pulse.alive(12.01)
    pulse.beat(700.0, 0.5, 30.0)
    assert not pulse.alive(30.0), "another latched one"
    pulse.beat(700.5, 0.5, 30.5)
    assert pulse.alive(30.5)


def test_a_short_period_forgives_a_busy_machine():
    pulse = Pulse()
    pulse.beat(1.0, 0.02, 1.0)
    pulse.beat(1.02, 0.02, 1.02)
    assert pulse.alive(1.5) and not pulse.alive(1.6)


def test_the_clocks_of_both_sides_need_not_agree():
    pulse = Pulse()
    for beat in range(5):
        pulse.beat(5e9 - beat, 0.5, float(beat) / 2)
    assert pulse.alive(2.0)


def test_an_id_that_somebody_else_has_now_approaches_nobody():
    heard = Heard()

    def take(seconds, distance, *events):
        person = {"id": "1", "distance": distance}
        events = [{"seq": seq, "kind": kind, "person": "1"} for seq, kind in enumerate(events, start=1)]
        heard.take(json.loads(state(seconds, person, events=events).data) | {"stamp": seconds}, seconds)

    for step in range(6):
        take(1.0 + step / 10, 5.0 - step / 10, "entered")
    assert heard.approach("1") == pytest.approx(1.0)
    for step in range(6):
        take(1.6 + step / 10, 2.0, "entered", "left", "entered")
        assert heard.approach("1") in (None, 0.0)
    assert heard.approach("1") == 0.0


def test_states_begin_again_when_a_bag_loops():
    heard, course = Heard(), []

    def take(stamp, *held, events=()):
        course.extend({"seq": len(course) + 1, "kind": kind, "person": "1"} for kind in events)
        person = {"id": "1", "states": {"active": [{"label": label, "onset": onset} for label, onset in held]}}
        heard.take(json.loads(state(stamp, person, events=course).data) | {"stamp": stamp}, stamp)

    for _ in range(3):
        before = heard.count
        take(4.0, events=["left", "entered"])
        take(5.0, ("sitting", 4.9))
        take(5.1)  # out of sight for a moment
        take(5.2, ("sitting", 4.9))
        assert heard.begun_since(before) == [("1", "sitting")]


def test_a_state_whose_events_lack_what_every_event_has_is_none():
    whole = json.loads(state(1.0).data)
    event = {"seq": 1, "kind": "left", "person": "a", "label": None, "score": None}
    assert understood(json.dumps(whole | {"events": [event, WAVED[0]]})) is not None
    for name, spoilt in (("seq", "1"), ("kind", None), ("person", ["a"]), ("label", 7), ("score", "high")):
        missing = {other: value for other, value in event.items() if other != name}
        for one in (event | {name: spoilt}, missing):
            assert understood(json.dumps(whole | {"events": [one]})) is None, one
