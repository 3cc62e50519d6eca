"""The node with inputs that read several topics, of another package and with depth images, over real DDS."""

import json
import os
import re

import numpy as np
import pytest
from helpers.paths import HELPERS, ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import PoseArray  # noqa: E402
from helpers.people import frames  # noqa: E402
from helpers.pictures import camera_info, depth_image, openpose  # noqa: E402
from helpers.plug_ins import write  # noqa: E402
from helpers.ros_peer import Diagnostics, header  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.topology import CANONICAL_JOINTS, topology  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import poses  # noqa: E402
from usdrl_ros.processes.children import Child, wait_until  # noqa: E402

PAGE = (ROOT / "docs/adapters.md").read_text()
DUO = re.search(r"```python\n# my_duo/adapter.py\n(.*?)```", PAGE, re.DOTALL)[1]


def arguments(**settings):
    given = {"input_type": "duo", "axes": "kinect"} | settings
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    return [str(HELPERS / "hand_up_node.py"), "--ros-args", *words]


@pytest.fixture
def duo(tmp_path, monkeypatch):
    write(tmp_path, "duo", DUO)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))


def test_two_topics_and_a_parameter_of_an_adapter(duo, peer):
    with Child("perception", arguments(**{"input.scale": 1, "input.names": "who"})) as child:
        states, diagnostics = peer.listen_json("actions/state"), Diagnostics(peer)
        peer.wait(lambda: states, "first state", 90.0, child)

        def told(words):
            child.check()
            return words in getattr(diagnostics.newest().get("input"), "message", "")

        peer.wait(lambda: told("nobody publishes /who, which the input needs as well"), "word of the silent topic")
        publisher = peer.publisher(PoseArray, "skeletons")
        peer.publisher(String, "who").publish(String(data="Anna"))
        for frame in frames(2.0, start=peer.now()):
            publisher.publish(poses(frame, header(frame.stamp)))
            peer.spin(1 / 30)
            child.check()
        seen = peer.wait(lambda: [one for state in states for one in state["people"]][-1:], "somebody in the state")
        assert seen[0]["id"] == "Anna"
        peer.wait(lambda: not told("nobody publishes"), "word that it is heard")


SEEN = {
    "nose": "head", "neck": "spine_shoulder", "eye_right": "head", "eye_left": "head", "ear_right": "head",
    "ear_left": "head",
}  # fmt: skip
"""Joint of OpenPose -> the canonical one that stands for it; others have the same name."""
IN_PICTURE = {"input_type": "openpose_json", "topology": "openpose_coco_18"}


def optical(frame):
    """(18, 3) joints of OpenPose in optical axes."""
    canonical = dict(zip(CANONICAL_JOINTS, frame.people[0].joints, strict=True))
    joints = np.array([canonical[SEEN.get(name, name)] for name in topology("openpose_coco_18").joints])
    return joints * (-1.0, -1.0, 1.0)


def test_joints_in_a_picture_with_a_depth_image(peer):
    given = arguments(**IN_PICTURE, depth_topic="depth", camera_info_topic="info")
    with Child("perception", given) as child:
        states, diagnostics = peer.listen_json("actions/state"), Diagnostics(peer)
        peer.wait(lambda: states, "first state", 90.0, child)
        skeletons = peer.publisher(String, "skeletons")
        depths, infos = peer.publisher(Image, "depth"), peer.publisher(CameraInfo, "info")
        recorded = frames(2.5, start=peer.now())
        image, missed = depth_image(optical(recorded[0]), 1.0), recorded[3].stamp
        for number, frame in enumerate(recorded):
            image.header = header(frame.stamp, "depth_optical")
            infos.publish(camera_info())
            given = [(skeletons, String(data=json.dumps(openpose(frame.stamp, **{"7": optical(frame)}))))]
            given += [(depths, image)] if frame.stamp - missed > 0.5 or frame.stamp < missed else []
            for publisher, message in given if number % 2 else reversed(given):
                publisher.publish(message)
            peer.spin(1 / 30)
            child.check()
        seen = peer.wait(lambda: [one for state in states for one in state["people"]][-1:], "somebody in the state")
        assert seen[0]["id"] == "7"
        np.testing.assert_allclose(seen[0]["position"][2], 2.0, atol=0.1)
        peer.wait(lambda: diagnostics.counted("refused.no_depth", 5), "count of those without depth")


def test_a_source_in_the_picture_without_depth_ends_the_start():
    with Child("perception", arguments(**IN_PICTURE)) as child:
        wait_until("end", child.ended, [], 90.0)
        assert child.status == 1
        assert "set depth_topic (a depth image, registered to that picture) and camera_info_topic" in child.log()


def test_a_parameter_that_the_adapter_does_not_have_ends_the_start(duo):
    with Child("perception", arguments(**{"input.scal": 2.0})) as child:
        wait_until("end", child.ended, [], 90.0)
        assert child.status == 1
        assert "input.scal: this input has no such parameter; did you mean 'scale'? It has: names, scale" in child.log()
