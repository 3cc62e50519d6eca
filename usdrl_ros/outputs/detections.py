"""People and their actions for vision_msgs, where it is installed: ``Detection3DArray``, and ``LabelInfo`` beside it.

The ``class_id`` of a detection is the label itself; the ``LabelInfo`` lists the labels that there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.online.state import StreamState
from usdrl_ros.messages.types import installed
from usdrl_ros.outputs.result import Result

LABELS = "actions/label_info"


def message_type() -> Any:
    """Of ``detections``; None where vision_msgs is not installed."""
    return installed("vision_msgs/msg/Detection3DArray")


def label_info_type() -> Any:
    """Of ``LabelInfo``; None where vision_msgs is not installed."""
    return installed("vision_msgs/msg/LabelInfo")


def detections(state: StreamState, header: Header, to_published: Callable[[Any], np.ndarray]) -> Any:
    """One detection per person: id, bounding box of the joints, one hypothesis per active action, highest score first.

    Candidates could not be told from actions there. Nobody where joints are in a picture, because a box needs a place.
    """
    from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

    array = Detection3DArray(header=header)
    for person in () if state.flat else state.people:
        joints = to_published(person.joints)
        joints = joints[np.isfinite(joints).all(axis=1)]
        if not len(joints):
            continue
        detection = Detection3D(header=header, id=person.id)
        low, high = joints.min(axis=0), joints.max(axis=0)
        centre, size = detection.bbox.center.position, detection.bbox.size
        centre.x, centre.y, centre.z = ((low + high) / 2.0).tolist()
        size.x, size.y, size.z = (high - low).tolist()
        detection.bbox.center.orientation.w = 1.0
        active = [action for action in person.actions if action.active]
        for action in sorted(active, key=lambda one: -one.score):
            result = ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = action.label, float(action.score)
            result.pose.pose = detection.bbox.center
            detection.results.append(result)
        array.detections.append(detection)
    return array


class LabelInfo:
    """Publishes the labels and the threshold (``vision_msgs/LabelInfo``), latched, whenever they change.

    Args:
        publisher: of ``label_info_type``.
        known: the labels, and the score at which an action starts.
        destroy: ends the publisher.
    """

    def __init__(
        self, publisher: Any, known: Callable[[], tuple[Sequence[str], float]], destroy: Callable[[Any], object]
    ) -> None:
        self._publisher, self._known, self._destroy = publisher, known, destroy
        self._told: tuple[tuple[str, ...], float] | None = None
        self._tell(Header())

    def publish(self, result: Result, header: Header) -> None:
        """Publish the labels if they have changed: a gesture was enrolled, or a threshold was set."""
        self._tell(header)

    def heartbeat(self, header: Header) -> None:
        """As ``publish``, while nobody is seen or nothing is heard."""
        self._tell(header)

    def destroy(self) -> None:
        """Destroy the publisher."""
        self._destroy(self._publisher)

    def _tell(self, header: Header) -> None:
        from vision_msgs.msg import LabelInfo as Message
        from vision_msgs.msg import VisionClass

        labels, threshold = self._known()
        if (tuple(labels), threshold) == self._told:
            return
        self._told = tuple(labels), threshold
        classes = [VisionClass(class_id=number, class_name=label) for number, label in enumerate(labels)]
        self._publisher.publish(Message(header=header, class_map=classes, threshold=float(threshold)))
