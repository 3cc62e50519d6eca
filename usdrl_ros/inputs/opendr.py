"""opendr_interface/OpenDRPose2D of OpenDR: one message a person, joints of OpenPose with short names, in pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, seconds
from usdrl_ros.inputs.gathering import SAME, Gathering

NAMES = (
    *("nose", "neck", "r_sho", "r_elb", "r_wri", "l_sho", "l_elb", "l_wri", "r_hip", "r_knee", "r_ank"),
    *("l_hip", "l_knee", "l_ank", "r_eye", "l_eye", "r_ear", "l_ear"),
)
"""In the order of ``openpose_coco_18``."""


class Poses:
    """Reads the messages of one source."""

    def __init__(self, context: Context) -> None:
        self._gathering: Gathering[tuple[Person, Header]] = Gathering(SAME)
        self._unnamed, self._picture = 0, 0.0
        """Poses without an id so far, of the picture with this stamp."""

    def __call__(self, message: Any, context: Context) -> SourceFrame | None:
        """Everybody in a picture, once all have come who are expected (``gathering``), or one of the next picture.

        Raises:
            InputError: ``joint_range``: a name that OpenDR does not have; ``no_ids``: several poses of a picture have
                none; ``too_many_people``, ``zero_stamp``, ``frame_id``.
        """
        stamp = seconds(message.header.stamp)
        person = Person(self._name(message.pose_id, stamp, context), _joints(message))
        parts = self._gathering.step(stamp, {person.id: (person, message.header)})
        check_people(len(parts))
        if not parts:
            return None
        return context.frame([person for person, _ in parts.values()], next(iter(parts.values()))[1])

    def _name(self, pose_id: int, stamp: float, context: Context) -> str:
        if pose_id >= 0:
            return str(pose_id)
        if abs(stamp - self._picture) > SAME:
            self._unnamed, self._picture = 0, stamp
        self._unnamed += 1
        check_people(self._unnamed)
        return context.named([""] * self._unnamed, "give every pose a pose_id of 0 or more")[-1]


def _joints(message: Any) -> np.ndarray:
    """(V, 3) pixels, NaN where a joint is not seen and in the last column."""
    joints = np.full((len(NAMES), 3), np.nan)
    for keypoint in message.keypoint_list:
        if keypoint.kpt_name not in NAMES:
            raise InputError(
                "joint_range", f"expected keypoints {', '.join(NAMES)}, got {cut(keypoint.kpt_name, NAME)!r}"
            )
        if keypoint.x >= 0 and keypoint.y >= 0:  # -1: not seen
            joints[NAMES.index(keypoint.kpt_name), :2] = keypoint.x, keypoint.y
    return joints


ADAPTER = Adapter(
    message="opendr_interface/msg/OpenDRPose2D",
    version=1,
    decode=Poses,
    text="OpenDR: poses in the picture, with depth",
    topologies=("openpose_coco_18",),
    plane="pixels",
    install="build opendr_interface of github.com/opendr-eu/opendr",
)
