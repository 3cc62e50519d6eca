"""Input of the small networks: joints and their velocity."""

from __future__ import annotations

import torch
from torch import Tensor

VELOCITY = 10.0
"""Scale of the velocity in metres per frame, which is small compared with the coordinates in metres."""


def with_velocity(windows: Tensor) -> Tensor:
    """Windows (N, T, M, V, 3) -> channels over time (N, M * V * 6, T); the first frame does not move."""
    poses = windows.flatten(2).transpose(1, 2)
    change = torch.diff(poses, dim=2, prepend=poses[:, :, :1])
    return torch.cat([poses, VELOCITY * change], dim=1)
