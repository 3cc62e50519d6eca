"""The robot's own body, so that what people do with the robot is an interaction: links of tf, or a topic of joints.

It joins the people of a message at the stamp of that message, and is none of them. What is not known of it is a warning
and a missing joint; a message about people is never refused because of it. The table::

    links: {head: head_link, wrist_right: r_wrist_link, ...}    # canonical joint: frame of tf
    missing: parent                                             # hands without a link are where the wrists are

or ``topic: robot/joints``, a PointCloud2 with the joints of ``topology``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from builtin_interfaces.msg import Time

from usdrl_model import config
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import LINE, NAME, cut, reason, showable, shown
from usdrl_model.skeleton.person import SEEN_JOINTS, Person, canonical
from usdrl_model.skeleton.topology import CANONICAL, CANONICAL_JOINTS, JOINT_INDEX, PARENTS, topology
from usdrl_ros.inputs import point_cloud
from usdrl_ros.inputs.adapter import Context, Subscribe
from usdrl_ros.inputs.common import InputError, SourceFrame
from usdrl_ros.inputs.coordinate_frames import Frames, look_up

CLOUD = "sensor_msgs/msg/PointCloud2"
NEW = 0.2
"""Seconds by which the joints of the topic may be older or newer than the people."""
KEPT = 300
"""Messages of the topic that are kept, 3 s at 100 Hz, 30 s at 10 Hz: trackers tell of people after they saw them."""
KIND = "robot_skeleton"
"""Of the warnings."""
ENDS = frozenset(
    JOINT_INDEX[name]
    for name in (
        "hand_left", "hand_tip_left", "thumb_left", "foot_left",
        "hand_right", "hand_tip_right", "thumb_right", "foot_right",
        "neck", "spine_mid",
    )
)  # fmt: skip
"""Joints that are near to the next one towards the trunk; a knee at the hip would be no body."""
Place = tuple[np.ndarray, np.ndarray]
"""Joints (25, 3) and confidence (25,)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RobotSkeletonConfig:
    """The table, ``robot_skeleton``, one to one."""

    links: dict[str, str] = field(default_factory=dict)
    """Canonical joint -> frame of tf."""
    topic: str = ""
    """Instead of links: a topic with the joints of one body in metres, relative to the namespace of the node."""
    topology: str = CANONICAL
    """Joint set of the topic."""
    missing: Literal["nothing", "parent"] = "nothing"
    """A joint that is not known is left out; or one of ``ENDS`` is where the next one towards the trunk is."""

    def __post_init__(self) -> None:
        """Refuse a body that could never be one."""
        if bool(self.links) == bool(self.topic):
            raise ValueError("expected either links: {canonical joint: frame of tf}, or a topic")
        for joint, link in self.links.items():
            if joint not in JOINT_INDEX:
                raise ValueError(f"links: unknown joint {shown(joint)}{hint(joint, CANONICAL_JOINTS)}")
            if not link or not showable(link):
                raise ValueError(f"links.{joint}: expected the name of a frame, got {shown(link)}")
        known = np.isin(np.arange(len(CANONICAL_JOINTS)), [JOINT_INDEX[joint] for joint in self.links])
        if self.links and (count := int(self.fill(np.zeros((25, 3)), known * 1.0)[1].astype(bool).sum())) < SEEN_JOINTS:
            raise ValueError(f"links: expected {SEEN_JOINTS} joints or more, for a body to be seen, got {count}")

    def fill(self, joints: np.ndarray, confidence: np.ndarray) -> Place:
        """Apply ``missing`` to joints (25, 3) and confidence (25,), 0 where not known."""
        if self.missing == "nothing":
            return joints, confidence
        near = []
        for at in range(len(joints)):
            while not confidence[at] and at in ENDS:
                at = PARENTS[at]  # noqa: PLW2901 (up the body)
            near.append(at)
        return joints[near], confidence[near]


class RobotSkeleton:
    """Where the robot's body is, message by message.

    Args:
        table: of ``read``.
        frames: of the source of people.
        tf: a tf2 buffer, or None.
        warn: of ``Context``.
        subscribe: the same.

    Raises:
        ValueError: links without tf2_ros, or an unknown topology.
    """

    def __init__(
        self,
        table: RobotSkeletonConfig,
        frames: Frames,
        tf: Any,
        warn: Callable[[str, str], None],
        subscribe: Subscribe,
    ) -> None:
        self._table, self._frames, self._tf, self._warn = table, frames, tf, warn
        self._missed: dict[str, Time] = {}
        """Link -> stamp, of those that were missing last time."""
        self._heard: deque[SourceFrame] = deque(maxlen=KEPT)
        self._arrival = 0.0
        """Of the newest of them."""
        if table.links and tf is None:
            raise ValueError(
                "robot_skeleton: links are looked up in tf, which needs tf2_ros: install it, or publish a topic"
            )
        if table.topic:
            self._context = Context(topology=topology(table.topology), warn=warn)
            subscribe(table.topic, CLOUD, self._hear, depth=10)

    def __call__(self, source: SourceFrame, arrival: float, patience: float) -> Place | None:
        """Its canonical joints in the frame of the people of a message; None while too little of it is known.

        Args:
            source: the message.
            arrival: of the message, seconds by the clock of the node, or of the recording.
            patience: seconds to wait for transforms, all together. For a link that has been missing since last time
                nobody waits.
        """
        if not source.frame.people:
            return None
        frame, rotation, offset = self._frames.basis(source.frame_id)
        try:
            if self._table.links:
                place = self._by_links(source, frame, patience)
            else:
                place = self._by_topic(source, frame, arrival)
        except InputError as error:
            self._warn(KIND, f"robot_skeleton: {error}")
            return None
        joints, confidence = self._table.fill(*place)
        if (confidence > 0.0).sum() < SEEN_JOINTS:
            return None
        return np.where(confidence[:, None] > 0.0, joints @ rotation.T + offset, 0.0), confidence

    def _by_links(self, source: SourceFrame, frame: str, patience: float) -> Place:
        joints, confidence = np.zeros((len(CANONICAL_JOINTS), 3)), np.zeros(len(CANONICAL_JOINTS))
        left, failures = patience, {}
        dead = {link for link, stamp in self._missed.items() if not self._came(frame, link, stamp)}
        for joint, link in self._table.links.items():
            wait, began = 0.0 if link in dead else left, time.monotonic()
            try:
                joints[JOINT_INDEX[joint]] = look_up(self._tf, frame, link, source.stamp, wait)[1]
                confidence[JOINT_INDEX[joint]] = 1.0
                left = max(0.0, left - (time.monotonic() - began))
            except InputError as error:
                failures[link] = error
                left -= wait  # waited for once a message
        self._missed = dict.fromkeys(failures, source.stamp)
        if failures:
            first = next(iter(failures.values()))
            self._warn(KIND, f"robot_skeleton: {len(failures)} of {len(self._table.links)} links are missing: {first}")
        return joints, confidence

    def _came(self, frame: str, link: str, stamp: Time) -> bool:
        """Whether a transform that was missing has come since: too late, so that it is worth to wait for the next."""
        try:
            look_up(self._tf, frame, link, stamp, 0.0)
        except InputError:
            return False
        return True

    def _by_topic(self, source: SourceFrame, frame: str, arrival: float) -> Place:
        if not self._heard:
            raise InputError(KIND, f"expected joints on {self._table.topic}, got none yet: is it published?")
        heard = min(reversed(self._heard), key=lambda one: abs(source.frame.stamp - one.frame.stamp))
        age, silence = source.frame.stamp - heard.frame.stamp, arrival - self._arrival
        if abs(age) > NEW and silence > NEW:
            raise InputError(
                KIND, f"expected joints on {self._table.topic}, got none for {silence:.1f} s: the robot has no body,"
                " check what publishes them"
            )  # fmt: skip
        if abs(age) > NEW:
            raise InputError(
                KIND, f"expected joints on {self._table.topic} of when people were seen, the nearest are"
                f" {abs(age):.1f} s {'older' if age > 0.0 else 'newer'}: are they stamped with the clock that stamps"
                " people?"
            )  # fmt: skip
        joints, confidence = canonical(heard.frame.people[0], self._context.topology)
        if heard.frame_id == frame:
            return joints, confidence
        if self._tf is None:
            raise InputError(
                KIND, f"expected joints on {self._table.topic} in the frame {cut(frame, NAME)!r}, got"
                f" {cut(heard.frame_id, NAME)!r}: publish them in it, or install tf2_ros"
            )  # fmt: skip
        rotation, offset = look_up(self._tf, frame, heard.frame_id, heard.stamp, 0.0)
        return joints @ rotation.T + offset, confidence

    def _hear(self, message: Any, context: Context) -> None:
        """Keep the joints of the topic; errors are warnings."""
        try:
            heard = point_cloud.decode(message, self._context)
            if len(heard.frame.people) != 1:
                raise InputError(KIND, f"expected one body on {self._table.topic}, got {len(heard.frame.people)}")
        except InputError as error:
            self._warn(KIND, f"robot_skeleton: {error}")
            return
        (body,) = heard.frame.people
        usual = Person("robot", body.joints, body.confidence, judged=True)  # a joint at the origin is one
        self._arrival = context.arrival
        if self._heard and heard.frame.stamp < self._heard[-1].frame.stamp - NEW:
            self._heard.clear()  # a bag loops
        self._heard.append(SourceFrame(type(heard.frame)(heard.frame.stamp, (usual,)), heard.stamp, heard.frame_id))


def read(path: str) -> RobotSkeletonConfig:
    """The table in a file.

    Raises:
        ValueError: it cannot be read, or is none; the message says where.
    """
    try:
        return config.load(RobotSkeletonConfig, Path(path).expanduser())
    except OSError as error:
        raise ValueError(f"robot_skeleton: {cut(reason(error), LINE)}: expected the path of a table") from error
    except ValueError as error:
        raise ValueError(f"robot_skeleton: {error}") from None
