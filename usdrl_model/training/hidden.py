"""What other trackers and places hide of people: limbs behind a table, joints a tracker lacks, lost frames.

``hide`` makes parts of masked windows (``WindowShape.masked``) disappear, before they are centred: a hidden joint is
NaN, so that a network learns to tell what is seen from what is not. Windows without a mask know no hidden joints; there
``AugmentConfig.drop_joint`` puts a joint on its parent.

Letters: N windows, T frames, M people, V joints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from usdrl_model.config import at_least, at_most
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, JOINT_INDEX
from usdrl_model.training.draw import Draw

_ARM = ("shoulder", "elbow", "wrist", "hand", "hand_tip", "thumb")
_LEG = ("knee", "ankle", "foot")
_HANDS = tuple(f"{part}_{side}" for part in ("hand", "hand_tip", "thumb") for side in ("left", "right"))
_LEGS = tuple(f"{part}_{side}" for part in _LEG for side in ("left", "right"))
_HIPS = ("spine_base", "hip_left", "hip_right")
PARTS: tuple[tuple[str, ...], ...] = (
    _LEGS,
    (*_LEGS, *_HIPS),
    (*_LEGS, *_HIPS, "spine_mid"),
    tuple(f"{part}_left" for part in _ARM[1:]),
    tuple(f"{part}_right" for part in _ARM[1:]),
    tuple(f"{part}_left" for part in _ARM),
    tuple(f"{part}_right" for part in _ARM),
    tuple(f"{part}_left" for part in _LEG),
    tuple(f"{part}_right" for part in _LEG),
    tuple(f"{part}_{side}" for part in ("ankle", "foot") for side in ("left", "right")),
    _HANDS,
    ("head", "neck"),
)
"""What disappears together: what a table or the edge of a picture hides, and what many trackers do not report."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenConfig:
    """Probability that a window is touched in each way; 0 switches it off."""

    part: float = 0.0
    """One of ``PARTS`` is not seen in the whole window, or from some frame on, or up to one."""
    joints: float = 0.0
    """Each joint with a probability of up to a half, in the whole window."""
    flicker: float = 0.0
    """Each joint with a probability of up to a half for a few frames now and then."""
    late: float = 0.0
    """The whole person is not seen in up to half of the frames at the beginning: somebody who has just come."""

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        at_least(self, {"part": 0, "joints": 0, "flicker": 0, "late": 0})
        at_most(self, {"part": 1, "joints": 1, "flicker": 1, "late": 1})

    @property
    def any(self) -> bool:
        """Whether anything is hidden at all."""
        return max(self.part, self.joints, self.flicker, self.late) > 0.0


def hide(x: Tensor, config: HiddenConfig, draw: Draw) -> Tensor:
    """A copy of masked windows (N, T, M, V, 3) in which more is missing (NaN), the same for all people of a window."""
    frames, joints = x.shape[1], x.shape[3]
    hidden = torch.zeros(len(x), frames, joints, dtype=torch.bool, device=x.device)
    time = torch.arange(frames, device=x.device)
    if config.part:
        parts = _parts(x.device)[(draw.unit() * len(PARTS)).long()]  # (N, V)
        when = (draw.unit() * frames)[:, None]
        kind = draw.unit()[:, None]  # half of them throughout, a quarter from ``when`` on, a quarter until then
        during = (kind < 0.5) | torch.where(kind < 0.75, time >= when, time < when)
        hidden |= (draw.chance(config.part)[:, None] & during)[:, :, None] & parts[:, None]
    if config.joints:
        gone = draw.unit(joints) < 0.5 * draw.unit()[:, None]
        hidden |= (draw.chance(config.joints)[:, None] & gone)[:, None]
    if config.flicker:
        # Noise of a few frames' length: uniform values at every fourth frame, held in between.
        coarse = draw.unit(math.ceil(frames / 4), joints).repeat_interleave(4, dim=1)[:, :frames]
        hidden |= draw.chance(config.flicker)[:, None, None] & (coarse < 0.5 * draw.unit()[:, None, None])
    if config.late:
        begin = (0.5 * frames * draw.unit())[:, None]
        hidden |= (draw.chance(config.late)[:, None] & (time < begin))[:, :, None]
    return x.masked_fill(hidden[:, :, None, :, None], math.nan)


def _parts(device: torch.device) -> Tensor:
    """(parts, V) bool."""
    table = torch.zeros(len(PARTS), len(CANONICAL_JOINTS), dtype=torch.bool)
    for row, part in enumerate(PARTS):
        table[row, [JOINT_INDEX[joint] for joint in part]] = True
    return table.to(device)
