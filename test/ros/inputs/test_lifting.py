"""Joints in a picture get their depth from an image: holes, edges, units, stamps, and what is refused."""

import json
from array import array

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import stand_ins  # noqa: E402
from helpers.messages import loaded  # noqa: E402
from helpers.pictures import HEIGHT, WIDTH, camera_info, depth_image, openpose, pixels  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.depth_image import DepthImage  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.inputs.lifting import decoder  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import header  # noqa: E402

COCO = topology("openpose_coco_18")
POINTS = np.stack([0.05 * np.arange(18) - 0.4, np.linspace(-0.6, 0.6, 18), np.linspace(1.9, 2.3, 18)], axis=1)
"""(18, 3) joints in optical axes."""


class Source:
    """An adapter with its depth; calling it gives what it makes of a message of a topic."""

    def __init__(self, kind="openpose_json", joints=COCO, topic="/people"):
        self.topics = FurtherTopics()
        self.context = Context(topology=joints, topic=topic, subscribe=self.topics.subscribe, arrival=5.0)
        self.main = decoder(kind, loaded(kind), self.context, "/depth", "/info")

    def __call__(self, message, topic=""):
        route = next((one for one in self.topics.routes if one.topic == topic), None)
        return (self.main if route is None else route.decode)(message, self.context)

    def see(self, stamp, **drawn):
        return self(depth_image(POINTS, stamp, **drawn), "/depth")

    def skeleton(self, stamp, **people):
        return self(String(data=json.dumps(openpose(stamp, **(people or {"7": POINTS})))))


@pytest.fixture
def source():
    made = Source()
    assert made(camera_info(), "/info") is None
    return made


def people(frame):
    return {person.id: person.joints for person in frame.frame.people}


@pytest.mark.parametrize("drawn", [{}, {"metres": True}, {"big": True}, {"padding": 6}, {"scale": 2}])
def test_joints_get_the_depth_of_their_surface(source, drawn):
    assert source.see(10.0, **drawn) is None
    frame = source.skeleton(10.0)
    assert (frame.frame_id, frame.frame.stamp) == ("depth_optical", 10.0)
    np.testing.assert_allclose(people(frame)["7"], POINTS, atol=0.02)


def test_whatever_comes_first(source):
    assert source.skeleton(10.0) is None
    frame = source.see(10.0)
    np.testing.assert_allclose(people(frame)["7"], POINTS, atol=0.02)
    assert source.skeleton(10.04) is None
    assert source.skeleton(10.05) is None
    assert source.see(10.06).frame.stamp == 10.04, "the nearest, once a later one is there"
    assert source.skeleton(10.06).frame.stamp == 10.05, "in their order"


def test_a_skeleton_without_its_depth_is_refused(source):
    source.see(10.0)
    assert source.skeleton(10.2) is None
    said = "expected a depth image for stamp 10.200, at most 0.05 s apart, the nearest is 0.200 s away: check"
    with pytest.raises(InputError, match=said) as error:
        source.see(10.4)
    assert error.value.kind == "no_depth"
    assert source.skeleton(11.0) is None, "and it goes on"
    assert source.see(11.0).frame.people
    alone = Source()
    alone(camera_info(), "/info")
    kinds = []
    for step in range(40):
        try:
            assert alone.skeleton(20.0 + step / 30) is None
        except InputError as error:
            kinds.append(error.kind)
            assert "at most 0.05 s apart, none has come: check depth_topic" in str(error)
    assert kinds == ["no_depth"] * 25, "after half a second by stamps"


def test_a_tracker_that_is_slow_and_a_camera_that_is_fast(source):
    for step in range(226):  # two and a half seconds of 90 Hz
        source.see(10.0 + step / 90)
    for late in (0.3, 1.0, 1.9):
        assert source.skeleton(12.5 - late).frame.people
    with pytest.raises(InputError, match="the skeletons come 2.3 s after their picture, and the depth images"):
        source.skeleton(10.2)
    with pytest.raises(InputError, match="check depth_topic, camera_info_topic and their stamps"):
        source.skeleton(0.5)  # another clock
    other = Source()
    other(camera_info(), "/info")
    other.see(10.0)
    with pytest.raises(InputError, match="check depth_topic"):
        other.skeleton(9.9)  # before the first image


def test_depth_images_of_more_than_a_share_of_the_memory_are_not_kept(source, monkeypatch):
    monkeypatch.setattr("usdrl_ros.inputs.depth_images.BYTES", 3 * 2 * WIDTH * HEIGHT)
    for step in range(6):
        source.see(10.0 + step / 10)
    assert source.skeleton(10.3).frame.people
    with pytest.raises(InputError, match="of the last 0.2 s are kept"):
        source.skeleton(10.2)
    monkeypatch.setattr("usdrl_ros.inputs.depth_images.BYTES", 2 * WIDTH * HEIGHT - 1)
    source.see(10.6)
    assert source.skeleton(10.6).frame.people  # the newest one is, however large


def test_without_camera_info():
    source = Source()
    kinds = []
    for step in range(20):
        source_stamp = 10.0 + step / 30
        for give in (source.see, source.skeleton):
            try:
                assert give(source_stamp) is None
            except InputError as error:
                kinds.append(error.kind)
    assert set(kinds) == {"no_camera_info"}
    source(camera_info(focal=0.0), "/info")
    with pytest.raises(InputError, match="calibrated"):
        source.see(11.0)


def test_a_bag_that_loops(source):
    for start in (10.0, 10.0, 3.0):
        for step in range(3):
            source.see(start + step / 10)
            assert source.skeleton(start + step / 10).frame.people


def test_after_a_loop_a_tracker_is_not_slow_because_of_what_was_before(source):
    for step in range(40):
        source.see(10.0 + step / 10)
    source.see(3.0)
    assert source.skeleton(3.2) is None
    with pytest.raises(InputError, match="expected a depth image for stamp 3.200"):
        source.see(3.6)


def test_nobody_needs_no_depth(source):
    frame = source(String(data=json.dumps(openpose(10.0))))
    assert frame.frame.people == () and frame.frame.stamp == 10.0


def test_an_arm_before_a_wall_a_hole_and_a_joint_outside():
    rows = np.full((HEIGHT, WIDTH), 4.0)
    rows[:, 100:103] = 2.0  # as thin as a wrist
    rows[:, 300:306] = np.nan
    rows[195:206, 500:511] = 0.0
    image = DepthImage(depth_image(POINTS, 1.0, rows=rows))
    assert image.surfaces(101, 50) == pytest.approx([2.0, 4.0])
    assert image.surfaces(303, 50) == pytest.approx([4.0])
    assert image.surfaces(505, 200) == pytest.approx([4.0]), "from around the hole"
    assert image.surfaces(-1, 50) == image.surfaces(101, HEIGHT) == image.surfaces(np.nan, 3) == []
    rows[:] = 0.0
    assert DepthImage(depth_image(POINTS, 1.0, rows=rows)).surfaces(101, 50) == []


def test_what_is_far_from_the_body_is_no_joint(source):
    source.see(10.0, without=[4])  # the wall, two metres behind
    found = people(source.skeleton(10.0))["7"]
    assert np.isnan(found[4]).all() and np.isfinite(np.delete(found, 4, axis=0)).all()


def test_images_that_are_no_depth(source):
    for changes, kind in (
        ({"encoding": "rgb8"}, "depth_encoding"),
        ({"encoding": "x\n[FATAL]" * 500}, "depth_encoding"),
        ({"height": HEIGHT + 1}, "depth_layout"),
        ({"step": 3}, "depth_layout"),
        ({"width": 0}, "depth_layout"),
        ({"data": array("B", bytes(100))}, "depth_layout"),
    ):
        image = depth_image(POINTS, 10.0)
        for name, value in changes.items():
            setattr(image, name, value)
        with pytest.raises(InputError) as error:
            source(image, "/depth")
        assert error.value.kind == kind and len(str(error.value)) < 400
    unstamped = depth_image(POINTS, 0.0)
    with pytest.raises(InputError, match="header.stamp"):
        source(unstamped, "/depth")
    wide = depth_image(POINTS, 10.0, rows=np.full((100, 500), 2.0))
    source(wide, "/depth")
    with pytest.raises(InputError, match="registered to a picture of 640 x 480, got 500 x 100"):
        source.skeleton(10.0)


def test_millimetres_as_numbers_with_a_point_are_refused(source):
    rows = np.full((HEIGHT, WIDTH), 2000.0)
    rows[:, ::3], rows[5] = np.nan, np.inf
    source(depth_image(POINTS, 10.0, rows=rows, metres=True), "/depth")
    said = r"got a median of 2000 m: every depth is beyond 15 m: not metres in 32FC1\?"
    with pytest.raises(InputError, match=said) as error:
        source.skeleton(10.0)
    assert error.value.kind == "depth_units"
    rows[::8] = 14.0  # a street
    source(depth_image(POINTS, 11.0, rows=rows, metres=True), "/depth")
    assert source.skeleton(11.0).frame.people
    rows[:] = np.inf  # a night sky, or a covered lens
    source(depth_image(POINTS, 12.0, rows=rows, metres=True), "/depth")
    assert source.skeleton(12.0).frame.people


def test_less_than_a_millimetre_in_whole_numbers_is_refused_where_all_is_too_far(source):
    source(depth_image(POINTS, 10.0, rows=np.full((HEIGHT, WIDTH), 20.0)), "/depth")
    with pytest.raises(InputError, match=r"less than a millimetre in 16UC1\? publish millimetres") as error:
        source.skeleton(10.0)
    assert error.value.kind == "depth_units"


def test_without_depth_a_source_in_the_picture_is_refused_with_the_way_out():
    given = Context(topology=COCO, subscribe=FurtherTopics().subscribe)
    for topics in (("", ""), ("/depth", "")):
        with pytest.raises(ValueError, match="set depth_topic .* and camera_info_topic; or, for weights that need no"):
            decoder("openpose_json", loaded("openpose_json"), given, *topics)
    with pytest.raises(ValueError, match="depth_topic: input_type pose_array has depth of its own"):
        decoder("pose_array", loaded("pose_array"), given, "/depth", "")


def test_openpose_that_is_refused(source):
    def kind(document):
        with pytest.raises(InputError) as error:
            source(String(data=document if isinstance(document, str) else json.dumps(document)))
        return error.value.kind

    one = openpose(10.0, **{"7": POINTS})["people"][0]
    assert kind("nonsense") == kind({"people": 3}) == kind([1]) == kind({"people": [3]}) == "json"
    assert kind({"people": [one | {"pose_keypoints_2d": [1.0] * 75}]}) == "joint_count"
    assert kind({"people": [one | {"pose_keypoints_2d": ["x"] * 54}]}) == "field_value"
    assert kind({"people": [one | {"person_id": [-1]}] * 2}) == "no_ids"
    assert kind({"people": [one] * 65}) == "too_many_people"
    source.see(5.0)
    alone = source(String(data=json.dumps({"people": [one | {"person_id": [-1]}]})))
    assert list(people(alone)) == ["0"] and alone.frame.stamp == 5.0, "on arrival"


@pytest.fixture
def packages(monkeypatch):
    stand_ins.install(monkeypatch)


def hri(stamp, points=POINTS):
    from hri_msgs.msg import NormalizedPointOfInterest2D, Skeleton2D

    places = pixels(points) / (WIDTH, HEIGHT)
    made = [NormalizedPointOfInterest2D(x=float(x), y=float(y), c=0.9) for x, y in places]
    made[3] = NormalizedPointOfInterest2D(x=0.0, y=0.0, c=0.0)
    return Skeleton2D(header=header(stamp, "picture"), skeleton=made)


def test_bodies_of_rep155_in_the_picture_with_depth(packages):
    from hri_msgs.msg import IdsList

    def tracked(stamp, *ids):
        return source(IdsList(header=header(stamp, "picture"), ids=list(ids)))

    source = Source("rep155", topology("hri_skeleton2d_18"), "/robot/humans/bodies/tracked")
    source(camera_info(), "/info")
    assert tracked(10.0).frame.people == ()
    assert tracked(10.1, "aaaaa", "bbbbb") is None
    own = [f"/robot/humans/bodies/{one}/skeleton2d" for one in ("aaaaa", "bbbbb")]
    assert [route.topic for route in source.topics.routes] == ["/depth", "/info", *own]
    source.see(10.1)
    assert source(hri(10.1), own[0]) is None
    frame = source(hri(10.1), own[1])
    assert list(people(frame)) == ["aaaaa", "bbbbb"]
    expected = POINTS.copy()
    expected[3] = np.nan
    np.testing.assert_allclose(people(frame)["aaaaa"], expected, atol=0.02)
    reading = source.topics.routes[-1]
    tracked(10.2, "aaaaa")
    assert [route.topic for route in source.topics.routes] == ["/depth", "/info", own[0]]
    assert reading.decode(hri(10.2), source.context) is None, "was on its way"
    source.see(10.2)
    assert list(people(source(hri(10.2), own[0]))) == ["aaaaa"]
    with pytest.raises(InputError, match="expected ids of letters, digits and _ that begin with no digit") as error:
        tracked(10.3, "../../tf")
    assert error.value.kind == "person_id"


def test_keypoints_of_yolo_in_the_picture(packages):
    from yolo_msgs.msg import Detection, DetectionArray, KeyPoint2D, KeyPoint2DArray, Point2D

    source = Source("yolo_2d", topology("coco_17"))
    source(camera_info(), "/info")
    source.see(10.0)
    points = [
        KeyPoint2D(id=number + 1, point=Point2D(x=float(u), y=float(v)), score=0.8)
        for number, (u, v) in enumerate(pixels(POINTS[:5]))
    ]
    one = Detection(id="ab", keypoints=KeyPoint2DArray(data=points))
    frame = source(DetectionArray(header=header(10.0, "picture"), detections=[one]))
    np.testing.assert_allclose(people(frame)["ab"][:5], POINTS[:5], atol=0.02)
    assert np.isnan(people(frame)["ab"][5:]).all()
    with pytest.raises(InputError) as error:
        source(DetectionArray(header=header(10.0, "c"), detections=[Detection(keypoints=one.keypoints)] * 2))
    assert error.value.kind == "no_ids"


def test_poses_of_opendr_one_message_a_person(packages):
    from opendr_interface.msg import OpenDRPose2D, OpenDRPose2DKeypoint

    from usdrl_ros.inputs.opendr import NAMES

    source = Source("opendr")
    source(camera_info(), "/info")

    def pose(one, stamp):
        places = [(-1, -1), *pixels(POINTS).round().astype(int).tolist()[1:]]
        joints = [OpenDRPose2DKeypoint(kpt_name=name, x=x, y=y) for name, (x, y) in zip(NAMES, places, strict=True)]
        return OpenDRPose2D(header=header(stamp, "c"), pose_id=one, conf=0.9, keypoint_list=joints)

    seen = []
    for step in range(3):
        source.see(10.0 + step / 10)
        seen += [source(pose(one, 10.0 + step / 10)) for one in (1, 2)]
    told = [list(people(frame)) for frame in seen if frame]
    assert told == [["1", "2"]] * 3, "the first with the first pose of the next"
    np.testing.assert_allclose(people(seen[-1])["1"][1:], POINTS[1:], atol=0.02)
    assert np.isnan(people(seen[-1])["1"][0]).all()
    with pytest.raises(InputError, match="got 'tail'"):
        source(OpenDRPose2D(header=header(11.0, "c"), keypoint_list=[OpenDRPose2DKeypoint(kpt_name="tail")]))
