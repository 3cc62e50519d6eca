"""Named fields of ``sensor_msgs/PointCloud2`` as structured numpy arrays, both ways.

They stand in for those of ``sensor_msgs_py.point_cloud2``, which no wheel has and which expands every field to the
number of values that it declares. Here the declared sizes are checked against the data before anything is allocated.

    >>> people = np.zeros(25, dtype=dtype_from_fields(SKELETON_FIELDS))
    >>> cloud = create_cloud(Header(frame_id="camera"), SKELETON_FIELDS, people)
    >>> points_as(cloud, people.dtype).shape
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
"""Fields of the clouds that this package writes: one point per joint, 24 bytes."""


def count_of(field: PointField) -> int:
    """Number of values in a field; some publishers write 0 instead of 1."""
    return max(1, int(field.count))


def dtype_from_fields(fields: Iterable[PointField]) -> np.dtype:
    """Structured numpy type of fields, up to the last of them: those of clouds that this package writes.

    A field of several values becomes ``name_0``, ``name_1``, ...

    Raises:
        ValueError: a datatype that PointField does not define.
    """
    fields = list(fields)
    for field in fields:
        if field.datatype not in DTYPES:
            raise ValueError(
                f"field {field.name!r}: expected a PointField datatype 1 to 8, got {field.datatype}: correct the"
                " publisher"
            )
    names: list[str] = []
    formats: list[np.dtype] = []
    offsets: list[int] = []
    for number, field in enumerate(fields):
        dtype = DTYPES[field.datatype]
        name = field.name or f"unnamed_field_{number}"
        for index in range(count_of(field)):
            names.append(f"{name}_{index}" if field.count > 1 else name)
            formats.append(dtype)
            offsets.append(field.offset + index * dtype.itemsize)
    layout: Any = {"names": names, "formats": formats, "offsets": offsets}
    return np.dtype(layout)


def check_layout(cloud: PointCloud2) -> None:
    """Check that fields, points and rows are inside the data of a cloud.

    Raises:
        ValueError: they are not; the message says which.
    """
    for field in cloud.fields:
        size = DTYPES[field.datatype].itemsize if field.datatype in DTYPES else 1
        end = field.offset + count_of(field) * size
        if end > cloud.point_step:
            raise ValueError(
                f"expected every field within the point_step of {cloud.point_step} bytes, got {field.name!r} up to byte"
                f" {end}: correct offset, count or point_step in the publisher"
            )
    if cloud.width * cloud.height and not cloud.point_step:
        raise ValueError(f"expected points of at least one byte, got {cloud.width * cloud.height} of point_step 0")
    row = cloud.width * cloud.point_step
    if cloud.height > 1 and cloud.row_step < row:
        raise ValueError(
            f"expected a row_step of at least width * point_step = {row} bytes, got {cloud.row_step}: correct the"
            " publisher"
        )
    needed = max(0, cloud.height - 1) * cloud.row_step + row
    if len(cloud.data) < needed:
        raise ValueError(
            f"expected {needed} bytes for {cloud.height} rows of {cloud.width} points of {cloud.point_step} bytes, got"
            f" {len(cloud.data)}: correct width, height, row_step, point_step or data in the publisher"
        )


def points_as(cloud: PointCloud2, dtype: np.dtype) -> np.ndarray:
    """The points of a cloud as ``dtype``, row after row: (height * width,), in the byte order of the cloud.

    Args:
        cloud: rows may be padded.
        dtype: structured, of ``cloud.point_step`` bytes.

    Raises:
        ValueError: as ``check_layout``.
    """
    check_layout(cloud)
    dtype = dtype.newbyteorder(">" if cloud.is_bigendian else "<")
    row_step = cloud.row_step if cloud.height > 1 else cloud.width * cloud.point_step
    shape, strides = (cloud.height, cloud.width), (row_step, cloud.point_step)
    return np.ndarray(shape, dtype, buffer=cloud.data, strides=strides).reshape(-1)


def create_cloud(header: Header, fields: Sequence[PointField], points: np.ndarray | Iterable) -> PointCloud2:
    """Cloud of one row from a structured array of the fields' type, or from a sequence of rows.

    The offsets of the structured array may differ from those of the fields, because numpy packs arrays that it copies.

    Raises:
        ValueError: a structured array of another type than the fields describe.
    """
    dtype = dtype_from_fields(fields)
    if isinstance(points, np.ndarray) and points.dtype.names is not None:
        given = {name: points.dtype[name] for name in points.dtype.names}
        if given != {name: dtype[name] for name in dtype.names or ()}:
            raise ValueError(f"expected points of type {dtype}, got {points.dtype}: create them with the fields' type")
        placed = np.zeros(points.size, dtype)
        for name in given:
            placed[name] = points[name].reshape(-1)
    else:
        placed = np.array([tuple(row) for row in points], dtype=dtype)
    # rclpy checks every element of anything but an array.array('B'), which is 100 times slower.
    data = array("B")
    data.frombytes(placed.tobytes())
    return PointCloud2(
        header=header,
        height=1,
        width=len(placed),
        fields=list(fields),
        is_bigendian=sys.byteorder == "big",
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * len(placed),
        data=data,
        is_dense=False,
    )
