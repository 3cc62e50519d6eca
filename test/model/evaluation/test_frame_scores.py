"""Scores of every frame of a recording."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.continuous_recordings import (
    CUT,
    LABELS,
    noisy,
    recording,
)
from torch import Tensor

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.recordings import frame_scores
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.events.posterior import EDGE_WEIGHT, hann
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.cut import cut
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import tracklets


def literal_scores(one: Recording, model: Callable[[Tensor], Tensor], how: Cut) -> np.ndarray:
    """As ``score``, frame by frame and window by window."""
    start, stop = (math.floor(one.frames[place].stamp * how.rate) for place in (0, -1))
    found = tracklets(one, LABELS, how.rate, how.max_gap)
    windows = [cut([tracklet], how.shape, 1) for tracklet in found]
    rows = []
    for grid in range(start, stop + 1):
        total, weight = np.zeros(2), 0.0
        for tracklet, every in zip(found, windows, strict=True):
            last = len(every) - 1
            for number in sorted({*range(0, last + 1, how.stride), last}):
                first = tracklet.start + 8 - 1 + number - how.shape.frames + 1
                if first <= grid < first + how.shape.frames and every.seen[number, grid - first]:
                    share = EDGE_WEIGHT + hann(how.shape.frames)[grid - first]
                    logits = model(every.x[number : number + 1])[0, grid - first].double()
                    total += share * logits.softmax(0).numpy()
                    weight += share
        rows.append(total / weight if weight else np.array([1.0, 0.0]))
    return np.array(rows)


@pytest.mark.parametrize("stride", [1, 3, 16])
@pytest.mark.parametrize("gap", [(9.0, 9.0), (4.0, 6.5), (0.0, 1.0)])
def test_the_score_of_a_frame_is_the_weighted_mean_over_its_windows(stride: int, gap: tuple[float, float]) -> None:
    one, how = recording("a", "1", gap=gap), dataclasses.replace(CUT, stride=stride)
    (video,) = frame_scores.sliding(one, LABELS, how)
    np.testing.assert_allclose(frame_scores.score(video, noisy, 2), literal_scores(one, noisy, how), atol=1e-9)


def test_every_frame_of_a_recording_has_the_nearest_frame_of_the_grid() -> None:
    one = recording("a", "1")
    (video,) = frame_scores.sliding(one, LABELS, CUT)
    assert len(video.nearest) == len(video.truth) == len(one.frames)
    middle = np.array([video.seconds(frame + 0.5) for frame in video.nearest])
    assert np.abs(middle - video.stamps)[:-2].max() <= 0.05 + 1e-6
    assert video.truth.sum() == pytest.approx(20 * (2.0 + 1.5) + 2, abs=2)


def test_frames_without_the_person_are_background() -> None:
    (video,) = frame_scores.sliding(recording("a", "1", gap=(2.5, 6.0)), LABELS, CUT)
    always_up = lambda x: torch.tensor([0.0, 9.0]).expand(*x.shape[:2], 2)  # noqa: E731
    posterior = frame_scores.score(video, always_up, 2)
    there = (video.nearest / 10.0 < 2.3) | (video.nearest / 10.0 > 6.2)
    assert posterior[video.nearest[there], 1].min() > 0.99
    assert posterior[30:55, 1].max() == 0.0


def test_everybody_whom_the_truth_names_is_scored_and_nobody_else() -> None:
    one = recording("a", "1")
    places = {"1": 0.0, "2": 1.0, "3": 9.0}
    frames = tuple(
        SkeletonFrame(
            frame.stamp, tuple(Person(name, frame.people[0].joints + (x, 0.0, 0.0)) for name, x in places.items())
        )
        for frame in one.frames
    )
    first, second = one.segments
    two = dataclasses.replace(one, frames=frames, segments=(first, dataclasses.replace(second, person="2")))
    how = dataclasses.replace(CUT, shape=WindowShape(frames=16, people=2))
    videos = frame_scores.sliding(two, LABELS, how)
    assert [(video.name, len(video.segments)) for video in videos] == [("a 1", 1), ("a 2", 1)]
    for video in videos:
        x = video.pieces().windows.x
        assert x.shape[2] == 2 and x[-1, -1, 1].abs().max() > 0.5
    assert len(frame_scores.sliding(dataclasses.replace(two, segments=()), LABELS, how)) == 3


def test_windows_are_trained_on_with_widened_instants(points: Store) -> None:
    windows = frame_scores.training(points, LABELS, dataclasses.replace(CUT, half_width=0.4))
    positive = frame_scores.training(points, LABELS, dataclasses.replace(CUT, half_width=0.8)).y.double().mean()
    assert positive / windows.y.double().mean() == pytest.approx(2.0, rel=0.15)


def test_a_clip_that_has_a_label_and_no_segments_shows_it(tmp_path: Path) -> None:
    labelled = dataclasses.replace(recording("clip", "2"), segments=(), label="hand_up")
    write_set(tmp_path, "utkinect", [recording("whole", "1"), labelled])
    windows = frame_scores.training(Store.open(tmp_path).select(subjects=["2"]), LABELS, CUT)
    assert (windows.y[windows.seen] == 1).float().mean() > 0.7
    (video,) = frame_scores.videos(Store.open(tmp_path).select(subjects=["2"]), LABELS, CUT)
    assert video.truth.mean() > 0.6
