"""The dense layer step by step, as the official code computes it: what is faster is compared with it.

A restatement, not a copy: three calls of torch's attention a layer, the two branches of DSA one after the other, every
dropped path drawn where it is applied. It takes the weights of a ``DenseLayer`` and draws the same random numbers.

    encoder = published(DSTE(EncoderConfig()))
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.dense_layer import DenseLayer

Model = TypeVar("Model", bound=nn.Module)


def published(model: Model) -> Model:
    """A copy of ``model`` in which all dense layers compute ``dense_layer``; it cannot be copied again."""
    copied = copy.deepcopy(model)
    for layer in copied.modules():
        if isinstance(layer, DenseLayer):
            layer.forward = partial(dense_layer, layer)  # type: ignore[method-assign]
    return copied


def dense_layer(layer: DenseLayer, x: Tensor, empty: Tensor | None = None) -> Tensor:
    """Alpha * CA + (1 - alpha) * DSA of tokens (N, L, D)."""
    return layer.alpha * _ca(layer, x, empty) + (1.0 - layer.alpha) * _dsa(layer, x, empty)


def _ca(layer: DenseLayer, x: Tensor, empty: Tensor | None) -> Tensor:
    ca = layer.CA
    convolved = x + F.relu(ca.conv1(x.transpose(1, 2))).transpose(1, 2)
    h = x + _dropped(layer, _attention(layer, ca.norm1(convolved), empty))
    out = _dropped(layer, ca.mlp(ca.norm2(h)))
    return h + out if ca.mlp_residual else out


def _dsa(layer: DenseLayer, x: Tensor, empty: Tensor | None) -> Tensor:
    dsa = layer.DSA
    mixed = x if empty is None else x.masked_fill(empty[..., None], 0.0)
    weights = [weight.tril() if layer.CA.causal else weight for weight in (dsa.wt1.weight, dsa.wt2.weight)]
    shift = F.linear(F.relu(F.linear(mixed.transpose(1, 2), weights[0], dsa.wt1.bias)), weights[1], dsa.wt2.bias)
    kept = torch.arange(x.shape[1], device=x.device) % dsa.gap == 0
    shifted = x + shift.transpose(1, 2).masked_fill(kept[None, :, None], 0.0)
    return 0.5 * (_block(layer, shifted, empty) + _block(layer, x, empty))


def _block(layer: DenseLayer, x: Tensor, empty: Tensor | None) -> Tensor:
    dsa = layer.DSA
    h = x + _dropped(layer, _attention(layer, dsa.norm1(x), empty))
    return h + _dropped(layer, dsa.mlp(dsa.norm2(h)))


def _attention(layer: DenseLayer, x: Tensor, empty: Tensor | None) -> Tensor:
    length = x.shape[1]
    later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1) if layer.CA.causal else None
    return layer.CA.attn(x, x, x, need_weights=False, attn_mask=later, key_padding_mask=empty)[0]


def _dropped(layer: DenseLayer, x: Tensor) -> Tensor:
    if not layer.training or layer.drop_path == 0.0:
        return x
    keep = torch.rand(x.shape[0], 1, 1, device=x.device) >= layer.drop_path
    return x * keep / (1.0 - layer.drop_path)
