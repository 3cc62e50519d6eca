"""The same function in fewer operations: DSTE folded for inference.

A folded encoder gives the outputs of the plain one up to rounding and needs about two thirds of its operations. The
layers are rewritten once, in float64, by algebra that is exact:

* One head: scores are x_i' (Wq' Wk) x_j plus terms that softmax cancels, so that queries take one matrix and keys none;
  attention rows add up to 1, so that values and output projection are one matrix too. With several heads the same
  matrices would be larger than the ones they replace; there only the scale and the biases are folded.
* CA and both branches of DSA share one attention: one call on all three.
* The branches of DSA are only added up, and fc2 is linear: one fc2 on their sum, in one product with the fc2 of CA,
  with the shares of CA and DSA in the weights.
* Tokens that the dense shift keeps get zero rows; a convolution is a linear layer on neighbouring frames; batch norm of
  the stem goes into its convolution, the second layer norm of a branch into its fc1.

Example::

    encoder = fold(DSTE(EncoderConfig(hidden=256)))
    tokens = encoder(torch.zeros(1, 64, 2, 25, 3))
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.dense_layer import DenseLayer, future
from usdrl_model.network.detector import Detector
from usdrl_model.network.dste import DSTE, Encoder
from usdrl_model.network.embedding import CausalConv1d, ConvStem


@torch.no_grad()
def fold(encoder: Encoder, layers: torch.dtype = torch.float32) -> DSTE:
    """A copy of ``encoder`` for inference, with every layer folded; called like the original.

    Args:
        encoder: a DSTE of any configuration, on any device. It is not changed.
        layers: type of the weights in the layers; the embeddings keep theirs, since bfloat16 coordinates would be
            rounded to millimetres.

    Returns:
        The copy, in evaluation mode and without gradients. It can neither be trained nor saved as weights.

    Raises:
        ValueError: no DSTE (STTR has nothing to fold), or folded already.
    """
    if not isinstance(encoder, DSTE):
        raise ValueError(f"expected a DSTE to fold, got {type(encoder).__name__}: use it as it is")
    dense = {name: layer for name, layer in encoder.named_children() if isinstance(layer, DenseLayer)}
    if not dense:
        raise ValueError("expected an encoder with dense layers, got one that is folded already: use it as it is")
    # The layers are not copied with the rest: they are most of the weights.
    folded = copy.deepcopy(encoder, {id(layer): None for layer in dense.values()})
    for name, layer in dense.items():
        setattr(folded, name, FoldedLayer(layer, layers))
    for name, embedding in list(folded.ske_emb.named_children()):
        if isinstance(embedding, ConvStem):
            setattr(folded.ske_emb, name, _fold_stem(embedding))
    return folded.eval().requires_grad_(False)


def fold_detector(detector: Detector, layers: torch.dtype = torch.float32) -> Detector:
    """A copy of ``detector`` for inference with a folded encoder; see ``fold``. A copy as it is for STTR."""
    folded = copy.deepcopy(detector, {id(detector.encoder): None})
    folded.encoder = fold(detector.encoder, layers) if isinstance(detector.encoder, DSTE) else detector.encoder
    return folded.eval().requires_grad_(False)


class FoldedLayer(nn.Module):
    """A folded ``DenseLayer``: tokens (N, L, D) and an optional mask (N, L) of empty ones -> (N, L, D)."""

    def __init__(self, layer: DenseLayer, dtype: torch.dtype) -> None:
        super().__init__()
        ca, dsa = layer.CA, layer.DSA
        self.dtype = dtype
        self.causal = ca.causal
        self.share_ca = layer.alpha if ca.mlp_residual else 0.0
        self.share_dsa = 0.5 * (1.0 - layer.alpha)
        self.eps = ca.norm2.eps

        triangle = torch.tril if self.causal else torch.clone
        moved = (torch.arange(len(dsa.wt2.weight), device=dsa.wt2.weight.device) % dsa.gap != 0).double()
        self.mix1 = _parameter(triangle(dsa.wt1.weight.double()))
        self.mix1_bias = _parameter(dsa.wt1.bias.double()[:, None])
        self.mix2 = _parameter(moved[:, None] * triangle(dsa.wt2.weight.double()))
        self.mix2_bias = _parameter((moved * dsa.wt2.bias.double())[:, None])

        self.conv = FrameConvolution(ca.conv1.weight.double(), _double(ca.conv1.bias), _before(ca.conv1))
        self.norm_ca, self.norm_dsa = copy.deepcopy(ca.norm1), copy.deepcopy(dsa.norm1)
        self.attention = OneHead(ca.attn) if ca.attn.num_heads == 1 else SeveralHeads(ca.attn)
        self.fc1_ca = _linear_after(ca.norm2, ca.mlp.fc1)
        self.fc1_dsa = _linear_after(dsa.norm2, dsa.mlp.fc1)
        self.fc2 = _linear(
            torch.cat([self.share_dsa * dsa.mlp.fc2.weight.double(), layer.alpha * ca.mlp.fc2.weight.double()], dim=1),
            2.0 * self.share_dsa * dsa.mlp.fc2.bias.double() + layer.alpha * ca.mlp.fc2.bias.double(),
        )
        self.to(dtype)

    def forward(self, x: Tensor, empty: Tensor | None = None) -> Tensor:  # noqa: D102
        given, x = x.dtype, x.to(self.dtype)
        N, L, D = x.shape
        mixed = x if empty is None else x.masked_fill(empty[..., None], 0.0)
        hidden = F.relu(torch.matmul(self.mix1, mixed) + self.mix1_bias)
        shifted = x + (torch.matmul(self.mix2, hidden) + self.mix2_bias)
        convolved = x + F.relu(self.conv(x))

        normed = torch.cat([self.norm_dsa(shifted), self.norm_dsa(x), self.norm_ca(convolved)])
        branches = torch.cat([shifted, x, x]) + self.attention(normed, self._seen(L, empty, x.device))
        normed = F.layer_norm(branches, (D,), eps=self.eps)
        dsa, ca = F.gelu(self.fc1_dsa(normed[: 2 * N])), F.gelu(self.fc1_ca(normed[2 * N :]))

        out = self.fc2(torch.cat([dsa[:N] + dsa[N:], ca], dim=2))
        out = out + self.share_dsa * (branches[:N] + branches[N : 2 * N])
        if self.share_ca:
            out = out + self.share_ca * branches[2 * N :]
        return out.to(given)

    def _seen(self, length: int, empty: Tensor | None, device: torch.device) -> Tensor | None:
        """Mask of the tokens that attention may use, for all three branches; None for all."""
        if empty is not None:
            return ~empty.repeat(3, 1)[:, None, None, :]
        return ~future(length, device) if self.causal else None


class OneHead(nn.Module):
    """Self-attention of one head with two matrices: tokens are their own keys and values."""

    def __init__(self, attn: nn.MultiheadAttention) -> None:
        super().__init__()
        (wq, wk, wv), (bq, _, bv) = (tensor.double().chunk(3) for tensor in (attn.in_proj_weight, attn.in_proj_bias))
        wo, bo = attn.out_proj.weight.double(), attn.out_proj.bias.double()
        scale = 1.0 / math.sqrt(attn.embed_dim)
        self.query = _linear(scale * wk.T @ wq, scale * wk.T @ bq)
        self.out = _linear(wo @ wv, wo @ bv + bo)

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """Attend among (N, L, D), where ``seen`` (broadcast to (N, 1, L, L)) is true."""
        keys = x[:, None]
        attended = F.scaled_dot_product_attention(self.query(x)[:, None], keys, keys, attn_mask=seen, scale=1.0)
        return self.out(attended[:, 0])


class SeveralHeads(nn.Module):
    """Self-attention without the biases that softmax makes superfluous."""

    def __init__(self, attn: nn.MultiheadAttention) -> None:
        super().__init__()
        (wq, wk, wv), (bq, bk, bv) = (tensor.double().chunk(3) for tensor in (attn.in_proj_weight, attn.in_proj_bias))
        wo, bo = attn.out_proj.weight.double(), attn.out_proj.bias.double()
        scale = 1.0 / math.sqrt(attn.head_dim)
        zeros = torch.zeros_like(bk)
        self.heads = attn.num_heads
        self.qkv = _linear(torch.cat([scale * wq, wk, wv]), torch.cat([scale * bq, zeros, zeros]))
        self.out = _linear(wo, wo @ bv + bo)

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """Attend among (N, L, D), where ``seen`` (broadcast to (N, 1, L, L)) is true."""
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, scale=1.0)
        return self.out(attended.transpose(1, 2).flatten(2))


class FrameConvolution(nn.Module):
    """A convolution along the tokens as one linear layer on a token and its neighbours; (N, L, C) -> (N, L, D)."""

    def __init__(self, weight: Tensor, bias: Tensor, before: int) -> None:
        super().__init__()
        self.padding = (before, weight.shape[2] - 1 - before)
        self.kernel = weight.shape[2]
        self.linear = _linear(weight.transpose(1, 2).flatten(1), bias)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        if self.kernel == 1:
            return self.linear(x)
        padded, L = F.pad(x, (0, 0, *self.padding)), x.shape[1]
        return self.linear(torch.cat([padded[:, start : start + L] for start in range(self.kernel)], dim=2))


def _fold_stem(stem: ConvStem) -> nn.Module:
    norm, conv = stem.norm, stem.conv1
    dtype = conv.weight.dtype
    gain = norm.weight.double() / torch.sqrt(_double(norm.running_var) + norm.eps)
    bias = norm.bias.double() + gain * (_double(conv.bias) - _double(norm.running_mean))
    folded = nn.Sequential(
        FrameConvolution(gain[:, None, None] * conv.weight.double(), bias, _before(conv)),
        nn.ReLU(),
        FrameConvolution(stem.conv2.weight.double(), _double(stem.conv2.bias), 0),
    )
    return folded.to(dtype)


def _before(conv: nn.Conv1d) -> int:
    """How many tokens before its own a convolution sees."""
    kernel = conv.kernel_size[0]
    return kernel - 1 if isinstance(conv, CausalConv1d) else kernel // 2


def _linear_after(norm: nn.LayerNorm, linear: nn.Linear) -> nn.Linear:
    """``linear`` with the weight and bias of the layer norm before it."""
    weight = linear.weight.double()
    return _linear(weight * norm.weight.double(), _double(linear.bias) + weight @ norm.bias.double())


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    linear.weight, linear.bias = _parameter(weight), _parameter(bias)
    return linear


def _parameter(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _double(tensor: Tensor | None) -> Tensor:
    assert tensor is not None  # every layer of the encoder has a bias, and batch norm its statistics
    return tensor.double()
