"""geometry_msgs/PoseArray with one pose per joint of one person, in the order of the topology."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseArray

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame


def decode(message: PoseArray, context: Context) -> SourceFrame:
    """The person of a message; without poses, nobody. Orientations are not used.

    Raises:
        InputError: ``joint_count``, ``zero_stamp``, ``frame_id``.
    """
    topology = context.topology
    if not message.poses:
        return context.frame((), message.header)
    if len(message.poses) != len(topology.joints):
        raise InputError(
            "joint_count",
            f"expected {len(topology.joints)} poses, one per joint of topology {topology.name}, got"
            f" {len(message.poses)}: set the parameter topology to the joint set of your tracker",
        )
    points = [(pose.position.x, pose.position.y, pose.position.z) for pose in message.poses]
    return context.frame([Person(context.person_id, np.array(points))], message.header)


ADAPTER = Adapter(
    message="geometry_msgs/msg/PoseArray", version=1, decode=decode, text="one pose per joint of one person"
)
