"""zed_msgs/ObjectsStamped of the ZED wrapper: bodies of 18, 34 or 38 joints.

Missing joints are NaN. Bodies whose place is only predicted (searching, terminated) are left out; without tracking, no
place is. Newer messages have a confidence per joint, which older ones lack.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame

FORMATS = {0: "zed_body_18", 1: "zed_body_34", 2: "zed_body_38"}
"""``body_format`` -> joint set; the joints come first in 70 slots."""
_OK = 1
"""``tracking_state`` of a body that is seen."""
_PARTS = 20 * 200
"""Points of the corners and joints of 20 people: a body has about 170."""


def decode(message: Any, context: Context) -> SourceFrame:
    """The people of a message.

    Raises:
        InputError: ``joint_count``: bodies of another format than the topology; ``no_ids``: several, and tracking is
            off; ``zero_stamp``, ``frame_id``.
    """
    bodies = [body for body in message.objects if body.skeleton_available]
    if len(bodies) < len(message.objects):
        context.warn("no_skeleton", "objects without a skeleton are ignored: is this the topic body_trk/skeletons?")
    seen = [body for body in bodies if not body.tracking_available or body.tracking_state == _OK]
    ids = [str(body.label_id) if body.tracking_available else "" for body in seen]
    named = context.named(ids, "set body_tracking.enable_tracking of the wrapper")
    return context.frame([_person(name, body, context) for name, body in zip(named, seen, strict=True)], message.header)


def _person(name: str, body: Any, context: Context) -> Person:
    V, kind = len(context.topology.joints), FORMATS.get(body.body_format, "")
    if kind != f"zed_body_{V}":
        raise InputError(
            "joint_count",
            f"expected bodies of {V} joints, got body_format {body.body_format}"
            f" ({kind or 'unknown'}): set the parameter topology to {kind or ', '.join(FORMATS.values())}",
        )
    joints = np.array([point.kp for point in body.skeleton_3d.keypoints[:V]], np.float64)
    percent = np.array(getattr(body, "skeleton_keypoint_confidence", [])[:V], np.float64)
    if not percent.size or not np.nan_to_num(percent).any():
        return Person(name, joints)
    return Person(name, joints, np.clip(np.nan_to_num(percent) / 100.0, 0.0, 1.0))


ADAPTER = Adapter(
    message="zed_msgs/msg/ObjectsStamped",
    version=1,
    decode=decode,
    text="ZED body tracking",
    topologies=tuple(FORMATS.values()),
    units="m",
    axes="body",
    parts=_PARTS,
)
