"""What frozen features are worth: accuracy of 1-NN and of a linear layer on the features of an encoder.

Two classifiers with next to nothing to tune, so that differences between encoders are differences of features:
the class of the nearest training clip (1-NN, cosine), and a linear layer (logistic regression on standardised
features). Both are computed with torch: scikit-learn predicts the same classes of pretrained features, but takes three
times as long for the linear layer and five times for the neighbours, and brings SciPy.

    store = Store.open("stores")
    encoder = load_encoder("runs/mild/weights")
    probe(encoder, store.select(sets=["utd_mhad"]))["utd_mhad"]        # Score(nearest=..., linear=..., ...)

Letters: N clips, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import Encoder
from usdrl_model.network.initialise import initialise
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.training.linear_layer import features, linear
from usdrl_model.windows.shape import WindowShape

UNKNOWN = -1
"""Class of a test clip whose label does not occur in training; counts as an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Accuracies on test clips, in percent."""

    nearest: float
    """1-NN, cosine, raw features."""
    linear: float
    """Logistic regression, standardised features."""
    train: int
    """Labelled clips to learn from."""
    test: int
    """Labelled clips that were scored."""
    classes: int


def probe(encoder: Encoder, store: Store, split: str = "standard") -> dict[str, Score]:
    """Set -> accuracy of frozen features, for every set in ``store``.

    Args:
        encoder: in evaluation mode, on any device; stays as it is.
        store: labelled clips; every set is split and scored by itself.
        split: protocol (and fold) as ``Store.select`` takes it, without ``/train`` or ``/test``.

    Raises:
        ValueError: a set without labelled clips in one of the parts, or an unknown protocol.
    """
    return score_sets(store, encoder.config.window, lambda windows: features(encoder, windows), split)


def score_sets(
    store: Store, shape: WindowShape, represent: Callable[[Tensor], Tensor], split: str = "standard"
) -> dict[str, Score]:
    """As ``probe``, of any function from windows (N, T, M, V, 3) to features (N, D); ``shape`` has T and M."""
    scores = {}
    for name in store.sets:
        train, test = (
            labelled(store.select(sets=[name], split=f"{split}/{part}"), shape, f"{name} {split}/{part}")
            for part in ("train", "test")
        )
        scores[name] = score(represent(train.windows), train.labels, represent(test.windows), test.labels)
    return scores


def untrained(shape: EncoderConfig, projectors: ProjectorConfig | None = None, seed: int = 0) -> Encoder:
    """The encoder that pretraining with ``seed`` starts from, in evaluation mode."""
    model = USDRL(shape, projectors)  # with projectors: they take their share of the same random numbers
    initialise(model, torch.Generator().manual_seed(seed))
    return model.backbone.eval()


def score(train: Tensor, train_labels: tuple[str, ...], test: Tensor, test_labels: tuple[str, ...]) -> Score:
    """Both accuracies of features (N, D) and their labels."""
    classes = sorted(set(train_labels))
    index = {label: k for k, label in enumerate(classes)}
    y = torch.tensor([index[label] for label in train_labels])
    truth = torch.tensor([index.get(label, UNKNOWN) for label in test_labels])
    train, test = train.cpu(), test.cpu()
    accuracy = lambda found: 100.0 * (found == truth).double().mean().item()  # noqa: E731
    return Score(
        nearest=accuracy(y[nearest(train, test)]),
        linear=accuracy(linear(train, y, test, len(classes))),
        train=len(train),
        test=len(test),
        classes=len(classes),
    )


def nearest(train: Tensor, test: Tensor) -> Tensor:
    """For each of the test features (N, D) the row of ``train`` with the largest cosine; (N,) int64."""
    return (F.normalize(test, dim=1) @ F.normalize(train, dim=1).T).argmax(dim=1)
