"""Recorded bytes -> messages of the distribution that is installed, each measured before it is deserialised."""

from __future__ import annotations

from typing import Any

from rclpy.serialization import deserialize_message

from usdrl_model import limits
from usdrl_ros.bag_error import BagError
from usdrl_ros.bag_file import Topic
from usdrl_ros.cdr import Layout, MalformedError
from usdrl_ros.message_types import message_class

MARKER = "visualization_msgs/Marker"
SINCE_HUMBLE = ("texture_resource", "texture", "uv_coordinates", "mesh_file")
"""Fields of a marker that Foxy and Galactic do not have: their markers are other bytes."""


class Recorded:
    """The messages of one recorded topic.

    Args:
        topic: of a bag.

    Raises:
        BagError: its type is not installed, or the bag says that it is one of another distribution.
    """

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.type = message_class(topic.type)
        fields = self.type.get_fields_and_field_types()
        try:
            self._layout: Layout | None = Layout(fields)
        except ValueError:
            self._layout = None  # wide strings: whoever deserialises them finds out
        self._older: Layout | None = None
        if topic.type in ("visualization_msgs/msg/MarkerArray", "visualization_msgs/msg/Marker"):
            if topic.definition and SINCE_HUMBLE[0] not in topic.definition:
                raise self._of_another_distribution()
            marker = message_class("visualization_msgs/msg/Marker").get_fields_and_field_types()
            older = {name: kind for name, kind in marker.items() if name not in SINCE_HUMBLE}
            self._older = Layout(older if fields == marker else fields, {MARKER: older})

    def check(self, data: bytes, limit: int = limits.MESSAGE) -> None:
        """Look whether bytes can be a message of this type, at the cost of a walk over them.

        Args:
            data: CDR.
            limit: bytes that a message may have.

        Raises:
            MalformedError: they cannot.
            BagError: they are a message of another distribution's type of this name, and so will all others be.
        """
        if len(data) > limit:
            raise MalformedError(f"expected at most {limit} bytes, got {len(data)}")
        if self._layout is None:
            return
        try:
            self._layout.end(data)
        except MalformedError:
            if self._older is not None and self._older.fits(data):
                raise self._of_another_distribution() from None
            raise

    def message(self, data: bytes, limit: int = limits.MESSAGE) -> Any:
        """The message; errors as ``check``."""
        self.check(data, limit)
        try:
            return deserialize_message(data, self.type)
        except Exception as error:  # the middleware's own
            raise MalformedError(f"cannot be deserialised: {error}") from error

    def _of_another_distribution(self) -> BagError:
        return BagError(
            f"{self.topic.name}: these are {self.topic.type.rpartition('/')[2]}s of another distribution, Foxy or"
            " Galactic (Humble added fields): convert the bag, `rosbags-convert --src BAG --dst NEW --dst-typestore"
            " ros2_humble`, and copy labels.yaml"
        )
