"""Poses in an image -> joints in metres, so that everything downstream can take them.

The image is placed upright in front of the sensor, ``HEIGHT`` metres high: people are smaller than in reality but in
proportion, and no bone is longer than a real one. All joints have the same depth. A joint at pixel 0, 0 was not found.
"""

from __future__ import annotations

import numpy as np

HEIGHT = 2.0
"""Height of the image, metres."""
DISTANCE = 2.0
"""Distance of the image from the sensor, metres."""


def to_metres(pixels: np.ndarray, width: float, height: float) -> np.ndarray:
    """(..., 2) pixels, x right, y down -> (..., 3) canonical axes: left, up and away; NaN at 0, 0."""
    x = (width / 2.0 - pixels[..., 0]) / height * HEIGHT
    y = (height / 2.0 - pixels[..., 1]) / height * HEIGHT
    found = (pixels != 0.0).any(axis=-1, keepdims=True)
    return np.where(found, np.stack([x, y, np.full_like(x, DISTANCE)], axis=-1), np.nan)
