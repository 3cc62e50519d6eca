"""Message classes by their name in a bag, and the header stamps inside any message."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from std_msgs.msg import Header


def message_class(name: str) -> Any:
    """The Python class of a type such as ``sensor_msgs/msg/PointCloud2``.

    Raises:
        ValueError: no such name, its package is not installed here, or has no such message.
    """
    package, _, kind = name.partition("/msg/")
    if not package.isidentifier() or not kind.isidentifier():
        raise ValueError(f"message type {name!r}: expected a name such as sensor_msgs/msg/PointCloud2")
    try:
        return getattr(import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"message type {name} is not known here: install its package {package}") from error


def installed(name: str) -> Any:
    """``message_class``, or None where its package is not installed here."""
    try:
        return message_class(name)
    except ValueError:
        return None


def type_name(kind: type) -> str:
    """The name of a message class as bags and graphs have it: ``sensor_msgs/msg/PointCloud2``."""
    return f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}"


def headers(message: Any) -> Iterator[Header]:
    """The header of a message, or those of its elements (a MarkerArray has one per marker), or none."""
    if isinstance(getattr(message, "header", None), Header):
        yield message.header
        return
    for field in message.get_fields_and_field_types():
        value = getattr(message, field)
        for element in value if isinstance(value, list) else ():
            if isinstance(getattr(element, "header", None), Header):
                yield element.header


def stamp_ns(header: Header) -> int:
    """The stamp of a header in nanoseconds."""
    return header.stamp.sec * 1_000_000_000 + header.stamp.nanosec
