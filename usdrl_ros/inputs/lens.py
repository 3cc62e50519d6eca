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

        A rectified picture has the focal lengths of ``p``; ``k`` counts where a driver leaves ``p`` out.

        Raises:
            InputError: ``camera_info``: there is none, or it is of a picture of another shape.
        """
        p, k = info.p, info.k
        fx, fy, cx, cy = map(float, (p[0], p[5], p[2], p[6]) if p[0] > 0.0 else (k[0], k[4], k[2], k[5]))
        if not all(map(math.isfinite, (fx, fy, cx, cy))) or fx <= 0.0 or fy <= 0.0:
            raise InputError(
                "camera_info", "expected a calibrated camera, got no focal lengths in p or k: calibrate the camera"
            )
        across, down = (width / info.width, height / info.height) if info.width and info.height else (1.0, 1.0)
        if abs(across - down) > 0.02 * across:
            raise InputError(
                "camera_info",
                f"expected the calibration of a picture of {width} x {height}, got {info.width} x {info.height}:"
                " subscribe to the camera_info of this picture",
            )
        return cls(fx * across, fy * down, cx * across, cy * down)
