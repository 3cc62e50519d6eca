"""hri_msgs/IdsList of REP-155 with the links of its bodies in tf: ``body_<id>``, ``torso_<id>``, ``l_wrist_<id>`` ...

The links are those of a kinematic model of a human. hri_body_detect measures hips, shoulders, wrists and ankles and
invents the rest: elbows and knees are solved for, neck and head stand still. Invented joints are marked as not seen,
unless the tracker measures them (``input.all_links``). Without them hardly any action can be told, but where
people are, whom they face and raised arms.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, check_people, frame_name
from usdrl_ros.inputs.options import Option
from usdrl_ros.inputs.tf_frames import MESSAGE, tell
from usdrl_ros.inputs.transform_tree import Link, TransformTree

BODY = "body"
"""The link at the hips, whose parent is the frame of the sensor."""
INVENTED = ("waist", "p_head", "head", "l_elbow", "r_elbow", "l_knee", "r_knee")
"""Links that hri_body_detect does not measure."""
INSTALL = "sudo apt install ros-<distro>-hri-msgs, or build github.com/ros4hri/hri_msgs"


class Links:
    """Reads the messages of one source.

    Args:
        context: of the source.

    Raises:
        ValueError: tf2_msgs is not installed.
    """

    def __init__(self, context: Context) -> None:
        self._root = frame_name(context.frame_id)
        self._tree = TransformTree()
        believed = context.options["all_links"]
        self._joints = [joint if believed or joint not in INVENTED else "" for joint in context.topology.joints]
        context.subscribe("/tf", MESSAGE, self._tree.add)
        context.subscribe("/tf_static", MESSAGE, partial(self._tree.add, static=True), latched=True)

    def __call__(self, message: Any, context: Context) -> SourceFrame:
        """Everybody in the list, where the newest transforms put them; nobody without a link ``body_<id>``.

        Raises:
            InputError: ``mixed_frames``, ``too_many_people``, ``zero_stamp``; ``tf_loop``, ``no_path``, ``stale``:
                nobody has a place.
        """
        check_people(len(message.ids))
        bodies = {one: link for one in message.ids if (link := self._tree.link(f"{BODY}_{one}")) is not None}
        if not bodies:
            if message.ids:
                context.warn("no_body", f"no transform of {BODY}_<id> for anybody tracked: does the tracker send tf?")
            return context.frame([], message.header)
        newest = max(bodies.values(), key=lambda link: link.seconds)
        root = self._root or _parent(bodies)
        troubles: dict[str, str] = {}
        people = []
        for one in bodies:
            frames = {f"{joint}_{one}": number for number, joint in enumerate(self._joints) if joint}
            present = {frame: number for frame, number in frames.items() if self._tree.link(frame) is not None}
            places = self._tree.places(present, root, newest.seconds, troubles)
            joints = np.full((len(self._joints), 3), np.nan)
            for frame, place in places.items():
                joints[present[frame]] = place
            if places:
                people.append(Person(one, joints))
        tell(troubles, context, refuse=not people)
        return context.frame(people, Header(stamp=newest.stamp, frame_id=root))


def _parent(bodies: dict[str, Link]) -> str:
    found = {link.parent for link in bodies.values()}
    if len(found) > 1:
        raise InputError(
            "mixed_frames",
            f"expected all bodies in one frame, got {cut(sorted(found), NAME)}: set frame_id to one above them",
        )
    return found.pop()


ADAPTER = Adapter(
    message="hri_msgs/msg/IdsList",
    version=1,
    decode=Links,
    text="REP-155: bodies as links in tf",
    topologies=("rep155_tf_links",),
    units="m",
    axes="body",
    options=(
        Option(
            name="all_links",
            default=False,
            text="True: the tracker measures all links; elbows, knees, neck and head are believed. False: hardly any"
            " action is told.",
        ),
    ),
    install=INSTALL,
)
