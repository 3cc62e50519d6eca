"""Positives from other clips: a view has to find the clip that is most like its own (NNCLR, arXiv 2104.14548).

Two views of one clip show one person once; the nearest other clip often shows the same action by somebody else. Drawing
the two together teaches what views cannot: that people differ. A bank holds the newest feature of every clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.training.pretraining.losses import InfoNCE

GRAIN = "instance"
"""Grain of the features used to find neighbours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NeighbourConfig:
    """Weight and start of the neighbour loss."""

    weight: float = 0.0
    """Beside the objective; 0 leaves neighbours out."""
    start: float = 0.3
    """Share of the steps before the loss is used: at first neighbours are arbitrary."""
    temperature: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be computed."""
        if self.weight < 0.0 or not 0.0 <= self.start < 1.0:
            raise ValueError(f"weight must be 0 or more and start in [0, 1), got {self.weight} and {self.start}")
        InfoNCE(temperature=self.temperature)


class NeighbourBank:
    """The newest feature of every clip of the pool."""

    def __init__(self, clips: int, config: NeighbourConfig) -> None:
        self._clips, self._config = clips, config
        self.features: Tensor | None = None
        """(clips, D) of length 1, zero for clips that have not been seen; None before the first step."""

    def loss(self, z: Tensor, rows: Tensor, progress: float) -> Tensor:
        """The weighted loss of a batch, whose features then enter the bank; 0 before neighbours count.

        Args:
            z: (K, N, D) projected features of K views.
            rows: (N,) which clips of the pool they are.
            progress: share of the steps that are done.
        """
        unit = F.normalize(z.float(), dim=2)
        if self.features is None:
            self.features = unit.new_zeros(self._clips, unit.shape[2])
        started = progress >= self._config.start and bool((self.features != 0.0).any())
        loss = self._loss(unit, rows) if started else unit.new_zeros(())
        self.features[rows] = unit[0].detach()
        return loss

    def _loss(self, unit: Tensor, rows: Tensor) -> Tensor:
        views, clips, _ = unit.shape
        nearest = self.nearest(unit.detach(), rows)
        truth = torch.arange(clips, device=unit.device)
        pairs = [(a, b) for a in range(views) for b in range(views) if a != b]
        logits = [nearest[a] @ unit[b].T / self._config.temperature for a, b in pairs]
        return self._config.weight * torch.stack([F.cross_entropy(pair, truth) for pair in logits]).mean()

    def nearest(self, unit: Tensor, rows: Tensor) -> Tensor:
        """Features (K, N, D) of the clips most like ``unit`` (K, N, D), never of the clips ``rows`` (N,) themselves."""
        if self.features is None:
            raise ValueError("the bank is empty: pass a batch to loss first")
        likeness = unit @ self.features.T  # (K, N, clips)
        likeness[:, :, (self.features == 0.0).all(dim=1)] = -torch.inf
        likeness[:, torch.arange(len(rows), device=rows.device), rows] = -torch.inf
        return self.features[likeness.argmax(dim=2)]
