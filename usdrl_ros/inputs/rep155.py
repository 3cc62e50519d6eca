"""hri_msgs/IdsList of REP-155 with the ``skeleton2d`` of each of its bodies: joints in the picture, lifted by depth.

This is the better one of the two ways to read REP-155, without depth, too: all of its joints are measured (see
``rep155_tf``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, seconds
from usdrl_ros.inputs.gathering import SAME, Gathering
from usdrl_ros.inputs.rep155_tf import INSTALL

JOINTS = 18


class Bodies:
    """Reads the messages of one source.

    Args:
        context: of the source; its topic is ``.../tracked``, and skeletons are on ``.../<id>/skeleton2d``.
    """

    def __init__(self, context: Context) -> None:
        self._base = context.topic.rpartition("/")[0]
        self._ends: dict[str, Callable[[], None]] = {}
        self._gathering: Gathering[tuple[Person, Header]] = Gathering(SAME)

    def __call__(self, message: Any, context: Context) -> SourceFrame | None:
        """Follow who is tracked; nobody, if there is nobody.

        Raises:
            InputError: ``too_many_people``, ``person_id``, ``zero_stamp``, ``frame_id``.
        """
        check_people(len(message.ids))
        tracked = list(dict.fromkeys(message.ids))
        for one in tracked:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", one):  # a part of a topic's name
                raise InputError(
                    "person_id",
                    f"expected ids of letters, digits and _ that begin with no digit, got {cut(one, NAME)!r}",
                )
        for one in [one for one in self._ends if one not in tracked]:
            self._ends.pop(one)()
        for one in tracked:
            if one not in self._ends:
                topic = f"{self._base}/{one}/skeleton2d"
                self._ends[one] = context.subscribe(topic, "hri_msgs/msg/Skeleton2D", self._reader(one))
        return context.frame([], message.header) if not tracked else None

    def _reader(self, one: str) -> Callable[[Any, Context], SourceFrame | None]:
        def read(message: Any, context: Context) -> SourceFrame | None:
            """Everybody in a picture, once all of its skeletons have come, or those of the next one."""
            if one not in self._ends:
                return None  # was on its way when the body was lost
            person, stamp = _person(one, message), seconds(message.header.stamp)
            parts = self._gathering.step(stamp, {one: (person, message.header)}, expected=self._ends)
            if not parts:
                return None
            return context.frame([person for person, _ in parts.values()], next(iter(parts.values()))[1])

        return read


def _person(one: str, message: Any) -> Person:
    points = message.skeleton
    if len(points) != JOINTS:
        raise InputError("joint_count", f"expected {JOINTS} points in skeleton2d, got {len(points)}: update hri_msgs")
    joints = np.array([(point.x, point.y, np.nan) for point in points], np.float64)
    confidence = np.nan_to_num(np.array([point.c for point in points], np.float64))
    return Person(one, joints, confidence)


ADAPTER = Adapter(
    message="hri_msgs/msg/IdsList",
    version=1,
    decode=Bodies,
    text="REP-155: bodies as skeletons in the picture, with depth",
    topologies=("hri_skeleton2d_18",),
    plane="image",
    install=INSTALL,
)
