"""Posteriors of every frame -> the instants at which something is done, as MSRC-12 labels its gestures.

The smoothed posterior of a class is a heat map over time: a detection is one of its peaks, above a threshold, and the
highest within some time of it, whatever their classes, because a person makes one gesture at a time. The threshold is
chosen on people who are trained on in the end, by a detector that has not seen them; never on those of the test.

    >>> p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]])
    >>> [(peak.frame, peak.action) for peak in peaks(p, distance=1)]
    [(1, 1), (3, 1)]
    >>> [peak.frame for peak in peaks(p, distance=3)]
    [1]

Letters: G frames, K classes (background first).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.evaluation.recordings.smoothing import smooth
from usdrl_model.evaluation.recordings.video import Video
from usdrl_model.metrics.action_points import TOLERANCE, ActionPoint, PointScores, score_points

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Candidate thresholds on the height of a peak."""
LOWEST = 0.01
"""Smallest height of a peak."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InstantConfig:
    """Training and detection of instants."""

    half_width: float = 0.3
    """Seconds before and after an instant that get its class in training."""
    smoothing: float = 0.6
    """Width in seconds of the Hann kernel that smooths posteriors; 0: no smoothing."""
    distance: float = 1.0
    """Least seconds between two detections."""
    held_out: tuple[str, ...] = ()
    """Training people on whom the threshold is chosen, by a detector trained without them."""

    def __post_init__(self) -> None:
        """Refuse negative times, and instants that would not be trained at all."""
        for name in ("smoothing", "distance"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name}: expected 0 or more seconds, got {getattr(self, name)}")
        if self.half_width <= 0.0:
            raise ValueError(f"half_width: expected more than 0 seconds, got {self.half_width}")


@dataclass(frozen=True, slots=True)
class Peak:
    """One detection."""

    frame: int
    action: int
    """Class."""
    height: float
    """Posterior there."""


def peaks(posterior: np.ndarray, distance: float) -> list[Peak]:
    """The peaks of all actions in posteriors (G, K), in the order of time; two are ``distance`` frames apart or more.

    Of two that are closer the higher one stays, and the earlier one of equals. A peak with a flat top is in its middle.
    """
    tops = [
        Peak(frame, action, float(posterior[frame, action]))
        for action in range(1, posterior.shape[1])
        for frame in _tops(posterior[:, action])
    ]
    frames = np.array([top.frame for top in tops], int)
    free: np.ndarray = np.ones(len(tops), bool)
    kept = []
    for place in sorted(range(len(tops)), key=lambda place: (-tops[place].height, tops[place].frame)):
        if free[place]:
            kept.append(tops[place])
            free[np.abs(frames - frames[place]) < distance] = False
    return sorted(kept, key=lambda peak: peak.frame)


def _tops(heat: np.ndarray) -> list[int]:
    """Local maxima of the heat (G,) of one action, above ``LOWEST``.

    The first and the last frame can be one, which ``scipy.signal.find_peaks`` excludes.
    """
    edges = np.array([0, *(np.flatnonzero(np.diff(heat)) + 1), len(heat)])
    level = np.array([-np.inf, *heat[edges[:-1]], -np.inf])
    highest = (level[1:-1] > level[:-2]) & (level[1:-1] > level[2:]) & (level[1:-1] > LOWEST)
    middles: list[int] = ((edges[:-1] + edges[1:] - 1) // 2)[highest].tolist()
    return middles


@dataclass(frozen=True, slots=True)
class Instants:
    """True and found instants of one recording."""

    truth: tuple[ActionPoint, ...]
    found: tuple[tuple[float, ActionPoint], ...]
    """Height of the peak, and the instant."""

    def above(self, threshold: float) -> tuple[ActionPoint, ...]:
        """The instants that are detected with this threshold."""
        return tuple(point for height, point in self.found if height >= threshold)


def find(video: Video, posterior: np.ndarray, labels: Sequence[str], config: InstantConfig) -> Instants:
    """The instants of a video, whatever the threshold.

    Args:
        video: with its truth.
        posterior: (G, K).
        labels: K names, background first.
        config: settings.
    """
    heat = smooth(posterior, video.rate, config.smoothing)
    found = [
        (peak.height, ActionPoint(labels[peak.action], float(video.seconds(peak.frame + 0.5))))
        for peak in peaks(heat, config.distance * video.rate)
    ]
    return Instants(
        truth=tuple(ActionPoint(segment.label, segment.start) for segment in video.segments),
        found=tuple(
            (height, point)
            for height, point in found
            if not video.excused(point.label, point.stamp - TOLERANCE, point.stamp + TOLERANCE)
        ),
    )


def scores_at(recordings: Sequence[Instants], threshold: float) -> PointScores:
    """Scores of the instants that are detected with a threshold."""
    return score_points([(one.truth, one.above(threshold)) for one in recordings])


def best_threshold(recordings: Sequence[Instants]) -> float:
    """The one of ``THRESHOLDS`` with the highest mean F1 of the classes; the lowest one of equals."""
    return max(THRESHOLDS, key=lambda threshold: scores_at(recordings, threshold).mean_f1)
