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
            people = tuple(self._placed(person, width, height) for person in flat.frame.people)
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

    def _placed(self, person: Person, width: float, height: float) -> Person:
        """Metres on the picture, in optical axes; NaN where a joint is not seen."""
        pixels = person.joints[:, :2] * ((width, height) if self._plane == "image" else 1.0)
        if person.confidence is not None:
            pixels[person.confidence < MIN_CONFIDENCE] = np.nan  # somewhere, and not on the body
        joints = np.full(person.joints.shape, DISTANCE)
        joints[:, :2] = (pixels - (width / 2.0, height / 2.0)) * (HEIGHT / height)
        joints[np.isnan(pixels).any(axis=1)] = np.nan
        return replace(person, joints=joints)
