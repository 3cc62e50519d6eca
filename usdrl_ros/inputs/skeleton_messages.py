"""``SkeletonFrame`` -> messages as trackers publish them, for bags and the simulated performer.

=========================================  =====================================================================
``sensor_msgs/msg/PointCloud2``            one point per joint, ``point_cloud.SKELETON_FIELDS``
``visualization_msgs/msg/MarkerArray``     one sphere per joint, ``id = person * 100 + joint`` as by the Kinect driver
``geometry_msgs/msg/PoseArray``            the joints of one person in order
=========================================  =====================================================================

Builders write the joints unchanged, in metres; ``in_axes`` converts canonical ones to the axes of a tracker.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, PoseArray
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame
from usdrl_ros.inputs.common import ros_time
from usdrl_ros.inputs.marker_array import JOINTS_PER_BODY
from usdrl_ros.messages.point_cloud import SKELETON_FIELDS, create_cloud, dtype_from_fields

MARKER_LIFETIME = 0.25
"""Seconds after which a viewer removes a marker."""


def point_cloud(frame: SkeletonFrame, header: Header) -> PointCloud2:
    """``sensor_msgs/PointCloud2`` of all people, one point per joint; no points without people."""
    points = np.zeros(sum(len(person.joints) for person in frame.people), dtype_from_fields(SKELETON_FIELDS))
    first = 0
    for person in frame.people:
        rows = points[first : first + len(person.joints)]
        rows["x"], rows["y"], rows["z"] = np.asarray(person.joints, dtype=np.float32).T
        rows["confidence"] = 1.0 if person.confidence is None else person.confidence
        rows["track_id"] = track_id(person)
        rows["joint"] = np.arange(len(rows))
        first += len(rows)
    return create_cloud(header, SKELETON_FIELDS, points)


def markers(frame: SkeletonFrame, header: Header) -> MarkerArray:
    """``visualization_msgs/MarkerArray`` of all people. Without people it is empty and has no stamp."""
    array = MarkerArray()
    for person in frame.people:
        first = track_id(person) * JOINTS_PER_BODY
        for index, (x, y, z) in enumerate(np.asarray(person.joints, dtype=np.float64)):
            marker = Marker(header=header, ns="skeleton", id=first + index, type=Marker.SPHERE, action=Marker.ADD)
            marker.pose.position = Point(x=float(x), y=float(y), z=float(z))
            marker.pose.orientation.w = 1.0
            marker.scale.x = marker.scale.y = marker.scale.z = 0.05
            marker.color = ColorRGBA(r=0.2, g=0.6, b=1.0, a=1.0)
            marker.lifetime = Duration(sec=0, nanosec=int(MARKER_LIFETIME * 1e9))
            array.markers.append(marker)
    return array


def poses(frame: SkeletonFrame, header: Header) -> PoseArray:
    """``geometry_msgs/PoseArray`` of one person.

    Raises:
        ValueError: more than one person, because the message has no ids.
    """
    if len(frame.people) > 1:
        raise ValueError(
            f"PoseArray holds one person, the frame at {frame.stamp:.3f} s has {len(frame.people)}: use PointCloud2"
        )
    array = PoseArray(header=header)
    for person in frame.people:
        for x, y, z in np.asarray(person.joints, dtype=np.float64):
            pose = Pose(position=Point(x=float(x), y=float(y), z=float(z)))
            pose.orientation.w = 1.0
            array.poses.append(pose)
    return array


BUILDERS = {
    "sensor_msgs/msg/PointCloud2": point_cloud,
    "visualization_msgs/msg/MarkerArray": markers,
    "geometry_msgs/msg/PoseArray": poses,
}
"""Message type -> builder(frame, header)."""


def in_axes(frame: SkeletonFrame, axes: str) -> SkeletonFrame:
    """A canonical frame with its people in other axes.

    Args:
        frame: canonical joints.
        axes: a key of ``person.AXES``.
    """
    rotation = AXES[axes]  # canonical = rotation @ source, so row vectors are multiplied by it from the right
    return replace(frame, people=tuple(replace(one, joints=one.joints @ rotation) for one in frame.people))


def header(stamp: float, frame_id: str) -> Header:
    """A header at ``stamp`` seconds, rounded to a nanosecond."""
    return Header(stamp=ros_time(stamp), frame_id=frame_id)


def is_track_id(person: str) -> bool:
    """Whether these messages can hold the id: a number from 0 to 2**31 / 100."""
    return bool(re.fullmatch("0|[1-9][0-9]{0,7}", person)) and int(person) * JOINTS_PER_BODY < 2**31


def track_id(person: Person) -> int:
    """The person's id as a number.

    Raises:
        ValueError: the id is not a number from 0 to 2**31 / 100.
    """
    if not is_track_id(person.id):
        raise ValueError(
            f"person {person.id!r}: expected an id such as '1', because these messages have numbers as ids"
        )
    return int(person.id)
