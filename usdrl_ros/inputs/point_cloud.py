"""sensor_msgs/PointCloud2 with one point per joint: fields ``x y z`` and optionally ``track_id joint confidence``.

Offsets, byte order and padding of rows are free. The fields are described in docs/topics.md; in short: whole numbers of
any type, and a confidence of unambiguous scale.

=========  ========  ==========================================================================
track_id   joint     meaning
=========  ========  ==========================================================================
yes        yes       any order; a joint without a point is missing
yes        no        the points of every person in the order of the topology
no         yes       one person, in any order
no         no        people one after another, each in the order of the topology, ids 0, 1, ...
=========  ========  ==========================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField

from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import Topology
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_confidence, check_people, source_frame
from usdrl_ros.messages.point_cloud import DTYPES, check_layout, count_of, points_as

_COORDINATES = ("x", "y", "z")
_FIELDS = (*_COORDINATES, "track_id", "joint", "confidence")
_LONGEST_ID = 64
"""Characters of a text track_id, at most."""
_LARGEST_WHOLE = {4: 2**24, 8: 2**53}
"""Bytes of a float -> limit below which it represents every whole number."""


@np.errstate(invalid="ignore")  # a signalling NaN is missing like any other, without a warning
def decode(message: PointCloud2, context: Context) -> SourceFrame:
    """The people of a cloud. A joint with a coordinate that is not finite is missing.

    Args:
        message: one point per joint.
        context: its ``person_id`` is that of the one person of a cloud with ``joint`` but without ``track_id``.

    Raises:
        InputError: ``missing_field``, ``field_type``, ``field_value``, ``layout``, ``joint_count``, ``joint_range``,
            ``duplicate_joint``, ``too_many_people``, ``zero_stamp``.
    """
    topology = context.topology
    count = message.width * message.height
    if count == 0:
        return source_frame(message.header, ())
    fields = _used_fields(message)
    try:
        check_layout(message)
    except ValueError as error:
        raise InputError("layout", str(error)) from error
    V = len(topology.joints)
    check_people(-(-count // V))  # there are at least so many: rejects a depth cloud without reading it
    points = points_as(message, _dtype(fields, message.point_step))
    ids, person = _people(points, V, context.person_id)
    check_people(len(ids))
    slots = _slots(points, person, ids, topology)

    flat = np.full((len(ids) * V, 3), np.nan)
    for axis, name in enumerate(_COORDINATES):
        flat[slots, axis] = points[name]
    joints = flat.reshape(len(ids), V, 3)
    if "confidence" not in fields:
        return source_frame(message.header, tuple(map(Person, ids, joints)))
    confidence = np.zeros(len(ids) * V)
    confidence[slots] = _confidence(points["confidence"])
    return source_frame(message.header, tuple(map(Person, ids, joints, confidence.reshape(len(ids), V))))


def _used_fields(message: PointCloud2) -> dict[str, PointField]:
    """The used fields by name; InputError if one is missing, duplicate, or of a wrong type."""
    fields: dict[str, PointField] = {}
    for field in message.fields:
        if field.name in fields:
            raise InputError("layout", f"expected every field once, got {field.name} twice: correct the publisher")
        if field.name in _FIELDS:
            fields[field.name] = field
    missing = [name for name in _COORDINATES if name not in fields]
    if missing:
        raise InputError(
            "missing_field",
            f"expected the fields x, y, z, got {[field.name for field in message.fields]}: {', '.join(missing)}"
            " missing, see docs/topics.md for the layout",
        )
    for name, field in fields.items():
        if name == "track_id" and _is_text(field):
            continue
        dtype = DTYPES.get(field.datatype)
        if dtype is None or count_of(field) != 1 or (name in _COORDINATES and dtype.kind != "f"):
            wanted = "FLOAT32 or FLOAT64" if name in _COORDINATES else "a number"
            text = f", or 2 to {_LONGEST_ID} characters of UINT8" if name == "track_id" else ""
            raise InputError(
                "field_type",
                f"expected field {name} to be one value of {wanted}{text}, got datatype {field.datatype} with count"
                f" {field.count}: see docs/topics.md for the layout",
            )
    return fields


def _is_text(field: PointField) -> bool:
    return field.datatype in (PointField.INT8, PointField.UINT8) and 1 < field.count <= _LONGEST_ID


def _dtype(fields: dict[str, PointField], point_step: int) -> np.dtype:
    """Structured type of the used fields only."""
    layout: Any = {
        "names": list(fields),
        "formats": [f"S{field.count}" if _is_text(field) else DTYPES[field.datatype] for field in fields.values()],
        "offsets": [field.offset for field in fields.values()],
        "itemsize": point_step,
    }
    return np.dtype(layout)


def _people(points: np.ndarray, V: int, person_id: str) -> tuple[list[str], np.ndarray]:
    """Ids of the people, and (P,) index of the person of every point."""
    names = points.dtype.names or ()
    if "track_id" in names:
        column = points["track_id"]
        values = column if column.dtype.kind == "S" else _whole(column, "track_id")
        tracks, person = np.unique(values, return_inverse=True)
        return [_id(track) for track in tracks.tolist()], person
    if "joint" in names:
        return [person_id], np.zeros(len(points), dtype=np.intp)
    people, rest = divmod(len(points), V)
    if rest:
        raise InputError(
            "joint_count",
            f"expected a multiple of {V} points without the fields track_id and joint, got {len(points)}: set the"
            " parameter topology to the joint set of your tracker, or add the fields",
        )
    return [str(number) for number in range(people)], np.repeat(np.arange(people), V)


def _id(track: int | bytes) -> str:
    if isinstance(track, int):
        return str(track)
    text = track.decode("ascii", errors="replace")
    if not text or not text.isascii() or not text.isprintable():
        raise InputError(
            "field_value",
            f"expected a track_id of printable ASCII characters, padded with zeros, got {track!r}: publish it as a"
            " number, or as such a text",
        )
    return text


def _whole(column: np.ndarray, name: str) -> np.ndarray:
    """(P,) whole numbers of a field of any number type; InputError for fractions in a float field."""
    if column.dtype.kind != "f":
        return column.astype(np.int64)
    exact = np.abs(column) < _LARGEST_WHOLE[column.dtype.itemsize]  # NaN is refused here too
    wrong = ~exact | (column != np.floor(column))
    if wrong.any():
        raise InputError(
            "field_value",
            f"expected whole numbers below {_LARGEST_WHOLE[column.dtype.itemsize]} in the float field {name}, got"
            f" {column[wrong][0]}: publish it as an integer",
        )
    return column.astype(np.int64)


def _confidence(column: np.ndarray) -> np.ndarray:
    """(P,) in [0, 1]; InputError if the scale is ambiguous."""
    if column.dtype.kind == "f":
        check_confidence(column)
        return column.astype(np.float64)
    most = int(column.max(initial=0))
    if most <= 1:
        return column.astype(np.float64)
    if column.dtype == np.uint8 and most > 100:
        return column / 255.0
    raise InputError(
        "field_value",
        f"expected confidence from 0 to 1, got up to {most}: percent, of 255 or a tracking state? publish FLOAT32 from"
        " 0 to 1",
    )


def _slots(points: np.ndarray, person: np.ndarray, ids: list[str], topology: Topology) -> np.ndarray:
    """(P,) index of every point in the flattened (people, V)."""
    V = len(topology.joints)
    if "joint" not in (points.dtype.names or ()):
        counts = np.bincount(person)
        wrong = np.flatnonzero(counts != V)
        if len(wrong):
            raise InputError(
                "joint_count",
                f"expected {V} points a person for topology {topology.name} without the field joint, got"
                f" {counts[wrong[0]]} for track_id {ids[wrong[0]]}: set the parameter topology to that of your tracker",
            )
        slots = np.empty(len(points), dtype=np.intp)
        slots[np.argsort(person, kind="stable")] = np.arange(len(points))
        return slots
    joint = _whole(points["joint"], "joint")
    if joint.min() < 0 or joint.max() >= V:
        raise InputError(
            "joint_range",
            f"expected joint 0 to {V - 1} for topology {topology.name}, got {joint.min()} to {joint.max()}: set the"
            " parameter topology to that of your tracker",
        )
    slots = person * V + joint
    if np.bincount(slots).max() > 1:
        twice = int(np.bincount(slots).argmax())
        raise InputError(
            "duplicate_joint",
            f"expected every joint of a person once, got joint {twice % V} of track_id {ids[twice // V]} more than"
            " once: the people of one message need different track_ids",
        )
    return slots


ADAPTER = Adapter(message="sensor_msgs/msg/PointCloud2", version=1, decode=decode, text="one point per joint")
