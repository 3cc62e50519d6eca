"""JSON in a std_msgs/String: read within limits, with a header of its own where it has one."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Time
from std_msgs.msg import Header, String

from usdrl_model.errors.shown import LINE, cut, shown
from usdrl_model.files.documents import parse_json
from usdrl_ros.inputs.common import InputError

LONGEST = 1 << 16
"""Characters of a message."""


def read(message: String, what: str) -> Any:
    """The document in a message; ``what`` it should be, in words.

    Raises:
        InputError: ``json``.
    """
    try:
        return parse_json(message.data, "message", LONGEST)
    except ValueError as error:
        raise InputError("json", f"expected {what} as JSON, got something else ({cut(error, LINE)})") from error


def header(document: Any) -> Header | None:
    """The header of a document (``{"header": {"stamp": {"sec", "nanosec"}, "frame_id"}}``), or None without one.

    Its fields are checked here, because rclpy does so only in some builds.

    Raises:
        InputError: ``field_value``.
    """
    if not isinstance(document, dict) or "header" not in document:
        return None
    value = document["header"]
    stamp = value.get("stamp") if isinstance(value, dict) else None
    sec, nanosec = (stamp.get("sec"), stamp.get("nanosec")) if isinstance(stamp, dict) else (None, None)
    frame_id = value.get("frame_id", "") if isinstance(value, dict) else None
    if not (
        isinstance(frame_id, str)
        and isinstance(sec, int)
        and isinstance(nanosec, int)
        and abs(sec) < 1 << 31
        and 0 <= nanosec < 1_000_000_000
    ):
        raise InputError(
            "field_value", f'expected header: {{"stamp": {{"sec", "nanosec"}}, "frame_id"}}, got {shown(value)}'
        )
    return Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame_id)
