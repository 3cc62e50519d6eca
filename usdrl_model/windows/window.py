"""Frames on the time grid -> encoder input: gaps filled, centred, facing the sensor; several people in one window.

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
from typing import Any

import numpy as np

from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT, SPINE_MID
from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS
from usdrl_model.windows import either
from usdrl_model.windows.either import Points
from usdrl_model.windows.picture import pictured, planar, size
from usdrl_model.windows.shape import Centre, WindowShape

Body = tuple[np.ndarray, np.ndarray]
"""Joints (T, V, 3) metres of one person, and their mask (T, V) bool, False where invalid."""
SHOULDERS = (SHOULDER_LEFT, SHOULDER_RIGHT, JOINT_INDEX["spine_shoulder"])
HIP_LEFT, HIP_RIGHT = JOINT_INDEX["hip_left"], JOINT_INDEX["hip_right"]
SPINE_BELOW_SHOULDERS = 0.22
"""Metres: where the spine is taken to be while the hips are hidden, so that somebody behind a table is centred as
somebody in full view."""
UNTURNED = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
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


def normalise(x: Points, centre: Centre = "frame", *, masked: bool = False, flat: bool = False) -> Points:
    """Centre each frame, or the whole window, on the spine of person 0 and turn them to face the sensor.

    Args:
        x: (N, T, M, V, 3) metres, y up, of numpy or of torch. Without gaps, and zero in empty slots; or ``masked``.
        centre: see ``WindowShape``.
        masked: see ``WindowShape``: missing joints and empty slots are NaN, and stay so.
        flat: see ``WindowShape``: nobody is turned, because nobody knows their heading.

    Returns:
        (N, T, M, V, 3). The line from person 0 to person 1 (from spine to spine, wherever those must be about), or from
        the left to the right shoulder of somebody whom nobody is seen with (of their hips, where the shoulders are
        hidden), points to +x in the median over the frames. Empty slots stay empty.
    """
    if flat:
        x = pictured(x)
        x = x / size(x)[:, None, None, None, None]
        spine = spine_of(x[:, :, 0])
        return x - (spine if centre == "frame" else either.median(spine)[:, None])[:, :, None, None]
    place = spine_of if masked else _spine_mid
    spines = [place(x[:, :, person]) for person in range(min(x.shape[2], 2))]
    spine = spines[0]
    if masked:
        present = ~either.library(x).isnan(x).all(4).all(3).all(1)[:, None, :, None, None]
        turn = _heading(x, present, spines)
        if x.shape[2] == 1:  # a picture stays as it is: who is seen from behind has no other side
            turn = either.library(x).where(planar(x)[:, None, None], either.like(x, UNTURNED), turn)
        centred = transform_seen(x - spine[:, :, None, None], turn)
    else:
        present = there(x)
        turn = _heading(x, present, spines)
        centred = transform((x - spine[:, :, None, None]) * present, turn)
    if centre == "frame":
        return centred
    path = spine @ turn
    return centred + (path - either.median(path)[:, None])[:, :, None, None] * present


def there(x: Points) -> Points:
    """(N, T, M, V, 3) -> (N, 1, M, 1, 1) bool: False for empty slots (all zero)."""
    # amax is ten times as fast as any() on a CPU
    present: Points = (either.library(x).amax(abs(x), (1, 3, 4)) != 0.0)[:, None, :, None, None]
    return present


def spine_of(x: Any) -> Any:
    """(N, T, V, 3) of one person -> (N, T, 3): the middle of the spine, or where it must be about; NaN if unseen."""
    library = either.library(x)
    spine = x[:, :, SPINE_MID]
    below = either.mean(either.taken(x, SHOULDERS, 2), 2)
    below[..., 1] -= SPINE_BELOW_SHOULDERS
    guess = library.where(library.isnan(below), either.mean(x, 2), below)
    return library.where(library.isnan(spine), guess, spine)


def _spine_mid(x: Any) -> Any:
    """``spine_of`` where nothing is missing."""
    return x[:, :, SPINE_MID]


def _heading(x: Any, present: Any, spines: Sequence[Any]) -> Any:
    """(N, 3, 3) rotations about the vertical so that people face the sensor; multiplied from the right.

    ``spines`` (N, T, 3) are those of person 0 and, in windows of several people, of person 1.
    """
    library = either.library(x)
    line = either.median(x[:, :, 0, SHOULDER_RIGHT] - x[:, :, 0, SHOULDER_LEFT])  # (N, 3)
    line = library.where(library.isnan(line), either.median(x[:, :, 0, HIP_RIGHT] - x[:, :, 0, HIP_LEFT]), line)
    if spines[1:]:
        apart = either.median(spines[1] - spines[0])
        line = library.where(present[:, 0, 1, 0] & ~library.isnan(apart), apart, line)
    length = library.hypot(line[:, 0], line[:, 2])
    known = length > 1e-6
    length = library.where(known, length, 1.0)
    cos, sin = library.where(known, line[:, 0] / length, 1.0), library.where(known, line[:, 2] / length, 0.0)
    zero, one = library.zeros_like(cos), library.ones_like(cos)
    return library.stack([cos, zero, -sin, zero, one, zero, sin, zero, cos], 1).reshape(-1, 3, 3)


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
    normalised = normalise(placed, shape.centre, masked=shape.masked, flat=shape.flat)
    return normalised.astype(np.float32, copy=False)


def hide(joints: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Replace every invalid joint by NaN; arguments as of ``fill``."""
    return np.where(mask[:, :, None], joints, np.float32(np.nan))


def _outwards() -> tuple[int, ...]:
    """Joints ordered so that every parent comes before its children."""

    def depth(joint: int) -> int:
        return 0 if PARENTS[joint] == joint else 1 + depth(PARENTS[joint])

    return tuple(sorted(range(len(PARENTS)), key=depth))


def transform(x: Points, matrix: Points) -> Points:
    """Multiply every point (a row) by the matrix of its window; x (N, T, M, V, 3), matrix (N, 3, 3)."""
    if isinstance(x, np.ndarray):
        return (x.reshape(len(x), -1, 3) @ matrix).reshape(x.shape)
    torch = either.library(x)
    # Four points a row: with 3 x 3 alone the product takes a CPU three times as long.
    together = math.gcd(x[0].numel() // 3, 4)
    wide = torch.kron(torch.eye(together, dtype=x.dtype, device=x.device), matrix.contiguous())
    return (x.reshape(len(x), -1, 3 * together) @ wide).view_as(x)


def transform_seen(x: Points, matrix: Points) -> Points:
    """``transform`` of points of which some are missing (NaN): those stay missing, the others are not touched by it."""
    library = either.library(x)
    missing = library.isnan(x)
    turned: Points = library.where(missing, math.nan, transform(library.where(missing, 0.0, x), matrix))
    return turned
