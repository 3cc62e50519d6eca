"""Frozen features of windows, and logistic regression on them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.network.dste import Encoder

PENALTY = 1.0
"""Weight of half the squared norm beside the summed cross-entropy; scikit-learn's default, C = 1."""


_NEVER_VARIES = 1e-9
"""A spread below this share of the mean is the rounding error of a constant."""


def linear(train: Tensor, y: Tensor, test: Tensor, classes: int) -> Tensor:
    """Classes (N,) of test features by logistic regression on (n, D) training features with classes ``y`` (n,)."""
    return linear_layer(train, y, classes)(test).argmax(dim=1)


def linear_layer(train: Tensor, y: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """Logistic regression: features (N, D) -> logits (N, K) float64."""
    weight, bias = linear_weights(train, y, classes)
    return lambda test: test.double() @ weight + bias


def linear_weights(train: Tensor, y: Tensor, classes: int, counts: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weight (D, K) and bias (K,) of logistic regression, float64, for features as they are.

    Args:
        train: (n, D) features; they are standardised to be learnt from.
        y: (n,) classes.
        classes: K.
        counts: (n,) how many times each counts; 1 where it is not given.
    """
    x = train.double()
    centre, spread = x.mean(dim=0), x.std(dim=0, correction=0)
    # A feature that never varies says nothing: it becomes 0, neither NaN nor a rounding error made large.
    scale = torch.where(spread > _NEVER_VARIES * centre.abs(), 1.0 / spread, 0.0)
    weight, bias = fit((x - centre) * scale, y, classes, counts=counts)
    return scale[:, None] * weight, bias - (centre * scale) @ weight


def fit(
    x: Tensor, y: Tensor, classes: int, penalty: float = PENALTY, counts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weight (D, K) and bias (K,) that minimise summed cross-entropy + penalty / 2 * |weight|^2; x (n, D) float64."""
    with torch.inference_mode(False), torch.enable_grad():
        x, times = x.clone(), x.new_ones(len(x)) if counts is None else counts.to(x).clone()
        weight = torch.zeros(x.shape[1], classes, dtype=x.dtype, device=x.device, requires_grad=True)
        bias = torch.zeros(classes, dtype=x.dtype, device=x.device, requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [weight, bias], max_iter=1000, tolerance_grad=1e-6, tolerance_change=0.0, line_search_fn="strong_wolfe"
        )

        def objective() -> Tensor:
            optimiser.zero_grad()
            errors = times @ F.cross_entropy(x @ weight + bias, y, reduction="none")
            loss = (errors + 0.5 * penalty * weight.square().sum()) / len(x)
            loss.backward()
            return loss

        optimiser.step(objective)
    return weight.detach(), bias.detach()


BATCH = 64
"""Batch size of the encoder."""


@torch.inference_mode()
def features(encoder: Encoder, windows: Tensor) -> Tensor:
    """Pooled features (N, D) of windows (N, T, M, V, 3), float32; where the windows are, wherever the encoder is."""
    device = next(encoder.parameters()).device
    parts = [encoder.pooled(encoder(part.to(device))).float() for part in windows.split(BATCH)]
    return torch.cat(parts).to(windows.device)
