"""Named fields of ``sensor_msgs/PointCloud2``: the names and meaning of ``sensor_msgs_py.point_cloud2``.

``sensor_msgs_py`` is used where ROS 2 is installed from packages. It is in no wheel, so where it is missing the two
functions below stand in for it; this module is the only place that knows the difference.

    >>> people = np.zeros(25, dtype=dtype_from_fields(SKELETON_FIELDS))
    >>> cloud = create_cloud(Header(frame_id="camera"), SKELETON_FIELDS, people)
    >>> read_points(cloud, ["x", "y", "z"]).shape
    (25,)
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

DTYPES: dict[int, np.dtype] = {
    PointField.INT8: np.dtype(np.int8),
    PointField.UINT8: np.dtype(np.uint8),
    PointField.INT16: np.dtype(np.int16),
    PointField.UINT16: np.dtype(np.uint16),
    PointField.INT32: np.dtype(np.int32),
    PointField.UINT32: np.dtype(np.uint32),
    PointField.FLOAT32: np.dtype(np.float32),
    PointField.FLOAT64: np.dtype(np.float64),
}
"""Numpy type of every PointField datatype."""

SKELETON_FIELDS: tuple[PointField, ...] = tuple(
    PointField(name=name, offset=offset, datatype=datatype, count=1)
    for name, offset, datatype in (
        ("x", 0, PointField.FLOAT32),
        ("y", 4, PointField.FLOAT32),
        ("z", 8, PointField.FLOAT32),
        ("track_id", 12, PointField.UINT32),
        ("joint", 16, PointField.UINT16),
        ("confidence", 20, PointField.FLOAT32),
    )
)
"""The layout in which this package writes skeletons: one point a joint, 24 bytes."""


def _dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Structured numpy type of the fields of a cloud, ``point_step`` bytes a point (default: up to the last field).

    Raises:
        ValueError: a datatype that PointField does not define.
    """
    names: list[str] = []
    formats: list[np.dtype] = []
    offsets: list[int] = []
    for number, field in enumerate(fields):
        if field.datatype not in DTYPES:
            raise ValueError(
                f"field {field.name!r}: expected a PointField datatype 1 to 8, got {field.datatype}: correct the"
                " publisher"
            )
        dtype = DTYPES[field.datatype]
        name = field.name or f"unnamed_field_{number}"
        for index in range(field.count):
            names.append(f"{name}_{index}" if field.count > 1 else name)
            formats.append(dtype)
            offsets.append(field.offset + index * dtype.itemsize)
    layout: Any = {"names": names, "formats": formats, "offsets": offsets}
    if point_step is not None:
        layout["itemsize"] = point_step
    return np.dtype(layout)


def _read_points(cloud: PointCloud2, field_names: Sequence[str] | None = None) -> np.ndarray:
    """Points of a cloud as a structured array of shape (height * width,), in this machine's byte order.

    Raises:
        ValueError: a field that the cloud does not have, or a layout that its data does not fill.
    """
    dtype = _dtype_from_fields(cloud.fields, cloud.point_step)
    try:
        points = np.frombuffer(cloud.data, dtype=dtype, count=cloud.width * cloud.height)
    except ValueError as error:
        raise ValueError(
            f"expected {cloud.width * cloud.height} points of {cloud.point_step} bytes, got {len(cloud.data)} bytes of"
            f" data: the publisher fills width, height, point_step and data inconsistently ({error})"
        ) from error
    if field_names is not None:
        missing = [name for name in field_names if name not in (dtype.names or ())]
        if missing:
            raise ValueError(f"expected fields {list(field_names)}, got {list(dtype.names or ())}: {missing} missing")
        points = points[list(field_names)]
    return points.byteswap() if cloud.is_bigendian != (sys.byteorder == "big") else points


def _create_cloud(header: Header, fields: Sequence[PointField], points: np.ndarray | Iterable) -> PointCloud2:
    """Cloud of one row from a structured array of the fields' type, or from a sequence of rows.

    Raises:
        ValueError: a structured array of another type than the fields describe.
    """
    dtype = _dtype_from_fields(fields)
    if isinstance(points, np.ndarray) and points.dtype.names is not None:
        if points.dtype != dtype:
            raise ValueError(f"expected points of type {dtype}, got {points.dtype}: create them with the fields' type")
    else:
        points = np.array([tuple(row) for row in points], dtype=dtype)
    # rclpy checks every single element of anything but an array.array('B'): 100 times slower for bytes.
    data = array("B")
    data.frombytes(np.ascontiguousarray(points).tobytes())
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=list(fields),
        is_bigendian=sys.byteorder == "big",
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * len(points),
        data=data,
        is_dense=False,
    )


try:
    from sensor_msgs_py.point_cloud2 import create_cloud, dtype_from_fields, read_points
except ImportError:
    create_cloud, dtype_from_fields, read_points = _create_cloud, _dtype_from_fields, _read_points
