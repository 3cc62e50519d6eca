"""tf2_msgs/TFMessage with people as frames: ``head_1``, ``left_hand_1`` of NiTE and OpenNI trackers, and the like.

Every joint of a person is a frame, in one message or in several with slightly different stamps. The people are in the
first frame above their joints, or in ``frame_id``. A robot's own ``head_link`` is named like a joint, too: only who has
joints enough to be used is a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import SEEN_JOINTS, Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, frame_name
from usdrl_ros.inputs.gathering import Gathering
from usdrl_ros.inputs.options import Option
from usdrl_ros.inputs.transform_tree import TransformTree

SPAN = 0.03
"""Seconds between the stamps of the first and the last joint of a frame: they are stamped one by one."""
MESSAGE = "tf2_msgs/msg/TFMessage"
NAMES = 1024
"""Names that may be those of people, at most; who was heard last is kept."""


class TfFrames:
    """Reads the messages of one source.

    Args:
        context: of the source.

    Raises:
        ValueError: a pattern without joint and person, or tf2_msgs is not installed.
    """

    def __init__(self, context: Context) -> None:
        self._joints = _names(context.topology.joints)
        self._pattern = _expression(context.options["pattern"], self._joints)
        self._least = min(SEEN_JOINTS, len(context.topology.joints))
        self._heard: dict[str, dict[str, tuple[str, int]]] = {}  # name of who may be a person -> the frames of it
        self._root = frame_name(context.frame_id)
        self._tree = TransformTree()
        self._gathering: Gathering[tuple[str, int]] = Gathering(SPAN)
        context.subscribe("/tf_static", MESSAGE, partial(self._tree.add, static=True), latched=True)

    def __call__(self, message: Any, context: Context) -> SourceFrame | None:
        """The people of a frame that this message completes or ends; None if it does neither.

        Raises:
            InputError: ``mixed_frames``, ``too_many_people``, ``zero_stamp``; ``tf_loop``, ``no_path``, ``stale``:
                nobody has a place.
        """
        parts: dict[Any, tuple[str, int]] = {}
        newest = 0.0
        for one in message.transforms:
            found = self._pattern.fullmatch(frame_name(one.child_frame_id))
            if found and (joined := self._joined(found)):
                parts |= joined
                newest = max(newest, one.header.stamp.sec + one.header.stamp.nanosec * 1e-9)
        if not parts:
            self._tree.add(message, context)
            return None
        # Before the tree moves on: where the joints of the frame before were.
        old = self._gathering.take() if self._gathering.begins(newest, parts) else {}
        ended, failure = None, None
        try:
            ended = self._frame(old, context)
        except InputError as error:  # what comes now must be taken all the same
            failure = error
        self._tree.add(message, context)
        self._gathering.add(newest, parts)
        if self._gathering.complete:
            return self._frame(self._gathering.take(), context)
        if failure is not None:
            raise failure
        return ended

    def _joined(self, found: re.Match[str]) -> dict[str, tuple[str, int]]:
        """The parts that a frame adds: none until its person has enough of them, and then all of them at once."""
        frames = self._heard.pop(found["person"], {})
        fewer = len(frames) < self._least
        frames[found[0]] = part = found["person"], self._joints[found["joint"]]
        self._heard[found["person"]] = frames
        if len(self._heard) > NAMES:
            del self._heard[next(iter(self._heard))]
        if len(frames) < self._least:
            return {}
        return dict(frames) if fewer else {found[0]: part}

    def _is_joint(self, frame: str) -> bool:
        found = self._pattern.fullmatch(frame)
        return found is not None and len(self._heard.get(found["person"], ())) >= self._least

    def _frame(self, parts: Mapping[Any, tuple[str, int]], context: Context) -> SourceFrame | None:
        links = [link for link in map(self._tree.link, parts) if link is not None]
        if not links:
            return None
        check_people(len({person for person, _ in parts.values()}))
        newest = max(links, key=lambda link: link.seconds)
        root = self._root or self._above(parts)
        troubles: dict[str, str] = {}
        places = self._tree.places(parts, root, newest.seconds, troubles)
        people: dict[str, np.ndarray] = {}
        for frame, place in places.items():
            person, joint = parts[frame]
            empty = np.full((len(context.topology.joints), 3), np.nan)
            people.setdefault(person, empty)[joint] = place
        tell(troubles, context, refuse=not people)
        joints = [Person(person, joints) for person, joints in people.items()]
        return context.frame(joints, Header(stamp=newest.stamp, frame_id=root))

    def _above(self, frames: Iterable[str]) -> str:
        """The frame in which people are: the first above their joints that is no joint."""
        found: set[str] = set()
        for frame in frames:
            climbed: set[str] = set()
            while self._is_joint(frame) and frame not in climbed and (link := self._tree.link(frame)):
                climbed.add(frame)
                frame = link.parent
            if not self._is_joint(frame):
                found.add(frame)
        if len(found) > 1:
            raise InputError(
                "mixed_frames",
                f"expected all people in one frame, got {cut(sorted(found), NAME)}: set frame_id to one above them",
            )
        return next(iter(found), "")


def tell(troubles: Mapping[str, str], context: Context, *, refuse: bool) -> None:
    """Warn of what is wrong with a tree, or refuse the message.

    Raises:
        InputError: the first trouble, if ``refuse``.
    """
    for kind, text in troubles.items():
        if refuse:
            raise InputError(kind, text)
        context.warn(kind, text)


def _names(joints: Iterable[str]) -> dict[str, int]:
    """Names of frames -> joint: that of the joint, and with the side first (``left_hand`` for ``hand_left``)."""
    found: dict[str, int] = {}
    for number, joint in enumerate(joints):
        part, _, side = joint.rpartition("_")
        for spelling in (joint, f"{side}_{part}" if side in ("left", "right") else joint):
            found[spelling] = number
    return found


def _expression(pattern: str, joints: Iterable[str]) -> re.Pattern[str]:
    if pattern.count("{joint}") != 1 or pattern.count("{person}") != 1:
        raise ValueError(
            f"input.pattern: expected a text with {{joint}} and {{person}}, such as {{joint}}_{{person}}, got"
            f" {cut(pattern, NAME)!r}"
        )
    spellings = "|".join(re.escape(joint) for joint in sorted(joints, key=len, reverse=True))
    text = re.escape(frame_name(pattern)).replace(r"\{joint\}", f"(?P<joint>{spellings})")
    # left_elbow_link and left_shoulder_pitch_joint are parts of a robot.
    return re.compile(text.replace(r"\{person\}", r"(?P<person>(?![^/]*(?:link|joint|frame)$)[^/]{1,100})"))


ADAPTER = Adapter(
    message=MESSAGE,
    version=1,
    decode=TfFrames,
    text="NiTE, OpenNI and others: joints as frames of tf",
    units="m",
    named=True,
    options=(
        Option(
            name="pattern",
            default="{joint}_{person}",
            text="Names of the frames of people: {joint} is a joint of the topology (hand_left or left_hand).",
        ),
    ),
)
