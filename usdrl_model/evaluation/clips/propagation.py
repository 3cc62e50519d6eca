"""Label propagation on a nearest-neighbour graph (Zhou and others 2004, "local and global consistency").

The graph connects every clip to its nearest neighbours; labels propagate along its edges to convergence, which is the
solution of one linear system. Classes in dense regions would take over their neighbours, so the result is balanced:
every class gets the share of all clips that it has of the labelled ones (Sinkhorn's iteration, as for pseudo-labels in
Asano and others 2020). This assumes labels drawn class by class, as ``draws`` does.

Letters: N clips, D features, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

UNLABELLED = -1
"""Class of a clip without a label."""
NEIGHBOURS = 8
"""Neighbours of a clip in the graph."""
WIDTH = 0.1
"""Width of the kernel: an edge has the weight ``exp((cosine - 1) / WIDTH)``."""
FLOW = 0.95
"""Share of a clip's label mass that comes from its neighbours; the rest is its own label."""
ROUNDS = 50
"""Iterations of balancing; it has converged long before."""
_NOTHING = 1e-12
"""Floor for the propagated mass of a label, relative to its maximum."""


def propagate(features: Tensor, y: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Predict the labels of all clips from those of a few.

    Args:
        features: (N, D), compared by the cosine; whitened ones (``whitening``) do best.
        y: (N,) int64 classes, ``UNLABELLED`` where not known.
        classes: K.

    Returns:
        Classes (N,) and their confidence (N,) in [0, 1]: 1 for given labels, 0 where no label is propagated to.

    Raises:
        ValueError: no clip has a label.
    """
    given = y != UNLABELLED
    if not given.any():
        raise ValueError("no clip has a label: nothing to propagate")
    edges = _edges(features.double())
    own = torch.zeros(len(y), classes, dtype=edges.dtype, device=y.device)
    own[given] = F.one_hot(y[given], classes).to(edges.dtype)
    flowed = torch.linalg.solve(torch.eye(len(y), dtype=edges.dtype, device=y.device) - FLOW * edges, own)
    believed = _balanced(flowed, own.sum(dim=0) / own.sum())
    best, guess = believed.topk(min(2, classes), dim=1)
    second = best[:, 1] if classes > 1 else torch.zeros_like(best[:, 0])
    sure = torch.where(flowed.amax(dim=1) > 0.0, 1.0 - second / best[:, 0], 0.0)
    return torch.where(given, y, guess[:, 0]), torch.where(given, 1.0, sure).float()


def _balanced(flowed: Tensor, share: Tensor) -> Tensor:
    """Propagated mass (N, K) -> probabilities whose columns add up to ``share`` (K,) of the clips, nearly."""
    # With a floor above 0, every row and every column can be scaled.
    beliefs = (flowed / flowed.amax(dim=0).clamp(min=_NOTHING)).clamp(min=_NOTHING)
    for _ in range(ROUNDS):
        beliefs = beliefs * (share * len(beliefs) / beliefs.sum(dim=0))
        beliefs = beliefs / beliefs.sum(dim=1, keepdim=True)
    return beliefs


def _edges(features: Tensor) -> Tensor:
    """Weights (N, N) of the edges: symmetric, normalised by the degrees."""
    unit = F.normalize(features, dim=1)
    likeness = (unit @ unit.T).fill_diagonal_(-1.0)
    best, which = likeness.topk(min(NEIGHBOURS, len(unit) - 1), dim=1)
    tied = torch.zeros_like(likeness).scatter_(1, which, torch.exp((best - 1.0) / WIDTH))
    tied = tied + tied.T
    size = tied.sum(dim=1).clamp(min=torch.finfo(tied.dtype).tiny).rsqrt()
    return size[:, None] * tied * size[None]
