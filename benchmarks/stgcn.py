"""A network of the family of ST-GCN++, as users know it, to compare costs with; it is not trained here.

Written from the paper (arXiv 2205.09443): ten blocks of a graph convolution with three learned adjacency matrices and a
temporal convolution of six branches, 64 to 256 channels, half the frames after the fifth and the eighth block. At
sixty classes it has 1.4 million parameters, as published.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from usdrl_model.skeleton.topology import PARENTS

WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
COARSER = (4, 7)
"""Blocks that halve the number of frames."""


class STGCN(nn.Module):
    """Joints of one person -> logits of the window.

    Args:
        classes: K.
    """

    def __init__(self, classes: int = 60) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3 * len(PARENTS))
        pairs = zip((3, *WIDTHS), WIDTHS, strict=False)
        self.blocks = nn.Sequential(
            *(Block(old, new, 2 if place in COARSER else 1) for place, (old, new) in enumerate(pairs))
        )
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (N, K) of windows (N, T, 1, V, 3)."""
        x = self.norm(windows.flatten(2).transpose(1, 2)).unflatten(1, (len(PARENTS), 3)).permute(0, 2, 3, 1)
        logits: Tensor = self.head(self.blocks(x).mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Over joints, then over frames; each with its own residual."""

    def __init__(self, old: int, new: int, stride: int) -> None:
        super().__init__()
        self.joints, self.frames = GraphConvolution(old, new), Branches(new, stride)
        plain = old == new and stride == 1
        self.residual = nn.Identity() if plain else _normed(nn.Conv2d(old, new, 1, (stride, 1)))
        self.first = old == 3

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, V) -> (N, C', T / stride, V)."""
        y = self.frames(self.joints(x))
        return torch.relu(y if self.first else y + self.residual(x))


class GraphConvolution(nn.Module):
    """Three products of joints: with themselves, their parents, their children; all learned from there."""

    def __init__(self, old: int, new: int) -> None:
        super().__init__()
        self.adjacency = nn.Parameter(_adjacency())
        self.conv = nn.Conv2d(old, 3 * new, 1)
        self.norm = nn.BatchNorm2d(new)
        self.residual = nn.Identity() if old == new else _normed(nn.Conv2d(old, new, 1))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        parts = self.conv(x).unflatten(1, (3, -1))
        mixed = torch.einsum("nkctv,kvw->nctw", parts, self.adjacency)
        return torch.relu(self.norm(mixed) + self.residual(x))


class Branches(nn.Module):
    """Six branches over frames: four dilations, a maximum, and the frame itself."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        narrow = channels // 6
        first = channels - 5 * narrow
        widths = (first, *4 * (narrow,))
        reduced = [nn.Sequential(_normed(nn.Conv2d(channels, width, 1)), nn.ReLU()) for width in widths]
        over = [
            nn.Conv2d(width, width, (3, 1), (stride, 1), (dilation, 0), (dilation, 1))
            for dilation, width in enumerate(widths[:4], start=1)
        ]
        pooled = nn.Sequential(nn.MaxPool2d((3, 1), (stride, 1), (1, 0)), nn.BatchNorm2d(narrow))
        self.branches = nn.ModuleList(nn.Sequential(*pair) for pair in zip(reduced, [*over, pooled], strict=True))
        self.branches.append(nn.Conv2d(channels, narrow, 1, (stride, 1)))
        self.together = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), _normed(nn.Conv2d(channels, channels, 1)))

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        joined: Tensor = self.together(torch.cat([branch(x) for branch in self.branches], dim=1))
        return joined


def _normed(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels))


def _adjacency() -> Tensor:
    """(3, V, V) itself, parent, children; columns of the latter add up to 1."""
    count = len(PARENTS)
    inward = torch.zeros(count, count)
    for joint, parent in enumerate(PARENTS):
        inward[parent, joint] = float(parent != joint)
    outward = inward.T / inward.T.sum(dim=0).clamp(min=1.0)
    return torch.stack([torch.eye(count), inward, outward])
