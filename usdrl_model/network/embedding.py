"""From coordinates to tokens: velocity, convolutional stem, embeddings of both streams, positions of frames."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.config import MAX_FRAMES, EncoderConfig, Stream

VELOCITY_SCALE = 10.0
"""Brings a frame-to-frame difference to the size of a joint coordinate (0.05 m a frame at 15 Hz is 0.75 m/s)."""


class PositionTable(nn.Module):
    """Adds a fixed sinusoid to the tokens; (N, L, D)."""

    pe: Tensor

    def __init__(self, hidden: int) -> None:
        super().__init__()
        table = torch.zeros(1, MAX_FRAMES, hidden)
        if not table.is_meta:  # where there are only shapes, such sums make torch import its compiler: a second
            position = torch.arange(MAX_FRAMES)[:, None]
            rate = torch.exp(torch.arange(0, hidden, 2) * (-math.log(10000.0) / hidden))
            table[0, :, 0::2] = torch.sin(position * rate)
            table[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", table)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return x + self.pe[:, : x.shape[1]]


class TokenEmbedding(nn.Module):
    """The embeddings of the streams that run.

    Those of the first modality have the official names; the names of the others end in their modality.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self._suffixes = ["", *(f"_{name}" for name in config.modalities[1:])]
        for suffix in self._suffixes:
            if "temporal" in config.streams:
                stem = ConvStem if config.stem_kernel else linear_embedding
                self.add_module(f"t_embedding{suffix}", stem(config.tokens * config.channels, config))
            if "spatial" in config.streams:
                size = config.frames * config.channels
                self.add_module(f"s_embedding{suffix}", linear_embedding(size, config))

    def embed(self, stream: Stream, modalities: Sequence[Tensor], shares: Tensor | None) -> Tensor:
        """Average over the modalities.

        Args:
            stream: which embeddings.
            modalities: (N, L, numbers a token) of each modality.
            shares: (N, modalities) weights that add up to 1; equal ones where left out.

        Returns:
            (N, L, D).
        """
        embedded = [
            getattr(self, f"{stream[0]}_embedding{suffix}")(x)
            for suffix, x in zip(self._suffixes, modalities, strict=True)
        ]
        if len(embedded) == 1:
            return embedded[0]
        if shares is None:
            return torch.stack(embedded).mean(dim=0)
        return torch.einsum("nm,mnld->nld", shares, torch.stack(embedded))


def with_mask(tensors: Mapping[str, Tensor], config: EncoderConfig) -> dict[str, Tensor]:
    """Weights of an encoder for one that is ``masked``: the same function of whole bodies, blind to the mask at first.

    Args:
        tensors: of an encoder without ``masked``.
        config: its configuration.
    """
    grown = dict(tensors)
    for name, weight in tensors.items():
        if re.fullmatch(r"ske_emb\.[ts]_embedding\w*\.(0|conv1)\.weight", name):
            numbers = weight.unflatten(1, (-1, config.channels))
            missing = torch.zeros_like(numbers[:, :, :1])
            grown[name] = torch.cat([numbers, missing], dim=2).flatten(1, 2)
    return grown


def linear_embedding(size: int, config: EncoderConfig) -> nn.Module:
    """Official embedding of a token of ``size`` numbers."""
    hidden = config.hidden
    return nn.Sequential(nn.Linear(size, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, hidden))


class ConvStem(nn.Module):
    """Embedding of frames and their neighbours: convolution, batch norm, ReLU, 1x1 convolution."""

    def __init__(self, size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.conv1 = conv_over_time(size, config.hidden, config.stem_kernel, config.causal)
        self.norm = nn.BatchNorm1d(config.hidden)
        self.conv2 = nn.Conv1d(config.hidden, config.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return self.conv2(F.relu(self.norm(self.conv1(x.transpose(1, 2))))).transpose(1, 2)


class CausalConv1d(nn.Conv1d):
    """A convolution over (N, C, T) whose output at a frame depends on this frame and earlier ones only."""

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return super().forward(F.pad(x, (self.kernel_size[0] - 1, 0)))


def conv_over_time(inputs: int, outputs: int, kernel: int, causal: bool) -> nn.Conv1d:
    """A convolution that keeps the number of frames; the same parameters either way."""
    if causal:
        return CausalConv1d(inputs, outputs, kernel)
    return nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)


def velocity(x: Tensor) -> Tensor:
    """Difference to the frame before, 0 in the first one; (N, T, ...) -> the same shape.

    Backward, so that the newest frame of a live window has a velocity.
    """
    return F.pad(x.diff(dim=1).flatten(2), (0, 0, 1, 0)).view_as(x)
