"""What the small networks see of a window: joints, and how fast they move."""

from __future__ import annotations

import torch
from torch import Tensor

VELOCITY = 10.0
"""Factor on what a joint moves from one frame to the next: metres a frame are small beside metres."""


def with_velocity(windows: Tensor) -> Tensor:
    """Windows (N, T, M, V, 3) -> channels over time (N, M * V * 6, T); the first frame does not move."""
    poses = windows.flatten(2).transpose(1, 2)
    change = torch.diff(poses, dim=2, prepend=poses[:, :, :1])
    return torch.cat([poses, VELOCITY * change], dim=1)
