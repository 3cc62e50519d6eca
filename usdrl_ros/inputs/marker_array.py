"""visualization_msgs/MarkerArray as the Azure Kinect driver publishes it: ``marker.id = body * 100 + joint``."""

from __future__ import annotations

import numpy as np
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.skeleton import Person
from usdrl_model.topology import Topology
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, source_frame

JOINTS_PER_BODY = 100
"""Marker ids of one body: body * 100 to body * 100 + 99."""


def decode(message: MarkerArray, topology: Topology, person_id: str) -> SourceFrame | None:
    """The people of a marker array; a joint without a marker is missing.

    Args:
        message: one marker a joint; markers that delete are ignored.
        topology: joint set of the tracker.
        person_id: not used, bodies have their own ids.

    Returns:
        None if no marker adds anything: nobody is there, and nothing says when.

    Raises:
        InputError: ``mixed_frames``, ``joint_range``, ``duplicate_joint``, ``too_many_people``, ``zero_stamp``.
    """
    markers = [marker for marker in message.markers if marker.action == Marker.ADD]
    if not markers:
        return None
    frames = {marker.header.frame_id for marker in markers}
    if len(frames) > 1:
        raise InputError(
            "mixed_frames",
            f"expected all markers of a message in one frame, got {sorted(frames)}: publish one array a frame",
        )
    bodies: dict[int, np.ndarray] = {}
    seen: set[int] = set()
    for marker in markers:
        body, joint = divmod(marker.id, JOINTS_PER_BODY)
        if body < 0 or joint >= len(topology.joints):
            raise InputError(
                "joint_range",
                f"expected marker.id = body * {JOINTS_PER_BODY} + joint with joint 0 to {len(topology.joints) - 1} for"
                f" topology {topology.name}, got id {marker.id}: set the parameter topology to that of your tracker",
            )
        if marker.id in seen:
            raise InputError(
                "duplicate_joint",
                f"expected every marker id once, got {marker.id} (body {body}, joint {joint}) twice: the bodies of one"
                " message need different ids",
            )
        seen.add(marker.id)
        joints = bodies.get(body)
        if joints is None:
            joints = bodies[body] = np.full((len(topology.joints), 3), np.nan)
        position = marker.pose.position
        joints[joint] = position.x, position.y, position.z
    check_people(len(bodies))
    newest = max(markers, key=lambda marker: (marker.header.stamp.sec, marker.header.stamp.nanosec)).header
    return source_frame(newest, tuple(Person(str(body), joints) for body, joints in sorted(bodies.items())))
