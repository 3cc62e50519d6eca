"""What people do with the robot, over real DDS: its links come over tf, late, and stop."""

import numpy as np
import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from geometry_msgs.msg import TransformStamped  # noqa: E402
from helpers import tf_tree  # noqa: E402
from helpers.people import frames, standing  # noqa: E402
from helpers.robot import Robot  # noqa: E402
from helpers.ros_peer import header  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from visualization_msgs.msg import MarkerArray  # noqa: E402

from usdrl_model.skeleton.person import AXES  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

JOINTS = ("head", "spine_shoulder", "spine_base", "shoulder_left", "elbow_left", "wrist_left", "shoulder_right",
          "elbow_right", "wrist_right")  # fmt: skip


@pytest.fixture
def node(peer, tmp_path):
    table = tmp_path / "robot.yaml"
    table.write_text("links: {" + ", ".join(f"{joint}: robot/{joint}" for joint in JOINTS) + "}\nmissing: parent\n")
    arguments = ["--ros-args", "-p", f"robot_skeleton:={table}", "-p", "axes:=body", "-p", "watch:=[shake_hands]"]
    with Child("perception", [str(HELPERS / "near_node.py"), *arguments]) as child:
        robot = Robot(peer, child)
        robot.markers = peer.listen(MarkerArray, "actions/markers")
        robot.shaking = peer.listen(Bool, "watch/shake_hands/active")
        robot.tf = peer.publisher(TransformStamped, "/tf")
        yield robot


def play(robot, recorded, tf=True):
    """Publish people, and where the links of the robot are: 1 m beside them, at the same stamps, a message later."""
    for frame in recorded:
        robot.peer.spin(1 / 60)
        level = [body.joints @ AXES["body"] for body in frame.people]
        people = tuple(type(body)(body.id, joints) for body, joints in zip(frame.people, level, strict=True))
        robot.publisher.publish(point_cloud(type(frame)(frame.stamp, people), header(frame.stamp, "base_link")))
        for joint in JOINTS if tf else ():
            at = (standing() + [1.0, 0.0, 0.0])[JOINT_INDEX[joint]] @ AXES["body"]
            robot.tf.publish(tf_tree.transform("base_link", f"robot/{joint}", frame.stamp, np.eye(3), at))


def test_a_handshake_with_the_robot_is_told_of_the_person_alone(node):
    play(node, frames(2.0, start=1000.0), tf=False)
    node.wait(lambda: node.states[-1]["people"], "somebody")
    node.wait(lambda: "robot_skeleton" in " ".join(node.diagnostics.values()), "a count of what is odd about tf")
    assert not node.events
    play(node, frames(2.9, start=1002.0))
    node.wait(lambda: node.events, "an onset")
    assert {(event["person"], event["label"]) for event in node.events} == {("7", "shake_hands")}
    node.wait(lambda: any(message.data for message in node.shaking), "watched")
    play(node, frames(2.9, start=1005.0), tf=False)
    node.wait(lambda: "offset" in node.kinds(), "the end, because tf stopped")
    assert {person["id"] for state in node.states for person in state["people"]} == {"7"}
    assert node.visits() == [("entered", "7")]
    names = {marker.ns for array in node.markers for marker in array.markers}
    assert not [name for name in names if "robot" in name]
