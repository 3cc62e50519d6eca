"""Decoding: posteriors of every frame -> one class per frame, without runs that are too short to be an action.

The most likely class of each frame breaks long actions into several, which costs more than half of the segment scores
(docs/ablations.md). Both decoders ignore which action follows which: in some data sets everybody performs the same
actions in the same order, and a decoder that learned this order would fail everywhere else.

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

from usdrl_model.events.posterior import hann, hann_length
from usdrl_model.skeleton.segments import BACKGROUND

SMALLEST = 1e-6
"""Lower limit of a probability: a single certain frame must not outweigh a whole action."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodingConfig:
    """How frames become segments; times in seconds, so that they mean the same at every rate."""

    smoothing: float = 1.0
    """Width of the Hann kernel that smooths posteriors over time; 0: no smoothing."""
    background: float = 1.0
    """Factor applied to the background posterior before decoding. Below 1, ambiguous frames become actions."""
    decoder: Literal["min_length", "viterbi"] = "min_length"
    """``min_length``: the most likely class of each frame, short runs removed. ``viterbi``: the most likely sequence
    of classes, with a cost for every change."""
    min_length: float = 0.8
    """Seconds; a shorter run is merged into a neighbour (decoder min_length)."""
    change_cost: float = 4.0
    """Cost of a change of class in nats (decoder viterbi)."""

    def __post_init__(self) -> None:
        """Raise ValueError for negative times and costs, and for a background of weight 0."""
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
    """Moving average of (T, K) with a Hann kernel of ``seconds``; at the ends, of the frames that are there.

    Every frame has a posterior here; ``Timeline`` also leaves out frames without one, and rounds otherwise.
    """
    kernel = hann(hann_length(seconds, rate))
    half = len(kernel) // 2
    if half == 0 or not len(posterior):
        return posterior
    spans = np.lib.stride_tricks.sliding_window_view(np.pad(posterior, ((half, half), (0, 0))), len(kernel), axis=0)
    there = np.convolve(np.ones(len(posterior)), kernel)[half:-half]
    averaged: np.ndarray = (spans @ kernel) / there[:, None]
    return averaged


def without_short_runs(classes: np.ndarray, posterior: np.ndarray, shortest: float) -> np.ndarray:
    """Merge runs of less than ``shortest`` frames into a neighbour, the shortest first; background is a class too.

    A run takes the class of the neighbour with the larger mean posterior in it; of the earlier one for equal means.

    Args:
        classes: (T,) class of every frame.
        posterior: (T, K).
        shortest: frames.

    Returns:
        (T,); a shorter run remains only if it is the whole sequence.
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
