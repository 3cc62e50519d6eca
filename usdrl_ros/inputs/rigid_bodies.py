"""mocap4r2_msgs/RigidBodies of OptiTrack, Vicon and Qualisys: rigid bodies on people, by a table of their names.

::

    separator: "_"                                    # anna_Head is the body Head of anna; left out: one person
    bodies: {Head: head, LHand: hand_left, Hips: spine_base, ...}    # rigid body: joint of the topology
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import LINE, cut, reason, shown
from usdrl_model.files.documents import read_yaml
from usdrl_model.skeleton.person import SEEN_JOINTS, Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people


class RigidBodies:
    """Reads the messages of one source.

    Args:
        context: its ``file`` is the table.

    Raises:
        ValueError: no table, or one with errors; the message names the place.
    """

    def __init__(self, context: Context) -> None:
        if not context.file:
            raise ValueError("input_file: expected the path of a table of rigid bodies, got none: see adapters.md")
        try:
            table = read_yaml(Path(context.file))
        except OSError as error:
            raise ValueError(f"input_file: {reason(error)}") from error
        self._separator, self._joints = _checked(table, context)
        self._found = False
        """A body of the table has come."""

    def __call__(self, message: Any, context: Context) -> SourceFrame:
        """The people of a message; bodies that are not in the table are ignored.

        Raises:
            InputError: ``duplicate_joint``, ``too_many_people``, ``zero_stamp``, ``frame_id``.
        """
        people: dict[str, np.ndarray] = {}
        seen: set[str] = set()
        for body in message.rigidbodies:
            person, name = self._named(body.rigid_body_name, context.person_id)
            if name not in self._joints or not person:
                continue
            if body.rigid_body_name in seen:
                raise InputError(
                    "duplicate_joint", f"expected every body once, got {cut(body.rigid_body_name)} twice: rename one"
                )
            seen.add(body.rigid_body_name)
            if person not in people:
                check_people(len(people) + 1)
                people[person] = np.full((len(context.topology.joints), 3), np.nan)
            place = body.pose.position
            people[person][self._joints[name]] = place.x, place.y, place.z
        self._found |= bool(people)
        if message.rigidbodies and not self._found:
            others = sorted(body.rigid_body_name for body in message.rigidbodies)
            context.warn(
                "no_bodies", f"none of the table in input_file so far, but {cut(others, LINE // 2)}: are these people?"
            )
        return context.frame([Person(person, joints) for person, joints in people.items()], message.header)

    def _named(self, body: str, person: str) -> tuple[str, str]:
        """Whose body it is, and its name in the table, which may hold the separator; of two the longer one."""
        if not self._separator:
            return person, body
        ends = (name for name in self._joints if body.endswith(self._separator + name))
        name = max(ends, key=len, default="")
        return body.removesuffix(self._separator + name), name


def _checked(table: Any, context: Context) -> tuple[str, dict[str, int]]:
    """The separator, and rigid body -> joint number."""
    where, known = f"input_file {cut(context.file)}", context.topology.joints
    if not isinstance(table, dict) or not isinstance(table.get("bodies"), dict) or not table["bodies"]:
        raise ValueError(f"{where}: expected bodies: {{name: joint, ...}}, got {shown(table)}")
    for key in table:
        if key not in ("separator", "bodies"):
            raise ValueError(f"{where}: unknown field {shown(key)}{hint(key, ('separator', 'bodies'))}")
    separator = table.get("separator", "")
    if not isinstance(separator, str):
        raise ValueError(f"{where}: separator: expected a text such as '_', got {shown(separator)}")
    joints: dict[str, int] = {}
    for body, joint in table["bodies"].items():
        if not isinstance(body, str) or joint not in known:
            raise ValueError(
                f"{where}: bodies.{shown(body)}: expected a joint of topology {context.topology.name}, got"
                f" {shown(joint)}{hint(joint, known)}"
            )
        if known.index(joint) in joints.values():
            raise ValueError(f"{where}: bodies: joint {joint} occurs twice: give every joint one body")
        joints[body] = known.index(joint)
    count = int(np.isin(context.topology.sources, list(joints.values())).all(axis=1).sum())
    if count < SEEN_JOINTS:
        raise ValueError(
            f"{where}: bodies: expected enough of them for {SEEN_JOINTS} of the 25 canonical joints, from which on"
            f" somebody is seen, got {len(joints)} for {count}: put more bodies on people (adapters.md has a table)"
        )
    return separator, joints


ADAPTER = Adapter(
    message="mocap4r2_msgs/msg/RigidBodies",
    version=1,
    decode=RigidBodies,
    text="rigid bodies of OptiTrack, Vicon, Qualisys",
    units="m",
)
