"""Fitting a classifier of clips with an encoder: fine-tuned, or frozen with a head on its features.

Every function here returns a ``contract.Fit``.

Letters: N windows, T frames, M people, V joints, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.evaluation.baselines.contract import Classifier, Fit, among_present
from usdrl_model.evaluation.clips.propagation import propagate
from usdrl_model.evaluation.fusion import together
from usdrl_model.evaluation.whitening import Whitening
from usdrl_model.network.dste import Encoder
from usdrl_model.training import linear_layer
from usdrl_model.training.finetuning import train as finetune
from usdrl_model.training.finetuning.config import FinetuneConfig, of_classes
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.windows.cut import Windows
from usdrl_model.windows.resample import resize
from usdrl_model.windows.window import normalise

_PENALTY = 0.1
"""L2 penalty of a linear layer on whitened features of length 1; see ``linear_layer.PENALTY``."""
FeatureHead = Callable[[Tensor, Tensor, int], Classifier]
"""Features (N, D), classes (N,) and their number -> a classifier of features."""


def fit_detector(run: FinetuneConfig, device: torch.device) -> Fit:
    """Train a detector with a recognition head by a configuration in which data and classes are missing."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        return _trained(run, device, windows, y, torch.ones(len(y)), classes, seed)

    return among_present(fit)


def fit_propagated(runs: Sequence[FinetuneConfig], encoders: Sequence[Encoder], device: torch.device) -> Fit:
    """As ``fit_detector``, with labels propagated to unlabelled clips; confident ones are drawn more often.

    With several encoders, neighbours are found in their concatenated features; one detector is trained per
    configuration, and their predictions are fused.
    """

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        features = [linear_layer.features(encoder.to(device), windows) for encoder in encoders]
        alike = torch.cat([Whitening.of(one)(one) for one in features], dim=1)
        guessed, sure = propagate(alike, y, classes)
        return together([_trained(run, device, windows, guessed, sure, classes, seed) for run in runs])

    return fit


def fit_frozen(encoder: Encoder, head: FeatureHead, device: torch.device) -> Fit:
    """Learn a head on features of an encoder that does not learn: (N, D), or (N, M * D) of people one by one."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        frozen = encoder.to(device)
        classify = head(features_of(frozen, windows), y, classes)
        return lambda windows: classify(features_of(frozen, windows))

    return among_present(fit)


def features_of(encoder: Encoder, windows: Tensor) -> Tensor:
    """Features (N, D) of windows (N, T, M, V, 3); with more people than the encoder has, those of each side by side.

    An encoder of one person sees everybody by themselves, centred and turned as if alone.
    """
    shape, people = encoder.config, windows.shape[2]
    if people == shape.people:
        return linear_layer.features(encoder, windows)
    alone = (
        normalise(windows[:, :, [person]], shape.centre, masked=shape.masked, flat=shape.flat)
        for person in range(people)
    )
    return torch.cat([linear_layer.features(encoder, one) for one in alone], dim=1)


def nearest(features: Tensor, y: Tensor, classes: int) -> Classifier:
    """The score of a class is the largest cosine to one of its training clips, of features (N, D)."""
    train = F.normalize(features, dim=1)

    def classify(features: Tensor) -> Tensor:
        cosine = F.normalize(features, dim=1) @ train.T
        best = cosine.new_full((len(cosine), classes), -torch.inf)
        return best.scatter_reduce(1, y.expand(len(cosine), -1), cosine, "amax")

    return classify


def linear_on_unit(features: Tensor, y: Tensor, classes: int) -> Classifier:
    """Logistic regression on features (N, D) of length 1, as they are."""
    weight, bias = linear_layer.fit(features.double(), y, classes, _PENALTY)
    return lambda test: test.double() @ weight + bias


def whitened(head: FeatureHead) -> FeatureHead:
    """A head on features whitened by the statistics of the training clips."""

    def learn(features: Tensor, y: Tensor, classes: int) -> Classifier:
        whiten = Whitening.of(features)
        classify = head(whiten(features), y, classes)
        return lambda test: classify(whiten(test))

    return learn


def resized(fit: Fit, frames: int) -> Fit:
    """Resize windows to ``frames`` frames before fitting and before predicting."""

    def learn(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        classify = fit(resize(windows, frames), y, classes, seed=seed)
        return lambda windows: classify(resize(windows, frames))

    return learn


def _trained(
    run: FinetuneConfig, device: torch.device, windows: Tensor, y: Tensor, share: Tensor, classes: int, seed: int
) -> Classifier:
    """Train on windows (N, T, M, V, 3) of classes ``y`` (N,), drawn in proportion to ``share`` (N,)."""
    this = of_classes(run, classes + 1, seed)
    frames = windows.shape[1]
    given = Windows(windows, (y + 1)[:, None].repeat(1, frames), torch.ones(len(y), frames, dtype=torch.bool))
    mixture = Mixture(given, share.double() / share.double().sum())
    detector = finetune.fit(this, mixture, device=device).to(device)

    @torch.inference_mode()
    def classify(windows: Tensor) -> Tensor:
        logits = [detector(part.to(device)).clip[:, 1:] for part in windows.split(linear_layer.BATCH)]
        return torch.cat(logits).to(windows.device)

    return classify
