"""What is known of the camera besides its pictures: its lens, and the depth of the same view."""

from __future__ import annotations

from collections.abc import Callable

from sensor_msgs.msg import CameraInfo

from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.depth_images import DepthImages
from usdrl_ros.inputs.lens import Lens


class View:
    """The newest calibration and the last depth images. Callbacks write it, the thread that searches pictures reads it.

    Args:
        field_of_view: degrees, used without a calibration.
        warn: (kind, text), called from the thread that reads.
        rectified: the pictures are.
    """

    def __init__(self, field_of_view: float, warn: Callable[[str, str], object], *, rectified: bool = False) -> None:
        self.field_of_view, self._rectified = field_of_view, rectified
        self._warn = warn
        self._info: CameraInfo | None = None
        self.depths = DepthImages()

    def calibrate(self, info: CameraInfo) -> None:
        """Take a message of the camera's calibration."""
        self._info = info

    def lens(self, width: int, height: int) -> Lens:
        """The lens for pictures of a size: calibrated if it is, else by the field of view."""
        info = self._info
        if info is not None:
            try:
                return Lens.calibrated(info, width, height, rectified=self._rectified)
            except InputError as error:
                self._warn(error.kind, f"{error}; until then field_of_view = {self.field_of_view:g} degrees counts")
        return Lens.wide(width, height, self.field_of_view)

    @property
    def calibrated(self) -> bool:
        """Whether a camera_info with focal lengths has come."""
        info = self._info
        try:
            return info is not None and bool(Lens.calibrated(info, info.width, info.height, rectified=self._rectified))
        except InputError:
            return False
