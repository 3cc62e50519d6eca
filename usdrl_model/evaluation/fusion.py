"""Late fusion of several networks, each trained on another modality: "3s" (three streams) of the literature.

Networks on joints, bones and motion make different errors. Their probabilities are averaged, so an uncertain network
has little influence.

Letters: N windows, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from usdrl_model.evaluation.baselines.contract import ABSENT, Classifier, Given


def fuse(fits: Sequence[Callable[Given, Classifier]]) -> Callable[Given, Classifier]:
    """Fit each of ``contract.Fit`` or ``FitFrames``; the result averages their probabilities."""

    def fit(*given: Given.args, **named: Given.kwargs) -> Classifier:
        return together([one(*given, **named) for one in fits])

    return fit


def together(classifiers: Sequence[Classifier]) -> Classifier:
    """The score of a class is the logarithm of its mean probability."""

    def classify(windows: Tensor) -> Tensor:
        mean = torch.stack([one(windows).softmax(dim=-1) for one in classifiers]).mean(dim=0)
        return mean.log().clamp(min=ABSENT)

    return classify
