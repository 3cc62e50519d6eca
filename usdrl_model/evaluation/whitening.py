"""Partial whitening of features, so that no direction drowns the others.

Principal components are divided by the square root of their standard deviation, because a few of them hold most of the
variance of pretrained features and dominate the cosine. Full whitening amplifies noise; half of it needs no labels and
improves nearest neighbours (docs/ablations.md). Written here, because scikit-learn's PCA whitens fully or not at all.

Letters: N clips, D features, C components.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

COMPONENTS = 64
"""Largest C."""
POWER = 0.5
"""Exponent of the scaling: 1 is full whitening, 0 none."""
_NOTHING = 1e-5
"""Components below this share of the largest one are dropped as rounding errors."""


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    """Learnt from the features of training clips, applied to any."""

    mean: Tensor
    """(D,)."""
    basis: Tensor
    """(D, C)."""

    @classmethod
    def of(cls, features: Tensor) -> Whitening:
        """Learn from features (N, D), for example of a gallery; labels are not needed.

        Raises:
            ValueError: no features.
        """
        if len(features) == 0:
            raise ValueError("expected the features of at least one clip")
        mean = features.mean(dim=0)
        _, size, directions = torch.linalg.svd(F.normalize(features - mean, dim=1), full_matrices=False)
        kept = int((size > _NOTHING * size[0].clamp(min=torch.finfo(size.dtype).tiny)).sum().clamp(max=COMPONENTS))
        return cls(mean, directions[:kept].T * (size[:kept] / size[:1]) ** -POWER)

    def __call__(self, features: Tensor) -> Tensor:
        """Features (N, D) -> (N, C) of length 1; zeros of a clip that is the mean."""
        return F.normalize(F.normalize(features - self.mean, dim=1) @ self.basis, dim=1)
