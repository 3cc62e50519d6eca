"""sensor_msgs/PointCloud2 with one point a joint: fields ``x y z`` and optionally ``track_id joint confidence``.

``x y z`` and ``confidence`` are floats, ``track_id`` and ``joint`` integers of any size, at any offset.

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

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField

from usdrl_model.skeleton import Person
from usdrl_model.topology import Topology
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, source_frame
from usdrl_ros.point_cloud import DTYPES, read_points

_KINDS = {"x": "f", "y": "f", "z": "f", "confidence": "f", "track_id": "iu", "joint": "iu"}
_KIND_NAMES = {"f": "FLOAT32 or FLOAT64", "iu": "an integer type (INT8 to UINT32)"}


def decode(message: PointCloud2, topology: Topology, person_id: str) -> SourceFrame:
    """The people of a cloud; no points are nobody. A coordinate that is not finite makes its joint missing.

    Args:
        message: one point a joint.
        topology: joint set of the tracker, V joints.
        person_id: id of the one person of a cloud with ``joint`` but without ``track_id``.

    Raises:
        InputError: ``missing_field``, ``field_type``, ``layout``, ``joint_count``, ``joint_range``,
            ``duplicate_joint``, ``too_many_people``, ``zero_stamp``.
    """
    count = message.width * message.height
    if count == 0:
        return source_frame(message.header, ())
    fields = _check_fields(message)
    _check_layout(message, fields, count)
    V = len(topology.joints)
    try:
        points = read_points(message, list(fields))
    except (AssertionError, TypeError, ValueError) as error:  # what numpy and sensor_msgs_py say to impossible fields
        raise InputError(
            "layout", f"expected fields that can be read together, got {error}: correct the publisher"
        ) from error
    ids, person = _people(points, fields, V, person_id)
    check_people(len(ids))
    slots = _slots(points, fields, person, ids, topology)

    flat = np.full((len(ids) * V, 3), np.nan)
    for axis, name in enumerate("xyz"):
        flat[slots, axis] = points[name]
    joints = flat.reshape(len(ids), V, 3)
    if "confidence" not in fields:
        return source_frame(message.header, tuple(map(Person, ids, joints)))
    confidence = np.zeros(len(ids) * V)
    confidence[slots] = points["confidence"]
    return source_frame(message.header, tuple(map(Person, ids, joints, confidence.reshape(len(ids), V))))


def _check_fields(message: PointCloud2) -> dict[str, PointField]:
    """The fields that are used, by name; InputError if one is missing or has a wrong type."""
    fields = {field.name: field for field in message.fields if field.name in _KINDS}
    missing = [name for name in "xyz" if name not in fields]
    if missing:
        raise InputError(
            "missing_field",
            f"expected the fields x, y, z, got {[field.name for field in message.fields]}: {', '.join(missing)}"
            " missing, see docs/topics.md for the layout",
        )
    for name, field in fields.items():
        dtype = DTYPES.get(field.datatype)
        if dtype is None or dtype.kind not in _KINDS[name] or field.count != 1:
            raise InputError(
                "field_type",
                f"expected field {name} to be one value of {_KIND_NAMES[_KINDS[name]]}, got datatype {field.datatype}"
                f" with count {field.count}: see docs/topics.md for the layout",
            )
    return fields


def _check_layout(message: PointCloud2, fields: dict[str, PointField], count: int) -> None:
    """InputError unless every point lies inside the data, row after row without gaps."""
    end = max(field.offset + DTYPES[field.datatype].itemsize for field in fields.values())
    row = message.width * message.point_step
    if end > message.point_step or (message.height > 1 and message.row_step != row):
        raise InputError(
            "layout",
            f"expected point_step of at least {end} and row_step of width * point_step, got width {message.width},"
            f" height {message.height}, point_step {message.point_step}, row_step {message.row_step}: correct the"
            " publisher",
        )
    if len(message.data) < count * message.point_step:
        raise InputError(
            "layout",
            f"expected {count * message.point_step} bytes for {count} points of {message.point_step}, got"
            f" {len(message.data)}: correct width, height, point_step or data in the publisher",
        )


def _people(points: np.ndarray, fields: dict[str, PointField], V: int, person_id: str) -> tuple[list[str], np.ndarray]:
    """Ids of the people, and (P,) which of them every point belongs to."""
    if "track_id" in fields:
        tracks, person = np.unique(points["track_id"], return_inverse=True)
        return [str(track) for track in tracks.tolist()], person
    if "joint" in fields:
        return [person_id], np.zeros(len(points), dtype=np.intp)
    people, rest = divmod(len(points), V)
    if rest:
        raise InputError(
            "joint_count",
            f"expected a multiple of {V} points without the fields track_id and joint, got {len(points)}: set the"
            " parameter topology to the joint set of your tracker, or add the fields",
        )
    return [str(number) for number in range(people)], np.repeat(np.arange(people), V)


def _slots(
    points: np.ndarray, fields: dict[str, PointField], person: np.ndarray, ids: list[str], topology: Topology
) -> np.ndarray:
    """(P,) place of every point in the flattened (people, V)."""
    V = len(topology.joints)
    if "joint" not in fields:
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
    joint = points["joint"].astype(np.int64)
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
