"""Labels for clips that have none, from clips that look alike (Zhou and others 2004, "local and global consistency").

Every clip is tied to its nearest ones, and labels flow along these ties until they no longer change, which is the
solution of one linear system.

Letters: N clips, D features, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

UNLABELLED = -1
"""Class of a clip whose label is not known."""
NEIGHBOURS = 5
"""Clips that each is tied to."""
WIDTH = 0.1
"""A tie weakens by e for each such step that the cosine falls short of 1."""
FLOW = 0.95
"""Share of what a clip believes that comes from its neighbours; the rest is its own label."""


def propagate(features: Tensor, y: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Guess the labels of clips from those of a few.

    Args:
        features: (N, D), compared by the cosine; whitened ones (``whitening``) do best.
        y: (N,) int64 classes, ``UNLABELLED`` where not known.
        classes: K.

    Returns:
        Classes (N,), and how sure each is (N,) in [0, 1]: 1 of given labels, 0 where no label arrives.

    Raises:
        ValueError: no clip has a label.
    """
    given = y != UNLABELLED
    if not given.any():
        raise ValueError("no clip has a label: nothing to propagate")
    ties = _ties(features.double())
    own = torch.zeros(len(y), classes, dtype=ties.dtype, device=y.device)
    own[given] = F.one_hot(y[given], classes).to(ties.dtype)
    flowed = torch.linalg.solve(torch.eye(len(y), dtype=ties.dtype, device=y.device) - FLOW * ties, own)
    # A class with more labels, or in a denser place, must not win by that alone.
    flowed = flowed / flowed.sum(dim=0).clamp(min=torch.finfo(ties.dtype).tiny)
    best, guess = flowed.topk(min(2, classes), dim=1)
    second = best[:, 1] if classes > 1 else torch.zeros_like(best[:, 0])
    sure = torch.where(best[:, 0] > 0.0, 1.0 - second / best[:, 0].clamp(min=torch.finfo(ties.dtype).tiny), 0.0)
    return torch.where(given, y, guess[:, 0]), torch.where(given, 1.0, sure).float()


def _ties(features: Tensor) -> Tensor:
    """(N, N) symmetric, normalised so that flowing along them conserves what flows."""
    unit = F.normalize(features, dim=1)
    likeness = (unit @ unit.T).fill_diagonal_(-1.0)
    best, which = likeness.topk(min(NEIGHBOURS, len(unit) - 1), dim=1)
    tied = torch.zeros_like(likeness).scatter_(1, which, torch.exp((best - 1.0) / WIDTH))
    tied = tied + tied.T
    size = tied.sum(dim=1).clamp(min=torch.finfo(tied.dtype).tiny).rsqrt()
    return size[:, None] * tied * size[None]
