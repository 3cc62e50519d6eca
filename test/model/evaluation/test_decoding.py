"""From posteriors to segments and instants."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from helpers.continuous_recordings import SETTINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from usdrl_model.evaluation.recordings.instants import LOWEST, InstantConfig, peaks
from usdrl_model.evaluation.recordings.smoothing import (
    SMALLEST,
    DecodingConfig,
    decode,
    smooth,
    viterbi,
    without_short_runs,
)
from usdrl_model.events.posterior import hann

posteriors = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(0.01, 1.0)).map(
    lambda p: p / p.sum(axis=1, keepdims=True)
)


@given(posteriors, st.floats(0.0, 2.0))
def test_smoothing_is_a_weighted_mean_of_neighbours(posterior: np.ndarray, seconds: float) -> None:
    smoothed = smooth(posterior, 10.0, seconds)
    np.testing.assert_allclose(smoothed.sum(axis=1), 1.0)
    half = round(10.0 * seconds) // 2
    kernel = hann(2 * half + 1)
    for frame in range(len(posterior)):
        near = [k for k in range(-half, half + 1) if 0 <= frame + k < len(posterior)]
        wanted = np.average(posterior[[frame + k for k in near]], axis=0, weights=[kernel[half + k] for k in near])
        np.testing.assert_allclose(smoothed[frame], wanted)


def runs(classes: np.ndarray) -> list[tuple[int, int]]:
    return [(int(label), len(list(group))) for label, group in itertools.groupby(classes.tolist())]


@given(posteriors, st.integers(0, 12))
def test_no_run_is_left_that_is_too_short_and_long_ones_keep_their_core(posterior: np.ndarray, shortest: int) -> None:
    classes = posterior.argmax(axis=1)
    merged = without_short_runs(classes, posterior, shortest)
    assert len(merged) == len(classes)
    assert set(merged) <= set(classes)
    assert len(runs(merged)) == 1 or min(length for _, length in runs(merged)) >= shortest
    np.testing.assert_array_equal(without_short_runs(merged, posterior, shortest), merged)
    if min(length for _, length in runs(classes)) >= shortest:
        np.testing.assert_array_equal(merged, classes)
    for label, first, stop in zip(*long_runs(classes, shortest), strict=True):
        assert (merged[first:stop] == label).all()


def long_runs(classes: np.ndarray, shortest: int) -> tuple[list[int], list[int], list[int]]:
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    first = 0
    for label, length in runs(classes):
        if length >= shortest:
            for part, value in zip(found, (label, first, first + length), strict=True):
                part.append(value)
        first += length
    return found


def test_a_short_run_goes_to_the_neighbour_that_is_likelier_there() -> None:
    classes = np.array([0] * 9 + [1] * 2 + [2] * 9)
    posterior = np.full((20, 3), 0.1)
    posterior[np.arange(20), classes] = 0.6
    posterior[9:11] = [0.2, 0.5, 0.3]
    assert runs(without_short_runs(classes, posterior, 3)) == [(0, 9), (2, 11)]
    assert runs(without_short_runs(classes, posterior, 2)) == runs(classes)


def potts(path: tuple[int, ...], posterior: np.ndarray, cost: float) -> float:
    gain = sum(math.log(max(row[label], SMALLEST)) for row, label in zip(posterior, path, strict=True))
    return gain - cost * sum(a != b for a, b in itertools.pairwise(path))


@settings(max_examples=50)
@given(arrays(np.float64, (5, 3), elements=st.floats(0.0, 1.0)), st.floats(0.0, 3.0))
def test_viterbi_finds_the_best_of_all_sequences(posterior: np.ndarray, cost: float) -> None:
    best = max(potts(path, posterior, cost) for path in itertools.product(range(3), repeat=5))
    assert potts(tuple(viterbi(posterior, cost)), posterior, cost) == pytest.approx(best)


@given(posteriors)
def test_viterbi_without_a_price_is_argmax_and_with_a_high_one_a_single_class(posterior: np.ndarray) -> None:
    likeliest = np.take_along_axis(posterior, viterbi(posterior, 0.0)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(likeliest, posterior.max(axis=1))
    assert len(runs(viterbi(posterior, 1e6))) == 1


def test_a_lighter_background_gives_doubtful_frames_to_actions() -> None:
    posterior = np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.9, 0.1]])
    for plain in (
        DecodingConfig(smoothing=0.0, min_length=0.0),
        DecodingConfig(smoothing=0.0, decoder="viterbi", change_cost=0.0),
    ):
        assert decode(posterior, 10.0, plain).tolist() == [0, 0, 0, 0]
        assert decode(posterior, 10.0, dataclasses.replace(plain, background=0.5)).tolist() == [0, 1, 1, 0]


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="background"):
        DecodingConfig(background=0.0)
    with pytest.raises(ValueError, match="min_length"):
        DecodingConfig(min_length=-1.0)
    with pytest.raises(ValueError, match="half_width"):
        InstantConfig(half_width=0.0)
    with pytest.raises(ValueError, match="labels: "):
        dataclasses.replace(SETTINGS, recipe=dataclasses.replace(SETTINGS.recipe, init_from="somewhere"))
    with pytest.raises(ValueError, match="stride"):
        dataclasses.replace(SETTINGS, stride=0)


@given(posteriors, st.integers(0, 10))
def test_peaks_are_apart_and_every_other_maximum_is_near_a_higher_one(posterior: np.ndarray, distance: int) -> None:
    found = peaks(posterior, distance)
    assert all(after.frame - before.frame >= distance for before, after in itertools.pairwise(found))
    for peak in found:
        assert peak.height == posterior[peak.frame, peak.action]
        around = posterior[max(0, peak.frame - 1) : peak.frame + 2, peak.action]
        assert peak.height == around.max()
    best = posterior[:, 1:].max()
    assert max((peak.height for peak in found), default=0.0) == (best if best > LOWEST else 0.0)
