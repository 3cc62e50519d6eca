"""Two perception nodes of one robot, each with a tracker of its own, do not hear or say what is the other's."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.paths import HELPERS  # noqa: E402
from helpers.people import frames  # noqa: E402
from helpers.ros_peer import Diagnostics, header  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

ARGUMENTS = [str(HELPERS / "hand_up_node.py"), "--ros-args", "-p", "axes:=kinect", "-p", "source_timeout:=60.0"]


def test_two_nodes_side_by_side(peer):
    # One in a namespace; of the other, in the same namespace as the test, name and topic are changed.
    other = ["-r", "__node:=second", "-r", "actions/state:=second/state", "-p", "topic:=second/skeletons"]
    with Child("first", [*ARGUMENTS, "-r", "__ns:=/head"]) as first, Child("second", [*ARGUMENTS, *other]) as second:
        heard = {
            name: peer.listen_json(topic)
            for name, topic in (("first", "head/actions/state"), ("second", "second/state"))
        }
        diagnostics = Diagnostics(peer)

        def running():
            first.check()
            second.check()
            return all(heard.values())

        peer.wait(running, "first states", timeout=60.0)
        cloud = peer.publisher(PointCloud2, "second/skeletons")
        for frame in frames(duration=4.6, start=500.0):
            cloud.publish(point_cloud(frame, header(frame.stamp)))
            peer.spin(0.005)
        peer.wait(lambda: heard["second"][-1]["people"] and heard["second"][-1]["people"][0]["label"], "raised hand")
        assert not any(state["people"] for state in heard["first"])
        assert peer.call(Trigger, "head/usdrl_perception/reset").success
        assert peer.call(Trigger, "second/reset").success
        peer.wait(lambda: not heard["second"][-1]["people"], "reset of the second alone")
        names = {status.name.split(": ")[0].strip("/") for array in diagnostics._arrays for status in array.status}
        assert names == {"head/usdrl_perception", "second"}
