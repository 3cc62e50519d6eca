"""Onsets and offsets of enrolled gestures are those of the movement, though windows show more than that."""

import numpy as np
import pytest

from usdrl_model.gestures.gesture import Example, Gesture
from usdrl_model.gestures.recogniser import PersonGestures

WINDOW, LASTS = 3.2, 2.0
GESTURES = tuple(
    Gesture(
        label=label, weights="", examples=(Example(source="", seconds=LASTS, topology="kinect_v2_25"),),
        features=np.zeros((1, 4)), threshold=0.8, spread=0.1,
    )
    for label in ("thumbs_up", "halt")
)  # fmt: skip


def watched(person: PersonGestures, *movements: tuple[float, float], until: float = 20.0, came: float = 0.0) -> list:
    """The edges while somebody makes the first gesture from when to when, as windows show it that hold half of it."""
    edges = []
    for time in np.arange(1, round(10 * until)) / 10:
        shown = any(start + LASTS / 2 <= time <= end - LASTS / 2 + WINDOW for start, end in movements)
        edges += person.step(float(time), np.array([0.9 if shown else 0.0, 0.0]), came)
    return edges


def test_a_movement_begins_and_ends_when_it_does_and_not_when_windows_show_it() -> None:
    onset, offset = watched(PersonGestures(GESTURES, WINDOW), (5.0, 7.0))
    assert (onset.kind, offset.kind, offset.label) == ("onset", "offset", "thumbs_up")
    assert onset.onset == offset.onset == pytest.approx(5.0, abs=0.15)
    assert offset.offset == pytest.approx(7.5, abs=0.2), "most windows stop showing it before half of it has left"


def test_a_movement_begins_neither_before_its_person_came_nor_before_the_last_one_ended() -> None:
    onset, _ = watched(PersonGestures(GESTURES, WINDOW), (3.0, 5.0), came=3.7)
    assert onset.onset == 3.7
    first, ended, second, _ = watched(PersonGestures(GESTURES, WINDOW), (3.0, 5.0), (8.0, 10.0))
    assert second.onset >= ended.offset > first.onset
    person = PersonGestures(GESTURES, WINDOW)
    watched(person, (3.0, 9.0), until=5.0, came=3.7)
    assert person.runs["thumbs_up"].onset == 3.7
    (lost,) = person.close("lost")
    assert (lost.onset, lost.offset) == (3.7, pytest.approx(4.9)), "it may go on"


def test_what_was_done_before_is_not_told_and_what_comes_after_is_as_ever() -> None:
    assert watched(PersonGestures(GESTURES, WINDOW, after=4.0), (2.0, 4.0), until=9.0) == []
    for start in (4.1, 5.0, 9.0):
        changed = watched(PersonGestures(GESTURES, WINDOW, after=4.0), (start, start + 2.0))
        assert changed == watched(PersonGestures(GESTURES, WINDOW), (start, start + 2.0))


def test_who_is_back_did_not_do_it_again() -> None:
    person = PersonGestures(GESTURES, WINDOW)
    watched(person, (5.0, 7.0), until=7.2)
    assert [edge.kind for edge in person.close("lost")] == ["lost"]
    later = [person.step(time, np.array([0.9, 0.0]), 8.1, again=True) for time in (8.2, 8.3, 8.4)]
    assert later == [[], [], []] and person.runs == {} and person.close("offset") == []
