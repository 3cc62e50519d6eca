"""The detector: an encoder with two heads, which scores every frame of a window and the window as a whole."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from usdrl_model.network.conformer import Conformer
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.network.dste import build_encoder


class Scores(NamedTuple):
    """Logits of a batch of windows, and the features they follow from."""

    frames: Tensor
    """(N, T, K) of every frame (dense head)."""
    clip: Tensor
    """(N, K) of the window as a whole (recognition head)."""
    features: Tensor | None = None
    """(N, D * streams) pooled features; None where what runs gives none."""


class Detector(nn.Module):
    """An encoder with a dense head for frames and a recognition head for windows, one linear layer each.

    What this package trains and runs. The official model for recognition, ``Downstream``, is a class of its own: one
    layer for both, official tensor names, and neither labels nor a frame rate.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = build_encoder(config.encoder)
        self.dropout = nn.Dropout(config.dropout)
        self.dense = nn.Linear(config.encoder.features, len(config.labels))
        self.recognition = nn.Linear(config.encoder.features, len(config.labels))

    def forward(self, x: Tensor) -> Scores:
        """Score windows (N, T, M, V, 3); ValueError for any other shape.

        With a ``delay``, the scores of the last ``delay`` frames are those that the newest frame gives.
        """
        tokens = self.encoder(x)
        pooled = self.encoder.pooled(tokens)
        frames = self.dense(self.dropout(self.encoder.dense(tokens)))
        if delay := self.config.delay:
            frames = torch.cat([frames[:, delay:], frames[:, -1:].expand(-1, delay, -1)], dim=1)
        return Scores(
            frames=frames,
            clip=self.recognition(self.dropout(pooled)),
            features=pooled,
        )

    def empty(self, count: int) -> Tensor:
        """The state (N, S) of people of whom nothing was seen; ValueError as ``advance``."""
        return self._streaming().empty(count)

    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Score the next frames of people, one row of the state a person; for a streaming encoder (``Conformer``).

        Args:
            x: (N, L, V, 3) joints, metres, y up; NaN where missing.
            state: (N, S) after the frames before; ``empty`` for people who have just come.

        Returns:
            Logits (N, L, K), each about the frame ``delay`` before its own, and the state after these frames.

        Raises:
            ValueError: an encoder that only takes windows.
        """
        tokens, state = self._streaming().advance(x, state)
        return self.dense(tokens), state

    def _streaming(self) -> Conformer:
        if not isinstance(self.encoder, Conformer):
            raise ValueError(f"an encoder of architecture {self.config.encoder.architecture} takes windows only")
        return self.encoder
