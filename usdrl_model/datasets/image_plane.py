"""Poses in an image -> joints in metres, so that everything downstream can take them.

The image stands upright in front of the sensor like a window, ``HEIGHT`` metres high: people come out smaller than they
are, but in proportion, and no bone is longer than a real one. Depth is the same for all joints.
"""

from __future__ import annotations

import numpy as np

HEIGHT = 2.0
"""Metres that the height of an image stands for."""
DISTANCE = 2.0
"""Metres from the sensor to the image."""


def to_metres(pixels: np.ndarray, width: float, height: float) -> np.ndarray:
    """(..., 2) pixels, x right, y down -> (..., 3) canonical axes: x to the sensor's left, y up, z away."""
    x = (width / 2.0 - pixels[..., 0]) / height * HEIGHT
    y = (height / 2.0 - pixels[..., 1]) / height * HEIGHT
    return np.stack([x, y, np.full_like(x, DISTANCE)], axis=-1)


def to_pixels(joints: np.ndarray, width: float, height: float) -> np.ndarray:
    """The inverse of ``to_metres``: (..., 3) -> (..., 2)."""
    x, y = joints[..., 0], joints[..., 1]
    return np.stack([width / 2.0 - x * height / HEIGHT, height / 2.0 - y * height / HEIGHT], axis=-1)
