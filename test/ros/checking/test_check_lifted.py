"""``usdrl-check`` of joints in a picture with a depth image: it hears all that the node hears."""

import itertools
import json
import re
from array import array

import numpy as np
import pytest
from helpers.acting import script

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.pictures import FOCAL, HEIGHT, WIDTH, camera_info, depth_image, openpose  # noqa: E402
from helpers.repeating import Repeating  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_ros.checking.check import main  # noqa: E402

JOINTS = "openpose_coco_18"
GIVEN = {
    "input_type": "openpose_json",
    "topology": JOINTS,
    "depth_topic": "/depth",
    "camera_info_topic": "/info",
}


class Camera:
    """OpenPose, a depth camera and its calibration; ``sends`` may leave some of them silent."""

    def __init__(
        self, peer, sends=("people", "depth", "info"), info_scale=1.0, depth_scale=1.0, turned=False, hangs=False
    ):
        acts = script(("idle", 3.0), ("wave", 3.0))
        frames = simulate(PerformanceConfig(scripts=(acts,), topology=JOINTS, rate=15.0), seed=2).frames
        self._frames = itertools.cycle(frames[:1] if hangs else frames)
        self._peer, self._depth_scale, self._noise = peer, depth_scale, np.random.default_rng(0)
        self._axes = (1.0, 1.0, 1.0) if turned else (-1.0, -1.0, 1.0)  # by half a turn, or optical
        self._info = camera_info(FOCAL * info_scale)
        self._info.width, self._info.height = int(WIDTH * info_scale), int(HEIGHT * info_scale)
        kinds = {"people": String, "depth": Image, "info": CameraInfo}
        self.made = {name: peer.node.create_publisher(kinds[name], f"/{name}", 5) for name in sends}

    def send(self):
        now = self._peer.now()
        people = {person.id: person.joints * self._axes for person in next(self._frames).people}
        (points,) = people.values()
        images = {
            "info": lambda: self._info,
            "depth": lambda: self._depth(points, now),
            "people": lambda: String(data=json.dumps(openpose(now, **people))),
        }
        for name, image in images.items():
            if name in self.made:
                self.made[name].publish(image())

    def _depth(self, points, now):
        image = depth_image(points, now, scale=4)  # not larger than a packet
        measured = np.frombuffer(image.data, np.uint16)
        values = (measured + self._noise.normal(0.0, 5.0, measured.shape)) * self._depth_scale
        values[values > 15_000] = 0  # the wall, which such a camera does not measure
        image.data = array("B", values.astype(np.uint16).tobytes())
        return image


def check(capsys, **changes):
    words = [word for name, value in (GIVEN | changes).items() for word in ("-p", f"{name}:={value}")]
    # The topic is named, so that no perception node is waited for.
    status = main(["/people", "--seconds", "2", "--wait", "3", "--json", "--ros-args", *words])
    return status, json.loads(capsys.readouterr().out)


def test_a_right_camera_needs_nothing(peer, capsys):
    with Repeating(Camera(peer).send):
        status, found = check(capsys)
    assert (status, found["findings"], found["set"]) == (0, [], {}), found
    (person,) = found["people"]
    assert person["ahead"] > 1.0 and person["joints"] > 0.7
    assert found["measured"]["left and right"] == "not judged: joints have the depth of a depth image"
    assert 10 < found["messages"] < 40, "those of the main topic"


def test_another_joint_set_is_found_with_depth_too(peer, capsys):
    with Repeating(Camera(peer).send):
        status, found = check(capsys, topology="openpose_body_25")
    assert status == 1 and found["set"] == {"topology": JOINTS}, found
    assert found["findings"] == []


@pytest.mark.parametrize(
    ("info_scale", "key", "said"),
    [
        (2.0, "flat", "is camera_info of the picture that the tracker reads (its width and height"),
        (0.5, "outside_picture", "expected joints in the picture of 320 x 240 that camera_info tells, got "),
    ],
)
def test_a_calibration_of_another_size_is_told_as_that(peer, capsys, info_scale, key, said):
    with Repeating(Camera(peer, info_scale=info_scale).send):
        status, found = check(capsys)
    (text,) = [one["text"] for one in found["findings"] if one["key"] == key]
    assert status == 1 and said in text
    assert not any("give the tracker a depth camera" in one["text"] for one in found["findings"])


@pytest.mark.parametrize(("scale", "fits"), [(4.0, 0.25), (0.25, 4.0)])
def test_depth_in_another_unit_is_told_with_its_topic_and_factor(peer, capsys, scale, fits):
    with Repeating(Camera(peer, depth_scale=scale).send):
        status, found = check(capsys)
    (text,) = [one["text"] for one in found["findings"] if one["key"] == "units"]
    assert status == 1 and found["set"] == {}, found
    assert "the depths of /depth are not in millimetres (16UC1) or metres (32FC1): about " in text
    assert float(re.search(r"about ([\d.]+) times their values would fit", text)[1]) == pytest.approx(fits, rel=0.2)
    assert "publish metres" not in text


def test_a_camera_that_hangs_upside_down_is_told_its_pose(peer, capsys):
    with Repeating(Camera(peer, turned=True).send):
        status, found = check(capsys)
    assert status == 1 and found["set"].keys() == {"sensor_pose"}, found
    assert abs(found["set"]["sensor_pose"][3]) == pytest.approx(np.pi, abs=0.1)
    assert found["findings"] == []


def test_a_detector_that_hangs_is_told_though_depth_goes_on(peer, capsys):
    with Repeating(Camera(peer, hangs=True).send):
        status, found = check(capsys)
    assert status == 1 and [one["key"] for one in found["findings"]] == ["frozen"], found
    assert "the tracker hangs" in found["findings"][0]["text"]


def test_people_beyond_all_depths_are_told_to_look_at_those(peer, capsys):
    with Repeating(Camera(peer, depth_scale=8.0).send):
        status, found = check(capsys)
    (text,) = [one["text"] for one in found["findings"] if one["key"] == "unusable"]
    assert status == 1 and "joints get no depth: does /depth measure these people, in millimetres (16UC1)" in text


def test_depth_that_does_not_come_is_told_with_its_cause(peer, capsys):
    camera = Camera(peer, ("people", "info"))
    with Repeating(camera.send):
        status, found = check(capsys)
        assert status == 1 and found["findings"][0]["text"].startswith("nobody publishes /depth, which the input needs")
        silent = peer.node.create_publisher(Image, "/depth", 5)
        _, found = check(capsys)
    assert found["findings"][0]["text"] == (
        "nothing arrives on /depth: large messages are lost over best effort: set"
        " qos_overrides./depth.subscription.reliability:=reliable, or check what publishes it (peer)"
    )
    assert {one["key"] for one in found["findings"]} == {"lost", "no_depth", "further_topics"}
    peer.node.destroy_publisher(silent)


def test_the_quality_of_service_that_is_given_counts(peer, capsys):
    camera = Camera(peer, ("people", "info"))
    silent = peer.node.create_publisher(Image, "/depth", 5)
    with Repeating(camera.send):
        _, found = check(capsys, **{"qos_overrides./depth.subscription.reliability": "reliable"})
    assert found["findings"][0]["text"] == "nothing arrives on /depth: check what publishes it (peer)"
    peer.node.destroy_publisher(silent)
