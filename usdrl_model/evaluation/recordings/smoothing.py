"""Posteriors of every frame -> one class a frame, without pieces that are too short to be an action.

Frame by frame, a detector breaks one long action into several: the most likely class of single frames gives away more
than half of the segment scores (docs/ablations.md). Two remedies, both blind to which action follows which: in the
recordings of some data sets everybody performs the same actions in the same order, and a decoder that learned it would
score well there and be worth nothing anywhere else.

    >>> p = np.full((9, 2), 0.1)
    >>> p[:, 0] = p[4, 1] = 0.9
    >>> config = DecodingConfig(smoothing=0.0, min_length=0.5)
    >>> decode(p / p.sum(axis=1, keepdims=True), 10.0, config).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0]

Letters: T frames, K classes (background first), R runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from usdrl_model.events.posterior import hann
from usdrl_model.skeleton.segments import BACKGROUND

SMALLEST = 1e-6
"""Probability below which nothing gets less likely: one certain frame must not outweigh a whole action."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodingConfig:
    """How frames become segments; times in seconds, so that they mean the same at every rate."""

    smoothing: float = 1.0
    """Support of the Hann kernel that posteriors are averaged with along time; 0 does not smooth."""
    background: float = 1.0
    """What the posterior of the background counts beside that of an action; below 1, a frame that may be one is one."""
    decoder: Literal["min_length", "viterbi"] = "min_length"
    """The most likely class of each frame without runs that are too short, or the most likely sequence of classes when
    every change of class has a price."""
    min_length: float = 0.8
    """Seconds under which a run is given to its neighbours (decoder min_length)."""
    change_cost: float = 4.0
    """Nats that a change of class costs (decoder viterbi)."""

    def __post_init__(self) -> None:
        """Refuse negative times and prices, and a background that is never there."""
        for name in ("smoothing", "min_length", "change_cost"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")
        if self.background <= 0.0:
            raise ValueError(f"background: expected more than 0, got {self.background}")


def decode(posterior: np.ndarray, rate: float, config: DecodingConfig) -> np.ndarray:
    """The class of every frame, (T,) int64, of posteriors (T, K) at ``rate`` frames a second."""
    weighted = posterior.copy()
    weighted[:, BACKGROUND] *= config.background
    smoothed = smooth(weighted / weighted.sum(axis=1, keepdims=True), rate, config.smoothing)
    if config.decoder == "viterbi":
        return viterbi(smoothed, config.change_cost)
    return without_short_runs(smoothed.argmax(axis=1), smoothed, config.min_length * rate)


def smooth(posterior: np.ndarray, rate: float, seconds: float) -> np.ndarray:
    """Moving average of (T, K) with a Hann kernel of ``seconds``; at the ends, of the frames that are there."""
    kernel = hann(round(seconds * rate) // 2 * 2 + 1)
    half = len(kernel) // 2
    if half == 0 or not len(posterior):
        return posterior
    spans = np.lib.stride_tricks.sliding_window_view(np.pad(posterior, ((half, half), (0, 0))), len(kernel), axis=0)
    there = np.convolve(np.ones(len(posterior)), kernel)[half:-half]
    averaged: np.ndarray = (spans @ kernel) / there[:, None]
    return averaged


def without_short_runs(classes: np.ndarray, posterior: np.ndarray, shortest: float) -> np.ndarray:
    """Give away runs of less than ``shortest`` frames, the shortest first, background like any other.

    Each goes to the neighbour whose class has the larger mean posterior in it; ties to the earlier one.

    Args:
        classes: (T,) class of every frame.
        posterior: (T, K).
        shortest: frames.

    Returns:
        (T,); shorter runs are left only where the whole sequence is one.
    """
    edges = [0, *(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(classes)]
    runs = [int(classes[first]) for first in edges[:-1]] if len(classes) else []
    totals = np.concatenate([np.zeros((1, posterior.shape[1])), posterior.cumsum(axis=0)])
    while len(runs) > 1:
        lengths = np.diff(edges)
        place = int(lengths.argmin())
        if lengths[place] >= shortest:
            break
        inside = totals[edges[place + 1]] - totals[edges[place]]
        neighbours = [runs[other] for other in (place - 1, place + 1) if 0 <= other < len(runs)]
        runs[place] = max(neighbours, key=inside.__getitem__)
        for border in (place + 1, place):  # the later one first: it does not move the earlier one
            if 0 < border < len(runs) and runs[border - 1] == runs[border]:
                del runs[border], edges[border]
    return np.repeat(np.array(runs, np.int64), np.diff(edges)) if runs else np.zeros(0, np.int64)


def viterbi(posterior: np.ndarray, change_cost: float) -> np.ndarray:
    """The sequence (T,) with the largest sum of log posteriors (T, K) less ``change_cost`` for every change of class.

    All changes cost the same (a Potts model): no order of classes is preferred. Ties keep the class.
    """
    gain = np.log(np.maximum(posterior, SMALLEST))
    length, classes = gain.shape
    path = np.zeros(length, np.int64)
    if not length:
        return path
    before = np.zeros((length, classes), np.int64)
    score = gain[0]
    for frame in range(1, length):
        best = int(score.argmax())
        changed = score[best] - change_cost
        before[frame] = np.where(score >= changed, np.arange(classes), best)
        score = np.maximum(score, changed) + gain[frame]
    path[-1] = score.argmax()
    for frame in range(length - 1, 0, -1):
        path[frame - 1] = before[frame, path[frame]]
    return path
