"""Base of DSTE and of its STTR baseline: input, two streams of tokens, and features pooled from them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.config import EncoderConfig, Stream
from usdrl_model.network.embedding import VELOCITY_SCALE, PositionTable, TokenEmbedding, velocity
from usdrl_model.network.modality import modality, spatial_view, temporal_view


class TwoStreamEncoder(nn.Module, ABC):
    """Base of the encoders; a subclass adds its layers and says how they are applied."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.ske_emb = TokenEmbedding(config)
        if "temporal" in config.streams:
            self.tpe = PositionTable(config.hidden)

    @abstractmethod
    def _temporal(self, frames: Tensor) -> Tensor:
        """Layers of the temporal stream; embedded frames (N, T, D) -> tokens (N, T, D)."""

    @abstractmethod
    def _spatial(self, joints: Tensor, empty: Tensor | None) -> Tensor:
        """Layers of the spatial stream; embedded joints (N, M * V, D) -> tokens of the same shape.

        ``empty`` (N, M * V) is true for the joints of empty person slots; None without ``mask_empty``.
        """

    def forward(self, x: Tensor, shares: Tensor | None = None) -> dict[Stream, Tensor]:
        """Encode windows.

        Args:
            x: (N, T, M, V, 3) joints, NaN where missing if the configuration says ``masked``. A network for the
                modality ``joint`` alone takes those of any modality.
            shares: (N, modalities) weight of each modality in a window, adding up to 1; equal where left out.
                Pretraining hides modalities that way.

        Returns:
            Tokens of every stream that runs: temporal (N, T, D), spatial (N, M * V, D). With ``mask_empty`` the joint
            tokens of empty person slots are 0.

        Raises:
            ValueError: another shape than the configuration asks for.
            TypeError: no floating-point tensor.
        """
        config = self.config
        check_windows(x, (config.frames, config.people, config.joints, 3))
        empty = empty_tokens(x) if config.mask_empty and "spatial" in config.streams else None
        inputs = [self._numbers(modality(x, name)) for name in config.modalities]
        tokens: dict[Stream, Tensor] = {}
        if "temporal" in config.streams:
            frames = self.ske_emb.embed("temporal", [temporal_view(part) for part in inputs], shares)
            tokens["temporal"] = self._temporal(frames)
        if "spatial" in config.streams:
            joints = self.ske_emb.embed("spatial", [spatial_view(part) for part in inputs], shares)
            joints = self._spatial(joints, empty)
            tokens["spatial"] = joints if empty is None else joints.masked_fill(empty[..., None], 0.0)
        return tokens

    def _numbers(self, x: Tensor) -> Tensor:
        """What is embedded of every joint and frame; (N, T, M, V, 3) -> (N, T, M, V, channels)."""
        parts = [x, VELOCITY_SCALE * velocity(x)] if self.config.velocity else [x]
        if self.config.masked:
            # NaN spreads to bones, motion and velocity that need the joint. 1 is for missing, not for seen, so that
            # whole bodies look to the network as they do without a mask.
            parts = [torch.where(part.isnan(), 0.0, part) for part in parts] + [x[..., :1].isnan().to(x.dtype)]
        return torch.cat(parts, dim=-1) if len(parts) > 1 else x

    def pooled(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Clip features (N, D * streams): the maximum over the tokens of each stream, temporal first."""
        return torch.cat([self.pool(tokens, stream) for stream in self.config.streams], dim=1)

    def pool(self, tokens: dict[Stream, Tensor], stream: Stream) -> Tensor:
        """Clip feature (N, D) of one stream."""
        x = tokens[stream]
        if self.config.mask_empty and stream == "spatial":
            x = x.masked_fill(_zero(x), float("-inf"))
        return x.amax(1)

    def dense(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Frame features (N, T, D * streams), temporal first.

        Joint tokens have no time. The official detection averages them onto the time axis all the same, so that the
        order of the joints becomes an order in time; ``spatial_pool="broadcast"`` gives every frame their maximum.
        """
        parts = [tokens["temporal"]] if "temporal" in self.config.streams else []
        if "spatial" in self.config.streams:
            parts.append(self._joints_in_frames(tokens))
        return torch.cat(parts, dim=2)

    def _joints_in_frames(self, tokens: dict[Stream, Tensor]) -> Tensor:
        frames = self.config.frames
        if self.config.spatial_pool == "broadcast":
            return self.pool(tokens, "spatial")[:, None].expand(-1, frames, -1)
        joints = tokens["spatial"].transpose(1, 2)
        average = F.adaptive_avg_pool1d(joints, frames)
        if self.config.mask_empty:
            # The mean over the joints that are there: tokens of empty slots are 0 and must not count.
            there = (~_zero(tokens["spatial"])).to(joints.dtype).transpose(1, 2)
            average = average / F.adaptive_avg_pool1d(there, frames).clamp(min=1.0 / self.config.tokens)
        return average.transpose(1, 2)


def spatial_positions(config: EncoderConfig) -> nn.Parameter:
    """Learned positions (1, M * V, D) of the joint tokens."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(1, config.tokens, config.hidden), std=0.02))


def empty_tokens(x: Tensor) -> Tensor:
    """(N, T, M, V, C) -> (N, M * V) bool: joint tokens of empty person slots, zero or NaN throughout.

    The first slot never counts as empty, because attention needs at least one token.
    """
    empty = ((x == 0.0) | x.isnan()).all(dim=4).all(dim=3).all(dim=1)
    empty[:, 0] = False
    return empty.repeat_interleave(x.shape[3], dim=1)


def _zero(tokens: Tensor) -> Tensor:
    """(N, L, D) -> (N, L, 1) bool: tokens that ``forward`` set to 0; layers themselves give no such token."""
    return (tokens == 0.0).all(dim=2, keepdim=True)


def check_windows(x: Tensor, expected: tuple[int, ...]) -> None:
    """TypeError or ValueError, with what to do, where ``x`` is no batch of windows of shape (N, *expected)."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = f"{x.dtype} tensor" if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"expected a floating-point torch tensor, got {kind}: torch.as_tensor(x, dtype=torch.float32)")
    if x.ndim == 5 and x.shape[1:] == expected:
        return
    T, M, V, C = expected
    got = tuple(x.shape)
    if got == expected:
        hint = "add the batch axis, x[None]"
    elif got[1:] == (C, T, V, M):
        hint = "the official axis order, x.permute(0, 2, 4, 3, 1) brings it into this one"
    elif got[1:] == (T, V, C):
        hint = "add the axis of people, x[:, :, None]" + (f", and {M - 1} more people of zeros" if M > 1 else "")
    elif x.ndim == 5 and got[1] != T and got[2:] == expected[1:]:
        hint = f"resample the window to {T} frames"
    else:
        hint = "check the order of the axes and the number of frames, people and joints"
    raise ValueError(f"expected windows of shape (N, {', '.join(map(str, expected))}), got {got}: {hint}")
