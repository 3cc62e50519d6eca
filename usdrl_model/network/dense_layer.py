"""One layer of DSTE: the average of convolutional attention (CA) and dense shift attention (DSA)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.embedding import conv_over_time


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

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, kernel: int, causal: bool) -> None:
        super().__init__()
        self.attn = attn
        self.conv1 = conv_over_time(config.hidden, config.hidden, kernel, causal)
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.drop_path = DropPath(config.drop_path)
        self.mlp_residual = config.mlp_residual
        self.causal = causal

    def forward(self, x: Tensor, empty: Tensor | None = None) -> Tensor:  # noqa: D102
        convolved = x + F.relu(self.conv1(x.transpose(1, 2))).transpose(1, 2)
        # Matches official: the residual is x, not the convolved tokens.
        h = x + self.drop_path(attend(self.attn, self.norm1(convolved), self.causal, empty))
        out = self.drop_path(self.mlp(self.norm2(h)))
        return h + out if self.mlp_residual else out


class DenseShiftAttention(nn.Module):
    """DSA: tokens mixed by a dense shift, and the tokens as they are, through one shared block; (N, L, D)."""

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, length: int, causal: bool) -> None:
        super().__init__()
        self.gap = config.gap
        self.wt1 = nn.Linear(length, length)
        self.wt2 = nn.Linear(length, length)
        self.attn = attn
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.drop_path = DropPath(config.drop_path)
        self.causal = causal

    def forward(self, x: Tensor, empty: Tensor | None = None) -> Tensor:  # noqa: D102
        mixed = x if empty is None else x.masked_fill(empty[..., None], 0.0)
        shift = self._mix(self.wt2, F.relu(self._mix(self.wt1, mixed.transpose(1, 2)))).transpose(1, 2)
        kept = torch.arange(x.shape[1], device=x.device) % self.gap == 0
        shifted = x + shift.masked_fill(kept[None, :, None], 0.0)
        return 0.5 * (self._block(shifted, empty) + self._block(x, empty))

    def _mix(self, weights: nn.Linear, x: Tensor) -> Tensor:
        # Row t of the weight makes token t: below the diagonal are the tokens before it.
        return F.linear(x, weights.weight.tril(), weights.bias) if self.causal else weights(x)

    def _block(self, x: Tensor, empty: Tensor | None) -> Tensor:
        h = x + self.drop_path(attend(self.attn, self.norm1(x), self.causal, empty))
        return h + self.drop_path(self.mlp(self.norm2(h)))


class DenseLayer(nn.Module):
    """alpha * CA + (1 - alpha) * DSA; the two share one attention, so its weights have two names.

    Called with tokens (N, L, D) and, optionally, a mask (N, L) that is true for tokens to leave out.
    """

    def __init__(self, config: EncoderConfig, length: int, kernel: int = 1, causal: bool = False) -> None:
        super().__init__()
        attn = nn.MultiheadAttention(config.hidden, config.heads, batch_first=True)
        self.alpha = config.alpha
        self.CA = ConvolutionalAttention(config, attn, kernel, causal)
        self.DSA = DenseShiftAttention(config, attn, length, causal)

    def forward(self, x: Tensor, empty: Tensor | None = None) -> Tensor:  # noqa: D102
        return self.alpha * self.CA(x, empty) + (1.0 - self.alpha) * self.DSA(x, empty)


def attend(attn: nn.MultiheadAttention, x: Tensor, causal: bool = False, empty: Tensor | None = None) -> Tensor:
    """Self-attention of (N, L, D) tokens, to earlier ones only if ``causal``, never to those in ``empty`` (N, L)."""
    mask = future(x.shape[1], x.device) if causal else None
    return attn(x, x, x, need_weights=False, attn_mask=mask, key_padding_mask=empty)[0]


def future(length: int, device: torch.device) -> Tensor:
    """(L, L) bool, true where the column is later than the row: masked in causal attention."""
    return torch.ones(length, length, dtype=torch.bool, device=device).triu(1)
