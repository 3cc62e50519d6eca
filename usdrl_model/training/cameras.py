"""People before random cameras: training windows for networks that see joints in a picture (``windows.picture``).

A window of joints in space is seen from a random side, height and distance, anywhere in the picture, by a detector that
is a little off and loses what is behind the body. Windows whose joints come from a picture keep their side.

Letters: N windows, T frames, M people, V joints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from usdrl_model.config import at_least, at_most
from usdrl_model.skeleton.person import SPINE_MID
from usdrl_model.skeleton.topology import CANONICAL_JOINTS
from usdrl_model.training.draw import Draw
from usdrl_model.windows.picture import BEFORE
from usdrl_model.windows.window import spine_of

BEHIND, BESIDE = 0.08, 0.15
"""Metres behind the spine, and beside it in the picture, within which an arm is hidden by the trunk."""
FAR_AWAY = 100.0
"""Metres: a camera that changes nothing."""
_ARMS = [
    index
    for index, name in enumerate(CANONICAL_JOINTS)
    if name.startswith(("elbow", "wrist", "hand", "thumb"))
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraConfig:
    """Where cameras stand and how well joints are found; for networks with ``flat``."""

    yaw: float = 1.6
    """Radians by which somebody is turned away from the camera, uniform in +-yaw."""
    pitch: float = 0.35
    """Radians by which the camera looks down or up, uniform in +-pitch."""
    roll: float = 0.1
    """Radians by which the picture is turned, uniform in +-roll."""
    near: float = 1.2
    """Metres from the camera to the person, at least: uniform, up to ``far``."""
    far: float = 6.0
    off_axis: float = 0.5
    """Radians from the middle of the picture to the person, uniform in +-off_axis: half of the field of view."""
    offset: float = 0.02
    """Standard deviation of the place of a joint on the body, which differs from detector to detector, metres."""
    noise: float = 0.03
    """Standard deviation of the noise of every frame, metres, at most: uniform, from 0."""
    hidden: float = 0.5
    """Probability that arms behind the trunk are not found."""

    def __post_init__(self) -> None:
        """Refuse cameras inside people."""
        at_least(self, {"near": BEFORE, "far": self.near, "offset": 0.0, "noise": 0.0})
        at_least(self, {"yaw": 0.0, "pitch": 0.0, "roll": 0.0, "off_axis": 0.0, "hidden": 0.0})
        at_most(self, {"yaw": math.pi, "pitch": 1.2, "roll": math.pi, "off_axis": 1.2, "hidden": 1})


def photograph(x: Tensor, flat: Tensor, config: CameraConfig, draw: Draw) -> Tensor:
    """Pictures of windows, each by a camera of its own.

    Args:
        x: (N, T, M, V, 3) metres, y up, centred on the spine of person 0 and turned to the sensor; NaN where missing.
        flat: (N,) bool, those whose joints come from a picture (``planar``, before anything is changed).
        config: of the cameras.
        draw: of N rows.

    Returns:
        (N, T, M, V, 3) with z 0, any size; ``normalise`` follows.
    """
    solid = (~flat).to(x.dtype)
    turn = rotation(1, draw.uniform(config.yaw) * solid) @ rotation(0, draw.uniform(config.pitch) * solid)
    away = config.near + (config.far - config.near) * draw.unit()
    away = torch.where(flat, FAR_AWAY, away)
    aside = rotation(1, draw.uniform(config.off_axis) * solid) @ rotation(0, draw.uniform(config.off_axis) * solid)
    roll = rotation(2, draw.uniform(config.roll))
    seen = torch.einsum("ntmvc,ncd->ntmvd", x, turn)
    lost = _behind_trunk(seen) & (draw.chance(config.hidden) & ~flat)[:, None, None, None]
    path = spine_of(seen[:, :, 0])[..., 2].nan_to_num()
    away = torch.maximum(away, config.near - path.amin(dim=1))  # nobody walks through a camera
    middle = torch.stack([torch.zeros_like(away), torch.zeros_like(away), away], dim=1)[:, None, None, None]
    rays = torch.einsum("ntmvc,ncd->ntmvd", seen + middle, aside)
    axis = torch.einsum("ntmvc,ncd->ntmvd", middle, aside)[..., 2:]
    # Of the plane at the distance of the person, so that sizes stay those of people.
    places = rays[..., :2] * axis / rays[..., 2:].clamp(min=BEFORE)
    places = torch.einsum("ntmvc,ncd->ntmvd", places, roll[:, :2, :2])
    off = draw.normal(1, *x.shape[2:4], 2) * config.offset
    shaken = draw.normal(*x.shape[1:4], 2) * (config.noise * draw.unit())[:, None, None, None, None]
    places = (places + off + shaken).masked_fill(lost[..., None], math.nan)
    return torch.cat([places, torch.where(places[..., :1].isnan(), math.nan, 0.0)], dim=4)


def _behind_trunk(x: Tensor) -> Tensor:
    """(N, T, M, V) bool: arms that the trunk hides."""
    spine = x[:, :, :, SPINE_MID, None]
    apart = x - spine
    hidden = (apart[..., 2] > BEHIND) & (apart[..., 0].abs() < BESIDE) & (apart[..., 1].abs() < 0.35)
    arms = torch.zeros(x.shape[3], dtype=torch.bool, device=x.device)
    arms[_ARMS] = True
    return hidden & arms


def rotation(axis: int, angle: Tensor) -> Tensor:
    """(N,) radians -> (N, 3, 3) about a coordinate axis."""
    first, second = ((1, 2), (2, 0), (0, 1))[axis]
    matrix = torch.eye(3, device=angle.device, dtype=angle.dtype).repeat(len(angle), 1, 1)
    matrix[:, first, first] = matrix[:, second, second] = angle.cos()
    matrix[:, second, first] = angle.sin()
    matrix[:, first, second] = -angle.sin()
    return matrix
