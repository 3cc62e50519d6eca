"""Regular frames read at other places of their time: the one way to stretch, crop or warp them.

Irregular samples become regular frames in ``tracks.Track``; everything that then wants another number of frames or
another speed comes here: clips that become one window, the views of pretraining, augmentation, longer windows of an
encoder beside a shorter one.

A frame stands for its share of the time: frame k of T lasts from k / T to (k + 1) / T, and is read at its middle. The
first frame that is read therefore never lies outside of the first frame that is there (as torch interpolates with
``align_corners=False``, and as the official code does).

Letters: N stretches, S frames that are read, F frames that there are.
"""

from __future__ import annotations

import torch
from torch import Tensor


def middles(frames: int, device: torch.device | None = None) -> Tensor:
    """(S,) middles of ``frames`` equal parts of (0, 1)."""
    return (torch.arange(frames, device=device) + 0.5) / frames


def read(source: Tensor, first: Tensor, size: Tensor, time: Tensor) -> Tensor:
    """Frames between frames, linearly; nothing comes from outside of a stretch.

    Args:
        source: (F, ...) frames of all stretches.
        first: (N,) int64, the frame in ``source`` at which each begins.
        size: (N,) int64, how many frames it has, 1 or more.
        time: (N, S) or (S,) where to read, as a share of the stretch: its frames lie at ``middles``.

    Returns:
        (N, S, ...).
    """
    place = (time * size[:, None] - 0.5).clamp(min=0.0).minimum(size[:, None] - 1.0)
    low = place.floor().long()
    high = (low + 1).minimum(size[:, None] - 1)
    flat = source.flatten(1)
    before = flat.index_select(0, (first[:, None] + low).flatten())
    after = flat.index_select(0, (first[:, None] + high).flatten())
    x = torch.lerp(before, after, (place - low).flatten()[:, None].to(flat.dtype))
    return x.view(*place.shape, *source.shape[1:])


def resize(x: Tensor, frames: int) -> Tensor:
    """Stretches of one length with ``frames`` frames each; (N, T, ...) -> (N, frames, ...)."""
    count, length = x.shape[:2]
    rows = torch.arange(count, device=x.device)
    return read(x.flatten(0, 1), rows * length, torch.full_like(rows, length), middles(frames, x.device))
