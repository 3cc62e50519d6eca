"""Gravity from an IMU on the sensor: from its orientation, or from its accelerometer, steadied by its gyroscope.

>>> from sensor_msgs.msg import Imu as Message
>>> imu, message = Imu(), Message()
>>> message.header.stamp.sec = 5
>>> message.orientation.w = 1.0
>>> imu.hear(message)
>>> imu.roll_and_pitch(5.0)
(0.0, -0.0)
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
from transforms3d.euler import euler2mat
from transforms3d.quaternions import quat2mat

from usdrl_ros.inputs.common import InputError, seconds

TOPIC_TYPE = "sensor_msgs/msg/Imu"
KEPT = 2000
"""Samples: five seconds at 400 Hz."""
GAP = 0.2
"""Seconds without a sample over which gravity is not interpolated."""
BEHIND = 0.1
"""Seconds by which the newest sample may be older than the people."""
JUMP = 1.0
"""Seconds back in time from which on the clock was set, or a bag loops."""
GRAVITY, PUSHED = 9.81, 1.5
"""Metres per second squared; and how far off it the accelerometer may be to be believed: else the sensor is pushed."""
WITH_GYROSCOPE, ALONE = 2.0, 0.3
"""Seconds over which the accelerometer is averaged, with and without a gyroscope."""


class Imu:
    """The vertical over time, in the body axes of the sensor (x along the view, y to its left, z up).

    Args:
        rotation: roll, pitch, yaw (radians, fixed axes) of the axes of the IMU in those of the sensor.
    """

    def __init__(self, rotation: tuple[float, ...] = (0.0, 0.0, 0.0)) -> None:
        self._mount: np.ndarray = euler2mat(*rotation)
        self._samples: deque[tuple[float, np.ndarray]] = deque(maxlen=KEPT)

    def hear(self, message: Any, context: object = None) -> None:
        """Take a ``sensor_msgs/Imu``.

        Raises:
            InputError: ``imu``: it has neither an orientation nor an acceleration; ``zero_stamp``.
        """
        stamp = seconds(message.header.stamp)
        if self._samples and stamp < self._samples[-1][0] - JUMP:
            self._samples.clear()
        if self._samples and stamp <= self._samples[-1][0]:
            return
        up = _by_orientation(message)
        up = self._by_acceleration(message, stamp) if up is None else self._mount @ up
        self._samples.append((stamp, up))

    def roll_and_pitch(self, stamp: float) -> tuple[float, float]:
        """Roll and pitch of the sensor at a stamp, radians, as in ``sensor_pose``.

        Raises:
            InputError: ``no_gravity``: the IMU was silent then.
        """
        left, up, ahead = self._vertical(stamp)
        return math.atan2(left, up), math.asin(max(-1.0, min(1.0, -ahead)))

    def _vertical(self, stamp: float) -> tuple[float, float, float]:
        """Components to the left, up and ahead."""
        after = None
        for at, up in reversed(self._samples):
            if at <= stamp:
                if after is None:
                    if stamp - at > BEHIND:
                        break
                    after = (at, up)
                if after[0] - at > GAP:
                    break
                share = (stamp - at) / (after[0] - at) if after[0] > at else 0.0
                x, y, z = _unit((1.0 - share) * up + share * after[1])
                return float(y), float(z), float(x)
            after = (at, up)
        newest = f"the newest sample is from {self._samples[-1][0]:.3f}" if self._samples else "it has sent nothing yet"
        raise InputError(
            "no_gravity",
            f"expected a sample of the IMU at stamp {stamp:.3f}, but {newest}: check imu_topic, and that both have the"
            " same clock",
        )

    def _by_acceleration(self, message: Any, stamp: float) -> np.ndarray:
        measured = _acceleration(message)
        if measured is None:
            raise InputError(
                "imu",
                "expected an orientation or an acceleration from the IMU, got neither: use its driver's raw topic",
            )
        length = float(np.linalg.norm(measured))
        now = self._mount @ measured / length
        if not self._samples or stamp - self._samples[-1][0] > GAP:
            return now
        before, up = self._samples[-1]
        step, span = stamp - before, ALONE
        turning = _vector(message.angular_velocity)
        if message.angular_velocity_covariance[0] != -1.0 and np.isfinite(turning).all() and turning.any():
            up = up - step * np.cross(self._mount @ turning, up)  # it stands still while the sensor turns
            span = WITH_GYROSCOPE
        believed = step / (span + step) if abs(length - GRAVITY) < PUSHED else 0.0
        return _unit((1.0 - believed) * up + believed * now)


def _by_orientation(message: Any) -> np.ndarray | None:
    """The vertical in the axes of the IMU; None where the message has no orientation (REP 145)."""
    q = message.orientation
    quaternion = np.array([q.w, q.x, q.y, q.z])
    if message.orientation_covariance[0] == -1.0 or not 0.9 < np.linalg.norm(quaternion) < 1.1:
        return None
    # A new message says "level": it is how a driver that only measures accelerations leaves it.
    untouched = quaternion.tolist() == [1.0, 0.0, 0.0, 0.0] and not any(message.orientation_covariance)
    if untouched and _acceleration(message) is not None:
        return None
    up: np.ndarray = quat2mat(quaternion)[2]
    return up


def _acceleration(message: Any) -> np.ndarray | None:
    """(3,) metres per second squared in the axes of the IMU; None where the message has none (REP 145)."""
    measured = _vector(message.linear_acceleration)
    if message.linear_acceleration_covariance[0] == -1.0 or not 0.0 < np.linalg.norm(measured) < math.inf:
        return None
    return measured


def _vector(message: Any) -> np.ndarray:
    return np.array([message.x, message.y, message.z], np.float64)


def _unit(vector: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
