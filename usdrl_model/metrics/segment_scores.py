"""Scores of frame labels: accuracy of frames, F1 and Edit of segments.

Two views, because they fail differently. Frame accuracy is blind to one long action broken into ten pieces; segment F1
(the ``F1@10/25/50`` of temporal segmentation) and the Edit score see that. Events and their delays, which is what a
robot feels, are in ``metrics.events``, segments with confidences in ``average_precision``.

A ratio of 0 to 0 is ``nan`` (nothing was there to be measured) and ``None`` in ``to_dict``.

    >>> truth, predicted = [np.array([0, 1, 1, 1, 1, 2])], [np.array([0, 1, 0, 1, 1, 2])]
    >>> frame_accuracy(truth, predicted), segment_counts(truth, predicted, iou=0.5).f1, edit_score(truth, predicted)
    (0.8333333333333334, 0.8, 66.66666666666667)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.files.documents import finite
from usdrl_model.skeleton.segments import BACKGROUND

IOU_THRESHOLDS = (0.1, 0.25, 0.5)
"""Thresholds of the temporal segmentation literature."""


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives, and the ratios made of them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of what was found that is true: tp / (tp + fp)."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of what is true that was found: tp / (tp + fn)."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def to_dict(self) -> dict[str, float | int | None]:
        """Counts and ratios, ready for JSON."""
        ratios = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn} | {name: finite(value) for name, value in ratios.items()}


def ratio(part: float, whole: float) -> float:
    """``part / whole``; nan where there is no whole."""
    return part / whole if whole else math.nan


def frame_accuracy(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> float:
    """Share of right frames, pooled over all videos, background included. ``truth`` and ``predicted``: (T,) each."""
    true, guess = _pooled(truth, predicted)
    return ratio(int((true == guess).sum()), true.size)


def macro_frame_f1(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> float:
    """Mean frame F1 of all classes (background too) in the truth or the prediction, (T,) of each recording, pooled."""
    true, guess = _pooled(truth, predicted)
    classes = np.union1d(true, guess)
    scores = []
    for index in classes:
        hits = int(((true == index) & (guess == index)).sum())
        scores.append(Counts(hits, int((guess == index).sum()) - hits, int((true == index).sum()) - hits).f1)
    return float(np.mean(scores)) if scores else math.nan


def _pooled(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All videos in one array a side; ValueError where the two sides differ in videos or in frames."""
    _same_videos(truth, predicted)
    empty = [np.zeros(0, dtype=np.int64)]
    return np.concatenate([*truth, *empty]), np.concatenate([*predicted, *empty])


def _same_videos(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> None:
    sizes = [len(video) for video in truth], [len(video) for video in predicted]
    if sizes[0] != sizes[1]:
        raise ValueError(f"expected as many predicted as true frames in every video, got {sizes[1]} for {sizes[0]}")


def label_runs(labels: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of equal frames that are not background, as (class, first frame, one past the last frame)."""
    labels = np.asarray(labels)
    if not labels.size:
        return []
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), labels.size]
    runs = [(int(labels[first]), first, stop) for first, stop in itertools.pairwise(edges)]
    return [run for run in runs if run[0] != BACKGROUND]


def segment_counts(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray], iou: float) -> Counts:
    """Segment hits pooled over videos; ``segment_counts(...).f1`` is the literature's ``F1@k`` for ``iou = k / 100``.

    Every predicted run picks the true run of its class with the largest intersection over union (in frames) and hits it
    if that is at least ``iou``; a true run is hit once, every further prediction of it is false. Unlike the widespread
    script, the last run of a video keeps its last frame.
    """
    _same_videos(truth, predicted)
    total = Counts()
    for true, guess in zip(truth, predicted, strict=True):
        true_runs, guessed_runs = label_runs(true), label_runs(guess)
        pairs = match_segments(true_runs, guessed_runs, iou)
        total += Counts(len(pairs), len(guessed_runs) - len(pairs), len(true_runs) - len(pairs))
    return total


def match_segments(
    truth: Sequence[tuple[int | str, float, float]], found: Sequence[tuple[int | str, float, float]], iou: float
) -> list[tuple[int, int]]:
    """Pairs (index of truth, index of found) of (class, start, end), by the rule of ``segment_counts``.

    Earlier finds come first, so the order of the input does not matter.
    """
    hits: dict[int, int] = {}
    for index in sorted(range(len(found)), key=lambda index: found[index][1:]):
        rivals = [(_iou(true, found[index]), -true[1], place) for place, true in enumerate(truth)]
        best, _, place = max((rival for rival in rivals if truth[rival[2]][0] == found[index][0]), default=(-1.0, 0, 0))
        if best >= iou and place not in hits:
            hits[place] = index
    return sorted(hits.items())


def _iou(first: tuple[int | str, float, float], second: tuple[int | str, float, float]) -> float:
    """Intersection over hull of two (class, start, end): the usual IoU where they overlap, negative where not."""
    hull = max(first[2], second[2]) - min(first[1], second[1])
    return (min(first[2], second[2]) - max(first[1], second[1])) / hull if hull > 0 else 1.0


def edit_score(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> float:
    """How well the order of the segments is found, whatever their lengths; in PERCENT, as the literature prints it.

    The mean over videos of ``100 (1 - d / n)``: ``d`` is the Levenshtein distance between the classes of the true runs
    and of the predicted ones, background left out, ``n`` the number of runs on the side that has more. A video without
    runs on either side is right: 100. ``truth`` and ``predicted``: (T,) each.
    """
    _same_videos(truth, predicted)
    scores = []
    for true, guess in zip(truth, predicted, strict=True):
        true_order, guessed_order = [run[0] for run in label_runs(true)], [run[0] for run in label_runs(guess)]
        longest = max(len(true_order), len(guessed_order))
        scores.append(100.0 * (1.0 - _levenshtein(true_order, guessed_order) / longest) if longest else 100.0)
    return float(np.mean(scores)) if scores else math.nan


def _levenshtein(first: Sequence[int], second: Sequence[int]) -> int:
    """Fewest insertions, removals and replacements that turn one sequence into the other."""
    previous = list(range(len(second) + 1))
    for row, item in enumerate(first, start=1):
        current = [row]
        for column, other in enumerate(second, start=1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (item != other)))
        previous = current
    return previous[-1]
