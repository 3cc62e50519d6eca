"""The Dense Spatio-Temporal Encoder (DSTE), equal to the official forward pass, with its repairs as configuration.

Source: official ``model/DSTE.py`` (wengwanjiang/USDRL); paper: "Foundation Model for Skeleton-Based Human Action
Understanding". Parameter names are the official ones, so an official state dict loads as it is.

Two streams look at the same window: the temporal one has a token a frame, the spatial one a token a joint and person.
Each runs two dense layers, and each layer averages convolutional attention (CA) and dense shift attention (DSA).

Every field of ``EncoderConfig`` after ``drop_path`` is a repair that the official code lacks; its default is the
official behaviour. What each is worth is measured in docs/results.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

Stream = Literal["temporal", "spatial"]
MAX_FRAMES = 200
"""Length of the sinusoidal position table (official value)."""
VELOCITY_SCALE = 10.0
"""Brings a frame-to-frame difference to the size of a joint coordinate (0.05 m a frame at 15 Hz is 0.75 m/s)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderConfig:
    """Shape of the encoder; the defaults are the official model."""

    hidden: int = 1024
    """D, features a token."""
    heads: int = 1
    """Attention heads; divides ``hidden``."""
    frames: int = 64
    """T, frames of a window; the shift weights of the temporal stream are (T, T)."""
    people: int = 2
    """M, people in a window."""
    joints: int = 25
    """V, joints a person."""
    alpha: float = 0.5
    """Share of CA in a layer; DSA has the rest."""
    gap: int = 4
    """Every gap-th token keeps its own value in the dense shift."""
    drop_path: float = 0.1
    """Probability that a sample skips a branch in training."""
    streams: tuple[Stream, ...] = ("temporal", "spatial")
    """The streams that run. Dropping the spatial one saves a third of the time and costs nothing on small data."""
    velocity: bool = False
    """Append the frame-to-frame difference to the coordinates (6 numbers a joint instead of 3)."""
    stem_kernel: int = 0
    """Odd kernel of a convolution over time in front of the temporal stream; 0 keeps the official linear embedding."""
    conv_kernel: int = 1
    """Odd kernel of the convolution in CA of the temporal stream. Official: 1, which mixes no neighbouring frames."""
    mlp_residual: bool = False
    """Keep the residual round the MLP of CA that the official code leaves out."""

    def __post_init__(self) -> None:
        """Refuse shapes that cannot be built."""
        if self.hidden % self.heads or self.hidden % 2:
            raise ValueError(f"hidden must be even and a multiple of heads, got {self.hidden} and {self.heads} heads")
        if not 1 <= self.frames <= MAX_FRAMES:
            raise ValueError(f"frames must be 1 to {MAX_FRAMES}, got {self.frames}")
        if self.conv_kernel % 2 == 0 or (self.stem_kernel and self.stem_kernel % 2 == 0):
            raise ValueError(f"kernels must be odd, got conv_kernel={self.conv_kernel} stem_kernel={self.stem_kernel}")
        if not self.streams or set(self.streams) - {"temporal", "spatial"}:
            raise ValueError(f"streams must name temporal, spatial or both, got {self.streams}")

    @property
    def channels(self) -> int:
        """Numbers a joint and frame: 3, or 6 with velocity."""
        return 6 if self.velocity else 3

    @property
    def features(self) -> int:
        """Size of a pooled or dense feature: D for every stream that runs."""
        return self.hidden * len(self.streams)


class DropPath(nn.Module):
    """Drop a whole sample of a residual branch in training, and scale the others up."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        if not self.training or self.probability == 0.0:
            return x
        keep = torch.rand(x.shape[0], *(1,) * (x.ndim - 1), device=x.device) >= self.probability
        return x * keep / (1.0 - self.probability)


class Mlp(nn.Module):
    """Linear D -> 2D, GELU, Linear 2D -> D."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(hidden, 2 * hidden)
        self.fc2 = nn.Linear(2 * hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return self.fc2(F.gelu(self.fc1(x)))


class ConvolutionalAttention(nn.Module):
    """CA: a convolution along the tokens, then attention and an MLP; (N, L, D) -> (N, L, D)."""

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, kernel: int) -> None:
        super().__init__()
        self.attn = attn
        self.conv1 = nn.Conv1d(config.hidden, config.hidden, kernel, padding=kernel // 2)
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.drop_path = DropPath(config.drop_path)
        self.mlp_residual = config.mlp_residual

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        convolved = x + F.relu(self.conv1(x.transpose(1, 2))).transpose(1, 2)
        # Matches official: the residual is x, not the convolved tokens.
        h = x + self.drop_path(_attend(self.attn, self.norm1(convolved)))
        out = self.drop_path(self.mlp(self.norm2(h)))
        return h + out if self.mlp_residual else out


class DenseShiftAttention(nn.Module):
    """DSA: tokens mixed by a dense shift, and the tokens as they are, through one shared block; (N, L, D)."""

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, length: int) -> None:
        super().__init__()
        self.gap = config.gap
        self.wt1 = nn.Linear(length, length)
        self.wt2 = nn.Linear(length, length)
        self.attn = attn
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.drop_path = DropPath(config.drop_path)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        shift = self.wt2(F.relu(self.wt1(x.transpose(1, 2)))).transpose(1, 2)
        kept = torch.arange(x.shape[1], device=x.device) % self.gap == 0
        shifted = x + shift.masked_fill(kept[None, :, None], 0.0)
        return 0.5 * (self._block(shifted) + self._block(x))

    def _block(self, x: Tensor) -> Tensor:
        h = x + self.drop_path(_attend(self.attn, self.norm1(x)))
        return h + self.drop_path(self.mlp(self.norm2(h)))


class DenseLayer(nn.Module):
    """alpha * CA + (1 - alpha) * DSA; the two share one attention, so its weights have two names."""

    def __init__(self, config: EncoderConfig, length: int, kernel: int) -> None:
        super().__init__()
        attn = nn.MultiheadAttention(config.hidden, config.heads, batch_first=True)
        self.alpha = config.alpha
        self.CA = ConvolutionalAttention(config, attn, kernel)
        self.DSA = DenseShiftAttention(config, attn, length)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return self.alpha * self.CA(x) + (1.0 - self.alpha) * self.DSA(x)


class PositionTable(nn.Module):
    """Adds a fixed sinusoid to the tokens; (N, L, D)."""

    pe: Tensor

    def __init__(self, hidden: int) -> None:
        super().__init__()
        position = torch.arange(MAX_FRAMES)[:, None]
        rate = torch.exp(torch.arange(0, hidden, 2) * (-math.log(10000.0) / hidden))
        table = torch.zeros(1, MAX_FRAMES, hidden)
        table[0, :, 0::2] = torch.sin(position * rate)
        table[0, :, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", table)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return x + self.pe[:, : x.shape[1]]


class TokenEmbedding(nn.Module):
    """Both embeddings; the spatial one is there only where its stream runs."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        frame_size = config.people * config.joints * config.channels
        if "temporal" in config.streams:
            stem = ConvStem if config.stem_kernel else linear_embedding
            self.t_embedding = stem(frame_size, config)
        if "spatial" in config.streams:
            self.s_embedding = linear_embedding(config.frames * config.channels, config)


def linear_embedding(size: int, config: EncoderConfig) -> nn.Module:
    """Official embedding of a token of ``size`` numbers."""
    hidden = config.hidden
    return nn.Sequential(nn.Linear(size, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, hidden))


class ConvStem(nn.Module):
    """Embedding of frames that sees their neighbours: convolution, batch norm, ReLU, 1x1 convolution."""

    def __init__(self, size: int, config: EncoderConfig) -> None:
        super().__init__()
        kernel = config.stem_kernel
        self.conv1 = nn.Conv1d(size, config.hidden, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm1d(config.hidden)
        self.conv2 = nn.Conv1d(config.hidden, config.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return self.conv2(F.relu(self.norm(self.conv1(x.transpose(1, 2))))).transpose(1, 2)


class DSTE(nn.Module):
    """Dense Spatio-Temporal Encoder.

    Example::

        encoder = DSTE(EncoderConfig(hidden=256))
        tokens = encoder(torch.zeros(1, 64, 2, 25, 3))
        tokens["temporal"].shape, tokens["spatial"].shape     # (1, 64, 256), (1, 50, 256)
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.ske_emb = TokenEmbedding(config)
        if "temporal" in config.streams:
            self.tpe = PositionTable(config.hidden)
            self.t_tr = DenseLayer(config, config.frames, config.conv_kernel)
            self.t_tr1 = DenseLayer(config, config.frames, config.conv_kernel)
        if "spatial" in config.streams:
            tokens = config.people * config.joints
            self.spe = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, tokens, config.hidden), std=0.02))
            self.s_tr = DenseLayer(config, tokens, 1)
            self.s_tr1 = DenseLayer(config, tokens, 1)

    def forward(self, x: Tensor) -> dict[Stream, Tensor]:
        """Encode windows.

        Args:
            x: (N, T, M, V, 3) joints of any modality (joint, bone, motion).

        Returns:
            Tokens of every stream that runs: temporal (N, T, D), spatial (N, M * V, D).

        Raises:
            ValueError: another shape than the configuration asks for.
        """
        config = self.config
        expected = (config.frames, config.people, config.joints, 3)
        if x.ndim != 5 or x.shape[1:] != expected:
            raise ValueError(f"expected windows of shape (N, {', '.join(map(str, expected))}), got {tuple(x.shape)}")
        if config.velocity:
            x = torch.cat([x, VELOCITY_SCALE * velocity(x)], dim=-1)
        tokens: dict[Stream, Tensor] = {}
        if "temporal" in config.streams:
            frames = self.ske_emb.t_embedding(x.flatten(2))
            tokens["temporal"] = self.t_tr1(self.tpe(self.t_tr(self.tpe(frames))))
        if "spatial" in config.streams:
            joints = self.ske_emb.s_embedding(x.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2))
            tokens["spatial"] = self.s_tr1(self.spe + self.s_tr(joints + self.spe))
        return tokens

    def pooled(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Clip features (N, D * streams): the maximum over the tokens of each stream, temporal first."""
        return torch.cat([tokens[stream].amax(1) for stream in self.config.streams], dim=1)

    def dense(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Frame features (N, T, D * streams): the joint tokens are averaged onto the time axis (official detection)."""
        parts = [tokens["temporal"]] if "temporal" in self.config.streams else []
        if "spatial" in self.config.streams:
            spatial = tokens["spatial"].transpose(1, 2)
            parts.append(F.adaptive_avg_pool1d(spatial, self.config.frames).transpose(1, 2))
        return torch.cat(parts, dim=2)


def velocity(x: Tensor) -> Tensor:
    """Difference to the frame before, 0 in the first one; (N, T, ...) -> the same shape.

    Backward, so that the newest frame of a live window has one.
    """
    return F.pad(x.diff(dim=1).flatten(2), (0, 0, 1, 0)).view_as(x)


def _attend(attn: nn.MultiheadAttention, x: Tensor) -> Tensor:
    return attn(x, x, x, need_weights=False)[0]
