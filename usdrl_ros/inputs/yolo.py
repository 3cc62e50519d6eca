"""yolo_msgs/DetectionArray of yolo_ros with depth (``detections_3d``): COCO keypoints, those that are seen.

Keypoints are numbered from 1. Their frame is in a field of their own, not in the header. A keypoint without depth is at
the place of the camera, in whatever frame; several such keypoints of a person share their place exactly, which joints
never do, and so it is known for one that is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter, Context
from usdrl_ros.inputs.common import InputError, SourceFrame, numbered

TRACKING = "start yolo_ros with use_tracking:=True"


class Detections:
    """Reads the messages of one source.

    Args:
        context: of the source.
    """

    def __init__(self, context: Context) -> None:
        self._camera = np.empty((0, 3))
        """(n, 3) where keypoints without depth were last."""

    def __call__(self, message: Any, context: Context) -> SourceFrame:
        """The people of a message.

        Raises:
            InputError: ``mixed_frames``, ``no_ids``, ``joint_range``, ``duplicate_joint``, ``zero_stamp``,
                ``frame_id``.
        """
        _tell_of_boxes(message.detections, context)
        people = [one for one in message.detections if one.keypoints3d.data]
        if not people and any(one.keypoints.data for one in message.detections):
            context.warn(
                "flat",
                "keypoints without depth: start yolo_ros with use_3d:=True and listen to detections_3d, or set"
                " input_type: yolo_2d with a depth image",
            )
        frames = {one.keypoints3d.frame_id for one in people}
        if len(frames) > 1:
            raise InputError(
                "mixed_frames",
                f"expected all keypoints of a message in one frame, got {cut(sorted(frames), NAME)}: publish one array"
                " per frame",
            )
        frame_id = next(iter(frames), context.frame_id) or message.header.frame_id
        header = Header(stamp=message.header.stamp, frame_id=frame_id)
        ids = context.named([one.id for one in people], TRACKING)
        read = [_rows(one.keypoints3d.data, context, lambda at: (at.x, at.y, at.z)) for one in people]
        shared = np.concatenate([_shared(joints) for joints, _ in read]) if read else self._camera
        if len(shared):
            self._camera = shared
        for joints, _ in read:
            joints[(joints[:, None] == self._camera).all(axis=2).any(axis=1)] = np.nan
        return context.frame([Person(name, *joints) for name, joints in zip(ids, read, strict=True)], header)


def _shared(joints: np.ndarray) -> np.ndarray:
    """(n, 3) places at which several keypoints (V, 3) of one person are."""
    places, times = np.unique(joints[np.isfinite(joints).all(axis=1)], axis=0, return_counts=True)
    return places[times > 1]


def decode_2d(message: Any, context: Context) -> SourceFrame:
    """The people of a message of ``detections`` or ``tracking``, in the picture.

    Raises:
        InputError: ``no_ids``, ``joint_range``, ``duplicate_joint``, ``zero_stamp``, ``frame_id``.
    """
    _tell_of_boxes(message.detections, context)
    people = [one for one in message.detections if one.keypoints.data]
    found = []
    for name, one in zip(context.named([one.id for one in people], TRACKING), people, strict=True):
        joints, confidence = _rows(one.keypoints.data, context, lambda point: (point.x, point.y, np.nan))
        found.append(Person(name, joints, confidence))
    return context.frame(found, message.header)


def _tell_of_boxes(detections: Iterable[Any], context: Context) -> None:
    """Warn where there are people, and no keypoint of anybody: the usual models of yolo_ros find boxes alone."""
    found = [one for one in detections if one.class_name == "person"]
    if found and not any(one.keypoints.data or one.keypoints3d.data for one in found):
        context.warn(
            "no_keypoints", "people without keypoints: is the model of yolo_ros one of poses (yolov8m-pose.pt)?"
        )


def _rows(keypoints: Iterable[Any], context: Context, place: Callable[[Any], tuple[float, ...]]) -> Any:
    """Joints (V, 3) and confidence (V,) of keypoints, those that are seen."""
    return numbered(((one.id, place(one.point), one.score) for one in keypoints), len(context.topology.joints), first=1)


INSTALL = "build yolo_msgs of github.com/mgonzs13/yolo_ros"
ADAPTER = Adapter(
    message="yolo_msgs/msg/DetectionArray",
    version=1,
    decode=Detections,
    text="yolo_ros with depth",
    topologies=("coco_17",),
    units="m",
    install=INSTALL,
)
PLANE = Adapter(
    message="yolo_msgs/msg/DetectionArray",
    version=1,
    decode=decode_2d,
    text="yolo_ros: keypoints in the picture, with depth",
    topologies=("coco_17",),
    plane="pixels",
    install=INSTALL,
)
