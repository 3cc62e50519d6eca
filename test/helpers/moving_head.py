"""A robot whose head pans and nods while its camera watches people, and what it tells tf about it."""

import numpy as np
from transforms3d.euler import euler2mat

from helpers.tf_tree import transform
from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame

NECK = (0.1, 0.0, 1.3)
"""Of the head in base_link, metres."""
CAMERA = (0.08, 0.0, 0.05)
"""Of the camera in the head."""
OPTICAL = AXES["body"].T @ AXES["optical"]
"""Optical axes -> body axes."""


class Head:
    """Pans and nods.

    Args:
        pan: amplitude, radians.
        tilt: the same.
        hz: how often a second.
    """

    def __init__(self, pan=0.5, tilt=0.2, hz=0.3):
        self.pan, self.tilt, self.hz = pan, tilt, hz

    def rotation(self, stamp):
        """(3, 3) head -> base_link."""
        phase = 2.0 * np.pi * self.hz * (stamp % 1000.0)
        return euler2mat(0.0, 0.15 + self.tilt * np.sin(1.7 * phase), self.pan * np.sin(phase))

    def seen(self, frame):
        """A canonical frame, which is level and has its origin at base_link, in the optical axes of the camera."""
        turn = self.rotation(frame.stamp)
        people = []
        for person in frame.people:
            level = np.asarray(person.joints) @ AXES["body"]  # canonical -> base_link
            in_head = (level - NECK) @ turn
            people.append(Person(person.id, (in_head - CAMERA) @ OPTICAL, person.confidence))
        return SkeletonFrame(frame.stamp, tuple(people))

    def told(self, stamp, lag=0.0):
        """What tf is told at ``stamp``: where the head was ``lag`` seconds before."""
        return transform("base_link", "head", stamp, self.rotation(stamp - lag), NECK)

    @staticmethod
    def static():
        """The transforms that do not change."""
        return (
            transform("head", "camera_link", 0.0, np.eye(3), CAMERA),
            transform("camera_link", "camera_optical_frame", 0.0, OPTICAL),
        )
