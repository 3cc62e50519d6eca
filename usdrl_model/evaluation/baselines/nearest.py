"""The class of the nearest training window: frame by frame (Euclid), or after the best alignment in time (DTW).

There is no training.

Letters: n and P windows, T frames, D coordinates of a frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from usdrl_model.evaluation.baselines.contract import Classifier, Fit, among_present

BAND = 0.125
"""Width of the Sakoe-Chiba band as a share of the window."""
TOGETHER = 512
"""Windows per block of distances; bounds the memory."""
EXACT = "donot_use_mm_for_euclid_dist"
"""The faster matrix product is off by 1e-2 for nearly equal frames."""


def euclid(a: Tensor, b: Tensor) -> Tensor:
    """Distances (n, P) of windows a (n, T, D) and b (P, T, D)."""
    return torch.cdist(a.flatten(1), b.flatten(1), compute_mode=EXACT)


def dtw(a: Tensor, b: Tensor, band: float = BAND) -> Tensor:
    """Dynamic time warping distances of windows of one length.

    The least sum of Euclidean distances between aligned frames, over all alignments that keep the order of the frames,
    begin with both first frames and end with both last ones.

    Args:
        a: (n, T, D).
        b: (P, T, D).
        band: aligned frames lie at most ``ceil(band * T)`` apart.

    Returns:
        (n, P).
    """
    frames = a.shape[1]
    reach = math.ceil(band * frames)
    wall = a.new_full((len(a), len(b)), math.inf)
    # Cell j + 1 of a row ends at frame j of b; the only way in is from before both first frames.
    above = [torch.zeros_like(wall)] + [wall] * frames
    for i in range(frames):
        row = [wall] * (frames + 1)
        for j in range(max(0, i - reach), min(frames, i + reach + 1)):
            step = torch.cdist(a[:, i], b[:, j], compute_mode=EXACT)
            row[j + 1] = step + torch.minimum(torch.minimum(above[j], above[j + 1]), row[j])
        above = row
    return above[-1]


def _nearest(distance: Callable[[Tensor, Tensor], Tensor]) -> Fit:
    """1-NN: the score of a class is minus the distance of its nearest example."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        examples = windows.flatten(2)

        def classify(others: Tensor) -> Tensor:
            return torch.cat([scores(part) for part in others.flatten(2).split(TOGETHER)])

        def scores(part: Tensor) -> Tensor:
            least = part.new_full((len(part), classes), math.inf)
            for some, own in zip(examples.split(TOGETHER), y.split(TOGETHER), strict=True):
                least.scatter_reduce_(1, own.expand(len(part), -1), distance(part, some), "amin")
            return -least

        return classify

    return among_present(fit)


fit_euclid = _nearest(euclid)
fit_dtw = _nearest(dtw)
