"""Several networks asked as one, each trained by itself on another modality: "3s" (three streams) of the literature.

Joints, bones and motion show a network different things; where one errs, the others often do not. Their answers are
averaged (late fusion), so that a network that is in doubt says little.

Letters: N windows, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, get_args

import torch
from torch import Tensor

from usdrl_model.evaluation.baselines import ABSENT, Classifier
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.modality import Modality

FUSED = ", fused"
"""End of the names of methods that ask several networks."""
Given = ParamSpec("Given")


def streams(shape: EncoderConfig) -> tuple[EncoderConfig, ...]:
    """An encoder for joints, one for bones, one for motion."""
    return tuple(dataclasses.replace(shape, modalities=(one,)) for one in get_args(Modality))


def numbered(name: str, values: Iterable[str]) -> dict[str, str]:
    """What decides the scores of a method: ``name`` of the first network, "name 2" of the second ..."""
    return {f"{name} {n}" if n > 1 else name: value for n, value in enumerate(values, 1)}


def fuse(fits: Sequence[Callable[Given, Classifier]]) -> Callable[Given, Classifier]:
    """Learn with each of ``baselines.Fit`` or ``FitFrames``, then ask all."""

    def fit(*given: Given.args, **named: Given.kwargs) -> Classifier:
        return together([one(*given, **named) for one in fits])

    return fit


def together(classifiers: Sequence[Classifier]) -> Classifier:
    """The score of a class is the logarithm of its mean probability."""

    def classify(windows: Tensor) -> Tensor:
        mean = torch.stack([one(windows).softmax(dim=-1) for one in classifiers]).mean(dim=0)
        return mean.log().clamp(min=ABSENT)

    return classify


def check_alike(shapes: Sequence[EncoderConfig]) -> None:
    """Refuse encoders that take different windows; ValueError says which they take."""
    taken = [str(shape.window) for shape in shapes]
    if len(set(taken)) > 1:
        raise ValueError(
            f"weights that are fused have to take the same windows (frames x people), got {'; '.join(taken)}"
        )
