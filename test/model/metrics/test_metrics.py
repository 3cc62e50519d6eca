"""Scores of hand-made labels, and what must hold for every truth and prediction."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.metrics.segment_scores import (
    Counts,
    edit_score,
    frame_accuracy,
    label_runs,
    macro_frame_f1,
    segment_counts,
)
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, frame_labels, in_order, known_frame_labels
from usdrl_model.windows.cut import detection_windows
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import tracklets

LABELS = ("none", "walk", "wave")


def test_frame_labels_include_both_ends_and_the_latest_start_wins():
    segments = [Segment("1", "wave", 2.0, 3.0), Segment("1", "walk", 1.0, 4.0)]
    assert frame_labels(segments, np.arange(6.0), LABELS).tolist() == [0, 1, 2, 2, 1, 0]


def test_ambiguous_segments_hide_background_alone():
    segments = [Segment("1", "wave", 2.0, 3.0), Segment("1", AMBIGUOUS, 3.0, 4.0), Segment("1", AMBIGUOUS, 1.0, 2.0)]
    classes, known = known_frame_labels(segments, np.arange(6.0), LABELS)
    assert classes.tolist() == [0, 0, 2, 2, 0, 0]
    assert known.tolist() == [True, False, True, True, False, True]
    with pytest.raises(ValueError, match="'jump' is not one of none, walk, wave"):
        known_frame_labels([Segment("1", "jump", 0, 1)], np.arange(3.0), LABELS)


@settings(max_examples=30)
@given(st.permutations([("walk", 1, 9), ("wave", 3, 5), ("kick", 3, 4), ("jump", 8, 12), ("bow", 8, 12)]))
def test_the_order_of_a_file_decides_no_frame_in_training_scores_or_pictures(rows):
    labels = ("none", "walk", "wave", "kick", "jump", "bow")
    segments = tuple(Segment("1", label, float(start), float(end)) for label, start, end in rows)
    stamps = np.arange(1.0, 14.0)
    expected = ["walk", "walk", "kick", "kick", "wave", "walk", "walk", "jump", "jump", "jump", "jump", "jump", "none"]
    frames = tuple(
        SkeletonFrame(float(t), (Person("1", np.full((25, 3), 1.0) + 0.01 * t + 0.001 * np.arange(75).reshape(25, 3)),))
        for t in stamps
    )
    recording = Recording("a", "kinect_v2_25", frames, segments, labels[1:])
    (tracklet,) = tracklets(recording, labels, 1.0, 2.0)
    people = np.ones((len(stamps), 1, 25), np.float32)
    clip = Clip("a", "made", stamps, ("1",), people[..., None] * np.ones(3, "f4"), people, None, segments)
    (video,) = frame_scores.sliding(recording, labels, frame_scores.Cut(rate=1.0, shape=WindowShape(frames=8)))
    ways = {
        "scores": frame_labels(segments, stamps, labels),
        "training": tracklet.labels,
        "end to end": detection_windows(clip, labels, len(stamps))[1][0],
        "evaluation": video.truth,
    }
    for way, found in ways.items():
        assert [labels[index] for index in found] == expected, way
    top = {int(t): one.label for one in in_order(segments) for t in stamps if one.start <= t <= one.end}
    assert [top.get(int(t), "none") for t in stamps] == expected


def test_frame_labels_refuse_an_unknown_label():
    with pytest.raises(ValueError, match="'jump' is not one of none, walk, wave"):
        frame_labels([Segment("1", "jump", 0, 1)], np.arange(3.0), LABELS)


def test_frame_scores_of_a_hand_made_example():
    truth = [np.array([0, 0, 1, 1]), np.array([2, 2])]
    guess = [np.array([0, 1, 1, 1]), np.array([2, 0])]
    assert frame_accuracy(truth, guess) == pytest.approx(4 / 6)
    # none: tp 1, fp 1, fn 1; walk: tp 2, fp 1; wave: tp 1, fn 1
    assert macro_frame_f1(truth, guess) == pytest.approx((2 / 4 + 4 / 5 + 2 / 3) / 3)


def test_frame_scores_refuse_different_lengths():
    with pytest.raises(ValueError, match=r"got \[2\] for \[3\]"):
        frame_accuracy([np.zeros(3)], [np.zeros(2)])


def test_label_runs_leave_out_the_background():
    assert label_runs(np.array([1, 1, 0, 2, 1])) == [(1, 0, 2), (2, 3, 4), (1, 4, 5)]
    assert label_runs(np.zeros(0, int)) == label_runs(np.zeros(4, int)) == []


def test_segment_counts_of_a_hand_made_example():
    truth = [np.array([0, 1, 1, 1, 1, 0, 2, 2])]
    guess = [np.array([0, 1, 1, 0, 1, 0, 2, 2])]  # the walk in two pieces: IoU 2/4 and 1/4
    assert segment_counts(truth, guess, 0.5) == Counts(tp=2, fp=1, fn=0)
    assert segment_counts(truth, guess, 0.6) == Counts(tp=1, fp=2, fn=1)
    assert segment_counts(truth, guess, 0.1) == Counts(tp=2, fp=1, fn=0)  # the second piece hits nothing new


def test_a_class_mistaken_is_false_and_missed():
    assert segment_counts([np.array([1, 1, 0])], [np.array([2, 2, 0])], 0.1) == Counts(tp=0, fp=1, fn=1)


def test_edit_score_of_hand_made_examples():
    truth = np.array([0, 1, 1, 0, 2, 2, 3, 3])
    assert edit_score([truth], [np.array([1, 0, 0, 0, 0, 0, 2, 3])]) == 100.0  # lengths and gaps do not matter
    assert edit_score([truth], [np.array([0, 1, 0, 1, 2, 2, 3, 3])]) == pytest.approx(100 * (1 - 1 / 4))  # one more
    assert edit_score([truth], [np.array([0, 2, 2, 2, 1, 1, 3, 3])]) == pytest.approx(100 * (1 - 2 / 3))  # two swapped
    assert edit_score([truth], [np.zeros(8, int)]) == 0.0
    assert edit_score([truth, truth], [truth, np.zeros(8, int)]) == 50.0  # a mean over videos


def test_a_video_without_actions_where_none_are_found_has_the_right_order():
    assert edit_score([np.zeros(4, int)], [np.zeros(4, int)]) == 100.0


def test_edit_score_refuses_different_lengths():
    with pytest.raises(ValueError, match=r"got \[2\] for \[3\]"):
        edit_score([np.zeros(3)], [np.zeros(2)])


def test_nothing_gives_nan():
    assert math.isnan(Counts().f1) and Counts().to_dict()["f1"] is None
    assert math.isnan(frame_accuracy([], [])) and math.isnan(macro_frame_f1([], [])) and math.isnan(edit_score([], []))


frames = st.lists(st.integers(0, 3), max_size=40).map(lambda labels: np.array(labels, dtype=np.int64))
pairs = st.tuples(frames, frames).map(lambda pair: tuple(side[: min(map(len, pair))] for side in pair))


@given(st.lists(frames, max_size=4))
def test_a_perfect_segmentation_scores_one(videos):
    counts = segment_counts(videos, videos, 1.0)
    assert (counts.fp, counts.fn) == (0, 0)
    if sum(map(len, videos)):
        assert frame_accuracy(videos, videos) == macro_frame_f1(videos, videos) == 1.0


@given(st.lists(pairs, max_size=4))
def test_a_stricter_threshold_never_hits_more(videos):
    truth, guess = [video[0] for video in videos], [video[1] for video in videos]
    hits = [segment_counts(truth, guess, iou).tp for iou in (0.1, 0.25, 0.5, 0.9)]
    assert hits == sorted(hits, reverse=True)


@given(pairs)
def test_edit_score_is_symmetric_and_bounded_by_what_the_lengths_allow(pair):
    first, second = pair
    score = edit_score([first], [second])
    assert score == edit_score([second], [first])
    shorter, longer = sorted([len(label_runs(first)), len(label_runs(second))])
    assert 0.0 <= score <= (100.0 * shorter / longer if longer else 100.0) + 1e-9
    same = [run[0] for run in label_runs(first)] == [run[0] for run in label_runs(second)]
    assert (score == 100.0) == same
