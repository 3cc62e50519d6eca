"""Joints in a picture for weights that need no depth: their places, the size of the picture, what is refused."""

import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.messages import loaded  # noqa: E402
from helpers.pictures import HEIGHT, WIDTH, camera_info, depth_image, openpose, pixels  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.person import Person  # noqa: E402
from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_model.windows import picture  # noqa: E402
from usdrl_ros.inputs.adapter import Adapter, Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.inputs.lifting import decoder  # noqa: E402

COCO = topology("openpose_coco_18")
POINTS = np.stack([0.05 * np.arange(18) - 0.4, np.linspace(-0.6, 0.6, 18), np.linspace(1.9, 2.3, 18)], axis=1)
"""(18, 3) joints in optical axes."""


def source(**settings):
    topics = FurtherTopics()
    context = Context(topology=COCO, topic="/people", subscribe=topics.subscribe, arrival=5.0)
    given = {"depth_topic": "", "camera_info_topic": ""} | settings
    return context, topics, decoder("openpose_json", loaded("openpose_json"), context, **given)


def message(**people):
    return String(data=json.dumps(openpose(10.0, **people)))


def test_places_on_the_picture():
    context, _, decode = source(picture_size=(WIDTH, HEIGHT))
    frame = decode(message(**{"7": POINTS}), context)
    assert frame.frame.flat and frame.frame_id == "c"
    (person,) = frame.frame.people
    expected = (pixels(POINTS) - (WIDTH / 2, HEIGHT / 2)) * (picture.HEIGHT / HEIGHT)
    np.testing.assert_allclose(person.joints[:, :2], expected)
    assert (person.joints[:, 2] == picture.DISTANCE).all() and person.id == "7"


def test_the_size_of_the_picture_comes_with_the_camera():
    context, topics, decode = source(camera_info_topic="/info")
    with pytest.raises(InputError, match="expected the size of the picture, got 0 x 0") as error:
        decode(message(**{"7": POINTS}), context)
    assert error.value.kind == "no_camera_info"
    assert decode(message(), context).frame.people == (), "nobody needs no size"
    (route,) = topics.routes
    assert route.decode(camera_info(), context) is None
    assert decode(message(**{"7": POINTS}), context).frame.people


def test_a_joint_that_is_not_seen_has_no_place():
    context, _, decode = source(picture_size=(WIDTH, HEIGHT))
    document = openpose(10.0, **{"7": POINTS})
    document["people"][0]["pose_keypoints_2d"][:3] = [5.0, 5.0, 0.02]
    document["people"][0]["pose_keypoints_2d"][3:6] = [0.0, 0.0, 0.0]
    document["people"][0]["pose_keypoints_2d"][6:9] = [np.nan, np.nan, np.nan]
    document["people"][0]["pose_keypoints_2d"][9:12] = [320.0, np.nan, 0.9]
    (person,) = decode(String(data=json.dumps(document)), context).frame.people
    assert np.isnan(person.joints[:4]).all() and np.isfinite(person.joints[4:]).all()
    np.testing.assert_allclose(person.confidence, [0.02, 0.0, 0.0, 0.0, *[0.9] * 14])


def test_sizes_that_are_none():
    for size in ((640.0, 0.0), (-1.0, 480.0)):
        with pytest.raises(ValueError, match="picture_size: expected the width and height"):
            source(picture_size=size)
    with pytest.raises(ValueError, match="without depth_topic"):
        source(picture_size=(640.0, 480.0), depth_topic="/depth", camera_info_topic="/info")


SCALES = {
    "0 to 1": (lambda places: places / (WIDTH, HEIGHT), "all within 2 of the corner: are they shares of the picture?"),
    "-1 to 1": (lambda places: 2.0 * places / (WIDTH, HEIGHT) - 1.0, "publish pixels (OpenPose: --keypoint_scale 0)"),
    "of a larger picture": (lambda places: 3.0 * places, "640 x 480 that picture_size tells, got "),
    "pixels": (lambda places: places, ""),
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("lifted", [False, True])
def test_places_in_another_scale_than_the_picture_are_told(scale, lifted):
    settings = {"depth_topic": "/d", "camera_info_topic": "/i"} if lifted else {"picture_size": (WIDTH, HEIGHT)}
    context, topics, decode = source(**settings)
    change, words = SCALES[scale]
    told = {}
    context = dataclasses.replace(context, warn=told.__setitem__)
    document = openpose(10.0, **{"7": POINTS})
    rows = np.reshape(document["people"][0]["pose_keypoints_2d"], (-1, 3))
    rows[:, :2] = change(rows[:, :2] - (100.0, 0.0))
    document["people"][0]["pose_keypoints_2d"] = rows.ravel().tolist()
    for route, sent in zip(topics.routes, (depth_image(POINTS, 10.0), camera_info()), strict=False):
        route.decode(sent, context)
    assert decode(String(data=json.dumps(document)), context).frame.people
    words = words.replace("picture_size", "camera_info") if lifted else words
    assert [words in text for text in told.values()] == [True] * bool(words), told


@pytest.mark.parametrize("change", [lambda places: places, lambda places: 2.0 * places / (WIDTH, HEIGHT) - 1.0])
def test_other_numbers_where_shares_are_expected(change):
    told = {}
    context = Context(topology=topology("hri_skeleton2d_18"), topic="/people", arrival=5.0, warn=told.__setitem__)
    adapter = Adapter(message="std_msgs/msg/String", version=1, plane="image", decode=lambda message, at: message)
    decode = decoder("mine", adapter, context, "", "", (WIDTH, HEIGHT))
    joints = np.column_stack([change(pixels(POINTS - (0.6, 0.0, 0.0))), np.full(18, np.nan)])
    decode(context.frame([Person("7", joints)]), context)
    assert "expected shares of the picture, 0 to 1, got " in told["outside_picture"], told
