"""The lens of a camera: by its calibration (``sensor_msgs/CameraInfo``), or by its field of view."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo

from usdrl_ros.inputs.common import InputError


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera; distortion is not corrected."""

    fx: float
    """Focal lengths and centre in pixels."""
    fy: float
    cx: float
    cy: float

    @classmethod
    def wide(cls, width: int, height: int, degrees: float) -> Lens:
        """A lens with a horizontal field of view, in the middle of the picture."""
        focal = 0.5 * width / math.tan(math.radians(degrees) / 2.0)
        return cls(focal, focal, width / 2.0, height / 2.0)

    @classmethod
    def calibrated(cls, info: CameraInfo, width: int, height: int) -> Lens:
        """The lens of a calibration, scaled to a picture of another size.

        Raises:
            InputError: ``camera_info``: there is none, or it is of a picture of another shape.
        """
        k = [float(value) for value in info.k]
        if not all(map(math.isfinite, k)) or k[0] <= 0.0 or k[4] <= 0.0:
            raise InputError(
                "camera_info", "expected a calibrated camera, got no focal lengths in k: calibrate the camera"
            )
        across, down = (width / info.width, height / info.height) if info.width and info.height else (1.0, 1.0)
        if abs(across - down) > 0.02 * across:
            raise InputError(
                "camera_info",
                f"expected the calibration of a picture of {width} x {height}, got {info.width} x {info.height}:"
                " subscribe to the camera_info of this picture",
            )
        return cls(k[0] * across, k[4] * down, k[2] * across, k[5] * down)
