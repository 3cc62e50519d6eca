"""The newest transforms of tf messages, for trackers that publish people as frames of tf.

tf2 answers where a frame was at a time; here the transforms are the measurement itself: one message is one step, live
and in a bag, without tf2_ros. A tree may be late, stop, or have a loop; then a frame has no place.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from transforms3d.quaternions import quat2mat

from usdrl_model.errors.shown import NAME, cut, showable
from usdrl_ros.inputs.adapter import Context
from usdrl_ros.inputs.common import frame_name

FRAMES = 4096
"""Frames that are remembered; those of people have new names all the time."""
STALE = 0.5
"""Seconds after which the transform of a frame that no longer comes is no measurement."""


@dataclass(frozen=True, slots=True)
class Link:
    """The transform of a frame to its parent."""

    parent: str
    matrix: np.ndarray
    """(4, 4), metres."""
    stamp: Time
    seconds: float
    """The stamp in seconds; NaN: it holds at all times."""


class TransformTree:
    """Frames and their parents."""

    def __init__(self) -> None:
        self._links: OrderedDict[str, Link] = OrderedDict()

    def add(self, message: Any, context: Context, *, static: bool = False) -> None:
        """Take the transforms of a tf2_msgs/TFMessage; those that are none are left out, with a warning."""
        for one in message.transforms:
            child, parent = frame_name(one.child_frame_id), frame_name(one.header.frame_id)
            moved, turned = one.transform.translation, one.transform.rotation
            numbers = (moved.x, moved.y, moved.z, turned.w, turned.x, turned.y, turned.z)
            length = math.hypot(*numbers[3:]) if all(map(math.isfinite, numbers)) else 0.0
            if not (length > 1e-3 and child and parent and child != parent and showable(child) and showable(parent)):
                context.warn("transform", f"left out a transform that is none, of frame {cut(child, NAME)}")
                continue
            matrix = np.eye(4)
            matrix[:3, :3], matrix[:3, 3] = quat2mat(np.array(numbers[3:]) / length), numbers[:3]
            stamp = one.header.stamp
            seconds = math.nan if static else stamp.sec + stamp.nanosec * 1e-9
            self._links[child] = Link(parent, matrix, stamp, seconds)
            self._links.move_to_end(child)
        while len(self._links) > FRAMES:
            # What holds at all times came once, and will not come again.
            moving = (name for name, link in self._links.items() if not math.isnan(link.seconds))
            del self._links[next(moving, next(iter(self._links)))]

    def link(self, frame: str) -> Link | None:
        """The newest transform of a frame to its parent."""
        return self._links.get(frame)

    def places(self, frames: Iterable[str], root: str, now: float, troubles: dict[str, str]) -> dict[str, np.ndarray]:
        """Positions (3,), metres, of frames in the frame ``root``, of those that have one.

        Args:
            frames: names.
            root: name.
            now: seconds, to tell which transforms are too old.
            troubles: takes kind -> text of what is wrong with others.
        """
        known: dict[str, np.ndarray | None] = {root: np.eye(4)}
        found = {frame: self._pose(frame, known, now, troubles) for frame in frames}
        return {frame: pose[:3, 3] for frame, pose in found.items() if pose is not None}

    def _pose(
        self, frame: str, known: dict[str, np.ndarray | None], now: float, troubles: dict[str, str]
    ) -> np.ndarray | None:
        chain: dict[str, Link] = {}
        at = frame
        while at not in known:
            link = self._links.get(at)
            if at in chain:
                troubles["tf_loop"] = f"expected a tree of frames, got a loop with {at} in it: stop one publisher of it"
            elif link is None:
                troubles["no_path"] = (
                    f"expected transforms from {frame} up to {next(iter(known))}, got none of {at}: publish it, or set"
                    " frame_id to a frame above it"
                )
            elif abs(link.seconds - now) > STALE:  # False for those that hold at all times
                troubles["stale"] = (
                    f"expected transforms of now, got one of {at} from {now - link.seconds:.1f} s ago: is its publisher"
                    " still running, with the same clock?"
                )
            else:
                chain[at], at = link, link.parent
                continue
            known[at] = None
        pose = known[at]
        for one, link in reversed(chain.items()):
            pose = known[one] = None if pose is None else pose @ link.matrix
        return pose
