"""sensor_msgs/Image -> pictures, without cv_bridge (depth images: ``inputs.depth_image``)."""

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
    pixels = _rows(message, size).reshape(message.height, message.width, size)
    return np.ascontiguousarray(pixels[:, :, channels])


def _rows(message: Image, size: int) -> np.ndarray:
    """(H, W * size) bytes of pixels of ``size`` bytes, rows without their padding."""
    height, width, step = message.height, message.width, message.step
    row = width * size
    if not 0 < height * width <= LARGEST:
        raise InputError("layout", f"expected 1 to {LARGEST} pixels, got {width} x {height}: correct the driver")
    if step < row or len(message.data) < step * (height - 1) + row:
        raise InputError(
            "layout",
            f"expected {height} rows of at least {row} bytes for {width} x {height} {message.encoding}, got a step of"
            f" {step} and {len(message.data)} bytes: correct the driver",
        )
    return np.ndarray((height, row), np.uint8, buffer=message.data, strides=(step, 1))
