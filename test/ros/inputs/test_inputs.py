"""Messages in, people out, and a named reason for every message that is no people."""

import re
import time
from array import array

import numpy as np
import pytest
from helpers.paths import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import Point, Pose, PoseArray  # noqa: E402
from helpers.messages import FLOATS, HEADER, INTEGERS, cloud, decode, fields, marker, refusal  # noqa: E402
from sensor_msgs.msg import PointCloud2, PointField  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs.common import (  # noqa: E402
    InputError,  # noqa: E402
    ros_time,
    seconds,
)
from usdrl_ros.messages.point_cloud import create_cloud, dtype_from_fields  # noqa: E402


@pytest.mark.parametrize("xyz", FLOATS)
@pytest.mark.parametrize("number", INTEGERS)
def test_a_cloud_of_any_number_types(xyz, number):
    message = cloud(fields(xyz, number, number, xyz, first_offset=3), people=2, ids=[7, 5])
    source = decode(message)
    assert (source.frame.stamp, source.frame_id, source.stamp) == (12.5, "camera", HEADER.stamp)
    five, seven = source.frame.people
    assert (five.id, seven.id) == ("5", "7")
    np.testing.assert_array_equal(five.joints[:, 0], np.arange(25, 50))
    np.testing.assert_array_equal(seven.joints[:, 0], np.arange(25))
    np.testing.assert_array_equal(five.confidence, 1.0)


def test_a_cloud_of_the_other_byte_order():
    message = cloud(fields(track_id=PointField.UINT32, joint=PointField.UINT16))
    swapped = np.frombuffer(message.data, dtype_from_fields(message.fields)).byteswap()
    message.data = array("B", swapped.tobytes())
    message.is_bigendian = not message.is_bigendian
    (person,) = decode(message).frame.people
    np.testing.assert_array_equal(person.joints[:, 0], np.arange(25))


def test_points_in_any_order_and_joints_that_are_missing():
    layout = fields(track_id=PointField.UINT8, joint=PointField.UINT8, confidence=PointField.FLOAT32)
    points = np.zeros(2, dtype_from_fields(layout))
    points["joint"], points["x"], points["confidence"] = [24, 3], [1.0, 2.0], [0.5, 0.75]
    (person,) = decode(create_cloud(HEADER, layout, points)).frame.people
    assert person.joints[24, 0] == 1.0
    assert person.joints[3, 0] == 2.0
    assert np.isnan(np.delete(person.joints, [3, 24], axis=0)).all()
    assert person.confidence[3] == 0.75
    assert person.confidence.sum() == 1.25


def test_without_joint_the_order_is_that_of_the_topology():
    interleaved = np.array([3, 1] * 25)
    message = cloud(fields(track_id=PointField.INT32), people=2, track_id=interleaved)
    one, three = decode(message).frame.people
    assert (one.id, three.id) == ("1", "3")
    np.testing.assert_array_equal(one.joints[:, 0], np.arange(1, 50, 2))
    np.testing.assert_array_equal(three.joints[:, 0], np.arange(0, 50, 2))


def test_without_track_id():
    assert [person.id for person in decode(cloud(fields(), people=3)).frame.people] == ["0", "1", "2"]
    assert [person.id for person in decode(cloud(fields(joint=PointField.INT8))).frame.people] == ["me"]


def test_an_empty_cloud_is_nobody():
    assert decode(PointCloud2(header=HEADER)).frame.people == ()
    assert decode(cloud(fields(), people=0)).frame.stamp == 12.5


def test_other_fields_are_ignored():
    message = cloud([*fields(), PointField(name="rgb", offset=12, datatype=PointField.UINT32, count=1)])
    assert len(decode(message).frame.people) == 1


def test_coordinates_that_are_not_finite_are_missing_joints():
    message = cloud(fields(), y=[np.nan, np.inf, -np.inf] + [0.0] * 22)
    (person,) = decode(message).frame.people
    assert (~np.isfinite(person.joints).all(axis=1)).sum() == 3


def _without_z(message):
    message.fields = [field for field in message.fields if field.name != "z"]


def _integer_x(message):
    message.fields[0].datatype = PointField.INT32


def _unknown_type(message):
    message.fields[1].datatype = 77


def _two_x(message):
    message.fields[0].count = 2


def _no_step(message):
    message.point_step = 0


def _short_rows(message):
    message.height, message.width, message.row_step = 5, 5, 3


def _half_the_data(message):
    message.data = message.data[: len(message.data) // 2]


def _no_data(message):
    message.data = array("B")


def _huge(message):
    message.width = message.height = 2**32 - 1
    message.row_step = 0


def _offset_outside(message):
    message.fields[2].offset = 2**31


def _twice_the_same_field(message):
    message.fields = [*message.fields, message.fields[0]]


def _other_field_outside(message):
    message.fields = [*message.fields, PointField(name="rgb", offset=500, datatype=PointField.UINT32, count=1)]


def _zero_stamp(message):
    message.header.stamp = Time()


def _negative_stamp(message):
    message.header.stamp = Time(sec=-5)


def _nanoseconds_of_two_seconds(message):
    message.header.stamp = Time(sec=12, nanosec=2_000_000_000)


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (_without_z, "missing_field"),
        (_integer_x, "field_type"),
        (_unknown_type, "field_type"),
        (_two_x, "field_type"),
        (_no_step, "layout"),
        (_short_rows, "layout"),
        (_half_the_data, "layout"),
        (_no_data, "layout"),
        (_huge, "layout"),
        (_offset_outside, "layout"),
        (_twice_the_same_field, "layout"),
        (_other_field_outside, "layout"),
        (_zero_stamp, "zero_stamp"),
        (_negative_stamp, "zero_stamp"),
        (_nanoseconds_of_two_seconds, "nanosec"),
    ],
)
def test_a_spoiled_cloud_is_refused_by_name(spoil, kind):
    message = cloud(fields(track_id=PointField.UINT32, joint=PointField.UINT16))
    message.header = Header(stamp=Time(sec=12), frame_id="camera")
    spoil(message)
    assert refusal(message) == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (lambda: cloud(fields(joint=PointField.UINT8), joint=25), "joint_range"),
        (lambda: cloud(fields(joint=PointField.INT8), joint=-1), "joint_range"),
        (lambda: cloud(fields(joint=PointField.INT8), joint=0), "duplicate_joint"),
        (lambda: cloud(fields(track_id=1, joint=1), people=2, track_id=4), "duplicate_joint"),
        (lambda: cloud(fields(track_id=1), people=2, track_id=4), "joint_count"),
        (lambda: cloud(fields(track_id=1), track_id=np.arange(25)), "joint_count"),
        (lambda: cloud(fields(), people=65), "too_many_people"),
    ],
)
def test_people_that_cannot_be(message, kind):
    assert refusal(message()) == kind


def test_a_count_that_fits_no_topology():
    layout = fields()
    assert refusal(create_cloud(HEADER, layout, np.zeros(26, dtype_from_fields(layout)))) == "joint_count"


@settings(max_examples=300)
@given(data=st.data())
def test_no_cloud_does_more_than_be_refused(data):
    small = st.integers(0, 40)
    names = st.sampled_from(["x", "y", "z", "track_id", "joint", "confidence", "", "rgb"])
    layout = data.draw(
        st.lists(
            st.builds(
                PointField,
                name=names,
                offset=small,
                datatype=st.integers(0, 10),
                count=st.integers(0, 3),
            ),
            max_size=7,
        )
    )
    if data.draw(st.booleans()):
        layout = [*fields(), *layout]
    message = PointCloud2(
        header=HEADER,
        height=data.draw(st.integers(0, 2)),
        width=data.draw(st.integers(0, 25)),
        fields=layout,
        is_bigendian=data.draw(st.booleans()),
        point_step=data.draw(small),
        row_step=data.draw(st.integers(0, 1000)),
        data=array("B", data.draw(st.binary(max_size=8)) * data.draw(st.integers(0, 250))),
    )
    try:
        source = decode(message)
    except InputError:
        return
    assert all(person.joints.shape == (25, 3) for person in source.frame.people)


def test_markers_are_bodies_times_100_plus_joint():
    later = Header(stamp=Time(sec=13), frame_id="camera")
    message = MarkerArray(markers=[marker(203, 5.0), marker(0, 6.0, header=later), marker(224, 7.0)])
    source = decode(message, "marker_array")
    assert source.frame.stamp == 13.0
    zero, two = source.frame.people
    assert (zero.id, two.id) == ("0", "2")
    assert zero.joints[0, 0] == 6.0
    assert (two.joints[3, 0], two.joints[24, 0]) == (5.0, 7.0)
    assert np.isfinite(two.joints).all(axis=1).sum() == 2


def test_markers_that_delete_are_ignored():
    gone = [marker(999, action=Marker.DELETEALL), marker(50, action=Marker.DELETE)]
    assert decode(MarkerArray(markers=gone), "marker_array") is None
    assert decode(MarkerArray(), "marker_array") is None
    (person,) = decode(MarkerArray(markers=[*gone, marker(3)]), "marker_array").frame.people
    assert person.id == "0"


def test_joints_in_a_list_of_points_are_told_of():
    told = []
    listed = Marker(header=HEADER, type=Marker.SPHERE_LIST, points=[Point(x=1.0)] * 25)
    line = Marker(header=HEADER, id=1, type=Marker.LINE_LIST)
    context = {"warn": lambda kind, text: told.append(kind)}
    for markers in ([listed, marker(3)], [line], []):
        decode(MarkerArray(markers=markers), "marker_array", **context)
    assert not told
    assert decode(MarkerArray(markers=[listed, line]), "marker_array", **context) is None
    assert told == ["no_joints"]


def test_a_slash_before_the_name_of_a_frame_is_left_out():
    slashed = Header(stamp=HEADER.stamp, frame_id="/camera")
    empty = cloud(fields(track_id=PointField.UINT32, joint=PointField.UINT8), people=0)
    empty.header = slashed
    poses = PoseArray(header=slashed, poses=[Pose()] * 25)
    markers = MarkerArray(markers=[marker(3, header=slashed)])
    for message, kind in ((empty, "point_cloud"), (poses, "pose_array"), (markers, "marker_array")):
        assert decode(message, kind).frame_id == "camera"


@pytest.mark.parametrize(
    ("markers", "kind"),
    [
        ([marker(25)], "joint_range"),
        ([marker(-1)], "joint_range"),
        ([marker(3), marker(3)], "duplicate_joint"),
        ([marker(3), marker(4, header=Header(stamp=HEADER.stamp, frame_id="other"))], "mixed_frames"),
        ([marker(3, header=Header(frame_id="camera"))], "zero_stamp"),
        ([marker(100 * body) for body in range(65)], "too_many_people"),
    ],
)
def test_markers_that_are_refused(markers, kind):
    assert refusal(MarkerArray(markers=markers), "marker_array") == kind


def test_poses_are_one_person():
    poses = PoseArray(header=HEADER, poses=[Pose() for _ in range(25)])
    poses.poses[3].position.y = 1.5
    (person,) = decode(poses, "pose_array").frame.people
    assert person.id == "me"
    assert person.joints[3, 1] == 1.5
    assert decode(PoseArray(header=HEADER), "pose_array").frame.people == ()
    assert refusal(PoseArray(header=HEADER, poses=[Pose()] * 24), "pose_array") == "joint_count"
    assert refusal(PoseArray(header=Header(), poses=[]), "pose_array") == "zero_stamp"


def test_every_kind_of_refusal_is_documented():
    root = ROOT
    code = "".join(
        path.read_text()
        for path in [*root.glob("usdrl_ros/inputs/*.py"), root / "usdrl_ros/inputs/coordinate_frames.py"]
    )
    table = (root / "docs/topics.md").read_text().split("| kind | reason |")[1].split("\n\n")[0]
    kinds = set(re.findall(r'(?:InputError\(\s*|troubles\[)"(\w+)"', code))
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert kinds == {kind for row in rows for kind in re.findall(r"`(\w+)`", row)}


@given(st.integers(1, 2**31 - 1), st.integers(0, 999_999_999))
def test_stamps_survive_the_way_through_float_seconds(sec, nanosec):
    back = ros_time(seconds(Time(sec=sec, nanosec=nanosec)))
    assert abs((back.sec - sec) * 1_000_000_000 + back.nanosec - nanosec) <= 250


def test_a_room_full_of_people_is_read_in_no_time():
    message = cloud(fields(track_id=PointField.UINT32, joint=PointField.UINT16), people=6)
    decode(message)  # the first one loads the adapter
    start = time.perf_counter()
    for _ in range(100):
        decode(message)
    assert (time.perf_counter() - start) / 100 < 3e-3


@pytest.mark.parametrize("frame_id", ["camera\n[INFO] all is well", "\x1b[2J", "x" * 2_000_000])
def test_a_frame_that_cannot_be_shown_is_refused_in_few_words(frame_id):
    message = PoseArray(header=Header(stamp=HEADER.stamp, frame_id=frame_id))
    with pytest.raises(InputError) as caught:
        decode(message, "pose_array", joints=topology("kinect_v2_25"))
    assert caught.value.kind == "frame_id"
    assert str(caught.value).isprintable() and len(str(caught.value)) < 300
