"""Labels for clips that have none, from clips that look alike (Zhou and others 2004, "local and global consistency").

Every clip is tied to its nearest ones, and labels flow along these ties until they no longer change, which is the
solution of one linear system. Left alone, a class in a dense place takes its neighbours' clips too; so the answers are
balanced until every class has as large a share of all clips as of the labelled ones (Sinkhorn's iteration, as for
pseudo-labels in Asano and others 2020). That presumes labels drawn class by class, as ``draws`` does.

Letters: N clips, D features, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

UNLABELLED = -1
"""Class of a clip whose label is not known."""
NEIGHBOURS = 8
"""Clips that each is tied to."""
WIDTH = 0.1
"""A tie weakens by e for each such step that the cosine falls short of 1."""
FLOW = 0.95
"""Share of what a clip believes that comes from its neighbours; the rest is its own label."""
ROUNDS = 50
"""Of balancing; the shares have settled long before."""
_NOTHING = 1e-12
"""Of a label, relative to what arrived where most did."""


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
    believed = _balanced(flowed, own.sum(dim=0) / own.sum())
    best, guess = believed.topk(min(2, classes), dim=1)
    second = best[:, 1] if classes > 1 else torch.zeros_like(best[:, 0])
    sure = torch.where(flowed.amax(dim=1) > 0.0, 1.0 - second / best[:, 0], 0.0)
    return torch.where(given, y, guess[:, 0]), torch.where(given, 1.0, sure).float()


def _balanced(flowed: Tensor, share: Tensor) -> Tensor:
    """What arrived (N, K) as beliefs: rows add up to 1, columns to ``share`` (K,) of the clips as nearly as can be."""
    # What did not arrive is next to nothing, not nothing: every row and every class can be scaled.
    beliefs = (flowed / flowed.amax(dim=0).clamp(min=_NOTHING)).clamp(min=_NOTHING)
    for _ in range(ROUNDS):
        beliefs = beliefs * (share * len(beliefs) / beliefs.sum(dim=0))
        beliefs = beliefs / beliefs.sum(dim=1, keepdim=True)
    return beliefs


def _ties(features: Tensor) -> Tensor:
    """(N, N) symmetric, normalised so that flowing along them conserves what flows."""
    unit = F.normalize(features, dim=1)
    likeness = (unit @ unit.T).fill_diagonal_(-1.0)
    best, which = likeness.topk(min(NEIGHBOURS, len(unit) - 1), dim=1)
    tied = torch.zeros_like(likeness).scatter_(1, which, torch.exp((best - 1.0) / WIDTH))
    tied = tied + tied.T
    size = tied.sum(dim=1).clamp(min=torch.finfo(tied.dtype).tiny).rsqrt()
    return size[:, None] * tied * size[None]
