"""Joints in a picture -> joints in space, with the depth image of the same instant.

The decoder of a source whose joints are places in a picture is wrapped: it gives those, and this one waits for the
depth image that belongs to them. Images are matched by their stamps, whatever comes first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context, Decode
from usdrl_ros.inputs.common import InputError, SourceFrame
from usdrl_ros.inputs.depth_image import DepthImage
from usdrl_ros.inputs.depth_images import APART, DepthImages, Measured
from usdrl_ros.inputs.held_places import HeldPlaces
from usdrl_ros.inputs.in_picture import InPicture
from usdrl_ros.inputs.lens import Lens, is_rectified

SAME = 0.002
"""Seconds between stamps of one instant."""
LATE = 0.5
"""Seconds, by stamps, for which a skeleton waits for its depth image."""
WAITING = 64
"""Skeletons that wait, at most."""
SLOWEST = 10.0
"""Seconds by which a skeleton may come after its picture; more is another clock."""
REACH = 1.0
"""Metres from the middle depth of the body to a joint, at most."""


def decoder(
    name: str,
    adapter: Adapter,
    context: Context,
    depth_topic: str,
    camera_info_topic: str,
    picture_size: tuple[float, ...] = (0.0, 0.0),
) -> Decode:
    """The decoder of an adapter, which lifts joints of a picture where there is depth, and leaves them flat elsewhere.

    Args:
        name: of the adapter.
        adapter: whose messages are read.
        context: of the source.
        depth_topic: of the depth images; empty: none.
        camera_info_topic: of the camera whose picture the joints are in; empty: none.
        picture_size: its width and height, pixels; zeros: from the camera info.

    Raises:
        ValueError: a joint set or topics that do not fit; the message says what to set.
    """
    sized = any(picture_size)
    if not adapter.plane:
        if depth_topic or camera_info_topic or sized:
            raise ValueError(
                f"depth_topic: input_type {name} has depth of its own: leave it, camera_info_topic and picture_size out"
            )
        return adapter.decoder(context)
    if sized and (min(picture_size) <= 0.0 or depth_topic):
        raise ValueError(
            f"picture_size: expected the width and height of a picture in pixels, without depth_topic, got"
            f" {list(picture_size)}{' and depth_topic' if depth_topic else ''}"
        )
    if (depth_topic and not camera_info_topic) or not (depth_topic or camera_info_topic or sized):
        raise ValueError(
            f"input_type {name}: its joints are in the picture, without depth: set depth_topic (a depth image,"
            " registered to that picture) and camera_info_topic; or, for weights that need no depth (hri_2d),"
            " camera_info_topic or picture_size alone"
        )
    if not depth_topic:
        return InPicture(adapter, context, camera_info_topic, picture_size)
    return Lifting(adapter, context, depth_topic, camera_info_topic)


class Lifting(InPicture):
    """Reads the messages of a source, with depth; arguments and errors as of ``decoder``.

    A call gives the oldest people whose depth image is there, None as long as it is not; beside the errors of the
    decoder it raises ``InputError`` of ``no_depth``, ``no_camera_info``, ``camera_info``, ``depth_size`` and
    ``depth_units``.
    """

    def __init__(self, adapter: Adapter, context: Context, depth_topic: str, camera_info_topic: str) -> None:
        self._depths = DepthImages()
        self._places = HeldPlaces()
        self._waiting: deque[SourceFrame] = deque(maxlen=WAITING)
        self._rectified = is_rectified(depth_topic, camera_info_topic)
        context.subscribe(depth_topic, "sensor_msgs/msg/Image", self._depth, depth=5)
        super().__init__(adapter, context, camera_info_topic)

    def _depth(self, message: Any, context: Context) -> SourceFrame | None:
        self._depths.add(message)
        return self._settle(None, context)

    def _settle(self, flat: SourceFrame | None, context: Context) -> SourceFrame | None:
        if flat is not None:
            if self._waiting and flat.frame.stamp < self._waiting[-1].frame.stamp:
                self._waiting.clear()  # a bag loops
            self._waiting.append(flat)
        if not self._waiting:
            return None
        first = self._waiting[0]
        stamp, depth = first.frame.stamp, self._measured(first.frame.stamp)
        if first.frame.people and (depth is None or self._camera is None):
            oldest, newest = self._depths.span or (stamp, stamp)
            missed = depth is None and newest > stamp + APART  # it will not come: later ones are there
            if not missed and max(self._waiting[-1].frame.stamp, newest) - stamp < LATE:
                return None
            self._waiting.popleft()
            if depth is None and stamp <= self._depths.forgotten + APART and newest - stamp < SLOWEST:
                raise InputError("no_depth", _late(newest - stamp, newest - oldest))
            if depth is None:
                lacking = _lacking("a depth image", stamp, self._depths.off(stamp))
                raise InputError("no_depth", f"{lacking}; large ones are lost over best effort: see qos_overrides")
            raise InputError("no_camera_info", _lacking("camera info", stamp))
        self._waiting.popleft()
        if depth is None:  # nobody there, and nothing to lift
            return replace(first, frame=replace(first.frame, lifted=True))
        people = self._lifted(first.frame.people, depth.image, context) if first.frame.people else ()
        lifted = replace(first.frame, people=people, lifted=True)
        return SourceFrame(lifted, first.stamp, depth.frame_id or first.frame_id)

    def _measured(self, stamp: float) -> Measured | None:
        """The depth of this time: of the same instant, or the nearest once a later one is there."""
        nearest, span = self._depths.nearest(stamp), self._depths.span
        if nearest is None or span is None:
            return None
        return nearest if abs(nearest.stamp - stamp) <= SAME or span[1] >= stamp else None

    def _lifted(self, people: tuple[Person, ...], image: DepthImage, context: Context) -> tuple[Person, ...]:
        width, height = self._camera.width or image.width, self._camera.height or image.height
        image.check(width, height)
        lens = Lens.calibrated(self._camera, width, height, rectified=self._rectified)
        lift = partial(self._lift, image=image, lens=lens, size=(width, height), context=context)
        return tuple(self._places.step(person, partial(lift, person)) for person in people)

    def _lift(self, person: Person, image: DepthImage, lens: Lens, size: tuple[int, int], context: Context) -> Person:
        width, height = size
        pixels = self._pixels(person, width, height, context)
        found = [image.surfaces(u * image.width / width, v * image.height / height) for u, v in pixels]
        if not any(found):
            return replace(person, joints=np.full_like(person.joints, np.nan))
        body = float(np.median([surfaces[0] for surfaces in found if surfaces]))
        joints = np.full(person.joints.shape, np.nan)
        for joint, (surfaces, (u, v)) in enumerate(zip(found, pixels, strict=True)):
            # The nearest surface is the limb; what is far from the body is something before or behind it.
            z = next((depth for depth in surfaces if abs(depth - body) <= REACH), None)
            if z is not None:
                joints[joint] = (u - lens.cx) * z / lens.fx, (v - lens.cy) * z / lens.fy, z
        return replace(person, joints=joints)


def _lacking(what: str, stamp: float, got: str = "got none") -> str:
    return (
        f"expected {what} for stamp {stamp:.3f}, at most {APART:g} s apart, {got}: check depth_topic,"
        " camera_info_topic and their stamps"
    )


def _late(behind: float, kept: float) -> str:
    return (
        f"the skeletons come {behind:.1f} s after their picture, and the depth images of the last {kept:.1f} s"
        " are kept: make the tracker faster, or its pictures smaller"
    )
