"""No message costs more than its size: what it declares is checked before anything is done with it."""

import time
import tracemalloc
from array import array

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import Point, Pose, PoseArray  # noqa: E402
from helpers.messages import HEADER, cloud, decode, fields, marker  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.deserialiser import Deserialiser  # noqa: E402
from usdrl_ros.messages.point_cloud import dtype_from_fields, points_as  # noqa: E402

MOST = 2**32 - 1
LONGEST = 0.1
"""Seconds: a slot of the fastest inference."""


def _extra(message, **changes):
    field = PointField(name="extra", offset=0, datatype=PointField.UINT8, count=1)
    for name, value in changes.items():
        setattr(field, name, value)
    message.fields = [*message.fields, field]


def _many_fields(message):
    message.fields = [*message.fields, *(PointField(name=f"f{n}", datatype=7, count=3) for n in range(2000))]


def _of_x(**changes):
    def spoil(message):
        for name, value in changes.items():
            setattr(message.fields[0], name, value)

    return spoil


def _of_message(**changes):
    def spoil(message):
        for name, value in changes.items():
            setattr(message, name, value)

    return spoil


CLOUDS = {
    "count of a field that is not used": lambda message: _extra(message, count=MOST),
    "count of a field of no known type": lambda message: _extra(message, count=MOST, datatype=77),
    "count of 8 million": lambda message: _extra(message, count=8_000_000, datatype=PointField.FLOAT64),
    "offset of a field that is not used": lambda message: _extra(message, offset=MOST),
    "count of a field that is used": _of_x(count=MOST),
    "offset of a field that is used": _of_x(offset=MOST),
    "many fields": _many_fields,
    "point_step": _of_message(point_step=MOST),
    "no point_step": _of_message(point_step=0),
    "row_step": _of_message(row_step=MOST, height=2, width=12),
    "width": _of_message(width=MOST),
    "height": _of_message(height=MOST),
    "everything": _of_message(width=MOST, height=MOST, point_step=MOST, row_step=MOST),
    "points without size": _of_message(width=MOST, point_step=0, fields=[]),
    "no data": _of_message(data=array("B")),
}


def cost(function):
    """Seconds, and the bytes at the highest point, that ``function`` takes."""
    times = [time.perf_counter()]
    for _ in range(3):  # other processes may interrupt one
        function()
        times.append(time.perf_counter())
    seconds = float(np.diff(times).min())
    tracemalloc.start()
    try:
        function()
        return seconds, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def decoded(message, kind):
    """How the adapter ends: None, or the kind of its refusal."""
    try:
        decode(message, kind)
    except InputError as error:
        return error.kind
    return None


def check(message, kind, expected):
    # What arrives has gone through serialisation: a message that cannot be sent proves nothing.
    raw = serialize_message(message)
    arrived = deserialize_message(raw, type(message))
    assert decoded(arrived, kind) == expected
    seconds, memory = cost(lambda: decoded(arrived, kind))
    assert seconds < LONGEST
    assert memory < 100_000 + 20 * len(raw)


@pytest.mark.parametrize("lie", CLOUDS)
def test_a_cloud_that_declares_more_than_it_holds(lie):
    message = cloud(fields(track_id=PointField.UINT32, joint=PointField.UINT16))
    CLOUDS[lie](message)
    others = {
        "count of a field that is used": "field_type",
        "points without size": "missing_field",
        "many fields": None,  # all inside the point, and none of them is read
    }
    check(message, "point_cloud", others.get(lie, "layout"))


@pytest.mark.parametrize("lie", [lie for lie in CLOUDS if lie != "many fields"])
def test_such_a_cloud_has_no_points_either(lie):
    message = cloud(fields())
    CLOUDS[lie](message)

    def read():
        with pytest.raises(ValueError, match="expected"):
            points_as(message, dtype_from_fields(fields()))

    seconds, memory = cost(read)
    assert seconds < LONGEST
    assert memory < 1_000_000


def test_a_field_of_many_values_inside_the_point_costs_its_bytes():
    layout = [*fields(), PointField(name="features", offset=12, datatype=PointField.FLOAT32, count=2000)]
    step = 12 + 8000
    raw = np.zeros((25, step), np.uint8)
    raw[:, 8:12] = np.frombuffer(np.float32(2.0).tobytes(), np.uint8)
    message = PointCloud2(
        header=HEADER,
        height=1,
        width=25,
        fields=layout,
        point_step=step,
        row_step=25 * step,
        data=array("B", raw.tobytes()),
    )
    check(message, "point_cloud", None)


@pytest.mark.parametrize("names", [{}, {"track_id": PointField.UINT32}, {"joint": PointField.UINT8}])
def test_a_depth_camera_on_the_topic_of_the_tracker(names):
    people = 300_000 // 25
    check(cloud(fields(**names), people=people, ids=range(people)), "point_cloud", "too_many_people")


def test_markers_of_more_bodies_than_are_tracked():
    message = MarkerArray(markers=[marker(100 * body) for body in range(20_000)])
    check(message, "marker_array", "too_many_people")
    check(MarkerArray(markers=[marker(2**31 - 1), marker(-(2**31))]), "marker_array", "joint_range")


def test_more_poses_than_joints():
    check(PoseArray(header=HEADER, poses=[Pose()] * 50_000), "pose_array", "joint_count")


def _line(points):
    line = marker(5, shape=Marker.LINE_LIST)
    line.points = [Point()] * points
    return line


def refused(data, kind):
    """Kind of the refusal of bytes, by which nothing was made of them."""
    deserialiser = Deserialiser(registry.find(kind).message_type)
    with pytest.raises(InputError) as error:
        deserialiser(data)
    seconds, memory = cost(lambda: pytest.raises(InputError, deserialiser, data))
    assert seconds < LONGEST
    assert memory < 100_000
    return error.value.kind


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("marker_array", lambda: MarkerArray(markers=[marker(5)] * 20_000)),
        ("marker_array", lambda: MarkerArray(markers=[_line(100_000)])),
        ("marker_array", lambda: MarkerArray(markers=[_line(500)] * 100)),
        ("pose_array", lambda: PoseArray(header=HEADER, poses=[Pose()] * 50_000)),
        ("point_cloud", lambda: PointCloud2(header=HEADER, fields=fields() * 30_000)),
    ],
    ids=["markers", "places of a line", "lines", "poses", "fields"],
)
def test_what_would_take_long_to_make_objects_of_is_refused_before(kind, message):
    assert refused(bytes(serialize_message(message())), kind) == "too_many_parts"


def test_people_as_many_as_are_tracked_are_made_objects_of():
    message = MarkerArray(markers=[marker(100 * body + joint) for body in range(64) for joint in range(32)])
    assert Deserialiser(MarkerArray)(bytes(serialize_message(message))) == message
    depth = cloud(fields(), people=12_000)
    assert Deserialiser(PointCloud2)(bytes(serialize_message(depth))) == depth


@pytest.mark.parametrize("kind", ["point_cloud", "marker_array", "pose_array"])
def test_bytes_that_are_no_message_are_refused(kind):
    for data in (b"", b"\0\1\0\0", b"\0\1\0\0" + b"\xff" * 60, b"\x77" * 40):
        assert refused(data, kind) == "malformed"


def test_bytes_of_markers_of_foxy_are_of_another_distribution():
    message = marker(3)
    message.texture_resource = "texture"
    raw = bytes(serialize_message(MarkerArray(markers=[message])))
    # They end with text, mesh_resource and a boolean, where later ones go on with texture_resource.
    foxy = raw[: raw.index(b"\x08\0\0\0texture")] + b"\1\0\0\0\0\0\0\0" * 2
    assert refused(foxy, "marker_array") == "other_distribution"
