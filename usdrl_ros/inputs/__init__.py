"""One adapter a message type: message -> people in the axes of the source, or ``InputError``.

A decoder is ``decode(message, topology, person_id) -> SourceFrame | None``; None is a message that says "nobody"
without saying when.

    >>> INPUTS["pose_array"].message_type.__name__
    'PoseArray'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import PoseArray
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from usdrl_model.skeleton.topology import Topology
from usdrl_ros.inputs import marker_array, point_cloud, pose_array
from usdrl_ros.inputs.common import InputError, SourceFrame

__all__ = ["INPUTS", "InputError", "InputType", "SourceFrame"]


@dataclass(frozen=True, slots=True)
class InputType:
    """A message type and its decoder."""

    message_type: Any
    decode: Callable[[Any, Topology, str], SourceFrame | None]


INPUTS: dict[str, InputType] = {
    "point_cloud": InputType(PointCloud2, point_cloud.decode),
    "marker_array": InputType(MarkerArray, marker_array.decode),
    "pose_array": InputType(PoseArray, pose_array.decode),
}
"""Value of the parameter ``input_type`` -> its adapter."""
