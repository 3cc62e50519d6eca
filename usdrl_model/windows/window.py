"""Frames on the time grid -> encoder input: gaps filled, centred on the person, facing the sensor.

``normalise`` centres and turns windows: live, in training and in the views of pretraining.

Centring removes the position of the person and turning removes their heading, because neither says anything about the
action; the vertical stays that of gravity. Centred frame by frame, a window shows neither the path of the person nor
that of the robot; centred as a whole, it shows both. The heading is the median shoulder line of the window, not that of
its first frame (official), because one bad frame would turn the whole window. With two people it is the line between
them, which is more informative and measured better than shoulders seen from the side (docs/ablations.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS
from usdrl_model.windows.picture import pictured, size
from usdrl_model.windows.shape import Centre, WindowShape

Body = tuple[np.ndarray, np.ndarray]
"""Joints (T, V, 3) metres of one person, and their mask (T, V) bool, False where invalid."""
SHOULDERS = (SHOULDER_LEFT, SHOULDER_RIGHT, JOINT_INDEX["spine_shoulder"])
HIP_LEFT, HIP_RIGHT = JOINT_INDEX["hip_left"], JOINT_INDEX["hip_right"]
SPINE_BELOW_SHOULDERS = 0.22
"""Metres: where the spine is taken to be while the hips are hidden, so that somebody behind a table is centred as
somebody in full view."""
_ROOT = next(joint for joint, parent in enumerate(PARENTS) if joint == parent)


def fill(joints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Replace every invalid joint.

    By its last valid position in the window, else its next one, else the position of its parent.

    Args:
        joints: (T, V, 3) metres.
        mask: (T, V) bool, False where invalid.

    Returns:
        (T, V, 3), all zero without a valid joint.
    """
    if mask.all():
        return joints
    frames = np.arange(len(mask))[:, None]
    before = np.maximum.accumulate(np.where(mask, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(mask, frames, len(mask))[::-1], axis=0)[::-1]
    source = np.where(before >= 0, before, np.minimum(after, len(mask) - 1))
    filled = np.take_along_axis(joints, source[:, :, None], axis=0)

    seen: np.ndarray = np.any(mask, axis=0)
    if not seen.any():
        return np.zeros_like(joints)
    if not seen[_ROOT]:
        filled[:, _ROOT] = filled[:, seen].mean(axis=1)
    for joint in _outwards():
        if not seen[joint] and joint != _ROOT:
            filled[:, joint] = filled[:, PARENTS[joint]]
    return filled


def normalise(x: Tensor, centre: Centre = "frame", *, masked: bool = False, flat: bool = False) -> Tensor:
    """Centre each frame, or the whole window, on the spine of person 0 and turn them to face the sensor.

    Args:
        x: (N, T, M, V, 3) metres, y up. Without gaps, and zero in empty slots; or ``masked``.
        centre: see ``WindowShape``.
        masked: see ``WindowShape``: missing joints and empty slots are NaN, and stay so.
        flat: see ``WindowShape``: nobody is turned, because nobody knows their heading.

    Returns:
        (N, T, M, V, 3). The line from person 0 to person 1, or from the left to the right shoulder of a single person
        (of their hips, where the shoulders are hidden), points to +x in the median over the frames. Empty slots stay
        empty.
    """
    if flat:
        x = pictured(x)
        x = x / size(x)[:, None, None, None, None]
        return x - spine_of(x[:, :, 0])[:, :, None, None]
    if masked:
        present = ~x.isnan().all(dim=4).all(dim=3).all(dim=1)[:, None, :, None, None]
        spine = spine_of(x[:, :, 0])
        turn = _heading(x, present)
        centred = transform_seen(x - spine[:, :, None, None], turn)
    else:
        present = there(x)
        spine = x[:, :, 0, SPINE_MID]  # (N, T, 3)
        turn = _heading(x, present)
        centred = transform((x - spine[:, :, None, None]) * present, turn)
    if centre == "frame":
        return centred
    path = spine @ turn
    return centred + (path - _median(path)[:, None])[:, :, None, None] * present


def there(x: Tensor) -> Tensor:
    """(N, T, M, V, 3) -> (N, 1, M, 1, 1) bool: False for empty slots (all zero)."""
    return (x.abs().amax(dim=(1, 3, 4)) != 0.0)[:, None, :, None, None]  # ten times as fast as any() on a CPU


def spine_of(x: Tensor) -> Tensor:
    """(N, T, V, 3) of one person -> (N, T, 3): the middle of the spine, or where it must be about; NaN if unseen."""
    spine = x[:, :, SPINE_MID]
    below = x[:, :, SHOULDERS].nanmean(dim=2) - x.new_tensor([0.0, SPINE_BELOW_SHOULDERS, 0.0])
    guess = torch.where(below.isnan(), x.nanmean(dim=2), below)
    return torch.where(spine.isnan(), guess, spine)


def _heading(x: Tensor, present: Tensor) -> Tensor:
    """(N, 3, 3) rotations about the vertical so that people face the sensor; multiplied from the right."""
    line = _median(x[:, :, 0, SHOULDER_RIGHT] - x[:, :, 0, SHOULDER_LEFT])  # (N, 3)
    line = torch.where(line.isnan(), _median(x[:, :, 0, HIP_RIGHT] - x[:, :, 0, HIP_LEFT]), line)
    if x.shape[2] > 1:
        apart = _median(x[:, :, 1, SPINE_MID] - x[:, :, 0, SPINE_MID])
        line = torch.where(present[:, 0, 1, 0], apart, line)
    length = torch.hypot(line[:, 0], line[:, 2])
    known = length > 1e-6
    length = length.where(known, 1.0)
    cos, sin = (line[:, 0] / length).where(known, 1.0), (line[:, 2] / length).where(known, 0.0)
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    return torch.stack([cos, zero, -sin, zero, one, zero, sin, zero, cos], dim=1).view(-1, 3, 3)


def _median(x: Tensor) -> Tensor:
    """Median over dimension 1 without NaN; of an even count the mean of the middle two (torch takes the lower one)."""
    ordered, count = x.sort(dim=1).values, (~x.isnan()).sum(dim=1, keepdim=True)  # NaN comes last
    middle = torch.cat([(count - 1).clamp(min=0) // 2, (count // 2).clamp(max=x.shape[1] - 1)], dim=1)
    return 0.5 * ordered.gather(1, middle).sum(dim=1)


def compose(windows: Sequence[Sequence[Body]], shape: WindowShape) -> np.ndarray:
    """Fill (or mask) and normalise windows, all in one batch.

    Args:
        windows: N times one to M bodies of T frames: the person, then the neighbours.
        shape: T, M, the origin, and whether missing joints are masked.

    Returns:
        (N, T, M, V, 3) float32, normalised to the person.
    """
    joints = windows[0][0][0].shape[1:]
    placed = np.full((len(windows), shape.frames, shape.people, *joints), shape.empty, np.float32)
    for row, bodies in enumerate(windows):
        for place, body in enumerate(bodies):
            placed[row, :, place] = hide(*body) if shape.masked else fill(*body)
    normalised: np.ndarray = normalise(
        torch.from_numpy(placed), shape.centre, masked=shape.masked, flat=shape.flat
    ).numpy()
    return normalised


def hide(joints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Replace every invalid joint by NaN; arguments as of ``fill``."""
    return np.where(mask[:, :, None], joints, np.float32(np.nan))


def _outwards() -> tuple[int, ...]:
    """Joints ordered so that every parent comes before its children."""

    def depth(joint: int) -> int:
        return 0 if PARENTS[joint] == joint else 1 + depth(PARENTS[joint])

    return tuple(sorted(range(len(PARENTS)), key=depth))


def transform(x: Tensor, matrix: Tensor) -> Tensor:
    """Multiply every point (a row) by the matrix of its window; x (N, T, M, V, 3), matrix (N, 3, 3)."""
    # Four points a row: with 3 x 3 alone the product takes a CPU three times as long.
    together = math.gcd(x[0].numel() // 3, 4)
    wide = torch.kron(torch.eye(together, dtype=x.dtype, device=x.device), matrix.contiguous())
    return (x.reshape(len(x), -1, 3 * together) @ wide).view_as(x)


def transform_seen(x: Tensor, matrix: Tensor) -> Tensor:
    """``transform`` of points of which some are missing (NaN): those stay missing, the others are not touched by it."""
    missing = x.isnan()
    return transform(x.masked_fill(missing, 0.0), matrix).masked_fill(missing, math.nan)
