"""World landmarks of MediaPipe (33 joints, metres), as its wrappers publish them: poses, points, or plain numbers.

World landmarks are centred on the hips, so that the place of the person is not in them. Such a person is put
``AHEAD`` metres in front of the camera; one that has a place (a wrapper that uses depth) stays there. Landmarks of the
picture, which have no depth, are refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from std_msgs.msg import Float32MultiArray

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs import point_cloud, pose_array
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame

JOINTS = 33
HIPS = (23, 24)
AHEAD = 2.0
"""Metres."""
_CENTRED = 0.05
"""Metres between the middle of the hips and the origin, at most, by which landmarks are centred on the hips."""

_BODY = 0.5
"""Metres before the camera, at most, of the middle joint of a body whose hidden hips are the origin."""


class Landmarks(ABC):
    """Reads the messages of one source; ``read`` of a subclass takes them apart.

    Args:
        context: of the source.
    """

    def __init__(self, context: Context) -> None:
        self._told = False
        self._has_places = False
        """Hips have been seen away from the origin."""

    @abstractmethod
    def read(self, message: Any, context: Context) -> SourceFrame:
        """The people of a message, as they are sent."""

    def __call__(self, message: Any, context: Context) -> SourceFrame:
        """The people of a message, in front of the camera.

        Raises:
            InputError: ``image_landmarks``, ``too_many_people``, and those of ``read``.
        """
        source = self.read(message, context)
        people = [self._placed(person, len(source.frame.people), context) for person in source.frame.people]
        return SourceFrame(type(source.frame)(source.frame.stamp, tuple(people)), source.stamp, source.frame_id)

    def _placed(self, person: Person, count: int, context: Context) -> Person:
        joints = np.array(person.joints, np.float64)
        joints[(joints == 0.0).all(axis=1)] = np.nan  # not sent; moved, they could not be told from others
        centre, seen = joints[list(HIPS)].mean(axis=0), joints[np.isfinite(joints).all(axis=1)]
        if np.isfinite(centre).all():
            placed, where = bool(centre[2] > _CENTRED), "hips"
            self._has_places = placed
            in_picture = not placed and np.linalg.norm(centre) > _CENTRED
        elif len(seen):  # hidden hips: the rest of the body is around them, above the origin, or away from the camera
            centre, where = np.median(seen, axis=0), "the body"
            placed = self._has_places or centre[2] > _BODY
            in_picture = not placed and not self._told and (seen[:, :2] >= 0.0).all()
        else:
            return Person(person.id, joints, person.confidence)
        if placed:
            return Person(person.id, joints, person.confidence)
        if in_picture:
            raise InputError(
                "image_landmarks",
                f"expected world landmarks in metres, got {where} at x, y, z = {np.round(centre, 2).tolist()}: publish"
                " pose_world_landmarks, not the landmarks of the picture",
            )
        if count > 1:
            raise InputError(
                "too_many_people",
                f"expected one person with landmarks centred on the hips, got {count}, all at one place: publish where"
                " they are, from depth",
            )
        if not self._told:
            self._told = True
            context.warn("no_place", f"landmarks are centred on the hips: people count as {AHEAD:g} m ahead")
        return Person(person.id, joints + (0.0, 0.0, AHEAD), person.confidence)


class Poses(Landmarks):
    """geometry_msgs/PoseArray with 33 poses."""

    def read(self, message: Any, context: Context) -> SourceFrame:
        """As ``pose_array.decode``."""
        return pose_array.decode(message, context)


class Cloud(Landmarks):
    """sensor_msgs/PointCloud2 with 33 points a person."""

    def read(self, message: Any, context: Context) -> SourceFrame:
        """As ``point_cloud.decode``."""
        return point_cloud.decode(message, context)


class Numbers(Landmarks):
    """std_msgs/Float32MultiArray: x, y, z of every joint, or with visibility, or with visibility and presence."""

    def read(self, message: Float32MultiArray, context: Context) -> SourceFrame:
        """One person, stamped on arrival; without numbers, nobody.

        Raises:
            InputError: ``joint_count``, ``no_clock``.
        """
        count = len(message.data)
        if not count:
            return context.frame(())
        if count not in (3 * JOINTS, 4 * JOINTS, 5 * JOINTS):
            raise InputError(
                "joint_count",
                f"expected {3 * JOINTS}, {4 * JOINTS} or {5 * JOINTS} numbers, got {count}: publish the {JOINTS} world"
                " landmarks of one person",
            )
        rows = np.array(message.data, np.float64).reshape(JOINTS, -1)
        return context.frame([landmarks(rows, context)])


def landmarks(rows: np.ndarray, context: Context) -> Person:
    """A person from (33, C) rows: x, y, z, and the visibility if C > 3; others are ignored."""
    visibility = np.nan_to_num(rows[:, 3]) if rows.shape[1] > 3 else None
    return Person(context.person_id, rows[:, :3], visibility)


def adapter(message: str, decode: type[Landmarks], text: str) -> Adapter:
    """An adapter for world landmarks, which have the axes of the camera."""
    return Adapter(
        message=message,
        version=1,
        decode=decode,
        text=text,
        topologies=("mediapipe_33",),
        units="m",
        axes="optical",
    )


POSES = adapter("geometry_msgs/msg/PoseArray", Poses, "MediaPipe: 33 poses")
CLOUD = adapter("sensor_msgs/msg/PointCloud2", Cloud, "MediaPipe: 33 points")
NUMBERS = adapter("std_msgs/msg/Float32MultiArray", Numbers, "MediaPipe: 99, 132 or 165 numbers")
