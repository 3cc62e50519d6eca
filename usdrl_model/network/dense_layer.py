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
    """Weights of CA: a convolution along the tokens, then attention and an MLP."""

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, kernel: int, causal: bool) -> None:
        super().__init__()
        self.attn = attn
        self.conv1 = conv_over_time(config.hidden, config.hidden, kernel, causal)
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.mlp_residual = config.mlp_residual
        self.causal = causal

    def convolve(self, x: Tensor) -> Tensor:
        """What the convolution adds to the tokens; (N, L, D) -> (N, L, D)."""
        if self.conv1.kernel_size[0] == 1:  # a linear layer on each token needs no other order of the axes
            return F.relu(F.linear(x, self.conv1.weight[:, :, 0], self.conv1.bias))
        return F.relu(self.conv1(x.transpose(1, 2))).transpose(1, 2)


class DenseShiftAttention(nn.Module):
    """Weights of DSA: tokens mixed by a dense shift, and the tokens as they are, through one shared block."""

    def __init__(self, config: EncoderConfig, attn: nn.MultiheadAttention, length: int, causal: bool) -> None:
        super().__init__()
        self.gap = config.gap
        self.wt1 = nn.Linear(length, length)
        self.wt2 = nn.Linear(length, length)
        self.attn = attn
        self.norm1 = nn.LayerNorm(config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden)
        self.mlp = Mlp(config.hidden)
        self.causal = causal

    def shift(self, x: Tensor, empty: Tensor | None = None) -> Tensor:
        """Tokens after the dense shift; (N, L, D) -> (N, L, D)."""
        mixed = x if empty is None else x.masked_fill(empty[..., None], 0.0)
        shift = self._mix(self.wt2, F.relu(self._mix(self.wt1, mixed)))
        kept = torch.arange(x.shape[1], device=x.device) % self.gap == 0
        return x + shift.masked_fill(kept[None, :, None], 0.0)

    def _mix(self, weights: nn.Linear, x: Tensor) -> Tensor:
        # Row t of the weight makes token t: below the diagonal are the tokens before it.
        weight = weights.weight.tril() if self.causal else weights.weight
        return torch.baddbmm(weights.bias[:, None], weight.expand(len(x), -1, -1), x)


class DenseLayer(nn.Module):
    """alpha * CA + (1 - alpha) * DSA; the two share one attention, so its weights have two names.

    Called with tokens (N, L, D) and, optionally, a mask (N, L) that is true for tokens to leave out.

    Three branches attend: CA, and the shifted and the plain tokens of DSA. They go through attention in one call, both
    of DSA through one MLP; its second layer is linear and takes their mean. The official code runs one after another.
    In training each branch loses some samples at each of its two residuals (drop path), and the others are scaled up.
    """

    def __init__(self, config: EncoderConfig, length: int, kernel: int = 1, causal: bool = False) -> None:
        super().__init__()
        attn = nn.MultiheadAttention(config.hidden, config.heads, batch_first=True)
        self.alpha = config.alpha
        self.drop_path = config.drop_path
        self.CA = ConvolutionalAttention(config, attn, kernel, causal)
        self.DSA = DenseShiftAttention(config, attn, length, causal)

    def forward(self, x: Tensor, empty: Tensor | None = None) -> Tensor:  # noqa: D102
        ca, dsa = self.CA, self.DSA
        convolution, shifted = ca.convolve(x), dsa.shift(x, empty)
        low = convolution.dtype  # of products: with autocast another than that of norms and sums
        normed = torch.cat(
            [ca.norm1(x + convolution).to(low), dsa.norm1(shifted).to(low), dsa.norm1(x).to(low)]
        )  # (3 N, L, D)
        attended = attend(ca.attn, normed, ca.causal, None if empty is None else empty.repeat(3, 1))
        kept, kept_mlp = self._kept(x)
        if kept is not None:
            attended = attended * kept.flatten(0, 1)
        of_ca, of_shifted, of_plain = attended.chunk(3)
        # Matches official: the residual of CA is x, not the convolved tokens.
        h, h_shifted, h_plain = x + of_ca, shifted + of_shifted, x + of_plain

        out = ca.mlp(ca.norm2(h))
        wide = F.gelu(dsa.mlp.fc1(torch.cat([dsa.norm2(h_shifted).to(low), dsa.norm2(h_plain).to(low)])))
        if kept_mlp is None:
            both = dsa.mlp.fc2(0.5 * torch.add(*wide.chunk(2)))
        else:
            out = out * kept_mlp[0]
            weights = 0.5 * kept_mlp[1:]  # (2, N, 1, 1)
            mean = (wide.unflatten(0, (2, -1)) * weights).sum(0)
            both = F.linear(mean, dsa.mlp.fc2.weight) + weights.sum(0) * dsa.mlp.fc2.bias
        out = h + out if ca.mlp_residual else out
        return self.alpha * out + (1.0 - self.alpha) * torch.add(both, h_shifted + h_plain, alpha=0.5)

    def _kept(self, x: Tensor) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """Factors (3, N, 1, 1) of the three branches, at attention and at the MLP; None where nothing is dropped."""
        if not self.training or self.drop_path == 0.0:
            return None, None
        kept = torch.rand(6, len(x), 1, 1, device=x.device) >= self.drop_path
        factors = kept.to(x.dtype) / (1.0 - self.drop_path)
        return factors[0::2], factors[1::2]


WIDE_HEAD = 128
"""Features of a head, above which plain products are faster than the fused attention of torch."""


def attend(attn: nn.MultiheadAttention, x: Tensor, causal: bool = False, empty: Tensor | None = None) -> Tensor:
    """Self-attention of (N, L, D) tokens, to earlier ones only if ``causal``, never to those in ``empty`` (N, L).

    What ``attn`` computes, without its copies: its kernels are slow for one wide head, and for bfloat16 on a CPU.
    """
    qkv = F.linear(x, attn.in_proj_weight, attn.in_proj_bias)
    q, k, v = (part.unflatten(2, (attn.num_heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=2))
    seen = None  # (N, H, L, L), true where a token is seen
    if causal:
        seen = ~future(x.shape[1], x.device)
    if empty is not None:
        there = ~empty[:, None, None, :]
        seen = there if seen is None else seen & there
    if attn.head_dim > WIDE_HEAD or (x.device.type == "cpu" and q.dtype == torch.bfloat16):
        scores = torch.matmul(q, k.transpose(2, 3)) / attn.head_dim**0.5
        weights = (scores if seen is None else scores.masked_fill(~seen, -torch.inf)).softmax(dim=3)
        attended = torch.matmul(weights.to(v.dtype), v)
    else:
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return attn.out_proj(attended.transpose(1, 2).flatten(2))


def future(length: int, device: torch.device) -> Tensor:
    """(L, L) bool, true where the column is later than the row: masked in causal attention."""
    return torch.ones(length, length, dtype=torch.bool, device=device).triu(1)
