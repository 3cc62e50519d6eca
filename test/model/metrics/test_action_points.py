"""Scores of action points: examples made by hand, and against the best pairing there is."""

import json
import math
import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.metrics.action_points import ActionPoint, score_points
from usdrl_model.metrics.segment_scores import Counts


def points(label: str, *stamps: float) -> list[ActionPoint]:
    return [ActionPoint(label, stamp) for stamp in stamps]


def counts(truth: list[ActionPoint], found: list[ActionPoint], **options: float) -> Counts:
    return score_points([(truth, found)], **options).overall


def test_a_hit_lies_within_a_third_of_a_second_to_both_sides():
    truth = points("duck", 10.0)
    for late, hit in ((-0.34, 0), (-0.33, 1), (0.0, 1), (0.33, 1), (0.34, 0)):
        assert counts(truth, points("duck", 10.0 + late)) == Counts(hit, 1 - hit, 1 - hit)


def test_both_ends_of_the_tolerance_belong_to_it():
    assert counts(points("duck", 10.0, 20.0), points("duck", 9.5, 20.5), tolerance=0.5) == Counts(2, 0, 0)


def test_a_point_is_hit_once():
    assert counts(points("duck", 1.0), points("duck", 0.9, 1.0, 1.1)) == Counts(1, 2, 0)


def test_the_second_found_point_takes_the_next_true_one():
    assert counts(points("duck", 1.0, 1.5), points("duck", 1.2, 1.3)) == Counts(2, 0, 0)


def test_labels_and_recordings_are_kept_apart():
    assert counts(points("duck", 1.0), points("kick", 1.0)) == Counts(0, 1, 1)
    apart = score_points([(points("duck", 1.0), []), ([], points("duck", 1.0))])
    assert apart.overall == Counts(0, 1, 1)


def test_means_are_over_the_labels_of_the_truth():
    truth = points("duck", 1.0, 2.0) + points("kick", 5.0)
    scores = score_points([(truth, points("duck", 1.0, 9.0, 10.0) + points("bow", 5.0))])
    assert scores.per_label == {"bow": Counts(0, 1, 0), "duck": Counts(1, 2, 1), "kick": Counts(0, 0, 1)}
    assert scores.overall == Counts(1, 3, 2)
    assert scores.mean_precision == pytest.approx((1 / 3 + 0) / 2)
    assert scores.mean_recall == pytest.approx((1 / 2 + 0) / 2)
    assert scores.mean_f1 == pytest.approx((2 / 5 + 0) / 2)


def test_nothing_gives_nan_and_json_null():
    scores = score_points([])
    assert math.isnan(scores.mean_f1) and math.isnan(scores.overall.f1)
    as_json = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert as_json["mean"] == {"precision": None, "recall": None, "f1": None}


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan])
def test_a_tolerance_is_positive(tolerance):
    with pytest.raises(ValueError, match="more than 0 s"):
        score_points([], tolerance)


def test_stamps_are_finite():
    with pytest.raises(ValueError, match="duck: expected finite stamps"):
        counts(points("duck", math.nan), [])


stamps = st.lists(st.integers(0, 30).map(lambda tenth: tenth / 10), max_size=5)


@given(stamps, stamps)
def test_no_pairing_has_more_hits(true, guessed):
    shorter, longer = sorted([true, guessed], key=len)
    best = max(
        sum(abs(first - second) <= 0.35 for first, second in zip(shorter, order, strict=False))
        for order in permutations(longer)
    )
    assert counts(points("duck", *true), points("duck", *guessed), tolerance=0.35).tp == best


@given(stamps, stamps, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(true, guessed, rng: random.Random):
    truth, found = points("duck", *true), points("duck", *guessed)
    before = counts(truth, found)
    rng.shuffle(truth)
    rng.shuffle(found)
    assert counts(truth, found) == before
    assert (before.tp + before.fn, before.tp + before.fp) == (len(truth), len(found))
