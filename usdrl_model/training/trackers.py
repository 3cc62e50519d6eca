"""The same people as other trackers report them: other joint sets, lower frame rates, limbs mixed up for a moment.

``project`` shows windows through the joint sets of ``skeleton.topology``: the nearest body that the joints of a tracker
can make, so that synthesised and copied joints lie where its map puts them.

Letters: N windows, T frames, M people, V joints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from usdrl_model.config import at_least, at_most
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX, names, topology
from usdrl_model.training.draw import Draw

ARMS = ("elbow", "wrist", "hand", "hand_tip", "thumb")
LEGS = ("knee", "ankle", "foot")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerConfig:
    """Probability that a window is seen by another tracker, in each respect; 0 switches it off."""

    joint_set: float = 0.0
    """The joints are those of a random topology."""
    slow: float = 0.0
    """Half or a third of the frame rate, interpolated as ``windows.track`` does."""
    swap: float = 0.0
    """Both arms, or both legs, change sides for some frames."""

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        at_least(self, {"joint_set": 0, "slow": 0, "swap": 0})
        at_most(self, {"joint_set": 1, "slow": 1, "swap": 1})

    @property
    def any(self) -> bool:
        """Whether anything differs at all."""
        return max(self.joint_set, self.slow, self.swap) > 0.0


def retrack(x: Tensor, config: TrackerConfig, draw: Draw) -> Tensor:
    """A copy of windows (N, T, M, V, 3) as another tracker would have reported them; NaN where joints are missing."""
    if config.swap:
        x = _swap(x, draw.chance(config.swap), draw)
    if config.slow:
        x = _slow(x, torch.where(draw.chance(config.slow), 2.0 + (draw.unit() * 2.0).floor(), 1.0))
    if config.joint_set:
        number = (draw.unit() * len(projections(x.device))).long()
        projected = project(x, projections(x.device)[number])
        x = torch.where(draw.chance(config.joint_set)[:, None, None, None, None], projected, x)
    return x


def project(x: Tensor, matrices: Tensor) -> Tensor:
    """Joints as weighted sums of joints; a joint is missing if one that counts in it is.

    Args:
        x: (N, T, M, V, 3), NaN where missing.
        matrices: (N, V, V); rows add up to 1.
    """
    missing = x[..., 0].isnan()
    needed = (matrices.abs() > 0.01).to(x.dtype)
    lost = torch.einsum("nvw,ntmw->ntmv", needed, missing.to(x.dtype)) > 0.0
    mapped = torch.einsum("nvw,ntmwc->ntmvc", matrices, x.masked_fill(missing[..., None], 0.0))
    return mapped.masked_fill(lost[..., None], math.nan)


@lru_cache(maxsize=4)
def projections(device: torch.device) -> Tensor:
    """(topologies, V, V): canonical joints -> what the canonical joints of a tracker with this topology are."""
    trackers = [topology(name) for name in names()]
    return torch.from_numpy(np.stack([tracker.matrix @ tracker.fit for tracker in trackers])).float().to(device)


def _slow(x: Tensor, every: Tensor) -> Tensor:
    """Keep every ``every``-th frame (N,) and interpolate the others, counted from the newest frame."""
    frames = x.shape[1]
    back = torch.arange(frames - 1, -1, -1, device=x.device)[None] / every[:, None]  # (N, T) samples before the newest
    place = lambda samples: (frames - 1 - samples * every[:, None]).clamp(min=0.0).long()  # noqa: E731
    rows = torch.arange(len(x), device=x.device)[:, None]
    early, late = x[rows, place(back.ceil())], x[rows, place(back.floor())]
    return torch.lerp(late, early, (back - back.floor())[:, :, None, None, None].to(x.dtype))


def _swap(x: Tensor, touched: Tensor, draw: Draw) -> Tensor:
    frames = x.shape[1]
    first, length = draw.unit() * frames, draw.unit() * 0.25 * frames
    time = torch.arange(frames, device=x.device)[None]
    during = touched[:, None] & (time >= first[:, None]) & (time < (first + length)[:, None])
    arms = draw.chance(0.5)
    order = torch.where(arms[:, None], _other_side(ARMS, x.device), _other_side(LEGS, x.device))  # (N, V)
    swapped = x.gather(3, order[:, None, None, :, None].expand_as(x))
    return torch.where(during[:, :, None, None, None], swapped, x)


def _other_side(parts: tuple[str, ...], device: torch.device) -> Tensor:
    """(V,) joints, those of the limbs exchanged."""
    order = list(range(len(CANONICAL_JOINTS)))
    for part in parts:
        left, right = JOINT_INDEX[f"{part}_left"], JOINT_INDEX[f"{part}_right"]
        order[left], order[right] = right, left
    return torch.tensor(order, device=device)
