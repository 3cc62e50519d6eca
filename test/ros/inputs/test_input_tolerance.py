"""What trackers really publish: taken where it can mean one thing only, refused by name where it cannot."""

from array import array

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.messages import FLOATS, HEADER, INTEGERS, KINECT, cloud, decode, fields, marker, refusal  # noqa: E402
from sensor_msgs.msg import PointField  # noqa: E402
from visualization_msgs.msg import Marker, MarkerArray  # noqa: E402

from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.messages.point_cloud import create_cloud, dtype_from_fields, points_as  # noqa: E402

X = np.arange(50.0)


@pytest.mark.parametrize("number", [*INTEGERS, *FLOATS])
def test_ids_and_joints_are_whole_numbers_of_any_type(number):
    three, four = decode(cloud(fields(track_id=number, joint=number), people=2, ids=[4, 3])).frame.people
    assert (three.id, four.id) == ("3", "4")
    np.testing.assert_array_equal(three.joints[:, 0], X[25:])


@pytest.mark.parametrize("wrong", [1.5, np.nan, np.inf, 2.0**24])
@pytest.mark.parametrize("name", ["track_id", "joint"])
def test_floats_that_are_no_whole_numbers_are_refused(name, wrong):
    layout = fields(track_id=PointField.FLOAT32, joint=PointField.FLOAT32)
    message = cloud(layout)
    points = np.frombuffer(message.data, dtype_from_fields(layout)).copy()
    points[name][7] = wrong
    assert refusal(create_cloud(HEADER, layout, points)) == "field_value"


@pytest.mark.filterwarnings("error")
def test_a_nan_that_signals_is_missing_and_no_warning():
    message = cloud(fields(confidence=PointField.FLOAT32))
    raw = np.frombuffer(message.data, np.uint32).reshape(25, 4).copy()
    raw[7, :] = 0x7FA00000
    message.data = array("B", raw.tobytes())
    (person,) = decode(message).frame.people
    assert np.isnan(person.joints[7]).all() and np.isfinite(np.delete(person.joints, 7, 0)).all()
    assert np.isnan(person.confidence[7])


def _named(*names, size=16):
    layout = [*fields(), PointField(name="track_id", offset=12, datatype=PointField.UINT8, count=size)]
    people = len(names)
    message = cloud(fields(), people=people)
    raw = np.zeros((25 * people, 12 + size), np.uint8)
    raw[:, :12] = np.frombuffer(message.data, np.uint8).reshape(25 * people, 12)
    for index, name in enumerate(names):
        raw[25 * index : 25 * index + 25, 12 : 12 + len(name)] = np.frombuffer(name, np.uint8)
    message.fields, message.point_step, message.row_step = layout, 12 + size, raw.size
    message.data = array("B", raw.tobytes())
    return message


def test_a_track_id_may_be_a_text():
    anna, bob = decode(_named(b"bob", b"anna-01")).frame.people
    assert (anna.id, bob.id) == ("anna-01", "bob")
    np.testing.assert_array_equal(bob.joints[:, 0], X[:25])


@pytest.mark.parametrize("name", [b"", b"\xc3\xa9", b"a\nb", b"\x1b[2J"])
def test_a_text_that_is_none_is_refused(name):
    assert refusal(_named(name)) == "field_value"
    assert refusal(_named(b"bob", size=65)) == "field_type"


@pytest.mark.parametrize(
    ("datatype", "published", "taken"),
    [
        (PointField.FLOAT32, [0.0, 0.25, 1.0], [0.0, 0.25, 1.0]),
        (PointField.FLOAT32, [-1.0, np.nan, 1.25], [-1.0, np.nan, 1.25]),
        (PointField.UINT8, [0, 51, 255], [0.0, 0.2, 1.0]),
        (PointField.UINT8, [0, 1, 1], [0.0, 1.0, 1.0]),
        (PointField.INT32, [0, 1, 0], [0.0, 1.0, 0.0]),
    ],
)
def test_a_confidence_of_one_scale_only(datatype, published, taken):
    values = np.resize(np.array(published), 25)
    (person,) = decode(cloud(fields(joint=PointField.UINT8, confidence=datatype), confidence=values)).frame.people
    np.testing.assert_allclose(person.confidence, np.resize(np.array(taken), 25))


@pytest.mark.parametrize(
    ("datatype", "most"),
    [
        (PointField.FLOAT32, 87.0),  # percent
        (PointField.FLOAT32, np.inf),
        (PointField.UINT8, 2),  # a tracking state, or 2 of 100, or 2 of 255
        (PointField.UINT8, 100),
        (PointField.UINT16, 255),
        (PointField.INT8, 100),
    ],
)
def test_a_confidence_of_two_scales_is_refused(datatype, most):
    values = np.resize(np.array([0, most]), 25)
    assert refusal(cloud(fields(joint=PointField.UINT8, confidence=datatype), confidence=values)) == "field_value"


@pytest.mark.parametrize("swapped", [False, True])
def test_organised_clouds_with_padded_rows(swapped):
    layout = fields(track_id=PointField.UINT16, joint=PointField.UINT8)
    message = cloud(layout, people=2)
    points = np.frombuffer(message.data, dtype_from_fields(layout))
    rows = (points.byteswap() if swapped else points).reshape(5, 10)
    message.height, message.width, message.row_step = 5, 10, rows[0].nbytes + 7
    padded = b"".join(row.tobytes() + b"\xff" * 7 for row in rows)
    message.data = array("B", padded[:-7])  # nothing has to follow the last row
    message.is_bigendian ^= swapped
    zero, one = decode(message).frame.people
    np.testing.assert_array_equal(np.r_[zero.joints[:, 0], one.joints[:, 0]], X)
    np.testing.assert_array_equal(points_as(message, points.dtype)["x"], X)
    message.row_step -= 8
    assert refusal(message) == "layout"


def test_a_field_of_count_zero_holds_one_value():
    message = cloud(fields())
    for field in message.fields:
        field.count = 0
    assert len(decode(message).frame.people) == 1
    assert dtype_from_fields(message.fields).names == ("x", "y", "z")


def skeleton(body=0, space="", x=0.0):
    return [marker(100 * body + joint, x + joint, space=space) for joint in range(25)]


@pytest.mark.parametrize(
    "drawn",
    [
        [marker(0, space="", shape=Marker.TEXT_VIEW_FACING)],
        [marker(7, space="text", shape=Marker.TEXT_VIEW_FACING)],
        [marker(0, space="bones", shape=Marker.LINE_LIST), marker(1, space="bones", shape=Marker.LINE_STRIP)],
        [marker(99, space="box", shape=Marker.CUBE)],  # no joint has this number
        [marker(3, space="goal", shape=Marker.ARROW), marker(3, space="goal", action=Marker.DELETE)],
    ],
)
def test_what_is_drawn_beside_the_joints_is_ignored(drawn):
    for message in ([*drawn, *skeleton()], [*skeleton(), *drawn]):
        (person,) = decode(MarkerArray(markers=message), "marker_array").frame.people
        assert person.id == "0"
        np.testing.assert_array_equal(person.joints[:, 0], X[:25])


def test_every_body_may_have_a_namespace_of_its_own():
    message = MarkerArray(markers=[*skeleton(0, "anna"), *skeleton(3, "bob", 50.0)])
    zero, three = decode(message, "marker_array").frame.people
    assert (zero.id, three.id, zero.joints[4, 0], three.joints[4, 0]) == ("0", "3", 4.0, 54.0)


def test_namespaces_that_could_both_be_joints_are_refused():
    few = skeleton(0, "goals")[:3]
    assert refusal(MarkerArray(markers=[*skeleton(0, "people"), *few]), "marker_array") == "mixed_namespaces"


def test_namespaces_with_all_joints_of_one_body_are_people():
    context = Context(topology=KINECT)
    read = registry.load("marker_array").decoder(context)

    def people(*markers):
        return {one.id: one.joints[:, 0] for one in read(MarkerArray(markers=list(markers)), context).frame.people}

    anna, bob = skeleton(0, "anna"), skeleton(0, "bob", 50.0)
    both = people(*anna, *bob)
    assert both.keys() == {"anna", "bob"}
    np.testing.assert_array_equal([both["anna"], both["bob"]], [X[:25], X[:25] + 50.0])
    assert people(*bob).keys() == {"bob"}, "alone as well, once it is known"
    seen = people(*anna, *bob[:10])
    assert seen.keys() == {"anna", "bob"} and np.isfinite(seen["bob"]).sum() == 10
    assert people(*skeleton(0, "one"), *skeleton(3, "one")).keys() == {"0", "3"}


def test_ids_that_run_on_from_body_to_body_are_told_what_to_do():
    on = [marker(number, space="skeletons") for number in range(75)]
    with pytest.raises(InputError, match="ids that run on to 74: leave a gap after the 25 joints") as error:
        decode(MarkerArray(markers=on), "marker_array")
    assert error.value.kind == "joint_range"
    with pytest.raises(InputError, match="set the parameter topology"):
        decode(MarkerArray(markers=on[:32]), "marker_array")


def test_joints_of_another_topology_are_not_hidden_by_a_small_namespace():
    wrong = [marker(joint, space="skeleton") for joint in range(32)]
    assert refusal(MarkerArray(markers=[*wrong, marker(0, space="root")]), "marker_array") == "joint_range"


def test_what_a_message_deletes_is_not_there():
    gone = [marker(103, action=Marker.DELETE), marker(999, action=Marker.DELETE)]
    (zero,) = decode(MarkerArray(markers=[marker(103), marker(4), *gone]), "marker_array").frame.people
    assert zero.id == "0"
    everything = marker(0, action=Marker.DELETEALL)
    assert decode(MarkerArray(markers=[*skeleton(), everything]), "marker_array") is None
    (two,) = decode(MarkerArray(markers=[*skeleton(), everything, *skeleton(2)]), "marker_array").frame.people
    assert two.id == "2"


def test_a_cloud_is_written_from_arrays_that_numpy_has_packed():
    layout = fields(track_id=PointField.UINT8, joint=PointField.UINT16, confidence=PointField.FLOAT64, first_offset=4)
    whole = np.zeros(25, dtype_from_fields(layout))
    whole["x"], whole["joint"] = X[:25], np.arange(25)
    joined = np.concatenate([whole[:10], whole[10:]])
    names = list(whole.dtype.names)
    for points in (joined, np.rec.fromarrays([whole[name] for name in names], names=names), whole[names[::-1]], whole):
        message = create_cloud(HEADER, layout, points)
        assert message.point_step == whole.dtype.itemsize
        (person,) = decode(message).frame.people
        np.testing.assert_array_equal(person.joints[:, 0], X[:25])
    with pytest.raises(ValueError, match="expected points of type"):
        create_cloud(HEADER, layout, whole[["x", "y"]])
    with pytest.raises(ValueError, match="expected points of type"):
        create_cloud(HEADER, fields(), np.zeros(1, [(name, np.float64) for name in "xyz"]))
