"""Overlapping windows fused into the posterior of every frame."""

import numpy as np
import pytest

from usdrl_model.events.posterior import Timeline, hann, hann_length, posteriors

CLASSES, FRAMES = 3, 16
SEEN = np.ones(FRAMES, bool)


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES)[labels]


def test_windows_that_agree_give_back_what_they_said() -> None:
    truth = np.repeat([0, 1, 0, 2], 20)
    timeline = Timeline(CLASSES, FRAMES, 100, smoothing=1)
    for end in range(FRAMES - 1, len(truth), 3):
        timeline.add(end, one_hot(truth[end - FRAMES + 1 : end + 1]), SEEN)
    np.testing.assert_allclose(timeline.posterior(0, end), one_hot(truth[: end + 1]), atol=1e-12)


def test_posteriors_add_up_to_one_after_smoothing() -> None:
    rng = np.random.default_rng(0)
    timeline = Timeline(CLASSES, FRAMES, 64, smoothing=7)
    for end in range(20, 200, 2):
        timeline.add(end, rng.dirichlet(np.ones(CLASSES), FRAMES), SEEN)
    np.testing.assert_allclose(timeline.posterior(end - 30, end).sum(axis=1), 1.0)


def test_the_middle_of_a_window_counts_more_than_its_edge() -> None:
    timeline = Timeline(2, FRAMES, 64, smoothing=1)
    timeline.add(FRAMES - 1, np.tile([1.0, 0.0], (FRAMES, 1)), SEEN)
    timeline.add(FRAMES - 1 + FRAMES // 2, np.tile([0.0, 1.0], (FRAMES, 1)), SEEN)
    posterior = timeline.posterior(FRAMES // 2, FRAMES - 1)
    assert posterior[0, 0] > 0.9  # middle of the first window, edge of the second
    assert posterior[-1, 1] > 0.9


def test_frames_in_which_nobody_was_seen_have_no_posterior() -> None:
    timeline = Timeline(CLASSES, FRAMES, 64, smoothing=5)
    seen = SEEN.copy()
    seen[:6] = False
    timeline.add(40, np.full((FRAMES, CLASSES), 1 / 3), seen)
    posterior = timeline.posterior(40 - FRAMES + 1, 40)
    assert np.isnan(posterior[:6]).all()
    np.testing.assert_allclose(posterior[6:], 1 / 3)


def test_a_long_break_forgets_what_was_before() -> None:
    timeline = Timeline(CLASSES, FRAMES, 40, smoothing=1)
    timeline.add(20, one_hot(np.ones(FRAMES, int)), SEEN)
    timeline.add(500, one_hot(np.full(FRAMES, 2)), SEEN)
    posterior = timeline.posterior(480, 500)
    assert np.isnan(posterior[:5]).all()
    assert (posterior[5:, 2] == 1.0).all()


def test_frames_that_are_not_kept_any_more_have_no_posterior() -> None:
    timeline = Timeline(CLASSES, FRAMES, 40, smoothing=1)
    for end in range(20, 101, 4):
        timeline.add(end, one_hot(np.ones(FRAMES, int)), SEEN)
    posterior = timeline.posterior(50, 70)  # the last 40 frames, from 61 on, are kept
    assert np.isnan(posterior[:11]).all()
    assert (posterior[11:, 1] == 1.0).all()


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="capacity of at least 16"):
        Timeline(CLASSES, FRAMES, 8, smoothing=1)
    with pytest.raises(ValueError, match="odd number"):
        Timeline(CLASSES, FRAMES, 32, smoothing=4)


def test_the_hann_weights_are_symmetric_and_positive() -> None:
    for length in (1, 2, 9, 64):
        weights = hann(length)
        assert (weights > 0).all()
        np.testing.assert_allclose(weights, weights[::-1])


@pytest.mark.parametrize(("seconds", "frames"), [(0.0, 1), (0.1, 1), (0.2, 3), (0.6, 7), (0.7, 7)])
def test_the_kernel_of_some_seconds_has_an_odd_number_of_frames(seconds: float, frames: int) -> None:
    assert hann_length(seconds, 10.0) == frames


def test_posteriors_of_several_people_are_as_of_one_by_one() -> None:
    rng = np.random.default_rng(3)
    timelines = []
    for end in (30, 33, 36):
        timelines.append(timeline := Timeline(CLASSES, FRAMES, 64, smoothing=5))
        for later in (0, 4):
            timeline.add(end + later, rng.dirichlet(np.ones(CLASSES), FRAMES), rng.random(FRAMES) > 0.2)
    together = posteriors(timelines, 20, 36)
    for found, timeline in zip(together, timelines, strict=True):
        np.testing.assert_allclose(found, timeline.posterior(20, 36), rtol=1e-12)
    assert np.isnan(together[0, -2:]).all() and not np.isnan(together[2]).all()
