"""Logistic regression on the coordinates of windows: a linear layer without an encoder.

Letters: N windows, T frames, M people, V joints, K classes.
"""

from __future__ import annotations

from torch import Tensor

from usdrl_model.evaluation.baselines.contract import Classifier, among_present
from usdrl_model.training.linear_layer import linear_layer


@among_present
def fit_logistic(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
    """Learn from coordinates (N, T * M * V * 3), each standardised; there is nothing random in it."""
    logits = linear_layer(windows.flatten(1), y, classes)
    return lambda others: logits(others.flatten(1)).float()
