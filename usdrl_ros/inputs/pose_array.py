"""geometry_msgs/PoseArray: one person, one pose a joint, in the order of the topology."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseArray

from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.topology import Topology
from usdrl_ros.inputs.common import InputError, SourceFrame, source_frame


def decode(message: PoseArray, topology: Topology, person_id: str) -> SourceFrame:
    """The person of a pose array; no poses are nobody. Orientations are not used.

    Raises:
        InputError: ``joint_count``, ``zero_stamp``.
    """
    if not message.poses:
        return source_frame(message.header, ())
    if len(message.poses) != len(topology.joints):
        raise InputError(
            "joint_count",
            f"expected {len(topology.joints)} poses, one a joint of topology {topology.name}, got {len(message.poses)}:"
            " set the parameter topology to the joint set of your tracker",
        )
    points = [(pose.position.x, pose.position.y, pose.position.z) for pose in message.poses]
    return source_frame(message.header, (Person(person_id, np.array(points)),))
