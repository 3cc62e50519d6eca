"""Linear resampling of regular frames: stretching, cropping and warping in time.

``track.Track`` turns irregular samples into regular frames. This module changes their number or speed: clips as one
window, views of pretraining, augmentation, windows of another length.

Frame k of T covers the time from k / T to (k + 1) / T and is sampled at its middle, as torch interpolates with
``align_corners=False`` and as the official code does.

Letters: N sequences, S output frames, F input frames.
"""

from __future__ import annotations

import torch
from torch import Tensor

MET = 1e-4
"""Frames from a frame within which it is met: rounding of places in float32."""


def middles(frames: int, device: torch.device | None = None) -> Tensor:
    """(S,) middles of ``frames`` equal parts of (0, 1)."""
    return (torch.arange(frames, device=device) + 0.5) / frames


def read(source: Tensor, first: Tensor, size: Tensor, time: Tensor) -> Tensor:
    """Interpolate linearly within each sequence.

    Args:
        source: (F, ...) frames of all sequences.
        first: (N,) int64, index in ``source`` of the first frame of each sequence.
        size: (N,) int64, its number of frames, 1 or more.
        time: (N, S) or (S,) times to read, as a share of the sequence, whose frames are at ``middles``.

    Returns:
        (N, S, ...).
    """
    place = (time * size[:, None] - 0.5).clamp(min=0.0).minimum(size[:, None] - 1.0)
    place = place.where((place - place.round()).abs() > MET, place.round())
    low = place.floor().long()
    high = place.ceil().long()  # of a frame that is met, itself: the next one may be missing
    flat = source.flatten(1)
    before = flat.index_select(0, (first[:, None] + low).flatten())
    after = flat.index_select(0, (first[:, None] + high).flatten())
    x = torch.lerp(before, after, (place - low).flatten()[:, None].to(flat.dtype))
    return x.view(*place.shape, *source.shape[1:])


def resize(x: Tensor, frames: int) -> Tensor:
    """Resample sequences of one length to ``frames`` frames; (N, T, ...) -> (N, frames, ...)."""
    count, length = x.shape[:2]
    rows = torch.arange(count, device=x.device)
    return read(x.flatten(0, 1), rows * length, torch.full_like(rows, length), middles(frames, x.device))
