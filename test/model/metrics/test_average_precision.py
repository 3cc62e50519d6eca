"""Segment mAP of hand-made examples, and against a slow, literal version."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.metrics.average_precision import precision_recall, segment_map


def rows(*segments) -> np.ndarray:
    return np.array(segments, dtype=np.float64).reshape(-1, 4)


def test_a_hand_made_curve():
    truth = [rows((1, 0, 10, 1), (1, 20, 30, 1), (1, 40, 50, 1))]
    found = [rows((1, 0, 10, 0.9), (1, 60, 70, 0.8), (1, 20, 30, 0.7))]
    curve = precision_recall(truth, found, 0.5)[1]
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.recall == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert curve.average_precision == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)


def test_a_true_segment_is_hit_once_by_the_most_confident():
    truth = [rows((1, 0, 10, 1))]
    found = [rows((1, 0, 10, 0.5), (1, 0, 8, 0.9))]
    assert precision_recall(truth, found, 0.5)[1].precision.tolist() == [1.0, 0.5]
    assert precision_recall(truth, found, 0.9)[1].precision.tolist() == [0.0, 0.5]


def test_where_the_best_is_taken_the_next_best_is_hit():
    truth = [rows((1, 0, 10, 1), (1, 5, 15, 1))]
    found = [rows((1, 1, 11, 0.9), (1, 2, 12, 0.8))]  # the second overlaps both true ones by a half or more
    assert segment_map(truth, found, (0.5,)) == {0.5: 1.0}


def test_other_videos_and_classes_are_not_hit():
    truth = [rows((1, 0, 10, 1)), rows((2, 0, 10, 1))]
    found = [rows((2, 0, 10, 0.9)), rows((1, 0, 10, 0.9))]
    assert segment_map(truth, found) == {0.5: 0.0}


def test_the_mean_is_over_classes_of_the_truth():
    truth = [rows((1, 0, 10, 1), (2, 0, 10, 1))]
    found = [rows((1, 0, 10, 0.9), (7, 0, 10, 0.9))]
    assert segment_map(truth, found, (0.3, 0.5)) == {0.3: 0.5, 0.5: 0.5}
    assert set(precision_recall(truth, found, 0.5)) == {1, 2}


def test_without_truth_there_is_nothing_to_measure():
    assert math.isnan(segment_map([rows()], [rows((1, 0, 1, 1))])[0.5]) and math.isnan(segment_map([], [])[0.5])


@pytest.mark.parametrize(
    ("truth", "found", "iou", "message"),
    [
        ([rows()], [], 0.5, "got 0 for 1"),
        ([rows()], [np.zeros((2, 3))], 0.5, r"video 0: expected \(N, 4\) rows .*got \(2, 3\)"),
        ([rows()], [rows((1, 0, math.nan, 1))], 0.5, "expected finite numbers"),
        ([rows()], [rows((1.5, 0, 1, 1))], 0.5, "whole classes"),
        ([rows()], [rows()], 0.0, r"in \(0, 1\], got 0.0"),
    ],
)
def test_bad_input_is_refused(truth, found, iou, message):
    with pytest.raises(ValueError, match=message):
        segment_map(truth, found, (iou,))


segments = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 12), st.integers(1, 8), st.sampled_from([0.1, 0.2, 0.3, 0.4])),
    max_size=8,
).map(lambda drawn: rows(*((action, start, start + length, score) for action, start, length, score in drawn)))
videos = st.lists(st.tuples(segments, segments), min_size=1, max_size=4)


def literal_average_precision(truth, found, action, iou) -> float:
    """One class, one found segment after the other, as one would explain it."""

    def overlap(first, second) -> float:
        shared = min(first[2], second[2]) - max(first[1], second[1])
        return max(shared, 0) / (first[2] - first[1] + second[2] - second[1] - max(shared, 0))

    true = [(video, row) for video, part in enumerate(truth) for row in part.tolist() if row[0] == action]
    guesses = [(video, row) for video, part in enumerate(found) for row in part.tolist() if row[0] == action]
    guesses.sort(key=lambda guess: -guess[1][3])
    free, hits, precision, recall = list(true), 0, [], []
    for number, (video, guess) in enumerate(guesses, start=1):
        best = None
        for rival in free:
            if rival[0] == video and (best is None or overlap(rival[1], guess) > overlap(best[1], guess)):
                best = rival
        if best is not None and overlap(best[1], guess) >= iou:
            free.remove(best)
            hits += 1
        precision.append(hits / number)
        recall.append(hits / len(true))
    area, before = 0.0, 0.0
    for index, reached in enumerate(recall):
        area += (reached - before) * max(precision[index:])
        before = reached
    return area


@given(videos, st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_it_is_what_the_literal_version_gives(drawn, iou):
    truth, found = [pair[0] for pair in drawn], [pair[1] for pair in drawn]
    actions = {row[0] for part in truth for row in part.tolist()}
    expected = [literal_average_precision(truth, found, action, iou) for action in actions]
    scored = segment_map(truth, found, (iou,))[iou]
    assert scored == pytest.approx(sum(expected) / len(expected), abs=1e-12) if expected else math.isnan(scored)


@given(videos)
def test_perfect_segments_score_one(drawn):
    truth = [np.unique(pair[0][:, :3], axis=0) for pair in drawn]
    truth = [np.column_stack([part, np.ones(len(part))]) for part in truth]
    for value in segment_map(truth, truth, (0.1, 1.0)).values():
        assert math.isnan(value) or value == 1.0
