"""hiros_skeleton_msgs/SkeletonGroup of Hi-ROS: markers with a name, a number and a confidence, of any joint set."""

from __future__ import annotations

from typing import Any

import numpy as np

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people


def decode(message: Any, context: Context) -> SourceFrame:
    """The people of a message. Markers are joints by their names, if all are names of the topology, else by number.

    Raises:
        InputError: ``joint_count``, ``joint_range``, ``duplicate_joint``, ``too_many_people``, ``zero_stamp``,
            ``frame_id``.
    """
    check_people(len(message.skeletons))
    return context.frame([_person(skeleton, context) for skeleton in message.skeletons], message.header)


def _person(skeleton: Any, context: Context) -> Person:
    names = {name: joint for joint, name in enumerate(context.topology.joints)}
    V, named = len(names), all(marker.name in names for marker in skeleton.markers)
    if not named and skeleton.max_markers != V:
        raise InputError(
            "joint_count",
            f"expected markers with the names of topology {context.topology.name}, or {V} of them, got"
            f" {skeleton.max_markers}: set the parameter topology to the joint set of your tracker",
        )
    joints, confidence, seen = np.full((V, 3), np.nan), np.zeros(V), np.zeros(V, bool)
    for marker in skeleton.markers:
        joint = names[marker.name] if named else marker.id
        if not 0 <= joint < V:
            raise InputError("joint_range", f"expected marker 0 to {V - 1}, got {joint}: correct the publisher")
        if seen[joint]:
            raise InputError(
                "duplicate_joint", f"expected every marker once, got {joint} of person {skeleton.id} twice"
            )
        place = marker.center.pose.position
        joints[joint], confidence[joint], seen[joint] = (place.x, place.y, place.z), marker.confidence, True
    if np.isnan(confidence[seen]).all():  # the tracker has none
        return Person(str(skeleton.id), joints)
    return Person(str(skeleton.id), joints, np.clip(np.nan_to_num(confidence), 0.0, 1.0))


ADAPTER = Adapter(
    message="hiros_skeleton_msgs/msg/SkeletonGroup",
    version=1,
    decode=decode,
    text="Hi-ROS",
    install="build hiros_skeleton_msgs of github.com/HiROS-unipd/skeleton_msgs",
)
