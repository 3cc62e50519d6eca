"""Joints in a picture, which have no depth: as they are, for models that need none.

The picture is put before the sensor, upright and ``HEIGHT`` metres high, so that everything between here and the model
takes its people like any others. Where somebody is in the room is not known, and the frame says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from usdrl_model.skeleton.person import MIN_CONFIDENCE, Person
from usdrl_model.windows.picture import DISTANCE, HEIGHT
from usdrl_ros.inputs.adapter import Adapter, Context, Decode
from usdrl_ros.inputs.common import InputError, SourceFrame

CORNER = 2.0
"""Pixels from the corner of the picture: within them is nobody, but the values of those who count from 0 or -1 to 1."""


class InPicture:
    """Reads the messages of a source whose joints are in a picture.

    Args:
        adapter: whose messages are read.
        context: of the source.
        camera_info_topic: of the camera whose picture it is; empty: none.
        picture_size: its width and height in pixels, without camera info.
    """

    def __init__(
        self, adapter: Adapter, context: Context, camera_info_topic: str, picture_size: tuple[float, ...] = (0.0, 0.0)
    ) -> None:
        self._plane = adapter.plane
        self._subscribe = context.subscribe
        self._camera: Any = None
        self._size = picture_size
        if camera_info_topic:
            context.subscribe(camera_info_topic, "sensor_msgs/msg/CameraInfo", self._info, depth=5)
        self._decode = adapter.decoder(replace(context, subscribe=self._subscribe_flat))

    def __call__(self, message: Any, context: Context) -> SourceFrame | None:
        """The people of a message.

        Raises:
            InputError: as the decoder, and ``no_camera_info``.
        """
        return self._settle(self._decode(message, replace(context, subscribe=self._subscribe_flat)), context)

    def _subscribe_flat(self, topic: str, message: str, decode: Decode, **more: Any) -> Callable[[], None]:
        """As ``Context.subscribe``: what comes of further topics is in the picture as well."""

        def settled(one: Any, context: Context) -> SourceFrame | None:
            return self._settle(decode(one, replace(context, subscribe=self._subscribe_flat)), context)

        return self._subscribe(topic, message, settled, **more)

    def _info(self, message: Any, context: Context) -> None:
        self._camera = message

    def _settle(self, flat: SourceFrame | None, context: Context) -> SourceFrame | None:
        """What is known of people in the picture: its size is needed, and no more."""
        if flat is None:
            return None
        people: tuple[Person, ...] = ()
        if flat.frame.people:
            width, height = self._width_and_height()
            people = tuple(self._placed(person, width, height, context) for person in flat.frame.people)
        return replace(flat, frame=replace(flat.frame, people=people, flat=True))

    def _width_and_height(self) -> tuple[float, float]:
        width, height = self._size if self._camera is None else (self._camera.width, self._camera.height)
        if not (width > 0 and height > 0):
            raise InputError(
                "no_camera_info",
                f"expected the size of the picture, got {width:g} x {height:g}: check camera_info_topic, or set"
                " picture_size to its width and height",
            )
        return float(width), float(height)

    def _placed(self, person: Person, width: float, height: float, context: Context) -> Person:
        """Metres on the picture, in optical axes; NaN where a joint is not seen."""
        pixels = self._pixels(person, width, height, context)
        joints = np.full(person.joints.shape, DISTANCE)
        joints[:, :2] = (pixels - (width / 2.0, height / 2.0)) * (HEIGHT / height)
        joints[np.isnan(pixels).any(axis=1)] = np.nan
        return replace(person, joints=joints)

    def _pixels(self, person: Person, width: float, height: float, context: Context) -> np.ndarray:
        """(V, 2) pixels, NaN where a joint is not seen; tells of places that are of another scale than the picture."""
        pixels = person.joints[:, :2] * ((width, height) if self._plane == "image" else 1.0)
        if person.confidence is not None:
            pixels[person.confidence < MIN_CONFIDENCE] = np.nan  # somewhere, and not on the body
        seen = pixels[np.isfinite(pixels).all(axis=1)]
        if not len(seen):
            return pixels
        if self._plane == "pixels" and np.abs(seen).max() <= CORNER:
            context.warn(
                "normalised_joints",
                f"expected joints in pixels, got all within {CORNER:g} of the corner: are they shares of the picture?"
                " publish pixels (OpenPose: --keypoint_scale 0)",
            )
            return pixels
        outside = (seen < 0.0).any(axis=1) | (seen > (width, height)).any(axis=1)
        if outside.mean() > 0.5:
            context.warn("outside_picture", self._outside(seen, width, height))
        return pixels

    def _outside(self, seen: np.ndarray, width: float, height: float) -> str:
        """What to do about somebody of whom most joints, (J, 2) pixels, are not in the picture."""
        if self._plane == "image":
            shares = seen / (width, height)
            got = f"{shares.min():.1f} to {shares.max():.1f}"
            return f"expected shares of the picture, 0 to 1, got {got}: are they pixels, or from -1 to 1?"
        across, down = seen.max(axis=0)
        known, remedy = "picture_size", "picture_size to the size"
        if self._camera is not None:
            known, remedy = "camera_info", "camera_info_topic to that"
        return (
            f"expected joints in the picture of {width:g} x {height:g} that {known} tells, got {across:.0f},"
            f" {down:.0f}: set {remedy} of the picture that the tracker reads"
        )
