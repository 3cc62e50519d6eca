"""Pretraining objectives: MG-FD (multi-grained feature decorrelation) and, to compare with, VICReg and InfoNCE.

Every objective takes the projected features of all views of a batch, z (K, N, D), and gives its weighted terms, whose
sum is the loss. They are plain functions of numbers: statistics over several processes need the gathered z
(``distributed.gather``).

    >>> z = torch.randn(4, 16, 12)
    >>> sorted(Decorrelation().terms(z))
    ['similarity', 'variance_autocovariance']
    >>> sorted(Decorrelation(cross_correlation=1e-3).terms(z))
    ['cross_correlation', 'similarity', 'variance_autocovariance']

Letters: K views, N clips, D features.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

GRAIN_WEIGHTS = {"temporal": 0.5, "spatial": 0.5, "instance": 1.0}
"""L = L_i + (L_t + L_s) / 2 (official)."""
VARIANCE_FLOOR = 1e-4
"""Keeps the gradient of a standard deviation finite (official)."""


class Objective(Protocol):
    """Interface of the objectives."""

    def terms(self, z: Tensor) -> dict[str, Tensor]:
        """The weighted terms of projected features z (K, N, D); the loss is their sum."""

    def spread(self, z: Tensor) -> Tensor:
        """Standard deviation of the features over the clips, as this objective normalises them; 0 at collapse."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decorrelation:
    """Feature decorrelation of USDRL; the weights are those of the TPAMI code, the AAAI code has 5, 1 and 1e-3."""

    similarity: float = 5.0
    variance_autocovariance: float = 1.0
    cross_correlation: float = 0.0
    """0 does not compute it: it is the most expensive term, K (K - 1) / 2 products of D by D."""

    def terms(self, z: Tensor) -> dict[str, Tensor]:  # noqa: D102
        weighted = {
            "similarity": self.similarity * similarity(z),
            "variance_autocovariance": self.variance_autocovariance * variance_autocovariance(z).sum(),
        }
        if self.cross_correlation:
            pairs = torch.stack([cross_correlation(a, b) for a, b in combinations(z, 2)])
            weighted["cross_correlation"] = self.cross_correlation * pairs.sum()
        return weighted

    def spread(self, z: Tensor) -> Tensor:  # noqa: D102
        return deviation(z)


@dataclass(frozen=True, kw_only=True, slots=True)
class VICReg:
    """Variance, invariance, covariance (arXiv 2105.04906), averaged over the pairs of views; its code for K = 2."""

    similarity: float = 25.0
    variance: float = 25.0
    covariance: float = 1.0

    def terms(self, z: Tensor) -> dict[str, Tensor]:  # noqa: D102
        pairs = torch.stack([F.mse_loss(a, b) for a, b in combinations(z, 2)])
        return {
            "similarity": self.similarity * pairs.mean(),
            "variance": self.variance * variance(z).mean(),
            "covariance": self.covariance * 2.0 * autocovariance(z).mean(),
        }

    def spread(self, z: Tensor) -> Tensor:  # noqa: D102
        return deviation(z)


@dataclass(frozen=True, kw_only=True, slots=True)
class InfoNCE:
    """A view has to find the other view of its clip among those of the whole batch; mean over the ordered pairs."""

    temperature: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a temperature that divides by zero."""
        if self.temperature <= 0.0:
            raise ValueError(f"temperature must be above 0, got {self.temperature}")

    def terms(self, z: Tensor) -> dict[str, Tensor]:  # noqa: D102
        views, clips, _ = z.shape
        unit = F.normalize(z, dim=2)
        truth = torch.arange(clips, device=z.device)
        logits = [unit[a] @ unit[b].T / self.temperature for a in range(views) for b in range(views) if a != b]
        return {"contrast": torch.stack([F.cross_entropy(pair, truth) for pair in logits]).mean()}

    def spread(self, z: Tensor) -> Tensor:
        """Of features of length 1, because their scale is free; 1 when they point everywhere."""
        return deviation(F.normalize(z, dim=-1)) * z.shape[-1] ** 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class LossConfig:
    """Which objective, and its weights."""

    objective: Literal["decorrelation", "vicreg", "infonce"] = "decorrelation"
    decorrelation: Decorrelation = field(default_factory=Decorrelation)
    vicreg: VICReg = field(default_factory=VICReg)
    infonce: InfoNCE = field(default_factory=InfoNCE)

    @property
    def chosen(self) -> Objective:
        """The objective that ``objective`` names."""
        return getattr(self, self.objective)


def multi_grained(objective: Objective, z: dict[str, Tensor]) -> dict[str, Tensor]:
    """The terms of all grains, weighted by ``GRAIN_WEIGHTS``.

    Args:
        objective: of one grain.
        z: grain ("temporal", "spatial", "instance") -> projected features (K, N, D).

    Returns:
        Term -> scalar. Always in float32 or better, whatever autocast is on: sums over N and D lose too much in bf16.
    """
    total: dict[str, Tensor] = {}
    for grain, features in z.items():
        with torch.autocast(features.device.type, enabled=False):
            exact = features.to(torch.promote_types(features.dtype, torch.float32))
            for name, term in objective.terms(exact).items():
                weighted = GRAIN_WEIGHTS[grain] * term
                total[name] = total[name] + weighted if name in total else weighted
    return total


def similarity(z: Tensor) -> Tensor:
    """Mean squared distance of views 0 .. K-2 to the last one (the anchor) and to their mean; z (K, N, D) -> scalar."""
    others, anchor = z[:-1], z[-1]
    centre = others.mean(dim=0)
    to_anchor = (others - anchor).square().mean(dim=(1, 2)).sum()
    to_centre = (others - centre).square().mean(dim=(1, 2)).sum()
    return to_anchor + to_centre


def variance_autocovariance(z: Tensor) -> Tensor:
    """Features vary (by 1 at least) and do so independently of each other; z (..., N, D) -> (...)."""
    return 5.0 * variance(z) + autocovariance(z)


def variance(z: Tensor) -> Tensor:
    """Hinge loss on standard deviations over the batch below 1, mean over the features; (..., N, D) -> (...)."""
    return F.relu(1.0 - (z.var(dim=-2) + VARIANCE_FLOOR).sqrt()).mean(dim=-1)


def autocovariance(z: Tensor) -> Tensor:
    """Sum of the squared covariances of different features, divided by D; (..., N, D) -> (...)."""
    clips, features = z.shape[-2:]
    centred = z - z.mean(dim=-2, keepdim=True)
    covariance = centred.transpose(-2, -1) @ centred / (clips - 1)
    return _off_diagonal(covariance.square()) / features


def cross_correlation(za: Tensor, zb: Tensor) -> Tensor:
    """Feature i of one view correlates with feature i of the other view only; two times (N, D) -> scalar.

    A feature that does not vary makes it NaN, as in the official code.
    """
    correlation = _standardised(za).T @ _standardised(zb) / len(za)
    on_diagonal = (correlation.diagonal() - 1.0).square().sum()
    return on_diagonal + 0.005 * _off_diagonal(correlation.square())


def deviation(z: Tensor) -> Tensor:
    """Standard deviation over the clips, mean over features and views; (K, N, D) -> scalar."""
    return z.std(dim=-2).mean()


def _standardised(z: Tensor) -> Tensor:
    return (z - z.mean(dim=0)) / z.std(dim=0)


def _off_diagonal(square: Tensor) -> Tensor:
    """Sum of what is not on the diagonal; (..., D, D) -> (...)."""
    return square.sum(dim=(-2, -1)) - square.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
