"""Bytes of a message -> the message of the distribution that is installed, each measured before it is deserialised."""

from __future__ import annotations

from typing import Any

from rclpy.serialization import deserialize_message
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.files import limits
from usdrl_ros.messages.cdr import Layout, MalformedError

MARKER = "visualization_msgs/Marker"
SINCE_HUMBLE = ("texture_resource", "texture", "uv_coordinates", "mesh_file")
"""Fields of a marker that Foxy and Galactic do not have: their markers are other bytes."""


class OtherDistributionError(MalformedError):
    """A message of a type that another distribution has under this name."""


class Serialised:
    """The messages of one type, as bytes.

    Args:
        kind: class of the messages.
    """

    def __init__(self, kind: Any) -> None:
        self.type = kind
        fields = kind.get_fields_and_field_types()
        try:
            self._layout: Layout | None = Layout(fields)
        except ValueError:
            self._layout = None  # wide strings: whoever deserialises them finds out
        self._older: Layout | None = None
        if kind in (MarkerArray, Marker):
            marker = Marker.get_fields_and_field_types()
            older = {name: field for name, field in marker.items() if name not in SINCE_HUMBLE}
            self._older = Layout(older if kind is Marker else fields, {MARKER: older})

    def check(self, data: bytes, limit: int = limits.MESSAGE, most: int | None = None) -> None:
        """Look whether bytes can be a message of this type, at the cost of a walk over them.

        Args:
            data: CDR.
            limit: bytes that a message may have.
            most: parts that it may have, as ``cdr.Layout.end``.

        Raises:
            MalformedError: they cannot.
            OtherDistributionError: they are a message of another distribution's type of this name, and so will all
                others be.
        """
        if len(data) > limit:
            raise MalformedError(f"expected at most {limit} bytes, got {len(data)}")
        if self._layout is None:
            return
        try:
            self._layout.end(data, most)
        except MalformedError:
            if self._older is not None and self._older.fits(data, most):
                raise OtherDistributionError("a marker of Foxy or Galactic: Humble added fields") from None
            raise

    def message(self, data: bytes, limit: int = limits.MESSAGE, most: int | None = None) -> Any:
        """The message; errors as ``check``."""
        self.check(data, limit, most)
        try:
            return deserialize_message(data, self.type)
        except Exception as error:  # the middleware's own
            raise MalformedError(f"cannot be deserialised: {error}") from error
