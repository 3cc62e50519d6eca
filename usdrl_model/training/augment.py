"""Views of a window as another person, tracker or camera would have given them: batched, on the device of the data.

All randomness comes from a ``torch.Generator``. The transforms are mild and rigid on purpose: the official shear and
zeroing cost 13 to 31 points on small data (docs/pretraining_results.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from usdrl_model.config import at_least, at_most
from usdrl_model.network.config import EncoderConfig
from usdrl_model.skeleton.topology import MIRRORED, PARENTS
from usdrl_model.training.cameras import CameraConfig, photograph, rotation
from usdrl_model.training.draw import Draw
from usdrl_model.training.hidden import HiddenConfig, hide
from usdrl_model.training.trackers import TrackerConfig, retrack
from usdrl_model.windows.picture import planar
from usdrl_model.windows.resample import middles, read
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.window import normalise, there, transform_seen

MOST = {
    "yaw": math.pi, "tilt": math.pi, "scale": 0.9, "stretch": 0.9, "bones": 0.9, "jitter": 1.0, "sway": 2.0,
    "drop_joint": 1.0, "mirror": 1.0, "backwards": 1.0, "warp": 0.9,
}  # fmt: skip
"""The greatest strength of each transform; a size or a speed stays above 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentConfig:
    """Strength of each transform; 0 switches it off."""

    yaw: float = 0.3
    """Radians about the vertical, uniform in +-yaw."""
    tilt: float = 0.1
    """Radians about the two horizontal axes, uniform in +-tilt."""
    scale: float = 0.1
    """Relative size of the body, uniform in 1 +- scale."""
    stretch: float = 0.05
    """The same, for each axis independently."""
    bones: float = 0.0
    """Relative length of every bone independently, uniform in 1 +- bones: other body proportions."""
    jitter: float = 0.005
    """Standard deviation of the noise on every coordinate, metres."""
    sway: float = 0.0
    """Metres by which people seem to rise and fall, at most: a camera on a head whose transforms lag. For windows that
    are not centred frame by frame."""
    drop_joint: float = 0.0
    """Probability that a joint is missing for the whole window, in half of the windows; it then lies on its parent.
    Masked windows: see ``hidden``."""
    mirror: float = 0.0
    """Probability of swapping left and right; classes that name a side swap, too (``FinetuneConfig.mirror_labels``)."""
    backwards: float = 0.0
    """Probability of playing a window backwards that shows nothing but actions of which it is known what they are then,
    and one that is another: who is pushed back is pulled (``FinetuneConfig.backward_labels``)."""
    warp: float = 0.0
    """Relative change of speed, uniform in 1 +- warp; the newest frame stays where it is."""
    crop: float = 1.0
    """Random temporal crop: a share of the window, uniform in [crop, 1], resized to its full length. For windows
    that are whole clips; a live window has to end with its newest frame."""
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    """Another joint set, a lower rate, limbs mixed up."""
    hidden: HiddenConfig = field(default_factory=HiddenConfig)
    """Limbs, joints and frames that are not seen; for masked windows."""
    camera: CameraConfig = field(default_factory=CameraConfig)
    """Where the cameras stand whose pictures a network with ``flat`` sees."""

    def __post_init__(self) -> None:
        """Refuse a crop that leaves nothing, and strengths that turn bodies inside out or mean nothing."""
        at_least(self, dict.fromkeys(MOST, 0.0))
        at_most(self, MOST)
        if not 0.0 < self.crop <= 1.0:
            raise ValueError(f"crop: expected a share in (0, 1], got {self.crop}")


def check_encoder(config: AugmentConfig, encoder: EncoderConfig, name: str) -> None:
    """ValueError where joints are to be hidden from an encoder without a mask, or people to sway who are centred."""
    if config.hidden.any and not encoder.masked:
        raise ValueError(f"{name}.hidden: expected an encoder that knows missing joints: set encoder.masked: true")
    if config.sway and encoder.centre == "frame":
        raise ValueError(f"{name}.sway: for windows that are centred as a whole: set encoder.centre: window")


SWAY_RATES = (0.02, 0.15)
"""Cycles a frame, slowest and fastest; 0.2 to 1.5 Hz at the usual 10 frames a second."""


def augment(
    x: Tensor,
    y: Tensor,
    seen: Tensor,
    config: AugmentConfig,
    shape: WindowShape,
    generator: torch.Generator,
    partners: Sequence[int] = (),
    backwards: Sequence[int] = (),
) -> tuple[Tensor, Tensor, Tensor]:
    """A random view of every window, each with its own randomness.

    Args:
        x: (N, T, M, V, 3) metres, centred, y up; of ``shape``, but with depth (``WindowShape.flat``: pictures are taken
            here).
        y: (N, T) classes, which follow the change of speed.
        seen: (N, T) bool, likewise; False, too, where nothing of the person is left (``HiddenConfig.late``).
        config: which transforms.
        shape: of the windows, which are normalised anew where something is hidden.
        generator: on the device of ``x``.
        partners: (K,) class -> its class in a mirror; empty: every class is its own.
        backwards: (K,) class -> its class in a film that runs backwards, -1 where nobody knows; empty: of no class.

    Returns:
        x, y and seen of the views; the inputs stay as they are.
    """
    draw = Draw(generator, len(x), dtype=x.dtype)
    in_picture = planar(x) if shape.flat else None
    if config.backwards and backwards:
        x, y, seen = _backwards(x, y, seen, torch.tensor(backwards, device=y.device), draw.chance(config.backwards))
    if config.warp:
        x, y, seen = _warp(x, y, seen, 1.0 + draw.uniform(config.warp))
    if config.crop < 1.0:
        x, y, seen = _crop(x, y, seen, config.crop + (1.0 - config.crop) * draw.unit(), draw.unit())
    other = obscure(x, config, draw)
    if other is not x:
        x = normalise(other, shape.centre, masked=shape.masked)
        if shape.masked:  # what is done by somebody who is not there cannot be learnt
            seen = seen & ~x[:, :, 0].isnan().flatten(2).all(dim=2)
    if config.mirror:
        flipped = draw.chance(config.mirror)
        x = mirror(x, flipped)
        if shape.people > 1:  # whoever stood beside is on the other side now
            x = normalise(x, shape.centre, masked=shape.masked)
        if partners:
            y = torch.where(flipped[:, None], torch.tensor(partners, device=y.device)[y], y)
    x = disturb(x, config, draw)
    if in_picture is not None:
        x = normalise(photograph(x, in_picture, config.camera, draw), shape.centre, masked=True, flat=True)
    return x, y, seen


def obscure(x: Tensor, config: AugmentConfig, draw: Draw) -> Tensor:
    """What another tracker sees of people, before they are centred; x (N, T, M, V, 3), itself where nothing is set."""
    if config.tracker.any:
        x = retrack(x, config.tracker, draw)
    return hide(x, config.hidden, draw) if config.hidden.any else x


def mirror(x: Tensor, flipped: Tensor) -> Tensor:
    """Windows (N, T, M, V, 3) with left and right swapped where ``flipped`` (N,) bool."""
    mirrored = x[:, :, :, list(MIRRORED)] * x.new_tensor([-1.0, 1.0, 1.0])
    return torch.where(flipped[:, None, None, None, None], mirrored, x)


def disturb(x: Tensor, config: AugmentConfig, draw: Draw) -> Tensor:
    """Other bodies, cameras and noise, of centred windows (N, T, M, V, 3), without a mirror; empty slots stay empty."""
    present = there(x)
    if config.drop_joint:
        x = _drop_joints(x, draw.chance(0.5)[:, None] & draw.chance(config.drop_joint, x.shape[3]))
    if config.bones:
        x = _resize_bones(x, 1.0 + draw.uniform(config.bones, x.shape[3]))
    if config.yaw or config.tilt or config.scale or config.stretch:
        turn = rotation(1, draw.uniform(config.yaw))
        turn = turn @ rotation(0, draw.uniform(config.tilt)) @ rotation(2, draw.uniform(config.tilt))
        size = (1.0 + draw.uniform(config.scale))[:, None] * (1.0 + draw.uniform(config.stretch, 3))
        x = transform_seen(x, (turn * size[:, None, :]).transpose(1, 2))
    if config.sway:
        x = _sway(x, draw.unit() * config.sway, draw.unit(), draw.unit())
    if config.jitter:
        x = torch.add(x, draw.normal(*x.shape[1:]), alpha=config.jitter)
    return x * present


def _sway(x: Tensor, height: Tensor, rate: Tensor, phase: Tensor) -> Tensor:
    """Windows that rise and fall by a ``height`` (N,), at a ``rate`` and from a ``phase`` of 0 to 1."""
    time = torch.arange(x.shape[1], device=x.device, dtype=x.dtype)
    low, high = SWAY_RATES
    turns = (low + (high - low) * rate)[:, None] * time + phase[:, None]
    rise = height[:, None] * torch.sin(2.0 * math.pi * turns)
    return torch.cat([x[..., :1], x[..., 1:2] + rise[:, :, None, None, None], x[..., 2:]], dim=4)


def _drop_joints(x: Tensor, dropped: Tensor) -> Tensor:
    """Put dropped joints (N, V) on their nearest ancestor that is there, as ``window.fill`` does."""
    source = torch.arange(x.shape[3], device=x.device).repeat(len(x), 1)
    parents = torch.tensor(PARENTS, device=x.device)
    for _ in range(6):  # the longest chain from a fingertip to the root has six bones
        source = torch.where(dropped.gather(1, source), parents[source], source)
    return x.gather(3, source[:, None, None, :, None].expand_as(x))


def _resize_bones(x: Tensor, size: Tensor) -> Tensor:
    """Multiply every bone by its ``size`` (N, V); the root stays where it is, and so do bones of missing joints."""
    bones, paths = _BONES.to(x), _PATHS.to(x)
    missing = x[..., :1].isnan()
    gone = missing.flatten(3).any(dim=2).any(dim=1)  # (N, V)
    whole = _IS_BONE.to(x.device) & ~gone & ~gone[:, list(PARENTS)]
    matrix = paths @ (size.where(whole, 1.0)[:, :, None] * bones)  # (N, V, V): joints -> joints
    return torch.einsum("nvw,ntmwc->ntmvc", matrix, x.masked_fill(missing, 0.0)).masked_fill(missing, math.nan)


def _backwards(x: Tensor, y: Tensor, seen: Tensor, classes: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Play those of the ``drawn`` windows (N,) backwards that may be; ``classes`` (K,) are those of ``augment``."""
    then = classes[y]
    known = ((then >= 0) | ~seen).all(dim=1) & ~x[:, 0].flatten(1).isnan().all(dim=1)  # who comes in would go out
    turned = drawn & known & (seen & (then != y)).any(dim=1)
    rows = turned[:, None]
    return (
        torch.where(rows[:, :, None, None, None], x.flip(1), x),
        torch.where(rows, then.clamp(min=0).flip(1), y),
        torch.where(rows, seen.flip(1), seen),
    )


def _warp(x: Tensor, y: Tensor, seen: Tensor, speed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Play every window at its own speed (N,), so that the last frame stays the last one."""
    frames = x.shape[1]
    back = torch.arange(frames - 1, -1, -1, device=x.device, dtype=x.dtype)  # frames before the newest one
    place = (frames - 1) - back * speed[:, None]
    x, y, there = _read(x, y, seen, (place + 0.5) / frames)
    return x, y, there & (place >= 0.0)


def _crop(x: Tensor, y: Tensor, seen: Tensor, share: Tensor, start: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Stretch a share (N,) of every window to all of it; ``start`` (N,) is where in the rest it begins, 0 to 1."""
    begin = start * (1.0 - share)
    return _read(x, y, seen, begin[:, None] + middles(x.shape[1], x.device) * share[:, None])


def _read(x: Tensor, y: Tensor, seen: Tensor, time: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Windows at other times (N, T), 0 to 1: poses between two frames, classes of the nearest one."""
    frames = x.shape[1]
    rows = torch.arange(len(x), device=x.device)
    poses = read(x.flatten(0, 1), rows * frames, torch.full_like(rows, frames), time)
    nearest = (time * frames).floor().long().clamp(0, frames - 1)
    return poses, y[rows[:, None], nearest], seen[rows[:, None], nearest]


def _skeleton() -> tuple[Tensor, Tensor]:
    """Joints -> bones (V, V), where the root is a bone of itself, and bones -> joints, its inverse."""
    parents = torch.tensor(PARENTS)
    bones = torch.eye(len(PARENTS))
    rows = torch.arange(len(PARENTS))
    bones[rows[parents != rows], parents[parents != rows]] = -1.0
    return bones, torch.linalg.inv(bones).round()


_BONES, _PATHS = _skeleton()
_IS_BONE = torch.tensor([parent != joint for joint, parent in enumerate(PARENTS)])
