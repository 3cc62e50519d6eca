"""tf2_ros in small: a buffer that interpolates between transforms and refuses to extrapolate, filled over DDS.

A stand-in, because no wheel has tf2_ros. It holds to what the node relies on: a lookup is at the stamp asked for,
through a common ancestor, between the transforms before and after it; it waits until ``timeout`` for one that is late,
and it raises where there is none. ``/tf`` carries one TransformStamped a message, because no wheel has tf2_msgs either.
"""

import bisect
import threading
import time
from collections import defaultdict
from types import ModuleType

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from transforms3d.quaternions import axangle2quat, mat2quat, qinverse, qmult, quat2axangle, quat2mat

from usdrl_ros.inputs.common import ros_time

CACHE = 10.0
"""Seconds of transforms that are kept unless the buffer is told otherwise, as in tf2."""
STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class TransformException(Exception):  # noqa: N818 (the name in tf2)
    pass


class LookupException(TransformException):
    pass


class ConnectivityException(TransformException):
    pass


class ExtrapolationException(TransformException):
    pass


class Buffer:
    def __init__(self, cache_time=None):
        self._cache = CACHE if cache_time is None else cache_time.nanoseconds * 1e-9
        self._lock = threading.Lock()
        self._parents = {}
        self._stamps = defaultdict(list)
        self._poses = defaultdict(list)

    def set_transform(self, transform, authority):
        self._set(transform, transform.header.stamp.sec + transform.header.stamp.nanosec * 1e-9)

    def set_transform_static(self, transform, authority):
        self._set(transform, None)

    def clear(self):
        with self._lock:
            for child, stamps in self._stamps.items():
                if stamps != [None]:
                    stamps.clear()
                    self._poses[child].clear()

    def _set(self, transform, stamp):
        child, pose = transform.child_frame_id, transform.transform
        q, t = pose.rotation, pose.translation
        made = (np.array([q.w, q.x, q.y, q.z]), np.array([t.x, t.y, t.z]))
        with self._lock:
            self._parents[child] = transform.header.frame_id
            if stamp is None:
                self._stamps[child], self._poses[child] = [None], [made]
                return
            at = bisect.bisect(self._stamps[child], stamp)
            self._stamps[child].insert(at, stamp)
            self._poses[child].insert(at, made)
            while self._stamps[child][0] < self._stamps[child][-1] - self._cache:
                del self._stamps[child][0], self._poses[child][0]

    def lookup_transform(self, target_frame, source_frame, time_, timeout=None):
        end = time.monotonic() + (timeout.nanoseconds * 1e-9 if timeout else 0.0)
        while True:
            try:
                with self._lock:
                    return self._look_up(target_frame, source_frame, time_.nanoseconds * 1e-9)
            except TransformException:
                if time.monotonic() >= end:
                    raise
            time.sleep(0.005)

    def _look_up(self, target, source, stamp):
        for frame in (target, source):
            if frame not in self._parents and frame not in self._parents.values():
                raise LookupException(f'"{frame}" passed to lookupTransform argument does not exist')
        ups, downs = self._chain(source, stamp), self._chain(target, stamp)
        common = [frame for frame in ups if frame in downs]
        if not common:
            raise ConnectivityException(f"{source} and {target} are not connected")
        rotation, offset = ups[common[0]]
        back, away = downs[common[0]]
        made = TransformStamped()
        inverse = back.T
        q, t = mat2quat(inverse @ rotation), inverse @ (offset - away)
        made.transform.translation.x, made.transform.translation.y, made.transform.translation.z = map(float, t)
        r = made.transform.rotation
        r.w, r.x, r.y, r.z = map(float, q)
        return made

    def _chain(self, frame, stamp):
        """Ancestor -> (rotation, offset) from ``frame`` into it."""
        rotation, offset, found = np.eye(3), np.zeros(3), {}
        while frame not in found:
            found[frame] = (rotation, offset)
            if frame not in self._parents:
                return found
            q, t = self._at(frame, stamp)
            turn = quat2mat(q)
            rotation, offset, frame = turn @ rotation, turn @ offset + t, self._parents[frame]
        raise LookupException("The tf tree is invalid because it contains a loop.")

    def _at(self, frame, stamp):
        stamps, poses = self._stamps[frame], self._poses[frame]
        if stamps == [None]:
            return poses[0]
        at = bisect.bisect_left(stamps, stamp - 1e-7)
        if at < len(stamps) and abs(stamps[at] - stamp) < 1e-6:
            return poses[at]
        if at in (0, len(stamps)):
            where = "past" if at == 0 else "future"
            raise ExtrapolationException(f"Lookup would require extrapolation into the {where} for frame {frame}")
        (q1, t1), (q2, t2) = poses[at - 1], poses[at]
        share = (stamp - stamps[at - 1]) / (stamps[at] - stamps[at - 1])
        axis, angle = quat2axangle(qmult(qinverse(q1), q2))
        return qmult(q1, axangle2quat(axis, share * angle)), (1.0 - share) * t1 + share * t2


class TransformListener:
    def __init__(self, buffer, node):
        node.create_subscription(TransformStamped, "/tf", lambda one: buffer.set_transform(one, ""), 100)
        node.create_subscription(
            TransformStamped, "/tf_static", lambda one: buffer.set_transform_static(one, ""), STATIC
        )


def module():
    """What ``import tf2_ros`` gives."""
    made = ModuleType("tf2_ros")
    for one in (
        Buffer,
        TransformListener,
        TransformException,
        LookupException,
        ConnectivityException,
        ExtrapolationException,
    ):
        setattr(made, one.__name__, one)
    return made


def transform(parent, child, stamp, rotation, translation=(0.0, 0.0, 0.0)):
    """A TransformStamped; ``rotation`` (3, 3)."""
    made = TransformStamped(child_frame_id=child, header=Header(frame_id=parent, stamp=ros_time(stamp)))
    t, q = made.transform.translation, made.transform.rotation
    t.x, t.y, t.z = map(float, translation)
    q.w, q.x, q.y, q.z = map(float, mat2quat(np.asarray(rotation)))
    return made
