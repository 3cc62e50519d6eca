"""tf2, where installed, on a thread of its own, so that transforms arrive while the node's others are busy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node

from usdrl_model.skeleton.stamps import StampCourse, Verdict
from usdrl_ros.processes.lifecycle import OwnThread

KEPT = 10.0
"""Seconds of transforms that are kept, as tf2 has it."""
BACK = 1.0
"""Seconds by which a transform may be older than the newest one of its frame, and time has not jumped back."""


class Filler:
    """Fills a tf2 buffer, and empties it once the stamps of a frame have jumped back: a bag loops, say.

    tf2 refuses transforms that are 10 s older than the newest one, so it would have none until the bag ends. The clock
    of the node says less than the stamps: without simulated time it does not jump.

    Args:
        buffer: a tf2 buffer.
    """

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self._courses: dict[str, StampCourse] = {}
        """By child frame, because publishers may have clocks of their own."""
        self._since = -math.inf
        """Stamp from which on the buffer is filled."""
        self._left = math.inf
        """Newest stamp before it was emptied."""
        self._rival = False
        """Stamps have leapt back to those before since: a frame has two clocks."""

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """As of ``tf2_ros.Buffer``."""
        stamp = transform.header.stamp
        course = self._courses.setdefault(transform.child_frame_id, StampCourse(back=BACK, ahead=math.inf))
        seconds, newest = stamp.sec + stamp.nanosec * 1e-9, course.newest
        self._rival |= BACK < seconds - newest < math.inf and seconds > self._left - BACK
        # Two clocks of one frame jump to and fro: what is not older than is kept needs no clearing.
        if course.judge(seconds) is Verdict.JUMP and not (self._rival and newest - self._since <= KEPT):
            self._buffer.clear()  # static transforms remain
            self._courses = {transform.child_frame_id: course}
            self._since, self._left, self._rival = seconds, newest, False
        self._buffer.set_transform(transform, authority)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """As of ``tf2_ros.Buffer``."""
        self._buffer.set_transform_static(transform, authority)


class TfListener:
    """A tf2 buffer, filled by a node and a thread of its own.

    Args:
        owner: the node that uses the buffer; gives name, namespace and context.
        failed: receives the errors of tf messages.
        kept: seconds of transforms that the buffer keeps.

    Raises:
        ImportError: tf2_ros is not installed (no wheel has it).
    """

    def __init__(self, owner: Node, failed: Callable[[Exception], object], kept: float = KEPT) -> None:
        from tf2_ros import Buffer, TransformListener

        # The first rule for a name wins, so "-r __node:=" of the command line does not rename this node; other
        # remappings (/tf:=tf) apply.
        node = rclpy.create_node(
            "tf_listener",
            context=owner.context,
            cli_args=["--ros-args", "-r", f"__node:={owner.get_name()}_tf_listener"],
            start_parameter_services=False,
        )
        self.buffer: Any = Buffer(cache_time=Duration(seconds=kept))
        """tf2_ros.Buffer."""
        self._listener = TransformListener(Filler(self.buffer), node)
        self._spinning = OwnThread(node, "tf", failed)

    def close(self) -> None:
        """End the thread and destroy its node."""
        self._spinning.close()


def tf_listener(owner: Node, failed: Callable[[Exception], object], kept: float = KEPT) -> TfListener | None:
    """A listener for ``owner``, or None where tf2_ros is not installed; arguments as of ``TfListener``."""
    try:
        return TfListener(owner, failed, kept)
    except ImportError:
        return None
