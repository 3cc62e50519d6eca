"""The detection protocol of PKU-MMD, number for number: proposals with confidences -> F1, mAP over actions, videos.

It differs from segment mAP (``average_precision``), so numbers of the two must not be compared:

- A proposal picks the true interval of its class and video that it overlaps most (the later one of equals), if by
  ``theta`` or more. Several may pick the same interval: it counts once, so a duplicate costs precision.
- AP drops proposals one by one, the least confident first, and looks at precision and recall whenever one is dropped
  that had a partner; precision is interpolated by its running maximum. So a false proposal counts until the next right
  one above it is dropped: the only right proposal of a class, with a false one under it, has an AP of 1/2, not 1.
- F1 is that of the full list, so thousands of unsure proposals push it down.
- Only videos with proposals (an empty list is one) are evaluated; the truth of others is not missed. A class that never
  occurs in the truth has an AP of 0 and pulls the mean over actions down.
- An interval whose end is before its start (0043-L of the published labels has one) is kept: it can be missed, not hit.

Where the authors' script divides by zero (F1 without a hit, two intervals on one instant), the ratio is 0, and the
overlap of two equal instants 1. Starts and ends are frames in the authors' files; seconds do as well, on both sides.

    >>> truth = {"0002-L": np.array([[1, 100, 200, 2], [5, 300, 420, 2]])}
    >>> found = {"0002-L": np.array([[1, 110, 200, 0.9], [5, 300, 330, 0.6], [5, 290, 410, 0.8]])}
    >>> scores = score(truth, found, actions=5)
    >>> round(scores.f1, 3), round(scores.map_action, 3), scores.map_video
    (0.8, 0.3, 1.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from usdrl_model.metrics.average_precision import CLASS, CONFIDENCE, check_threshold, pair_up, pooled

ACTIONS = 51
"""Classes of PKU-MMD, numbered from 1."""
THETA = 0.5
"""Overlap of a hit in the published results."""
LEAST_PROBABILITY = 0.02
"""A frame belongs to a proposal where the probability of the class is above this."""
ROUNDING = 1e-5
"""By which a probability in single precision may exceed 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PkuScores:
    """Scores between 0 and 1."""

    f1: float
    map_action: float
    """Mean over classes of the AP of a class, all videos in one list."""
    map_video: float
    """Mean over videos of the AP of a video, all classes in one list."""


def proposals(probabilities: np.ndarray, threshold: float = LEAST_PROBABILITY) -> np.ndarray:
    """The proposals of the official detector: for every class, runs of frames with a probability above ``threshold``.

    Nothing is smoothed, merged or suppressed.

    Args:
        probabilities: (T, K) of every frame, the softmax of its logits; class 0 is the background.
        threshold: in [0, 1).

    Returns:
        (P, 4) rows class, first frame, one past the last frame, mean probability; by class, then by time.

    Raises:
        ValueError: another shape, or numbers that are no probabilities.
    """
    if probabilities.ndim != 2 or not ((probabilities >= 0.0) & (probabilities <= 1.0 + ROUNDING)).all():
        raise ValueError(
            f"expected (T, K) probabilities between 0 and 1, got {probabilities.shape}: take the softmax of logits"
        )
    above = probabilities.T[1:] > threshold
    edges = np.diff(np.pad(above, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    action, first = np.nonzero(edges == 1)
    stop = np.nonzero(edges == -1)[1]
    sums = np.pad(np.cumsum(probabilities.T[1:], axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    mean = (sums[action, stop] - sums[action, first]) / (stop - first)
    return np.stack([action + 1, first, stop, mean], axis=1).astype(np.float64)


def score(
    truth: Mapping[str, np.ndarray],
    found: Mapping[str, np.ndarray],
    *,
    theta: float = THETA,
    actions: int = ACTIONS,
) -> PkuScores:
    """Score proposals by the protocol above, in O(n log n).

    Proposals of equal confidence are dropped in the order of ``found``.

    Args:
        truth: video -> (G, 4) rows class, start, end, confidence (not used); at least the videos of ``found``.
        found: video -> (P, 4) rows.
        theta: least overlap of a hit, in (0, 1].
        actions: number of classes; rows have classes 1 ... ``actions``.

    Raises:
        ValueError: no videos, a video without truth, a malformed array, or a class or threshold out of range.
    """
    check_threshold(theta)
    if missing := [video for video in found if video not in truth]:
        raise ValueError(f"expected truth of every video with proposals, but there is none of {', '.join(missing)}")
    if not found:
        raise ValueError("expected proposals of at least one video, got none")
    true_rows, true_videos = pooled([truth[video] for video in found])
    rows, videos = pooled(list(found.values()))
    for what, side in (("truth", true_rows), ("proposals", rows)):
        if (wrong := (side[:, CLASS] < 1) | (side[:, CLASS] > actions)).any():
            raise ValueError(f"{what}: expected classes 1 to {actions}, got {side[wrong][0, CLASS]:g}")

    partner = _partners(true_rows, true_videos, rows, videos, theta)
    confidence = rows[:, CONFIDENCE]
    hits = len(np.unique(partner[partner >= 0]))

    def average_precisions(groups: np.ndarray, true_groups: np.ndarray, count: int) -> list[float]:
        totals = np.bincount(true_groups, minlength=count)
        members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups, minlength=count))[:-1])
        return [
            _average_precision(confidence[mine], partner[mine], total)
            for mine, total in zip(members, totals.tolist(), strict=True)
        ]

    by_action = average_precisions(rows[:, CLASS].astype(int) - 1, true_rows[:, CLASS].astype(int) - 1, actions)
    by_video = average_precisions(videos, true_videos, len(found))
    return PkuScores(
        f1=2 * hits / (len(rows) + len(true_rows)) if hits else 0.0,
        map_action=float(np.mean(by_action)),
        map_video=float(np.mean(by_video)),
    )


def _partners(
    true_rows: np.ndarray, true_videos: np.ndarray, rows: np.ndarray, videos: np.ndarray, theta: float
) -> np.ndarray:
    """(P,) index of the true interval that each proposal picks, -1 where it picks none."""
    pairs = pair_up(true_rows, true_videos, rows, videos)
    close = np.flatnonzero(pairs.overlap >= theta)
    close = close[np.lexsort((pairs.truth[close], pairs.overlap[close], pairs.found[close]))]
    partner = np.full(len(rows), -1)
    best = close[np.diff(pairs.found[close], append=-1) != 0]
    partner[pairs.found[best]] = pairs.truth[best]
    return partner


def _average_precision(confidence: np.ndarray, partner: np.ndarray, truths: int) -> float:
    """AP of one list.

    Args:
        confidence: (P,).
        partner: (P,) picked true intervals, -1 for none.
        truths: number of true intervals.
    """
    partner = partner[np.argsort(confidence, kind="stable")]
    dropped = np.flatnonzero(partner >= 0)
    if not len(dropped):
        return 0.0
    # A true interval is lost with the last proposal that picked it.
    _, from_the_end = np.unique(partner[dropped][::-1], return_index=True)
    lost = np.zeros(len(dropped), dtype=int)
    lost[len(dropped) - 1 - from_the_end] = 1
    hits = np.r_[0, np.cumsum(lost)]
    hits = hits[-1] - hits
    kept = np.r_[len(partner), len(partner) - 1 - dropped]
    precision = np.maximum.accumulate(hits / np.maximum(kept, 1))
    return float(precision[1:] @ -np.diff(hits / truths))
