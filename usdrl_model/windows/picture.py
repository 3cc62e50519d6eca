"""People as they are in a picture: for networks that know no depth (``WindowShape.flat``).

A window of such a network has x and y of the joints, in the size of an adult, and 0 as z. Joints that have a depth are
projected by a level camera at the origin that is turned to the person. Joints that a tracker found in a picture lie on
a plane before the sensor (``DISTANCE``), and stay as they are.

Letters: N windows, T frames, M people, V joints.
"""

from __future__ import annotations

import math
from typing import Any

from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.windows import either
from usdrl_model.windows.either import Points

HEIGHT = 1.5
"""Height of a picture, metres, whose joints are to be used like joints in space: so few that no bone of somebody close
is longer than any bone is (``person.MAX_BONE``)."""
DISTANCE = 2.0
"""Distance of that picture from the sensor, metres."""
PLANE = 0.03
"""Metres of depth within which a body is one in a picture: nobody is that flat, whatever the tracker."""
CLOSEST = 1.5
"""Metres from the camera at which a person is at least: motion capture has none, and people walk over its origin."""
BEFORE = 0.3
"""Metres before the camera at which a joint is at least."""
BONES: tuple[tuple[str, str, float], ...] = (
    ("spine_shoulder", "spine_base", 0.5),
    ("shoulder_left", "shoulder_right", 0.36),
    *((f"shoulder_{side}", f"elbow_{side}", 0.28) for side in ("left", "right")),
    *((f"elbow_{side}", f"wrist_{side}", 0.25) for side in ("left", "right")),
    *((f"hip_{side}", f"knee_{side}", 0.42) for side in ("left", "right")),
    *((f"knee_{side}", f"ankle_{side}", 0.4) for side in ("left", "right")),
)
"""What the size of a body is taken from: two joints, and their distance on an adult, metres."""
LONGEST = 2
"""Bones that decide. A bone is never longer in a picture than it is, only shorter, so the longest are seen best."""
SMALLEST = 1e-3
"""Size relative to an adult below which nothing is known of it."""
_ENDS = [JOINT_INDEX[start] for start, _, _ in BONES], [JOINT_INDEX[end] for _, end, _ in BONES]


def pictured(x: Points) -> Points:
    """What a camera sees of windows (N, T, M, V, 3), metres, NaN where missing: the same shape, z 0, any size."""
    flat = planar(x)[:, None, None, None, None]
    seen: Points = either.library(x).where(flat, x, _projected(x))
    seen[..., 2] *= 0.0  # NaN stays NaN
    return seen


def planar(x: Any) -> Any:
    """(N,) bool of windows (N, T, M, V, 3): their joints have no depth, in most of the frames."""
    library = either.library(x)
    z = x[:, :, 0, :, 2]
    missing = library.isnan(z)
    farthest, nearest = library.where(missing, -math.inf, z), library.where(missing, math.inf, z)
    reach = library.amax(farthest, 2) - library.amin(nearest, 2)
    seen = ~missing.all(2)
    return 2 * ((reach > PLANE) & seen).sum(1) <= seen.sum(1)


def size(x: Any) -> Any:
    """(N,) size of person 0 of windows (N, T, M, V, 3) relative to an adult; 1 where no bone is seen."""
    library = either.library(x)
    relative = either.lower_median(lengths(x[:, :, 0]))  # (N, bones)
    missing = library.isnan(relative)
    known = (~missing).sum(1).clip(0, LONGEST)
    longest = either.ordered(library.where(missing, 0.0, relative), 1)[:, -LONGEST:].sum(1)
    found = longest / known.clip(1)
    return library.where(found > SMALLEST, found, 1.0)


def lengths(x: Any) -> Any:
    """(..., V, 2 or 3) joints in a picture -> (..., bones) of ``BONES``, relative to an adult; NaN where not seen."""
    starts, ends = (either.taken(x[..., :2], places, -2) for places in _ENDS)
    along = starts - ends
    # Not hypot, which ONNX has not.
    return (along[..., 0] ** 2 + along[..., 1] ** 2) ** 0.5 / either.like(x, [bone[2] for bone in BONES])


def _projected(x: Any) -> Any:
    """Of joints in space: the camera keeps the person, of each frame, in the middle of the picture."""
    library = either.library(x)
    middle = either.mean(x[:, :, 0], 2)  # (N, T, 3)
    place = library.where(library.isnan(middle), 0.0, middle)[:, :, None, None]
    away = library.hypot(place[..., 0], place[..., 2])
    known = away > 0.1
    cos = library.where(known, place[..., 2] / away.clip(0.1), 1.0)
    sin = library.where(known, place[..., 0] / away.clip(0.1), 0.0)
    near = x - place
    across, along = cos * near[..., 0] - sin * near[..., 2], sin * near[..., 0] + cos * near[..., 2]
    far = away.clip(CLOSEST)
    scale = far / (along + far).clip(BEFORE)
    return library.stack([across * scale, (near[..., 1] + place[..., 1]) * scale, along], 4)
