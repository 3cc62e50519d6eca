"""Messages of trackers -> people: their numbering, frames and units, and what they send for a joint not seen."""

import json
from importlib import import_module

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import Point, Pose  # noqa: E402
from helpers import stand_ins  # noqa: E402
from helpers.messages import HEADER, decode  # noqa: E402
from helpers.tracker_messages import BODIES  # noqa: E402
from std_msgs.msg import Header  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.messages.cdr import Layout, MalformedError, TooManyError  # noqa: E402

TRACKERS = {
    "zed": "zed_body_34",
    "yolo": "coco_17",
    "hiros": "coco_17",
    "nuitrack": "nuitrack_25slots",
    "rigid_bodies": "coco_17",
}


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    stand_ins.install(monkeypatch)


def make(of, /, **fields):
    package, _, kind = of.partition("/")
    return getattr(import_module(f"{package}.msg"), kind)(**fields)


def places(V, first=1.0):
    """(V, 3), all different, none of them zero."""
    return first + np.arange(3.0 * V).reshape(V, 3) / 100


def refused(message, kind, joints, **context):
    with pytest.raises(InputError) as error:
        decode(message, kind, joints=topology(joints), **context)
    assert "expected" in str(error.value) and "got" in str(error.value)
    return error.value.kind


def body(V, first=1.0, body_format=1, **fields):
    slots = [make("zed_msgs/Keypoint3D", kp=list(place)) for place in places(V, first)]
    slots += [make("zed_msgs/Keypoint3D", kp=[0.0] * 3) for _ in range(70 - V)]
    given = {"skeleton_available": True, "tracking_available": True, "tracking_state": 1, "label_id": 4} | fields
    return make(
        "zed_msgs/Object", body_format=body_format, skeleton_3d=make("zed_msgs/Skeleton3D", keypoints=slots), **given
    )


def zed(*bodies):
    return make("zed_msgs/ObjectsStamped", header=HEADER, objects=list(bodies))


@pytest.mark.parametrize(("body_format", "V"), [(0, 18), (1, 34), (2, 38)])
def test_bodies_of_the_three_formats_of_zed(body_format, V):
    shown = body(V, body_format=body_format)
    shown.skeleton_3d.keypoints[3].kp = [np.nan] * 3
    source = decode(zed(shown), "zed", joints=topology(f"zed_body_{V}"))
    (person,) = source.frame.people
    assert (person.id, source.frame_id, source.frame.stamp) == ("4", "camera", 12.5)
    wanted = places(V)
    wanted[3] = np.nan
    np.testing.assert_allclose(person.joints, wanted)
    assert person.confidence is None
    other = "zed_body_38" if V != 38 else "zed_body_18"
    assert refused(zed(shown), "zed", other) == "joint_count"


def test_bodies_of_zed_that_are_not_seen_are_nobody():
    odd = []
    gone = [body(34, label_id=n, tracking_state=n) for n in (0, 2, 3)]
    box = make("zed_msgs/Object", label="chair", tracking_available=True, tracking_state=1)
    source = decode(
        zed(*gone, box, body(34)), "zed", joints=topology("zed_body_34"), warn=lambda *told: odd.append(told[0])
    )
    assert [person.id for person in source.frame.people] == ["4"]
    assert odd == ["no_skeleton"]
    assert refused(zed(body(34, tracking_available=False), body(34)), "zed", "zed_body_34") == "no_ids"
    assert refused(zed(body(34, body_format=3)), "zed", "zed_body_34") == "joint_count"


def test_the_confidence_of_newer_zed_messages():
    shown = body(34, skeleton_keypoint_confidence=[80.0, np.nan, 0.0, 120.0] + [50.0] * 66)
    (person,) = decode(zed(shown), "zed", joints=topology("zed_body_34")).frame.people
    np.testing.assert_allclose(person.confidence, [0.8, 0.0, 0.0, 1.0] + [0.5] * 30)


def test_a_message_of_zed_is_measured_before_it_is_read():
    message = zed(*[body(34, label_id=n) for n in range(20)])
    layout = Layout(message.get_fields_and_field_types())
    most = registry.load("zed").parts
    raw = stand_ins.cdr(message)
    assert layout.fits(raw, most)
    with pytest.raises(TooManyError):  # the slots are arrays of a fixed size, which cost as much as any
        layout.end(stand_ins.cdr(zed(*[body(34)] * 40)), most)
    with pytest.raises(MalformedError):
        layout.end(raw[:-40], most)


def keypoint(number, place, score=0.9):
    x, y, z = map(float, place)
    return make("yolo_msgs/KeyPoint3D", id=number, point=Point(x=x, y=y, z=z), score=score)


def detection(*keypoints, frame="base_link", name="ab12"):
    return make(
        "yolo_msgs/Detection",
        id=name,
        class_name="person",
        keypoints3d=make("yolo_msgs/KeyPoint3DArray", data=list(keypoints), frame_id=frame),
    )


def yolo(*detections):
    return make("yolo_msgs/DetectionArray", header=HEADER, detections=list(detections))


def test_keypoints_of_yolo_are_sparse_counted_from_one_and_have_a_frame_of_their_own():
    seen = [keypoint(1, (2, 0, 1)), keypoint(17, (2, 0, 0.1), score=0.4)]
    source = decode(yolo(detection(*seen)), "yolo", joints=topology("coco_17"))
    assert (source.frame_id, source.frame.stamp) == ("base_link", 12.5)
    (person,) = source.frame.people
    assert person.id == "ab12"
    np.testing.assert_allclose(person.joints[[0, 16]], [(2, 0, 1), (2, 0, 0.1)])
    assert np.isnan(person.joints[1:16]).all()
    assert (person.confidence[0], person.confidence[16], person.confidence.sum()) == (0.9, 0.4, pytest.approx(1.3))


def test_keypoints_of_yolo_without_depth_are_missing_in_any_frame():
    camera = (0.1, 0.02, 1.3)
    seen = [keypoint(1, (2, 0, 1)), keypoint(2, camera), keypoint(3, camera), keypoint(4, (2, 0.1, 1))]
    (person,) = decode(yolo(detection(*seen)), "yolo", joints=topology("coco_17")).frame.people
    np.testing.assert_array_equal(np.isfinite(person.joints[:4, 0]), [True, False, False, True])


def test_a_single_keypoint_of_yolo_without_depth_is_missing_once_the_place_of_the_camera_is_known():
    camera = (0.1, 0.02, 1.3)
    joints = topology("coco_17")
    read = registry.find("yolo").adapter.decoder(Context(topology=joints))
    two, one = [keypoint(2, camera), keypoint(3, camera)], [keypoint(1, (2, 0, 1)), keypoint(4, camera)]
    alike = [keypoint(5, (3, 0, 1)), keypoint(6, (3, 0, 1))]  # an accident, which does not take the camera's place
    for message, expected in (
        (yolo(detection(*two, name="b"), detection(*alike, name="c"), detection(*one, name="a")), [[], [], [0]]),
        (yolo(detection(*one, name="a"), detection(*two, name="b")), [[0], []]),
        (yolo(detection(*one, name="a")), [[0]]),
    ):
        people = read(message, Context(topology=joints)).frame.people
        assert [np.flatnonzero(np.isfinite(person.joints[:, 0])).tolist() for person in people] == expected


@pytest.mark.parametrize("kind", ["yolo", "yolo_2d"])
def test_a_model_of_yolo_that_finds_boxes_alone_is_told_of(kind):
    told, pose = [], make("yolo_msgs/KeyPoint2DArray", data=[make("yolo_msgs/KeyPoint2D", id=1)])
    box, car = detection(), make("yolo_msgs/Detection", class_name="car")
    posed = make("yolo_msgs/Detection", id="a", class_name="person", keypoints=pose)
    context = Context(topology=topology("coco_17"), warn=lambda kind, text: told.append(kind))
    read = registry.load(kind).decoder(context)
    for message in (yolo(), yolo(car), yolo(box, posed)):
        read(message, context)
    assert "no_keypoints" not in told
    assert read(yolo(box, car), context).frame.people == ()
    assert told[-1] == "no_keypoints"


def test_messages_of_yolo_that_are_refused_and_those_without_people():
    one = keypoint(1, (2, 0, 1))
    assert refused(yolo(detection(keypoint(18, (1, 1, 1)))), "yolo", "coco_17") == "joint_range"
    assert refused(yolo(detection(keypoint(0, (1, 1, 1)))), "yolo", "coco_17") == "joint_range"
    assert refused(yolo(detection(one, one)), "yolo", "coco_17") == "duplicate_joint"
    assert refused(yolo(detection(one), detection(one, frame="map")), "yolo", "coco_17") == "mixed_frames"
    assert refused(yolo(detection(one, name=""), detection(one)), "yolo", "coco_17") == "no_ids"
    alone = decode(yolo(detection(one, name="")), "yolo", joints=topology("coco_17"))
    assert [person.id for person in alone.frame.people] == ["me"]
    assert decode(yolo(), "yolo", joints=topology("coco_17")).frame.people == ()
    odd = []
    flat = make("yolo_msgs/Detection", keypoints=make("yolo_msgs/KeyPoint2DArray", data=[make("yolo_msgs/KeyPoint2D")]))
    decode(yolo(flat), "yolo", joints=topology("coco_17"), warn=lambda *told: odd.append(told[0]))
    assert odd == ["flat"]


def group(names, V=17, numbers=None, confidence=0.7):
    markers = []
    for row, (name, (x, y, z)) in enumerate(zip(names, places(len(names)), strict=True)):
        state = make("hiros_skeleton_msgs/KinematicState", pose=Pose(position=Point(x=x, y=y, z=z)))
        number = row if numbers is None else numbers[row]
        markers.append(make("hiros_skeleton_msgs/Marker", id=number, name=name, confidence=confidence, center=state))
    skeleton = make("hiros_skeleton_msgs/Skeleton", id=3, max_markers=V, markers=markers)
    return make("hiros_skeleton_msgs/SkeletonGroup", header=HEADER, skeletons=[skeleton])


def test_markers_of_hiros_by_name_or_by_number():
    joints = topology("coco_17")
    (named,) = decode(group(["ear_left", "nose"], V=99), "hiros", joints=joints).frame.people
    np.testing.assert_allclose(named.joints[[3, 0]], places(2))
    assert (named.id, named.confidence.sum()) == ("3", pytest.approx(1.4))
    (numbered,) = decode(group(["a", "b"], numbers=[16, 2], confidence=np.nan), "hiros", joints=joints).frame.people
    np.testing.assert_allclose(numbered.joints[[16, 2]], places(2))
    assert numbered.confidence is None and np.isnan(numbered.joints).all(axis=1).sum() == 15
    assert refused(group(["a"], V=25), "hiros", "coco_17") == "joint_count"
    assert refused(group(["a"], numbers=[17]), "hiros", "coco_17") == "joint_range"
    assert refused(group(["a", "b"], numbers=[1, 1]), "hiros", "coco_17") == "duplicate_joint"


def test_a_group_of_hiros_without_a_frame_is_in_that_of_its_skeletons():
    message, joints = group(["nose"]), topology("coco_17")
    message.header = Header(stamp=HEADER.stamp)
    assert decode(message, "hiros", joints=joints).frame_id == ""
    message.skeletons[0].src_frame = "kinect"
    assert decode(message, "hiros", joints=joints).frame_id == "kinect"
    message.skeletons.append(make("hiros_skeleton_msgs/Skeleton", id=4, max_markers=17, src_frame="other"))
    assert refused(message, "hiros", "coco_17") == "mixed_frames"
    message.header = HEADER
    assert decode(message, "hiros", joints=joints).frame_id == "camera"


def nuitrack(*joints, count=1):
    made = [make("nuitrack_msgs/JointInfo", type=t, confidence=c, real=list(real)) for t, c, real in joints]
    people = [make("nuitrack_msgs/SkeletonInfo", id=n + 1, joints=made) for n in range(count)]
    return make("nuitrack_msgs/Skeletons", skeletons=people)


def test_nuitrack_is_stamped_on_arrival_and_its_axes_are_made_those_of_an_optical_frame():
    message = nuitrack((1, 0.75, (100.0, 700.0, 2000.0)), (9, 0.0, (0.0, 0.0, 0.0)), count=2)
    source = decode(message, "nuitrack", joints=topology("nuitrack_25slots"), arrival=77.5, frame_id="mast")
    assert (source.frame.stamp, source.frame_id) == (77.5, "mast")
    assert [person.id for person in source.frame.people] == ["1", "2"]
    np.testing.assert_allclose(source.frame.people[0].joints[1], (100.0, -700.0, 2000.0))
    assert source.frame.people[0].confidence.tolist()[:2] == [0.0, 0.75]
    assert (registry.load("nuitrack").units, registry.load("nuitrack").axes) == ("mm", "optical")
    given = {"arrival": 1.0}
    assert refused(nuitrack((25, 1.0, (1, 1, 1))), "nuitrack", "nuitrack_25slots", **given) == "joint_range"
    assert refused(nuitrack((1, 1.0, (1, 1))), "nuitrack", "nuitrack_25slots", **given) == "field_value"
    assert refused(nuitrack(*[(1, 1.0, (1, 1, 1))] * 2), "nuitrack", "nuitrack_25slots", **given) == "duplicate_joint"
    assert refused(nuitrack(count=65), "nuitrack", "nuitrack_25slots", **given) == "too_many_people"


def rigid(*names, header=HEADER):
    bodies = [
        make("mocap4r2_msgs/RigidBody", rigid_body_name=name, pose=Pose(position=Point(x=1.0 + n, y=2.0, z=3.0)))
        for n, name in enumerate(names)
    ]
    return make("mocap4r2_msgs/RigidBodies", header=header, rigidbodies=bodies)


def bodies(separator="", **given):
    """A table in which these are the first of the bodies."""
    rest = {name: joint for name, joint in BODIES.items() if joint not in given.values()}
    return json.dumps({"separator": separator, "bodies": given | rest})


def test_rigid_bodies_by_their_names(tmp_path):
    table = tmp_path / "bodies.yaml"
    table.write_text(bodies("_", Head="nose", LHand="wrist_left"))
    given = {"joints": topology("coco_17"), "file": str(table)}
    names = ["anna_Head", "bob_LHand", "robot", "table_Leg", "anna_LHand", "_Head"]
    anna, bob = decode(rigid(*names), "rigid_bodies", **given).frame.people
    assert (anna.id, bob.id) == ("anna", "bob")
    np.testing.assert_allclose(anna.joints[[0, 9], 0], [1.0, 5.0])
    assert np.isfinite(bob.joints[:, 0]).sum() == 1
    assert decode(rigid(), "rigid_bodies", **given).frame.people == ()
    assert refused(rigid("anna_Head", "anna_Head"), "rigid_bodies", "coco_17", file=str(table)) == "duplicate_joint"
    crowd = [f"p{n}_Head" for n in range(65)]
    assert refused(rigid(*crowd), "rigid_bodies", "coco_17", file=str(table)) == "too_many_people"
    table.write_text(bodies("_", Head="nose", left_hand="wrist_left", hand="wrist_right"))
    names = ["anna_left_Head", "anna_left_left_hand", "anna_left_hand"]
    people = {one.id: one for one in decode(rigid(*names), "rigid_bodies", **given).frame.people}
    assert people.keys() == {"anna_left", "anna"}, "the name of a body may hold the separator: the longest one counts"
    assert np.isfinite(people["anna_left"].joints[:, 0]).sum() == 2
    table.write_text(bodies())
    (one,) = decode(rigid("Head"), "rigid_bodies", **given).frame.people
    assert one.id == "me"


def test_a_table_that_names_nobody_is_told_of_until_somebody_comes(tmp_path):
    table, told = tmp_path / "bodies.yaml", []
    table.write_text(bodies())
    context = Context(
        topology=topology("coco_17"), file=str(table), arrival=1.0, warn=lambda kind, text: told.append((kind, text))
    )
    read = registry.load("rigid_bodies").decoder(context)
    for names in ([], ["head", "hand"], ["Head", "robot"], ["robot"]):
        read(rigid(*names), context)
    ((kind, text),) = told
    assert kind == "no_bodies" and "['hand', 'head']" in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("bodies: {Head: noze}", "did you mean 'nose'"),
        ("bodies: {Head: nose, Cap: nose}", "nose occurs twice"),
        ("bodys: {Head: nose}", "expected bodies"),
        ("bodies: {Head: nose}\nseperator: _", "did you mean 'separator'"),
        ("bodies: {Head: nose}\nseparator: 3", "separator: expected a text"),
        ("bodies: {Head: nose, L: wrist_left, R: wrist_right, Hip: hip_left}", "for 8 of the 25.*, got 4 for [1-7]:"),
        ("[", "not a YAML file"),
        (None, "No such file"),
    ],
)
def test_a_table_of_rigid_bodies_with_errors(tmp_path, text, reason):
    table = tmp_path / "bodies.yaml"
    if text is not None:
        table.write_text(text)
    with pytest.raises(ValueError, match=reason) as error:
        decode(rigid(), "rigid_bodies", joints=topology("coco_17"), file=str(table))
    assert str(tmp_path)[:20] in str(error.value)
    with pytest.raises(ValueError, match="input_file"):
        decode(rigid(), "rigid_bodies", joints=topology("coco_17"))


@pytest.mark.parametrize("kind", TRACKERS)
def test_the_message_of_every_tracker_is_found_and_must_be_stamped(kind, monkeypatch, tmp_path):
    found = registry.find(kind)
    assert f"{found.message_type.__module__.split('.')[0]}/msg/{found.message_type.__name__}" == found.adapter.message
    table = tmp_path / "bodies.yaml"
    table.write_text(bodies())
    message = found.message_type()
    assert Layout(message.get_fields_and_field_types()).fits(stand_ins.cdr(message))
    if kind != "nuitrack":
        message.header = Header()
    wanted = "no_clock" if kind == "nuitrack" else "zero_stamp"
    assert refused(message, kind, TRACKERS[kind], file=str(table)) == wanted


@pytest.mark.parametrize("kind", TRACKERS)
def test_without_its_package_the_error_names_it(kind, monkeypatch):
    monkeypatch.undo()
    package = registry.load(kind).message.partition("/")[0]
    with pytest.raises(ValueError, match=f"the package {package} is not installed.*(apt install|build {package})"):
        registry.find(kind)
