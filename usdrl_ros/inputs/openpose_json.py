"""The JSON that OpenPose writes, in a std_msgs/String: ``people``, each with ``pose_keypoints_2d`` (x, y, confidence).

Keypoints are 18 or 25 by the topology, in pixels; (0, 0) with confidence 0, or NaN, is a joint that is not
seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from std_msgs.msg import String

from usdrl_model.errors.shown import shown
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs import json_message
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people

KEY = "pose_keypoints_2d"


def decode(message: String, context: Context) -> SourceFrame:
    """The people of a message, with their ``person_id`` (a number of 0 or more, or in a list, as OpenPose writes it).

    Raises:
        InputError: ``json``, ``joint_count``, ``field_value``, ``no_ids``: several people without ids;
            ``too_many_people``, ``zero_stamp``, ``frame_id``, ``no_clock``.
    """
    document = json_message.read(message, "people of OpenPose")
    people = document.get("people") if isinstance(document, dict) else None
    if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise InputError("json", f'expected {{"people": [{{"{KEY}": [...]}}]}}, got {shown(document)}')
    check_people(len(people))
    ids = context.named([_id(one) for one in people], "add a person_id of a tracker of your own, OpenPose has none")
    V = len(context.topology.joints)
    found = [Person(name, *_joints(one, V)) for name, one in zip(ids, people, strict=True)]
    return context.frame(found, json_message.header(document))


def _id(person: dict[str, Any]) -> str:
    """Empty: none (-1)."""
    value = person.get("person_id", -1)
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and value >= 0 else ""


def _joints(person: dict[str, Any], V: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints (V, 3), NaN in the last column, and confidence (V,)."""
    numbers = person.get(KEY)
    if not isinstance(numbers, list) or not all(
        isinstance(one, int | float) and (abs(one) < 1e6 or one != one) for one in numbers
    ):
        raise InputError("field_value", f"expected numbers in {KEY}, got {shown(numbers)}")
    if len(numbers) != 3 * V:
        raise InputError(
            "joint_count",
            f"expected {V} keypoints of x, y and confidence, got {len(numbers)} numbers: set topology to"
            " openpose_body_25 or openpose_coco_18",
        )
    rows = np.array(numbers, np.float64).reshape(V, 3)
    seen = np.isfinite(rows).all(axis=1) & (rows[:, 2] > 0.0)
    joints = np.where(seen[:, None], rows, np.nan)
    joints[:, 2] = np.nan
    return joints, np.where(seen, rows[:, 2], 0.0)


ADAPTER = Adapter(
    message="std_msgs/msg/String",
    version=1,
    decode=decode,
    text="OpenPose: JSON, with depth",
    topologies=("openpose_body_25", "openpose_coco_18"),
    plane="pixels",
)
