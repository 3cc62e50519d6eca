"""The detector: an encoder with two heads, which scores every frame of a window and the window as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from usdrl_model.config import at_most
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import check_name, shown
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.conformer import Conformer
from usdrl_model.network.dste import build_encoder
from usdrl_model.skeleton.parts import Part

BACKGROUND_LABEL = "none"
"""Label of class 0: none of the actions."""

MIN_RATE, MAX_RATE = 0.1, 240.0
"""Frames a second; no tracker is faster."""
MAX_LABELS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectorConfig:
    """Encoder, classes and frame rate of a detector."""

    labels: tuple[str, ...]
    """Names of the K classes; the first is "none"."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    rate: float = 15.0
    """Frames a second of the windows; T / rate is the time span of a window."""
    dropout: float = 0.3
    """Before each head, in training."""
    delay: int = 0
    """Frames after which the scores of a frame are given, by an encoder that sees no later frames (``conformer``): what
    it says at a frame is about the frame ``delay`` before. Others see the future of a frame in their window: 0."""
    needs: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    """Label -> parts of the body without which it cannot be told; it is withheld where they are not seen."""

    def __post_init__(self) -> None:
        """Refuse labels without background, with repeats, or that cannot be shown."""
        if not self.labels or self.labels[0] != BACKGROUND_LABEL or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must be distinct and begin with {BACKGROUND_LABEL!r}, got {shown(self.labels)}")
        if len(self.labels) > MAX_LABELS:
            raise ValueError(f"labels: expected at most {MAX_LABELS}, got {len(self.labels)}")
        for label in self.labels:
            check_name(label, "labels")
        for label in self.needs:
            if label not in self.labels[1:]:
                raise ValueError(f"needs.{shown(label)}: not one of the labels{hint(label, self.labels[1:])}")
        if self.rate < MIN_RATE:
            raise ValueError(f"rate must be above 0 ({MIN_RATE:g} at least) frames a second, got {self.rate}")
        at_most(self, {"rate": MAX_RATE})
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        most = self.encoder.frames - 1 if self.streaming else 0
        if not 0 <= self.delay <= most:
            raise ValueError(f"delay: expected 0 to {most} frames of architecture {self.encoder.architecture},"
                             f" got {self.delay}")  # fmt: skip

    @property
    def streaming(self) -> bool:
        """Whether the encoder takes frames one at a time (``Detector.advance``)."""
        return self.encoder.architecture == "conformer"


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

    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Score the next frames of people, one row of the state a person; for a streaming encoder (``Conformer``).

        Args:
            x: (N, L, V, 3) joints, metres, y up; NaN where missing.
            state: (N, S) after the frames before; ``encoder.empty`` for people who have just come.

        Returns:
            Logits (N, L, K), each about the frame ``delay`` before its own, and the state after these frames.

        Raises:
            ValueError: an encoder that only takes windows.
        """
        if not isinstance(self.encoder, Conformer):
            raise ValueError(f"an encoder of architecture {self.config.encoder.architecture} takes windows only")
        tokens, state = self.encoder.advance(x, state)
        return self.dense(tokens), state
