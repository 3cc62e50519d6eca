"""People and their actions as ``vision_msgs/Detection3DArray``, if vision_msgs is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from std_msgs.msg import Header

from usdrl_model.online.state import StreamState


def message_type() -> Any:
    """``vision_msgs.msg.Detection3DArray``, or None if vision_msgs is not installed."""
    try:
        from vision_msgs.msg import Detection3DArray
    except ImportError:
        return None
    return Detection3DArray


def detections(state: StreamState, header: Header, to_published: Callable[[Any], np.ndarray]) -> Any:
    """One detection per person: id, bounding box of the joints, one hypothesis per action, highest score first."""
    from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose

    array = Detection3DArray(header=header)
    for person in state.people:
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
        for action in person.actions:
            result = ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = action.label, float(action.score)
            result.pose.pose = detection.bbox.center
            detection.results.append(result)
        array.detections.append(detection)
    return array
