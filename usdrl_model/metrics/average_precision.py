"""Average precision of segments with confidences: precision-recall curves and segment mAP.

Segments are rows ``class, start, end, confidence``, one array a video: class an integer (background is no segment),
start and end in any unit, the same on both sides. The confidence of a true segment is not used.

    >>> truth = [np.array([[1, 0, 100, 1], [2, 150, 250, 1]])]
    >>> found = [np.array([[1, 10, 100, 0.9], [1, 160, 250, 0.8], [2, 150, 200, 0.7]])]
    >>> segment_map(truth, found, ious=(0.5, 0.75))
    {0.5: 1.0, 0.75: 0.5}
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CLASS, START, END, CONFIDENCE = range(4)
"""Number of columns of a segment."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall of one class after each found segment, the most confident first."""

    precision: np.ndarray
    """(P,), P found segments."""
    recall: np.ndarray
    """(P,), rising."""

    @property
    def average_precision(self) -> float:
        """Area under the curve, each precision raised to the best at this recall or a higher one (all points)."""
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(best @ np.diff(self.recall, prepend=0.0))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every pair (predicted, true segment) of one class and one video, ordered by the predicted, then the true one."""

    found: np.ndarray
    """(P,) int64 indices."""
    truth: np.ndarray
    """(P,) int64 indices."""
    overlap: np.ndarray
    """(P,) intersection over hull: the intersection over union of segments that overlap, negative where they do not."""


def segment_map(
    truth: Sequence[np.ndarray], found: Sequence[np.ndarray], ious: Sequence[float] = (0.5,)
) -> dict[float, float]:
    """Mean average precision at each threshold, over the classes that occur in the truth; nan where none does.

    Args:
        truth: (G, 4) rows a video.
        found: (P, 4) rows a video, the same videos in the same order.
        ious: least intersection over union of a hit, in (0, 1].

    Raises:
        ValueError: another number of videos or another shape, a number that is not finite, or a threshold out of range.
    """
    means = {}
    for iou in ious:
        curves = precision_recall(truth, found, iou).values()
        means[iou] = float(np.mean([curve.average_precision for curve in curves])) if curves else math.nan
    return means


def precision_recall(truth: Sequence[np.ndarray], found: Sequence[np.ndarray], iou: float) -> dict[int, Curve]:
    """The curve of every class that occurs in the truth, all videos pooled; arguments as of ``segment_map``.

    In the order of confidence (equal ones in the order of the input), every found segment hits the true segment of its
    class and video that it overlaps most, among those that are still free and overlap it by ``iou`` or more.
    """
    check_threshold(iou)
    if len(truth) != len(found):
        raise ValueError(f"expected found segments of every video of the truth, got {len(found)} for {len(truth)}")
    true_rows, true_videos = pooled(truth)
    found_rows, found_videos = pooled(found)
    pairs = pair_up(true_rows, true_videos, found_rows, found_videos)
    order = np.argsort(-found_rows[:, CONFIDENCE], kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))

    hit, taken = np.zeros(len(found_rows), dtype=bool), np.zeros(len(true_rows), dtype=bool)
    close = np.flatnonzero(pairs.overlap >= iou)
    close = close[np.lexsort((-pairs.overlap[close], rank[pairs.found[close]]))]
    for finder, place in zip(pairs.found[close].tolist(), pairs.truth[close].tolist(), strict=True):
        if not hit[finder] and not taken[place]:
            hit[finder] = taken[place] = True

    curves = {}
    for action, count in zip(*np.unique(true_rows[:, CLASS], return_counts=True), strict=True):
        hits = np.cumsum(hit[order][found_rows[order, CLASS] == action])
        curves[int(action)] = Curve(hits / np.arange(1, len(hits) + 1), hits / count)
    return curves


def check_threshold(iou: float) -> None:
    """ValueError unless in (0, 1]: segments that do not touch overlap by 0 or less."""
    if not 0.0 < iou <= 1.0:
        raise ValueError(f"expected a threshold of the overlap in (0, 1], got {iou}")


def pooled(videos: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All rows (N, 4) float64, and the index (N,) of the video of each.

    Raises:
        ValueError: rows of another shape, a number that is not finite, or a class that is no integer.
    """
    for index, rows in enumerate(videos):
        if rows.ndim != 2 or rows.shape[1] != 4:
            raise ValueError(f"video {index}: expected (N, 4) rows class, start, end, confidence, got {rows.shape}")
    together = np.concatenate([np.zeros((0, 4)), *videos])
    if not np.isfinite(together).all() or (together[:, CLASS] % 1.0).any():
        raise ValueError("expected finite numbers and whole classes in rows class, start, end, confidence")
    return together, np.repeat(np.arange(len(videos)), [len(rows) for rows in videos])


def pair_up(true_rows: np.ndarray, true_videos: np.ndarray, rows: np.ndarray, videos: np.ndarray) -> Pairs:
    """All pairs that may hit each other, without looking at any other pair.

    Args:
        true_rows: (G, 4).
        true_videos: (G,) int64.
        rows: (P, 4) found ones.
        videos: (P,) int64.
    """
    classes, keys = np.unique(np.r_[true_rows[:, CLASS], rows[:, CLASS]], return_inverse=True)
    true_keys, keys = np.split(np.r_[true_videos, videos] * len(classes) + keys, [len(true_rows)])
    order = np.argsort(true_keys, kind="stable")
    first, stop = (np.searchsorted(true_keys[order], keys, side) for side in ("left", "right"))
    counts = stop - first
    found = np.repeat(np.arange(len(rows)), counts)
    truth = order[np.arange(len(found)) + np.repeat(first - (np.cumsum(counts) - counts), counts)]

    starts, ends = true_rows[truth, START], true_rows[truth, END]
    shared = np.minimum(ends, rows[found, END]) - np.maximum(starts, rows[found, START])
    hull = np.maximum(ends, rows[found, END]) - np.minimum(starts, rows[found, START])
    same_instant = ((shared == 0.0) & (hull == 0.0)).astype(np.float64)
    return Pairs(found, truth, np.divide(shared, hull, out=same_instant, where=hull != 0.0))
