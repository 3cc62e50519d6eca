"""nuitrack_msgs/Skeletons of the ROS 2 wrappers of Nuitrack: no header, millimetres.

Nuitrack's axes are left-handed (x to the right of the picture, y up, z forward). With y reversed they are optical ones,
which a frame of the camera has; with x reversed they would be those of no frame.
"""

from __future__ import annotations

from typing import Any

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, numbered


def decode(message: Any, context: Context) -> SourceFrame:
    """The people of a message, stamped on arrival.

    Raises:
        InputError: ``field_value``, ``joint_range``, ``duplicate_joint``, ``too_many_people``, ``no_clock``.
    """
    check_people(len(message.skeletons))
    return context.frame([_person(skeleton, context) for skeleton in message.skeletons])


def _person(skeleton: Any, context: Context) -> Person:
    for joint in skeleton.joints:
        if len(joint.real) != 3:
            raise InputError("field_value", f"expected three numbers in real, got {len(joint.real)}: is it a skeleton?")
    made = [(joint, *joint.real) for joint in skeleton.joints]
    points = ((joint.type, (x, -y, z), joint.confidence) for joint, x, y, z in made)
    return Person(str(skeleton.id), *numbered(points, len(context.topology.joints)))


ADAPTER = Adapter(
    message="nuitrack_msgs/msg/Skeletons",
    version=1,
    decode=decode,
    text="Nuitrack",
    topologies=("nuitrack_25slots",),
    units="mm",
    axes="optical",
    install="build nuitrack_msgs of github.com/SpaceMaster85/ros2-nuitrack",
)
