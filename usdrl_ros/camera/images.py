"""sensor_msgs/Image -> arrays, without cv_bridge: colours as red, green, blue, depth in metres."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image

from usdrl_ros.inputs.common import InputError

CHANNELS: dict[str, tuple[int, ...]] = {
    "rgb8": (0, 1, 2),
    "bgr8": (2, 1, 0),
    "rgba8": (0, 1, 2),
    "bgra8": (2, 1, 0),
    "mono8": (0, 0, 0),
    "8UC1": (0, 0, 0),
    "8UC3": (2, 1, 0),
    "8UC4": (2, 1, 0),
}
"""Encoding -> which of its channels are red, green and blue. OpenCV's names have OpenCV's order."""
SIZES = {"mono8": 1, "8UC1": 1, "rgba8": 4, "bgra8": 4, "8UC4": 4}
"""Bytes of a pixel where they are not 3."""
DEPTHS: dict[str, tuple[str, float]] = {"16UC1": ("u2", 0.001), "mono16": ("u2", 0.001), "32FC1": ("f4", 1.0)}
"""Encoding of a depth image -> type of its numbers, and metres of one unit (REP 118)."""
LARGEST = 2**26
"""Pixels of an image, at most; the largest cameras have 2**25."""


def picture(message: Image) -> np.ndarray:
    """A picture as (H, W, 3) uint8: red, green, blue.

    Raises:
        InputError: ``encoding``, ``layout``.
    """
    channels = CHANNELS.get(message.encoding)
    if channels is None:
        raise InputError(
            "encoding",
            f"expected an encoding of {', '.join(CHANNELS)}, got {message.encoding!r}: set it in the camera's driver,"
            " or put image_proc or image_transport between",
        )
    size = SIZES.get(message.encoding, 3)
    rows = _rows(message, "u1", size)
    pixels = rows.reshape(message.height, message.width, size)
    return np.ascontiguousarray(pixels[:, :, channels])


def depth(message: Image) -> np.ndarray:
    """A depth image as (H, W) float32 in metres, NaN where there is none.

    Raises:
        InputError: ``encoding``, ``layout``.
    """
    if message.encoding not in DEPTHS:
        raise InputError(
            "encoding",
            f"expected a depth image of {', '.join(DEPTHS)}, got {message.encoding!r}: is this the topic of depth?",
        )
    kind, metres = DEPTHS[message.encoding]
    numbers = _rows(message, f"{'>' if message.is_bigendian else '<'}{kind}", 1)
    found = numbers.astype(np.float32) * np.float32(metres)
    return np.where(np.isfinite(found) & (found > 0.0), found, np.float32(np.nan))


def _rows(message: Image, kind: str, count: int) -> np.ndarray:
    """(H, W * count) numbers of a type, rows without their padding."""
    dtype = np.dtype(kind)
    height, width, step = message.height, message.width, message.step
    row = width * count * dtype.itemsize
    if not 0 < height * width <= LARGEST:
        raise InputError("layout", f"expected 1 to {LARGEST} pixels, got {width} x {height}: correct the driver")
    if step < row or len(message.data) < step * (height - 1) + row:
        raise InputError(
            "layout",
            f"expected {height} rows of at least {row} bytes for {width} x {height} {message.encoding}, got a step of"
            f" {step} and {len(message.data)} bytes: correct the driver",
        )
    return np.ndarray((height, width * count), dtype, buffer=message.data, strides=(step, dtype.itemsize))
