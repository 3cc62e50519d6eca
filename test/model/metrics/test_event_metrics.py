"""Scores of detected actions made by hand, and what must hold for every truth and detection."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.events.onset_offset import Event
from usdrl_model.metrics.events import Detection, ScoredRecording, detections, judged, score_events
from usdrl_model.metrics.segment_scores import Counts
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment


def found(label: str, start: float, end: float, decided: float | None = None, person: str = "1") -> Detection:
    return Detection(person=person, label=label, start=start, end=end, decided=decided)


def scored(truth: list[Segment], events: list[Detection], duration: float = 3600.0):
    return score_events([ScoredRecording(truth=truth, detections=events, duration=duration)])


def test_event_scores_of_a_hand_made_example():
    truth = [Segment("1", "wave", 10.0, 14.0), Segment("1", "wave", 20.0, 22.0), Segment("1", "walk", 30.0, 34.0)]
    events = [
        found("wave", 10.5, 14.0, decided=11.0),  # IoU 3.5/4
        found("wave", 21.5, 24.0, decided=22.5),  # IoU 0.5/4
        found("walk", 10.0, 12.0, decided=10.5),  # a false alarm
    ]
    scores = scored(truth, events, duration=1800.0)
    assert scores.overall == {0.1: Counts(2, 1, 1), 0.25: Counts(1, 2, 2), 0.5: Counts(1, 2, 2)}
    assert scores.per_label["wave"][0.5] == Counts(1, 1, 1)
    assert scores.per_label["wave"][0.1].recall == 1.0
    assert scores.per_label["walk"][0.1] == Counts(0, 1, 1)
    assert (scores.onset_delay.median, scores.onset_delay.count) == (pytest.approx(1.75), 2)
    assert scores.onset_delay.p90 == pytest.approx(1.0 + 0.9 * 1.5)
    assert scores.onset_error.median == pytest.approx(1.0)
    assert (scores.false_alarms, scores.false_alarms_by_label) == (1, {"walk": 1})
    assert scores.false_alarms_per_hour == pytest.approx(2.0)


def test_what_is_said_of_a_bystander_finds_nobody_elses_action():
    scores = scored([Segment("a", "wave", 0, 2)], [found("wave", 0, 2, person="b")])
    assert scores.overall[0.5] == Counts(0, 1, 1)
    assert scores.false_alarms == 1


def test_judged_is_what_can_be_right_or_wrong():
    truth = [Segment("a", AMBIGUOUS, 0, 2), Segment("a", "wave", 2, 4)]
    wrong = [found("wave", 0, 1, person="b"), found("walk", 2.5, 3, person="a")]
    right = found("wave", 1, 3, person="a")
    nobody_knows = [found("walk", 1, 3, person="a"), found("wave", 0, 1, person="a")]
    assert judged([*wrong, right, *nobody_knows], truth) == [*wrong, right]


def test_two_people_doing_the_same_are_two_actions():
    truth = [Segment("a", "wave", 0, 2), Segment("b", "wave", 0, 2)]
    events = [found("wave", 0, 2, person="a"), found("wave", 0, 2, person="b")]
    assert scored(truth, events).overall[0.5] == Counts(2, 0, 0)


def test_without_events_scores_are_nan_and_null_in_json():
    scores = score_events([])
    assert math.isnan(scores.overall[0.5].f1) and math.isnan(scores.false_alarms_per_hour)
    as_json = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert as_json["overall"]["0.5"]["f1"] is None
    assert as_json["onset_delay"] == {"median": None, "p90": None, "count": 0}


def test_truth_without_detections_has_no_precision_but_an_f1_of_zero():
    counts = scored([Segment("1", "wave", 0, 2)], []).overall[0.5]
    assert (counts.recall, counts.f1) == (0.0, 0.0) and math.isnan(counts.precision)


def event(seq: int, kind: str, label: str, onset: float, offset: float | None, stamp: float) -> Event:
    return Event(kind=kind, seq=seq, person="1", label=label, onset=onset, offset=offset, score=0.9, stamp=stamp)


def test_detections_join_onset_with_offset_lost_or_the_end():
    events = [
        event(1, "onset", "wave", 1.0, None, 1.5),
        event(2, "onset", "walk", 2.0, None, 2.5),
        event(3, "offset", "wave", 1.0, 3.0, 3.4),
        event(4, "onset", "wave", 5.0, None, 5.5),
        event(5, "lost", "walk", 2.0, 6.0, 7.0),
    ]
    assert detections(events, end=9.0) == [
        found("wave", 1.0, 3.0, 1.5),
        found("walk", 2.0, 6.0, 2.5),
        found("wave", 5.0, 9.0, 5.5),
    ]


@pytest.mark.parametrize(
    ("kinds", "message"),
    [(["offset"], "event 0, offset .* no onset before it"), (["onset", "onset"], "event 1, onset .* never ended")],
)
def test_detections_refuse_events_that_do_not_pair(kinds, message):
    with pytest.raises(ValueError, match=message):
        detections([event(seq, kind, "wave", 1.0, None, 2.0) for seq, kind in enumerate(kinds)], end=9.0)


# Actions of one label and person do not overlap each other in any truth.
actions = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["walk", "wave"]), st.floats(0.1, 5.0), st.floats(0.1, 5.0)),
    max_size=12,
)


def laid_out(actions) -> list[Segment]:
    clock: dict[tuple[str, str], float] = {}
    segments = []
    for person, label, gap, length in actions:
        start = clock.get((person, label), 0.0) + gap
        clock[person, label] = start + length
        segments.append(Segment(person, label, start, start + length))
    return segments


@given(actions)
def test_perfect_detections_score_one(drawn):
    truth = laid_out(drawn)
    events = [found(s.label, s.start, s.end, decided=s.start, person=s.person) for s in truth]
    scores = scored(truth, events)
    assert all((counts.fp, counts.fn) == (0, 0) for counts in scores.overall.values())
    assert scores.false_alarms == 0
    assert scores.onset_error.count == len(truth)
    if truth:
        assert scores.onset_delay.median == scores.onset_error.p90 == 0.0


@given(actions, actions, st.randoms(use_true_random=False))
def test_events_may_come_in_any_order(drawn, guessed, rng: random.Random):
    truth = laid_out(drawn)
    events = [found(s.label, s.start, s.end, s.end, s.person) for s in laid_out(guessed)]
    before = scored(truth, events).to_dict()
    rng.shuffle(truth)
    rng.shuffle(events)
    assert scored(truth, events).to_dict() == before


@given(actions, actions)
def test_counts_add_up(drawn, guessed):
    truth, guess = laid_out(drawn), laid_out(guessed)
    events = [found(s.label, s.start, s.end, person=s.person) for s in guess]
    for counts in scored(truth, events).overall.values():
        assert counts.tp + counts.fn == len(truth)
        assert counts.tp + counts.fp == len(events)
