"""A registered depth image: how far is what is seen around a point of the picture.

A joint is a point, but its depth is read from a patch: single pixels are noise, holes, or the wall behind an arm. The
patch falls into surfaces with gaps between them, each with the median of its depths.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from usdrl_model.errors.shown import NAME, cut
from usdrl_ros.inputs.common import InputError

ENCODINGS = {"16UC1": (np.uint16, 1e-3), "mono16": (np.uint16, 1e-3), "32FC1": (np.float32, 1.0)}
"""Encoding -> type of a pixel, and its unit in metres (REP 118)."""
LARGEST = 4096
"""Pixels of a side."""
NEAREST, FARTHEST = 0.1, 15.0
"""Metres that a depth camera measures; other values are holes."""
EDGE = 0.12
"""Metres between two depths that are not on one surface."""
LEAST = 0.15
"""Share of the measured pixels of a patch that a surface has."""
FILLED = 0.1
"""Share of the pixels of a patch that are measured, at least."""
RADIUS = 0.008
"""Half a side of a patch, as a share of the width of the image: 5 pixels of 640, which see 4 cm at 2 m."""


COARSE = 8
"""Every so many pixels of a row, and rows, tell the unit of an image."""
ALL = 0.99
"""Share of the measured pixels that counts as all."""


class DepthImage:
    """The depths of a sensor_msgs/Image.

    Args:
        message: in one of ``ENCODINGS``.

    Raises:
        InputError: ``depth_encoding``, ``depth_layout``: not an image of depths.
    """

    def __init__(self, message: Any) -> None:
        if message.encoding not in ENCODINGS:
            raise InputError(
                "depth_encoding",
                f"expected a depth image in {', '.join(ENCODINGS)}, got {cut(message.encoding, NAME)!r}: set"
                " depth_topic to the raw depth image, registered to the picture",
            )
        self._encoding = message.encoding
        kind, self._metres = ENCODINGS[self._encoding]
        pixel = np.dtype(kind).newbyteorder(">" if message.is_bigendian else "<")
        height, width, step = message.height, message.width, message.step
        fits = 0 < height <= LARGEST and 0 < width <= LARGEST and step >= width * pixel.itemsize
        if not fits or step % pixel.itemsize or len(message.data) < height * step:
            raise InputError(
                "depth_layout",
                f"expected {width} x {height} pixels in {height} rows of {step} bytes, got {len(message.data)} bytes:"
                " correct the publisher",
            )
        rows = np.frombuffer(message.data, pixel, height * step // pixel.itemsize).reshape(height, -1)
        self._rows = rows[:, :width]
        self.width, self.height, self.bytes = width, height, rows.nbytes

    def check(self, width: float, height: float) -> None:
        """Refuse depths of another view than a picture of this size, in pixels, and those in another unit.

        Raises:
            InputError: ``depth_size``, ``depth_units``.
        """
        if abs(self.width * height - self.height * width) > 0.02 * self.width * height:
            raise InputError(
                "depth_size",
                f"expected depth registered to a picture of {width:g} x {height:g}, got {self.width} x {self.height}:"
                " set depth_topic to the depth image that is aligned to the picture",
            )

        some = self._rows[::COARSE, ::COARSE].astype(np.float64) * self._metres
        some = some[np.isfinite(some) & (some > 0.0)]  # infinite is too far to be measured (REP 117)
        if some.size and np.mean(some >= FARTHEST) > ALL:
            guess = (
                "not metres in 32FC1? publish metres, or millimetres in 16UC1"
                if self._metres == 1.0
                else f"less than a millimetre in {self._encoding}? publish millimetres, or metres in 32FC1"
            )
            raise InputError(
                "depth_units",
                f"expected depths of up to {FARTHEST:g} m, got a median of {np.median(some):.4g} m: every depth is"
                f" beyond {FARTHEST:g} m: {guess}",
            )

    def surfaces(self, u: float, v: float) -> list[float]:
        """Depths in metres of the surfaces around a pixel, the nearest first; empty: a hole, or outside."""
        if not (math.isfinite(u) and math.isfinite(v) and 0 <= u < self.width and 0 <= v < self.height):
            return []
        radius = max(2, round(RADIUS * self.width))
        return self._patch(u, v, radius) or self._patch(u, v, 2 * radius)

    def _patch(self, u: float, v: float, radius: int) -> list[float]:
        top, left = max(0, int(v) - radius), max(0, int(u) - radius)
        patch = self._rows[top : int(v) + radius + 1, left : int(u) + radius + 1]
        depths = patch.reshape(-1).astype(np.float64) * self._metres
        depths = np.sort(depths[(depths > NEAREST) & (depths < FARTHEST)])  # False for NaN
        if len(depths) < max(3, FILLED * patch.size):
            return []
        parts = np.split(depths, np.nonzero(np.diff(depths) > EDGE)[0] + 1)
        return [float(np.median(part)) for part in parts if len(part) >= max(3, LEAST * len(depths))]
