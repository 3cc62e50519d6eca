"""Serialised bytes -> message; the size is checked before the message is deserialised."""

from __future__ import annotations

from typing import Any

from rclpy.serialization import deserialize_message
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.files import limits
from usdrl_ros.messages.cdr import Layout, MalformedError

MARKER = "visualization_msgs/Marker"
SINCE_HUMBLE = ("texture_resource", "texture", "uv_coordinates", "mesh_file")
"""Fields of a marker that Foxy and Galactic do not have."""


class OtherDistributionError(MalformedError):
    """A message of the type of this name in another distribution."""


class Serialised:
    """Deserialises the messages of one type.

    Args:
        kind: class of the messages.
    """

    def __init__(self, kind: Any) -> None:
        self.type = kind
        fields = kind.get_fields_and_field_types()
        try:
            self._layout: Layout | None = Layout(fields)
        except ValueError:
            self._layout = None  # wide strings: only the deserialiser can check them
        self._older: Layout | None = None
        if kind in (MarkerArray, Marker):
            marker = Marker.get_fields_and_field_types()
            older = {name: field for name, field in marker.items() if name not in SINCE_HUMBLE}
            self._older = Layout(older if kind is Marker else fields, {MARKER: older})

    def check(self, data: bytes, limit: int = limits.MESSAGE, most: int | None = None) -> None:
        """Check whether bytes can be a message of this type, without deserialising them.

        Args:
            data: CDR.
            limit: bytes that a message may have.
            most: elements that it may have, as ``cdr.Layout.end``.

        Raises:
            MalformedError: they cannot.
            OtherDistributionError: they are a message of another distribution, as all of this publisher will be.
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
            if stop := _interruption(error):
                raise stop from None
            raise MalformedError(f"cannot be deserialised: {error}") from error


def _interruption(error: BaseException) -> KeyboardInterrupt | None:
    """Ctrl-C or SIGTERM in the middle of a message, for which the middleware raises an error of its own."""
    chained: BaseException | None = error
    while chained is not None and not isinstance(chained, KeyboardInterrupt):
        chained = chained.__cause__ or chained.__context__
    return chained
