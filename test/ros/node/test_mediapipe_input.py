"""World landmarks of MediaPipe as JSON over real DDS: people, refusals that end nothing, and stamps on arrival."""

import json
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.paths import HELPERS  # noqa: E402
from helpers.ros_peer import Diagnostics  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

SETTINGS = {"input_type": "mediapipe_json", "topology": "mediapipe_33", "frame_id": "mast", "person_id": "'anna'"}


def standing():
    """(33, 3) landmarks of somebody upright, centred on the hips; y points down."""
    heights = {"shoulder": -0.5, "hip": 0.0, "knee": 0.45, "ankle": 0.85, "heel": 0.9, "foot": 0.9, "elbow": -0.25,
               "wrist": 0.0, "pinky": 0.05, "index": 0.08, "thumb": 0.04}  # fmt: skip
    points = []
    for name in topology("mediapipe_33").joints:
        height = next((value for part, value in heights.items() if part in name), -0.7)
        points.append([0.15 if "left" in name else -0.15 if "right" in name else 0.0, height, 0.0])
    return np.array(points)


def test_landmarks_as_json_through_the_node(module_peer):
    given = [word for name, value in SETTINGS.items() for word in ("-p", f"{name}:={value}")]
    with Child("perception", [str(HELPERS / "hand_up_node.py"), "--ros-args", *given]) as child:
        states, diagnostics = module_peer.listen_json("actions/state"), Diagnostics(module_peer)
        module_peer.wait(lambda: states, "first state", 90.0, child)
        publisher = module_peer.publisher(String, "skeletons")
        start = time.time()
        for number in range(60):
            shaken = standing() + 0.004 * np.sin(number)
            shaken -= shaken[[23, 24]].mean(axis=0)
            publisher.publish(String(data=json.dumps({"pose_world_landmarks": shaken.tolist()})))
            publisher.publish(String(data="nonsense" if number % 2 else "[" * 5000))
            module_peer.spin(1 / 30)
            child.check()
        state = module_peer.wait(lambda: next((one for one in states if one["people"]), None), "somebody in the state")
        assert state["people"][0]["id"] == "anna"
        assert start - 1.0 < state["stamp"] < time.time() + 1.0
        found = module_peer.wait(
            lambda: "refused.json" in str(diagnostics.newest()["input"].values) and diagnostics.newest(), "diagnostics"
        )
        values = {one.key: one.value for one in found["input"].values}
        assert int(values["refused.json"]) > 5 and int(values["warned.no_place"]) == 1
