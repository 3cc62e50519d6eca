"""World landmarks of MediaPipe as JSON in a std_msgs/String, in the forms that its wrappers write.

A landmark is ``{"x": 0.1, "y": -0.5, "z": 0.2, "visibility": 0.9}`` or ``[0.1, -0.5, 0.2, 0.9]``; 33 of them are a
list, alone or below ``pose_world_landmarks``, ``world_landmarks``, ``landmarks`` or ``landmark``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from std_msgs.msg import String

from usdrl_model.errors.shown import shown
from usdrl_ros.inputs import json_message
from usdrl_ros.inputs.adapter import Context
from usdrl_ros.inputs.common import InputError, SourceFrame
from usdrl_ros.inputs.mediapipe import JOINTS, Landmarks, adapter, landmarks

KEYS = ("pose_world_landmarks", "world_landmarks", "landmarks", "landmark")


class Text(Landmarks):
    """std_msgs/String with JSON."""

    def read(self, message: String, context: Context) -> SourceFrame:
        """One person, or nobody; stamped by ``header`` (``{"stamp": {"sec", "nanosec"}, "frame_id"}``), or on arrival.

        Raises:
            InputError: ``json``, ``joint_count``, ``field_value``, ``too_many_people``, ``zero_stamp``, ``frame_id``,
                ``no_clock``.
        """
        document = json_message.read(message, "landmarks")
        header = json_message.header(document)
        points = _points(document)
        if not points:
            return context.frame((), header)
        if len(points) != JOINTS:
            raise InputError("joint_count", f"expected {JOINTS} landmarks of one person, got {len(points)}")
        rows = np.array([_row(point) for point in points])
        return context.frame([landmarks(rows, context)], header)


def _points(document: Any) -> list[Any]:
    """The landmarks of the one person; an empty list without people."""
    value = document
    for _ in range(4):  # {"pose_world_landmarks": [{"landmark": [...]}]} is the deepest
        if isinstance(value, dict):
            key = next((key for key in KEYS if key in value), None)
            if key is None:
                raise InputError("json", f"expected one of the keys {', '.join(KEYS)}, got {shown(list(value))}")
            value = value[key]
        elif isinstance(value, list) and len(value) == 1:
            (value,) = value
        else:
            break
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError("json", f"expected a list of landmarks, got {shown(value)}")
    if value and all(isinstance(one, list) and len(one) == JOINTS for one in value):
        raise InputError("too_many_people", f"expected one person, got {len(value)}: set num_poses to 1")
    return value


def _row(point: Any) -> tuple[float, ...]:
    """x, y, z, visibility (1 where there is none)."""
    values: list[Any] = []
    if isinstance(point, dict):
        values = [point.get("x"), point.get("y"), point.get("z"), point.get("visibility", 1.0)]
    elif isinstance(point, list):
        values = [*point[:4], 1.0][:4]
    if len(values) != 4 or not all(isinstance(one, int | float) and (abs(one) < 1e6 or one != one) for one in values):
        raise InputError("field_value", f"expected a landmark of x, y, z and visibility, got {shown(point)}")
    return tuple(float(one) for one in values)


ADAPTER = adapter("std_msgs/msg/String", Text, "MediaPipe: JSON")
