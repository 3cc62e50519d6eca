"""A 1D-CNN and a bidirectional GRU on joints and velocity, trained from scratch in seconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from usdrl_model.evaluation.baselines.contract import Classifier, Fit, among_present
from usdrl_model.evaluation.baselines.training import Recipe, in_parts, train
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.draw import Draw
from usdrl_model.training.pretraining.views import Clips, ViewConfig, views
from usdrl_model.windows.shape import WindowShape

VELOCITY = 10.0
"""Scale of the velocity in metres per frame, which is small compared with the coordinates in metres."""
WIDTH = 128
DROPOUT = 0.2
LABEL_SMOOTHING = 0.1
RECIPE = Recipe(epochs=30, fewest=200, batch=16, learning_rate=4e-3)
VIEWS = ViewConfig(
    count=2,
    crop=0.7,
    shortest_crop=8,
    time_warp=0.0,
    normalise=False,
    augment=AugmentConfig(yaw=0.3, tilt=0.1, scale=0.0, stretch=0.0, jitter=0.0),
)
"""Two augmented views of every example of a batch."""


class CNN(nn.Module):
    """Three convolutions over time, each followed by a coarser time."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(_layer(WIDTH if later else channels) for later in range(3)))
        self.head = Head(WIDTH, classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (N, K) of windows (N, T, M, V, 3)."""
        logits: Tensor = self.head(self.layers(with_velocity(windows)))
        return logits


class GRU(nn.Module):
    """A recurrent layer in both directions over pairs of frames, which takes half the time of single ones."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layer = nn.GRU(channels, WIDTH, batch_first=True, bidirectional=True)
        self.head = Head(2 * WIDTH, classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (N, K) of windows (N, T, M, V, 3)."""
        pairs = F.avg_pool1d(with_velocity(windows), 2, ceil_mode=True)
        hidden, _ = self.layer(pairs.transpose(1, 2))
        logits: Tensor = self.head(hidden.transpose(1, 2))
        return logits


class Head(nn.Module):
    """Features of every frame -> one linear layer on their maximum and their mean."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        self.linear = nn.Linear(2 * channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) -> (N, K)."""
        logits: Tensor = self.linear(self.dropout(torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1)))
        return logits


def with_velocity(windows: Tensor) -> Tensor:
    """Windows (N, T, M, V, 3) -> channels over time (N, M * V * 6, T); the first frame does not move."""
    poses = windows.flatten(2).transpose(1, 2)
    change = torch.diff(poses, dim=2, prepend=poses[:, :, :1])
    return torch.cat([poses, VELOCITY * change], dim=1)


def _layer(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(channels, WIDTH, kernel_size=5, padding=2),
        nn.BatchNorm1d(WIDTH),
        nn.ReLU(),
        nn.MaxPool1d(2, ceil_mode=True),
        nn.Dropout(DROPOUT),
    )


def _network(kind: Callable[[int, int], nn.Module]) -> Fit:
    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        count, frames = windows.shape[:2]
        clips = Clips(
            windows.flatten(0, 1),
            torch.arange(count, device=windows.device) * frames,
            torch.full((count,), frames, device=windows.device),
        )

        def loss(network: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
            chosen = Clips(clips.frames, clips.starts[rows], clips.lengths[rows])
            seen = views(chosen, WindowShape(frames=frames), VIEWS, Draw(generator, len(rows), views=VIEWS.count))
            return F.cross_entropy(
                network(seen.flatten(0, 1)), y[rows].repeat(VIEWS.count), label_smoothing=LABEL_SMOOTHING
            )

        channels = 2 * windows[0, 0].numel()
        return in_parts(train(partial(kind, channels, classes), loss, count, RECIPE, windows.device, seed))

    return among_present(fit)


fit_cnn = _network(CNN)
fit_gru = _network(GRU)
