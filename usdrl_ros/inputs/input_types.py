"""The message types that the node understands, each with its adapter.

An adapter is ``decode(message, topology, person_id) -> SourceFrame | None``: people in the axes of the source; None for
a message without people that carries no stamp either.

    >>> INPUTS["pose_array"].message_type.__name__
    'PoseArray'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseArray
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import Topology
from usdrl_ros.inputs import marker_array, point_cloud
from usdrl_ros.inputs.common import InputError, SourceFrame, source_frame


@dataclass(frozen=True, slots=True)
class InputType:
    """A message type and its decoder."""

    message_type: Any
    decode: Callable[[Any, Topology, str], SourceFrame | None]


def decode_poses(message: PoseArray, topology: Topology, person_id: str) -> SourceFrame:
    """One person, one pose per joint in the order of the topology; orientations are not used.

    A message without poses has no person.

    Raises:
        InputError: ``joint_count``, ``zero_stamp``.
    """
    if not message.poses:
        return source_frame(message.header, ())
    if len(message.poses) != len(topology.joints):
        raise InputError(
            "joint_count",
            f"expected {len(topology.joints)} poses, one per joint of topology {topology.name}, got"
            f" {len(message.poses)}: set the parameter topology to the joint set of your tracker",
        )
    points = [(pose.position.x, pose.position.y, pose.position.z) for pose in message.poses]
    return source_frame(message.header, (Person(person_id, np.array(points)),))


INPUTS: dict[str, InputType] = {
    "point_cloud": InputType(PointCloud2, point_cloud.decode),
    "marker_array": InputType(MarkerArray, marker_array.decode),
    "pose_array": InputType(PoseArray, decode_poses),
}
"""Value of the parameter ``input_type`` -> its adapter."""
