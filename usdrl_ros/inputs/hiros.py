"""hiros_skeleton_msgs/SkeletonGroup of Hi-ROS: markers with a name, a number and a confidence, of any joint set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, numbered


def decode(message: Any, context: Context) -> SourceFrame:
    """The people of a message. Markers are joints by their names, if all are names of the topology, else by number.

    Raises:
        InputError: ``joint_count``, ``joint_range``, ``duplicate_joint``, ``too_many_people``, ``mixed_frames``,
            ``zero_stamp``, ``frame_id``.
    """
    check_people(len(message.skeletons))
    header = Header(stamp=message.header.stamp, frame_id=message.header.frame_id or _frame(message.skeletons))
    return context.frame([_person(skeleton, context) for skeleton in message.skeletons], header)


def _frame(skeletons: Iterable[Any]) -> str:
    """That of the skeletons, which their group leaves out."""
    frames = {skeleton.src_frame for skeleton in skeletons}
    if len(frames) > 1:
        raise InputError(
            "mixed_frames",
            f"expected all skeletons of a message without a frame in one, got {cut(sorted(frames), NAME)}: set"
            " header.frame_id, or publish one group per frame",
        )
    return next(iter(frames), "")


def _person(skeleton: Any, context: Context) -> Person:
    names = {name: joint for joint, name in enumerate(context.topology.joints)}
    V, named = len(names), all(marker.name in names for marker in skeleton.markers)
    if not named and skeleton.max_markers != V:
        raise InputError(
            "joint_count",
            f"expected markers with the names of topology {context.topology.name}, or {V} of them, got"
            f" {skeleton.max_markers}: set the parameter topology to the joint set of your tracker",
        )
    places = ((marker, marker.center.pose.position) for marker in skeleton.markers)
    points = ((names[m.name] if named else m.id, (at.x, at.y, at.z), m.confidence) for m, at in places)
    joints, confidence = numbered(points, V)
    if all(np.isnan(marker.confidence) for marker in skeleton.markers):  # the tracker has none
        return Person(str(skeleton.id), joints)
    return Person(str(skeleton.id), joints, confidence)


ADAPTER = Adapter(
    message="hiros_skeleton_msgs/msg/SkeletonGroup",
    version=1,
    decode=decode,
    text="Hi-ROS",
    install="build hiros_skeleton_msgs of github.com/HiROS-unipd/skeleton_msgs",
)
