"""Classifiers of windows that name frames: live, a window is asked what happens shortly before its end.

Letters: N windows, T frames, M people, V joints, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.evaluation.baselines.contract import ABSENT, Classifier, Fit, FitFrames
from usdrl_model.windows.cut import Windows

ASKED = 0.1
"""Share of a window that lies behind the frame whose class is learnt: a decision trails the newest frame."""
SHARPNESS = tuple(float(2.0**power) for power in range(-6, 11))
"""Factors that scores are tried with, to become logarithms of probabilities."""


def frame_wise(fit: Fit, *, calibrated: bool = False) -> FitFrames:
    """Learn from windows the class of one frame near the end, and say it of every frame.

    Args:
        fit: of windows.
        calibrated: find the factor that makes its scores log-probabilities, on every second window.
    """

    def learn(windows: Windows, classes: int, *, seed: int) -> Classifier:
        frames = windows.y.shape[1]
        asked = frames - 1 - round(ASKED * frames)
        there = windows.seen[:, asked]
        x, y = windows.x[there], windows.y[there, asked]
        factor = _sharpness(fit, x, y, classes, seed) if calibrated else 1.0
        classify = fit(x, y, classes, seed=seed)

        def scores(others: Tensor) -> Tensor:
            return factor * classify(others)[:, None].expand(-1, others.shape[1], -1)

        return scores

    return learn


def _sharpness(fit: Fit, x: Tensor, y: Tensor, classes: int, seed: int) -> float:
    """The factor with the least cross entropy on every second window, learnt from the others."""
    found = fit(x[::2], y[::2], classes, seed=seed)(x[1::2])
    truth = y[1::2]
    known = found.gather(1, truth[:, None])[:, 0] > ABSENT
    if not known.any():
        return 1.0
    losses = [float(F.cross_entropy(factor * found[known], truth[known])) for factor in SHARPNESS]
    return SHARPNESS[int(torch.tensor(losses).argmin())]
