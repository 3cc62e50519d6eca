"""The modalities of a skeleton (joint, bone, motion) and its two views, as the official code defines them.

An official network is trained for one modality: joints, bones (joint minus parent) or motion (next frame minus this
one). Each is a window of the same shape.

    >>> bones = modality(torch.zeros(1, 64, 2, 25, 3), "bone")
    >>> temporal_view(bones).shape, spatial_view(bones).shape
    (torch.Size([1, 64, 150]), torch.Size([1, 50, 192]))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor

from usdrl_model.network.config import Modality
from usdrl_model.skeleton.topology import PARENTS

COCO_17_PARENTS: tuple[int, ...] = (1, 3, 4, 5, 6, 5, 8, 9, 10, 7, 8, 13, 14, 15, 16, 13, 14)
"""Official parents of the 17 COCO joints, with their oddities, because the published checkpoints depend on them.

The "parent" of most joints is the next one towards the hand or the foot instead of towards a root. The left shoulder
(5) has no bone, the right one (6) has. Forearms and shins come twice, once in each direction."""

PARENTS_BY_JOINTS: dict[int, tuple[int, ...]] = {25: PARENTS, 17: COCO_17_PARENTS}


def modality(x: Tensor, name: Modality, parents: Sequence[int] | None = None) -> Tensor:
    """A window's joints as one modality.

    Args:
        x: (N, T, M, V, C) joints. A person who is all zero stays all zero.
        name: ``joint``, ``bone`` or ``motion``. Motion looks ahead, its last frame is 0 (``embedding.velocity``
            looks back).
        parents: V indices for bones; the official table of 25 or 17 joints where left out.

    Raises:
        ValueError: an unknown name, another shape, or no table for this number of joints.
    """
    if x.ndim != 5:
        raise ValueError(f"expected windows of shape (N, T, M, V, C), got {tuple(x.shape)}: add the missing axes")
    if name == "joint":
        return x
    if name == "motion":
        return torch.cat([x.diff(dim=1), torch.zeros_like(x[:, :1])], dim=1)
    if name == "bone":
        # Not indexed by a list, which torch copies to the device every time: no CUDA graph can hold that.
        return x - torch.stack([x[..., parent, :] for parent in _parents(x.shape[3], parents)], dim=-2)
    raise ValueError(f"unknown modality {name!r}: expected {', '.join(get_args(Modality))}")


def temporal_view(x: Tensor) -> Tensor:
    """(N, T, M, V, C) -> (N, T, M * V * C): a token a frame."""
    return x.flatten(2)


def spatial_view(x: Tensor) -> Tensor:
    """(N, T, M, V, C) -> (N, M * V, T * C): a token a joint and person."""
    return x.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2)


def _parents(joints: int, parents: Sequence[int] | None) -> list[int]:
    table = PARENTS_BY_JOINTS.get(joints) if parents is None else tuple(parents)
    if table is None:
        known = " and ".join(map(str, PARENTS_BY_JOINTS))
        raise ValueError(f"no bones for {joints} joints, only for {known}: give parents, {joints} indices")
    if len(table) != joints or not all(0 <= parent < joints for parent in table):
        raise ValueError(f"expected {joints} parents between 0 and {joints - 1}, got {len(table)}: {table}")
    return list(table)
