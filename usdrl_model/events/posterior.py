"""Overlapping windows -> one posterior per frame.

Every window that covers a frame predicts it. The posterior is the weighted mean of these predictions, with a Hann
weight because predictions are best with context on both sides, smoothed over neighbouring frames because actions last
longer than a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

EDGE_WEIGHT = 0.02
"""Added to the Hann weight, which is 0 at the edges: the newest frame has no other prediction."""


class Timeline:
    """Posteriors of one person on the time grid of the model.

    Args:
        classes: K, background included.
        frames: T, frames of a window.
        capacity: frames kept, at least ``frames``.
        smoothing: frames of the Hann kernel along time, odd; 1 does not smooth.
    """

    def __init__(self, classes: int, frames: int, capacity: int, smoothing: int) -> None:
        if capacity < frames:
            raise ValueError(f"expected a capacity of at least {frames} frames (a window), got {capacity}")
        if smoothing < 1 or smoothing % 2 == 0:
            raise ValueError(f"expected an odd number of frames to smooth over, got {smoothing}")
        self._capacity = capacity
        self._total = np.zeros((capacity, classes))
        self._weight = np.zeros(capacity)
        self._newest: int | None = None
        self._window_weight = EDGE_WEIGHT + hann(frames)
        self.smoothing = smoothing
        """Frames of the kernel along time."""

    @property
    def newest(self) -> int | None:
        """Grid index of the newest frame that a window covers; None before the first window."""
        return self._newest

    def add(self, end: int, probabilities: np.ndarray, seen: np.ndarray) -> None:
        """Add the predictions of a window.

        Args:
            end: grid index of the window's last frame; not lower than that of the window before.
            probabilities: (T, K), rows add up to 1.
            seen: (T,) bool, False for frames without the person; their predictions are ignored.
        """
        first = end + 1 if self._newest is None else self._newest + 1
        if end - first + 1 >= self._capacity or self._newest is None:
            self._total[:], self._weight[:] = 0.0, 0.0
        else:
            cleared = np.arange(first, end + 1) % self._capacity
            self._total[cleared], self._weight[cleared] = 0.0, 0.0
        self._newest = end
        slots = np.arange(end - len(seen) + 1, end + 1) % self._capacity
        weight = self._window_weight * seen
        self._total[slots] += weight[:, None] * probabilities
        self._weight[slots] += weight

    def posterior(self, first: int, last: int) -> np.ndarray:
        """Posterior of the frames ``first`` to ``last`` from the windows so far; (last - first + 1, K).

        NaN in frames without a prediction.
        """
        found: np.ndarray = posteriors([self], first, last)[0]
        return found

    def near(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights (L,) and weighted totals (L, K) of rising grid frames; weight 0 where nothing is kept."""
        if self._newest is None:
            raise ValueError("no window was added yet")
        slots = indices % self._capacity
        weight = self._weight[slots]
        if indices[-1] > self._newest or indices[0] <= self._newest - self._capacity:
            weight[(indices > self._newest) | (indices <= self._newest - self._capacity)] = 0.0
        return weight, self._total[slots]


def posteriors(timelines: Sequence[Timeline], first: int, last: int) -> np.ndarray:
    """``Timeline.posterior`` of P people at once, who have the same classes and smoothing: (P, last - first + 1, K)."""
    half = timelines[0].smoothing // 2
    indices = np.arange(first - half, last + half + 1)
    weight, total = (np.stack(part) for part in zip(*(one.near(indices) for one in timelines), strict=True))
    known = weight > 0.0
    frame = np.where(known[:, :, None], total / np.where(known, weight, 1.0)[:, :, None], 0.0)
    band = _band(last - first + 1, timelines[0].smoothing)
    share = known @ band.T
    smooth: np.ndarray = (band @ frame) / np.where(share > 0.0, share, 1.0)[:, :, None]
    smooth[~known[:, half : len(indices) - half]] = np.nan
    return smooth


def hann(length: int) -> np.ndarray:
    """(length,) Hann window, sampled at the middles of its support, so that all points are above 0."""
    return np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2


def hann_length(seconds: float, rate: float) -> int:
    """Frames of a Hann kernel of some ``seconds`` at a ``rate`` in Hz: odd; 1, which does not smooth, for 0 s."""
    return round(seconds * rate) // 2 * 2 + 1


@lru_cache(maxsize=64)
def _band(rows: int, length: int) -> np.ndarray:
    """(rows, rows - 1 + length): a Hann kernel in every row, each a frame later than the one above."""
    band = np.zeros((rows, rows - 1 + length))
    for row in range(rows):
        band[row, row : row + length] = hann(length)
    band.flags.writeable = False
    return band
