"""nuitrack_msgs/Skeletons of the ROS 2 wrappers of Nuitrack: no header, millimetres.

Nuitrack's axes are left-handed (x to the right of the picture, y up, z forward), so x is reversed here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people


def decode(message: Any, context: Context) -> SourceFrame:
    """The people of a message, stamped on arrival.

    Raises:
        InputError: ``field_value``, ``joint_range``, ``duplicate_joint``, ``too_many_people``, ``no_clock``.
    """
    check_people(len(message.skeletons))
    return context.frame([_person(skeleton, context) for skeleton in message.skeletons])


def _person(skeleton: Any, context: Context) -> Person:
    V = len(context.topology.joints)
    joints, confidence, seen = np.full((V, 3), np.nan), np.zeros(V), np.zeros(V, bool)
    for joint in skeleton.joints:
        if len(joint.real) != 3:
            raise InputError("field_value", f"expected three numbers in real, got {len(joint.real)}: is it a skeleton?")
        if not 0 <= joint.type < V:
            raise InputError("joint_range", f"expected joint types 0 to {V - 1}, got {joint.type}: is it Nuitrack's?")
        if seen[joint.type]:
            raise InputError("duplicate_joint", f"expected every joint once, got type {joint.type} twice in a person")
        x, y, z = joint.real
        joints[joint.type], confidence[joint.type], seen[joint.type] = (-x, y, z), joint.confidence, True
    return Person(str(skeleton.id), joints, np.clip(np.nan_to_num(confidence), 0.0, 1.0))


ADAPTER = Adapter(
    message="nuitrack_msgs/msg/Skeletons",
    version=1,
    decode=decode,
    text="Nuitrack",
    topologies=("nuitrack_25slots",),
    units="mm",
    axes="kinect",
    install="build nuitrack_msgs of github.com/SpaceMaster85/ros2-nuitrack",
)
