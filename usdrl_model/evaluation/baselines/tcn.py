"""A temporal convolutional network that names the action of every frame: dilated residual convolutions.

Letters: N windows, T frames, M people, V joints, C channels, K classes.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from usdrl_model.evaluation.baselines.contract import Classifier, check_classes, spread
from usdrl_model.evaluation.baselines.networks import with_velocity
from usdrl_model.evaluation.baselines.training import Recipe, in_parts, train
from usdrl_model.training.augment import AugmentConfig, augment
from usdrl_model.windows.cut import Windows
from usdrl_model.windows.shape import WindowShape

WIDTH = 96
DILATIONS = (1, 2, 4, 8, 16)
"""Of a layer each: with kernel 3, a frame is judged by 31 frames before it and 31 after it."""
DROPOUT = 0.2
LABEL_SMOOTHING = 0.1
BALANCE = 0.5
"""The weight of a class is one over its share of the frames, to this power."""
RECIPE = Recipe(epochs=5, fewest=300, batch=32, learning_rate=2e-3)
VIEW = AugmentConfig(yaw=0.3, tilt=0.1, scale=0.1, stretch=0.0, jitter=0.0, warp=0.2)


class TCN(nn.Module):
    """Joints and velocity -> logits of every frame."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(channels, WIDTH, kernel_size=1)
        self.layers = nn.Sequential(*(Dilated(dilation) for dilation in DILATIONS))
        self.head = nn.Conv1d(WIDTH, classes, kernel_size=1)

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (N, T, K) of windows (N, T, M, V, 3)."""
        logits: Tensor = self.head(self.layers(self.stem(with_velocity(windows))))
        return logits.transpose(1, 2)


class Dilated(nn.Module):
    """x + what a convolution over frames that lie ``dilation`` apart adds to it."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv1d(WIDTH, WIDTH, kernel_size=3, padding=dilation, dilation=dilation),
            nn.BatchNorm1d(WIDTH),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Conv1d(WIDTH, WIDTH, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) -> the same shape."""
        return x + self.branch(x)


def fit_tcn(windows: Windows, classes: int, *, seed: int) -> Classifier:
    """Learn from the frames that were seen; see ``contract.FitFrames``."""
    present, index = check_classes(windows.y[windows.seen], classes)
    y = torch.zeros_like(windows.y)
    y[windows.seen] = index
    weights = _class_weights(index)
    shape = WindowShape(frames=y.shape[1], people=windows.x.shape[2])

    def loss(network: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        x, truth, seen = augment(windows.x[rows], y[rows], windows.seen[rows], VIEW, shape, generator)
        losses = F.cross_entropy(
            network(x)[seen], truth[seen], weight=weights, label_smoothing=LABEL_SMOOTHING, reduction="sum"
        )
        return losses / seen.numel()  # not by the frames that were seen: a batch may have none

    build = partial(TCN, 2 * windows.x[0, 0].numel(), len(present))
    network = train(build, loss, len(windows), RECIPE, windows.x.device, seed)
    return spread(in_parts(network), present, classes)


def _class_weights(y: Tensor) -> Tensor:
    """(K,) rarer classes weigh more; the mean weight of a frame is 1."""
    share = torch.bincount(y).float() / len(y)
    weights = share**-BALANCE
    return weights / (weights * share).sum()
