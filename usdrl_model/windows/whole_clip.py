"""A whole clip as one window.

Training (``cut.whole``), evaluation and probes (``labelled_clips``) and pretraining (``clip_pool``) all use this
module, so a clip is the same window for all of them. Samples go through the live pipeline's ``Track`` at the rate of
the clip: short gaps of a joint are interpolated, frozen joints are invalid, and the rest is filled (``window.fill``)
or, in masked windows, NaN.
The frames are then resampled to T (``resample.resize``) and normalised (``window.normalise``).

Letters: L frames of the clip, P people of the clip, T frames of a window, M people of a window, V joints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from usdrl_model.skeleton.clip import Clip
from usdrl_model.windows.resample import resize
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.track import Track, grid_index
from usdrl_model.windows.window import fill, hide, normalise

LONGEST_STEP = 1.0
"""Seconds between two frames, at most; longer steps (a pause, a clock that jumps) are cut to this."""
MOST_FRAMES = 100
"""The same limit in multiples of the median step."""


def filled(clip: Clip, frames: slice | np.ndarray, people: Sequence[int], *, masked: bool = False) -> np.ndarray:
    """Some people of a clip at its own rate, from the first to the last frame in which one of them is seen.

    Args:
        clip: in canonical joints.
        frames: which of its frames, a slice or a mask (L,).
        people: places in ``clip.people``.
        masked: see ``WindowShape``; only short gaps are filled.

    Returns:
        (F, people, V, 3) float32 metres; without gaps, and zero for people never seen, or ``masked``; F = 0 if nobody
        is seen.
    """
    mask = clip.mask[frames][:, list(people)]
    seen: np.ndarray = np.any(mask, axis=(1, 2))
    there = np.flatnonzero(seen)
    if not len(there):
        return np.zeros((0, len(people), *clip.joints.shape[2:]), np.float32)
    span = slice(there[0], there[-1] + 1)
    stamps = clip.stamps[frames][span]
    rising = np.flatnonzero(
        np.append(True, stamps[1:] > np.maximum.accumulate(stamps)[:-1])
    )  # others are stale, as live
    steps = np.diff(stamps[rising])
    usual = float(np.median(steps)) if len(steps) else 1.0
    # The number of frames limits what is allocated, whatever the stamps are.
    times = np.append(0.0, np.cumsum(np.minimum(steps, min(LONGEST_STEP, MOST_FRAMES * usual))))
    rate = 1.0 / min(usual, LONGEST_STEP)
    length = grid_index(float(times[-1]), rate) + 1
    bodies = []
    for place, person in enumerate(people):
        joints, confidence = (each[frames][span][rising, person] for each in (clip.joints, clip.confidence))
        rows = np.flatnonzero(mask[span][rising, place].any(axis=1))
        track = Track(rate, length, clip.people[person], coarse=clip.coarse)
        if len(rows):
            track.extend(times[rows], joints[rows], confidence[rows])
        bodies.append((hide if masked else fill)(*track.window(length, length - 1)))
    return np.stack(bodies, axis=1)


def longest(mask: np.ndarray, count: int) -> list[int]:
    """Indices of the ``count`` people of a mask (L, P, V) with the most frames, in the order of the clip."""
    seen: np.ndarray = np.any(mask, axis=2)
    return sorted(np.argsort(-seen.sum(axis=0), kind="stable")[:count].tolist())


def stretched(clip: Clip, frames: slice | np.ndarray, people: Sequence[int], shape: WindowShape) -> Tensor:
    """``filled`` resampled to T frames: (T, M, V, 3), not yet normalised; zero for empty slots.

    Args:
        clip: in canonical joints.
        frames: which of its frames.
        people: at most M places in ``clip.people``.
        shape: T and M.
    """
    bodies = filled(clip, frames, people, masked=shape.masked)
    window = torch.full((shape.frames, shape.people, *clip.joints.shape[2:]), shape.empty)
    if len(bodies):
        window[:, : bodies.shape[1]] = resize(torch.from_numpy(bodies)[None], shape.frames)[0]
    return window


def normalised(windows: Sequence[Tensor], shape: WindowShape) -> Tensor:
    """Normalise windows of ``stretched``, the input of an encoder: (N, T, M, V, 3)."""
    return normalise(torch.stack(list(windows)), shape.centre, masked=shape.masked, flat=shape.flat)
