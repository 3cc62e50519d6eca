"""Views of clips for pretraining: crop in time, resize to T frames, centre, disturb; batched on the device.

The defaults are mild and rigid. The official augmentations (crops from a tenth of the clip, 15 joints corrupted or the
whole pose sheared, each view one of the two) are ``config/pretrain_official_*.yaml``; docs/pretraining_results.md
says what each is worth.

    >>> clips = Clips.pack([np.zeros((100, 1, 25, 3)), np.zeros((80, 1, 25, 3))])
    >>> draw = Draw(torch.Generator().manual_seed(0), rows=2, views=4)
    >>> views(clips, WindowShape(frames=64), ViewConfig(count=4), draw).shape
    torch.Size([4, 2, 64, 1, 25, 3])

Letters: K views, N clips, T frames, M people, V joints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from usdrl_model.config import at_least, at_most
from usdrl_model.training.augment import AugmentConfig, disturb, mirror, obscure
from usdrl_model.training.cameras import CameraConfig
from usdrl_model.training.draw import Draw
from usdrl_model.windows.resample import middles, read
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.window import normalise, transform


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewConfig:
    """Augmentations of a view; 0 switches one off."""

    count: int = 4
    """K, views of a clip; the last one is the anchor of ``losses.similarity``."""
    crop: float = 0.75
    """A view shows a share of the clip that is uniform in [crop, 1], anywhere in the clip. Official: 0.1."""
    shortest_crop: int = 64
    """Frames that a crop has at least; clips that are no longer are shown whole."""
    time_warp: float = 0.3
    """Relative change of speed in the course of a view, at most; below 1, so that time never runs backwards."""
    corrupted_joints: int = 0
    """Half of the views: this many joints are set to zero, or mixed by one random 3 x 3 matrix. Official: 15."""
    corruptible_joints: int = 25
    """Corrupted joints are chosen among the first so many. The TPAMI code has 17, also for skeletons of 25 joints."""
    shear: float = 0.0
    """The other half: off-diagonal elements of the matrix that shears the pose, uniform in +-shear. Official: 1."""
    mirror: float = 0.0
    """Share of the clips that are mirrored, in all of their views alike, so that sides stay apart."""
    normalise: bool = True
    """Centre and turn every view as live windows are (``window.normalise``); off for clips that are so already."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """What another tracker, body or camera would have done; its ``warp`` and ``crop`` are for labelled windows."""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.count < 2:
            raise ValueError(f"count: expected 2 views or more to compare, got {self.count}")
        at_least(self, {"shortest_crop": 1, "shear": 0.0, "mirror": 0.0})
        at_most(self, {"mirror": 1.0})
        if not 0.0 < self.crop <= 1.0:
            raise ValueError(f"crop: expected a share in (0, 1], got {self.crop}")
        if not 0.0 <= self.time_warp < 1.0:
            raise ValueError(f"time_warp: expected [0, 1), got {self.time_warp}")
        if not 0 <= self.corrupted_joints <= self.corruptible_joints:
            raise ValueError(
                f"corrupted_joints: expected 0 to corruptible_joints ({self.corruptible_joints}),"
                f" got {self.corrupted_joints}"
            )
        if self.augment.mirror:
            raise ValueError("augment.mirror: views have one of their own: use mirror")
        if self.augment.warp or self.augment.crop < 1.0:
            raise ValueError("augment.warp and augment.crop are for labelled windows: use time_warp and crop")
        if self.augment.backwards or self.augment.camera != CameraConfig():
            raise ValueError("augment.backwards and augment.camera are for labelled windows: leave them out")


class Clips(NamedTuple):
    """Clips of different lengths in one tensor of frames."""

    frames: Tensor
    """(F, M, V, 3) metres, the frames of all clips; empty slots are zero."""
    starts: Tensor
    """(N,) int64, where in ``frames`` each clip begins."""
    lengths: Tensor
    """(N,) int64, how many frames it has."""

    @classmethod
    def pack(cls, clips: Sequence[np.ndarray]) -> Clips:
        """Clips (L, M, V, 3) one after another."""
        lengths = torch.tensor([len(clip) for clip in clips])
        frames = torch.from_numpy(np.concatenate(clips).astype(np.float32, copy=False))
        return cls(frames, lengths.cumsum(0) - lengths, lengths)


def views(clips: Clips, shape: WindowShape, config: ViewConfig, draw: Draw) -> Tensor:
    """K views of every clip, each with its own randomness.

    Args:
        clips: N of them, on the device of ``draw``.
        shape: T of the views, and the origin of those that are normalised.
        config: what the views differ in.
        draw: of N rows and K views.

    Returns:
        (K, N, T, M, V, 3).
    """
    x = crop_resize(clips, shape.frames, config, draw)
    if config.mirror:
        x = mirror(x, draw.chance(config.mirror)[: len(clips.starts)].repeat(config.count))
    x = obscure(x, config.augment, draw)
    if config.normalise:
        x = normalise(x, shape.centre, masked=shape.masked)
    if config.corrupted_joints or config.shear:
        x = corrupt_or_shear(x, config, draw)
    return disturb(x, config.augment, draw).unflatten(0, (config.count, -1))


def crop_resize(clips: Clips, frames: int, config: ViewConfig, draw: Draw) -> Tensor:
    """A random span of every clip, resized to T frames and warped in time: (K * N, T, M, V, 3).

    Without the warp this is the official crop.
    """
    length = clips.lengths.repeat(config.count)  # (K * N,)
    share = config.crop + (1.0 - config.crop) * draw.unit()
    size = (length * share).floor().long().clamp(min=config.shortest_crop).minimum(length)
    first = (draw.unit() * (length - size + 1)).floor().long().minimum(length - size)

    time = middles(frames, length.device)
    if config.time_warp:
        reach, phase = draw.uniform(config.time_warp, 1), math.pi * draw.uniform(1.0, 1)
        # The speed is 1 + reach * cos: positive, and 1 on average, so that the ends stay where they are.
        time = time + reach / math.tau * (torch.sin(math.tau * time + phase) - torch.sin(phase))
    return read(clips.frames, clips.starts.repeat(config.count) + first, size, time)


def corrupt_or_shear(x: Tensor, config: ViewConfig, draw: Draw) -> Tensor:
    """Half of the windows get corrupted joints, the other half a shear (official); (N, T, M, V, 3).

    Joints and matrices are the same for all frames and people of a window. A half whose disturbance is off stays as it
    is.
    """
    windows, joints = len(x), x.shape[3]
    corrupted = draw.chance(0.5)
    order = draw.unit(min(config.corruptible_joints, joints)).argsort(dim=1)
    chosen = torch.zeros(windows, joints, dtype=torch.bool, device=x.device)
    chosen.scatter_(1, order[:, : config.corrupted_joints], True)

    zeroed = draw.chance(0.5)
    mixing = draw.uniform(1.0, 3, 3).masked_fill(zeroed[:, None, None], 0.0)
    off_diagonal = 1.0 - torch.eye(3, device=x.device, dtype=x.dtype)
    shearing = torch.eye(3, device=x.device, dtype=x.dtype) + off_diagonal * draw.uniform(config.shear, 3, 3)
    # Rows are points, so that a matrix stands on the right.
    matrix = torch.where(corrupted[:, None, None], mixing, shearing.transpose(1, 2))
    touched = torch.where(corrupted[:, None], chosen, torch.ones_like(chosen))
    return torch.where(touched[:, None, None, :, None], transform(x, matrix), x)
