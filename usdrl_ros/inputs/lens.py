"""The lens of a camera: by its calibration (``sensor_msgs/CameraInfo``), or by its field of view."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sensor_msgs.msg import CameraInfo

from usdrl_ros.inputs.common import InputError


def is_rectified(*topics: str) -> bool:
    """Whether pictures are rectified, by the names of topics: ``image_rect``, ``image_rect_color`` and the like."""
    return any(re.search(r"(^|_)rect(_|ified|$)", topic.rpartition("/")[2]) for topic in topics)


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
    def calibrated(cls, info: CameraInfo, width: int, height: int, *, rectified: bool = False) -> Lens:
        """The lens of a calibration, scaled to a picture of another size.

        Args:
            info: of the camera.
            width: of the picture, pixels.
            height: of it.
            rectified: the picture is, so that its lens is that of ``p``, where a driver fills that in.

        Raises:
            InputError: ``camera_info``: there is none, or it is of a picture of another shape.
        """
        p, k = info.p, info.k
        by_p = rectified and p[0] > 0.0 and p[5] > 0.0
        fx, fy, cx, cy = map(float, (p[0], p[5], p[2], p[6]) if by_p else (k[0], k[4], k[2], k[5]))
        if not all(map(math.isfinite, (fx, fy, cx, cy))) or fx <= 0.0 or fy <= 0.0:
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
        return cls(fx * across, fy * down, cx * across, cy * down)
