"""Skeleton messages for tests, any layout, and what the adapters make of them."""

import functools

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from builtin_interfaces.msg import Time  # noqa: E402
from sensor_msgs.msg import PointField  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from visualization_msgs.msg import Marker  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.inputs.options import values  # noqa: E402
from usdrl_ros.messages.point_cloud import create_cloud, dtype_from_fields  # noqa: E402

KINECT = topology("kinect_v2_25")
HEADER = Header(stamp=Time(sec=12, nanosec=500_000_000), frame_id="camera")
FLOATS = [PointField.FLOAT32, PointField.FLOAT64]
INTEGERS = range(PointField.INT8, PointField.UINT32 + 1)


def fields(xyz=PointField.FLOAT32, track_id=None, joint=None, confidence=None, first_offset=0):
    types = {"x": xyz, "y": xyz, "z": xyz, "confidence": confidence, "joint": joint, "track_id": track_id}
    result, offset = [], first_offset
    for name, datatype in types.items():
        if datatype is not None:
            result.append(PointField(name=name, offset=offset, datatype=datatype, count=1))
            offset += {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 8: 8}[datatype]
    return result


def cloud(layout, people=1, ids=None, **columns):
    """A cloud whose joints are numbered through: x = 0, 1, 2, ... over all people."""
    points = np.zeros(25 * people, dtype_from_fields(layout))
    points["x"] = np.arange(25 * people)
    for name, column in {
        "joint": np.tile(np.arange(25), people),
        "track_id": np.repeat(ids if ids is not None else np.arange(people), 25),
        "confidence": 1.0,
        **columns,
    }.items():
        if name in (points.dtype.names or ()):
            points[name] = column
    return create_cloud(HEADER, layout, points)


loaded = functools.cache(registry.load)


def decode(message, kind="point_cloud", person_id="me", joints=KINECT, **context):
    """What the adapter ``kind`` makes of a message."""
    given = Context(topology=joints, person_id=person_id, **context)
    return loaded(kind).decoder(given)(message, given)


def several(kind, joints, options=None, **context):
    """An adapter that reads several topics: a function (topic, message) -> what it makes of it."""
    topics, adapter = FurtherTopics(), loaded(kind)
    given = Context(
        topology=joints, subscribe=topics.subscribe, options=values(adapter.options, options or {}),
        topic=context.pop("topic", "/humans/bodies/tracked"), **context,
    )  # fmt: skip
    main = adapter.decoder(given)

    def give(topic, message):
        route = next((one for one in topics.routes if one.topic == topic), None)
        return (main if route is None else route.decode)(message, given)

    give.topics = topics
    return give


def refusal(message, kind="point_cloud"):
    with pytest.raises(InputError) as error:
        decode(message, kind)
    assert "expected" in str(error.value) and "got" in str(error.value)
    return error.value.kind


def marker(id_, x=1.0, action=Marker.ADD, header=HEADER, space="", shape=Marker.SPHERE):
    result = Marker(header=header, ns=space, id=id_, action=action, type=shape)
    result.pose.position.x = x
    return result
