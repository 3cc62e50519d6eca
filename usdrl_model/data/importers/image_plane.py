"""Poses in an image -> joints in metres, so that everything downstream can take them.

The image stands upright in front of the sensor like a window, ``HEIGHT`` metres high: people come out smaller than they
are, but in proportion, and no bone is longer than a real one. Depth is the same for all joints. A joint in the very
corner, at 0, 0, was not found: it has a place only in the picture, so it is told apart before it gets another.
"""

from __future__ import annotations

import numpy as np

HEIGHT = 2.0
"""Metres that the height of an image stands for."""
DISTANCE = 2.0
"""Metres from the sensor to the image."""


def to_metres(pixels: np.ndarray, width: float, height: float) -> np.ndarray:
    """(..., 2) pixels, x right, y down -> (..., 3) canonical axes: left, up and away; NaN at 0, 0."""
    x = (width / 2.0 - pixels[..., 0]) / height * HEIGHT
    y = (height / 2.0 - pixels[..., 1]) / height * HEIGHT
    found = (pixels != 0.0).any(axis=-1, keepdims=True)
    return np.where(found, np.stack([x, y, np.full_like(x, DISTANCE)], axis=-1), np.nan)
