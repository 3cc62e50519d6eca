"""Poses in an image -> joints in metres, so that everything downstream can take them.

The image is placed upright in front of the sensor, ``HEIGHT`` metres high: people are smaller than in reality but in
proportion, and no bone is longer than a real one. All joints have the same depth. A joint at pixel 0, 0 was not found,
and one far outside of the image is no place on a body.
"""

from __future__ import annotations

import numpy as np

HEIGHT = 2.0
"""Height of the image, metres."""
DISTANCE = 2.0
"""Distance of the image from the sensor, metres."""
MARGIN = 0.5
"""Of the image, on each side: so far outside of it a joint may be estimated of somebody who is partly in it."""


def to_metres(pixels: np.ndarray, width: float, height: float) -> np.ndarray:
    """(..., 2) pixels, x right, y down -> (..., 3) canonical axes: left, up, away; NaN at 0, 0 or beyond ``MARGIN``."""
    size = np.array([width, height])
    x = (width / 2.0 - pixels[..., 0]) / height * HEIGHT
    y = (height / 2.0 - pixels[..., 1]) / height * HEIGHT
    near = (pixels >= -MARGIN * size) & (pixels <= (1.0 + MARGIN) * size)
    found = (pixels != 0.0).any(axis=-1, keepdims=True) & near.all(axis=-1, keepdims=True)
    return np.where(found, np.stack([x, y, np.full_like(x, DISTANCE)], axis=-1), np.nan)
