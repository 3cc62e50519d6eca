"""The last depth images of a camera, found by the stamp of a picture of the same view."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from usdrl_ros.inputs.common import frame_name, seconds
from usdrl_ros.inputs.depth_image import DepthImage

APART = 0.05
"""Seconds between a picture and the depth image that is used for it, at most."""
BACK = 0.5
"""Seconds by which a stamp goes back where time begins again, as in a bag that loops."""
KEPT = 2.0
"""Seconds, by stamps, for which depth images are kept: as long as a tracker may take for its picture,"""
BYTES = 128 * 2**20
"""but no more than this of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A depth image that was measured at a time."""

    stamp: float
    image: DepthImage
    frame_id: str


class DepthImages:
    """Depth images as they come; one thread may add them while another looks for them."""

    def __init__(self) -> None:
        self._images: deque[Measured] = deque()
        self.forgotten = -math.inf
        """Stamp of the newest image that is not kept any more."""

    def add(self, message: Any) -> None:
        """Take a sensor_msgs/Image.

        Raises:
            InputError: ``zero_stamp``, and as ``DepthImage``.
        """
        stamp = seconds(message.header.stamp)
        new = Measured(stamp, DepthImage(message), frame_name(message.header.frame_id))
        if self._images and stamp < self._images[-1].stamp - BACK:
            self._images.clear()
            self.forgotten = -math.inf
        self._images.append(new)
        while len(self._images) > 1 and (
            stamp - self._images[0].stamp > KEPT or sum(one.image.bytes for one in self._images) > BYTES
        ):
            self.forgotten = self._images.popleft().stamp

    def nearest(self, stamp: float) -> Measured | None:
        """The image of this time, or the nearest that has come; None if none is within ``APART``."""
        found = min(tuple(self._images), key=lambda one: abs(one.stamp - stamp), default=None)
        return None if found is None or abs(found.stamp - stamp) > APART else found

    def off(self, stamp: float) -> str:
        """How far the nearest image is from a stamp, in words."""
        apart = min((abs(one.stamp - stamp) for one in tuple(self._images)), default=None)
        return "none has come" if apart is None else f"the nearest is {apart:.3f} s away"

    @property
    def span(self) -> tuple[float, float] | None:
        """Stamps of the oldest and the newest; None without any."""
        return (self._images[0].stamp, self._images[-1].stamp) if self._images else None
