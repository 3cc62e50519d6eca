"""From the frame of the source to gravity-aligned canonical axes, and back to the published frame.

Units and the order of joints are converted first, then invalid joints are marked, frozen ones too where the transform
moves (2 and 3), then the points are transformed:

1. With ``target_frame`` and ``sensor_pose``: a fixed mounting, no tf needed.
2. With ``target_frame`` alone: by tf2 at the stamp of the message. tf defines the axes, so ``axes`` is not used.
3. With ``imu``: roll and pitch by the IMU at the stamp of the message, the rest of the pose fixed.
4. With none of them: the sensor is assumed to be level.

``target_frame`` must be gravity-aligned, with z up: ``base_footprint``, ``odom``, ``map``.

    >>> frames = Frames("optical", sensor_pose=(0.0, 0.0, 1.2, 0.0, 0.3, 0.0))  # 1.2 m up, looking down
    >>> frames.to_published((0.0, 0.0, 0.0)).shape
    (3,)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time as TimeMessage
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from transforms3d.euler import euler2mat
from transforms3d.quaternions import quat2mat

from usdrl_model.skeleton.person import AXES, UNITS, Person, SkeletonFrame, judge
from usdrl_ros.inputs.common import InputError, SourceFrame, frame_name, seconds
from usdrl_ros.inputs.frozen_joints import FrozenJoints
from usdrl_ros.inputs.imu import Imu

NO_POSE = (0.0,) * 6
"""The ``sensor_pose`` that means "not set"."""


class Frames:
    """The transforms of one source.

    Args:
        axes: a key of ``person.AXES``.
        target_frame: gravity-aligned frame with body axes, for outputs; empty: the frame of the source.
        sensor_pose: x, y, z (metres), roll, pitch, yaw (radians, fixed axes) of the sensor in ``target_frame``. The
            sensor's own axes here are body axes (x along the view), whatever ``axes`` its points have.
        tf: a tf2 buffer, used if ``target_frame`` is set and ``sensor_pose`` is not.
        units: of the points, a key of ``person.UNITS``.
        imu: gives roll and pitch instead of ``sensor_pose``, whose other numbers still count.
        order: (V,) index in the message of each joint of the topology, see ``Topology.order``; None: unchanged.

    Raises:
        ValueError: unknown axes or units, a pose that is not six finite numbers, or a target frame without a transform
            to it.
    """

    def __init__(
        self,
        axes: str,
        *,
        target_frame: str = "",
        sensor_pose: tuple[float, ...] = NO_POSE,
        tf: Any = None,
        units: str = "m",
        imu: Imu | None = None,
        order: np.ndarray | None = None,
    ) -> None:
        if axes not in AXES:
            raise ValueError(f"axes: expected one of {', '.join(AXES)}, got {axes!r}")
        if units not in UNITS:
            raise ValueError(f"units: expected one of {', '.join(UNITS)}, got {units!r}")
        if len(sensor_pose) != 6 or not np.isfinite(sensor_pose).all():
            raise ValueError(f"sensor_pose: expected 6 numbers x, y, z, roll, pitch, yaw, got {list(sensor_pose)}")
        self._metres, self._order = UNITS[units], order
        self._target = frame_name(target_frame)
        by_tf = needs_tf(target_frame, sensor_pose) and imu is None
        self._tf: Any = tf if by_tf else None
        if by_tf and tf is None:
            raise ValueError(
                f"target_frame: {target_frame!r} needs tf2_ros or a sensor_pose: install tf2_ros, or set sensor_pose to"
                " x, y, z, roll, pitch, yaw of the sensor in that frame"
            )
        # Without a target frame, canonical axes look where the sensor looks: its yaw is of a frame that nobody sees.
        self._axes, self._imu, self._yaw = AXES[axes], imu, sensor_pose[5] if target_frame else 0.0
        # Where the transform stays, the tracks see by themselves what repeats.
        self._frozen = FrozenJoints() if by_tf or imu is not None else None
        self._rotation = self._mounted(*sensor_pose[3:5], self._yaw)
        self._offset = AXES["body"] @ np.asarray(sensor_pose[:3])
        self._to_published = (
            _published(AXES["body"], np.zeros(3)) if target_frame else _published(self._rotation, self._offset)
        )

    def published_frame(self, frame_id: str) -> str:
        """Name of the frame in which the people of a message from ``frame_id`` are published."""
        return self._target or frame_id

    def to_canonical(self, source: SourceFrame, patience: float = 0.0) -> SkeletonFrame:
        """The people of a message in canonical, gravity-aligned axes; invalid joints are NaN.

        Args:
            source: the message.
            patience: seconds to wait for a transform that arrives after its message.

        Raises:
            InputError: ``no_transform``: tf2 has no transform at the message's stamp; ``no_gravity``: nor has the IMU.
        """
        if self._imu is not None and source.frame.people:
            self._rotation = self._mounted(*self._imu.roll_and_pitch(source.frame.stamp), self._yaw)
            if not self._target:
                self._to_published = _published(self._rotation, self._offset)
        rotation, offset = self._rotation, self._offset
        if self._tf is not None and source.frame.people:
            rotation, offset = self._look_up(source, patience)
        # Zeros, repetitions and the range of the sensor can only be checked before the points are transformed.
        judged = [self._judged(self._in_metres(person), source.frame) for person in source.frame.people]
        people = tuple(replace(person, joints=person.joints @ rotation.T + offset) for person in judged)
        x, y, z = (float(value) for value in offset)
        return replace(source.frame, people=people, sensor=(x, y, z))

    def basis(self, frame_id: str) -> tuple[str, np.ndarray, np.ndarray]:
        """How something else than people gets to where they are, at the stamp of the message that was last converted.

        Args:
            frame_id: of that message.

        Returns:
            the frame to give points in, and rotation (3, 3) and translation (3,) from it to canonical axes.
        """
        if self._target:
            return self._target, AXES["body"], np.zeros(3)
        return frame_id, self._rotation, self._offset

    @property
    def to_published(self) -> Callable[[Any], np.ndarray]:
        """Canonical points (..., 3) -> the same points in the published frame, at the message last converted.

        What is returned does not change with later messages.
        """
        return self._to_published

    def _mounted(self, roll: float, pitch: float, yaw: float) -> np.ndarray:
        """(3, 3) axes of the source -> canonical axes, for a sensor that is turned so."""
        rotation: np.ndarray = AXES["body"] @ euler2mat(roll, pitch, yaw) @ AXES["body"].T @ self._axes
        return rotation

    def _in_metres(self, person: Person) -> Person:
        """A person in metres, with the joints in the order of the topology."""
        joints, confidence = person.joints * self._metres, person.confidence
        if self._order is not None:
            joints, confidence = joints[self._order], None if confidence is None else confidence[self._order]
        return replace(person, joints=joints, confidence=confidence)

    def _judged(self, person: Person, frame: SkeletonFrame) -> Person:
        """A person in metres, invalid joints NaN."""
        judged = judge(person)
        if self._frozen is None:
            return judged
        frozen = self._frozen.step(frame.stamp, person, coarse=frame.coarse)
        return replace(judged, joints=np.where(frozen[:, None], np.nan, judged.joints))

    def _look_up(self, source: SourceFrame, patience: float) -> tuple[np.ndarray, np.ndarray]:
        rotation, translation = look_up(self._tf, self._target, source.frame_id, source.stamp, patience)
        return AXES["body"] @ rotation, AXES["body"] @ translation


def _published(rotation: np.ndarray, offset: np.ndarray) -> Callable[[Any], np.ndarray]:
    """The inverse of a transform to canonical axes: rotation (3, 3) and translation (3,)."""
    return lambda points: (np.asarray(points, dtype=np.float64) - offset) @ rotation


def look_up(tf: Any, target: str, source: str, stamp: TimeMessage, patience: float) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and translation (3,) of points in frame ``source`` into frame ``target``, by tf2 at a stamp.

    Args:
        tf: a tf2 buffer, or None.
        target: a frame.
        source: a frame.
        stamp: of the points.
        patience: seconds to wait for a transform that arrives later.

    Raises:
        InputError: ``no_transform``.
    """
    if not source or not target:
        raise InputError(
            "no_transform",
            f"expected people in a frame with a transform {'to' if target else 'from'} {target or source!r}, got an"
            " empty header.frame_id: set frame_id to the frame of the sensor, or let the publisher name it",
        )
    try:
        transform: TransformStamped = tf.lookup_transform(
            target, source, Time.from_msg(stamp), timeout=Duration(seconds=patience)
        )
    except Exception as error:  # tf2 is not installed everywhere, so its exceptions cannot be named here
        late = "extrapolation into the future" in str(error)
        raise InputError(
            "no_transform",
            f"expected a transform from {source!r} to {target!r} at stamp {seconds(stamp):.3f}, got"
            f" {type(error).__name__}: {error}; check that tf is published, or set sensor_pose"
            + (", or raise transform_timeout if transforms come late" if late else ""),
        ) from error
    pose = transform.transform
    q = pose.rotation
    return quat2mat((q.w, q.x, q.y, q.z)), np.array((pose.translation.x, pose.translation.y, pose.translation.z))


def needs_tf(target_frame: str, sensor_pose: tuple[float, ...]) -> bool:
    """True if the pose of the sensor must come from tf2."""
    return bool(target_frame) and tuple(sensor_pose) == NO_POSE
