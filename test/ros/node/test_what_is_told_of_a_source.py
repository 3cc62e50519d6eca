"""What is wrong with a source or with the names, as the running node tells it."""

import dataclasses

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from helpers.people import frames
from helpers.ros_peer import Diagnostics, header  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402

from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

NODE = [str(HELPERS / "hand_up_node.py"), "--ros-args", "-p", "axes:=kinect"]


def test_two_trackers_whose_clocks_differ_and_two_nodes_of_one_name_are_told(peer):
    with Child("perception", NODE) as child:
        states = peer.listen_json("actions/state")
        diagnostics = Diagnostics(peer)
        mine = peer.publisher(PointCloud2, "skeletons")
        other = peer.publisher(PointCloud2, "skeletons")

        def told(words):
            child.check()
            status = diagnostics.newest().get("input")
            return status and words in status.message and status.level == DiagnosticStatus.WARN

        recorded = frames(duration=8.0, start=peer.now())
        for frame in recorded:
            peer.spin(max(0.0, frame.stamp - peer.now()) / 2)
            mine.publish(point_cloud(frame, header(frame.stamp)))
            late = dataclasses.replace(frame, stamp=frame.stamp - 5.0)
            other.publish(point_cloud(late, header(late.stamp)))
        peer.wait(lambda: told("two clocks 5.0 s apart"), "word of the second clock")
        peer.wait(lambda: diagnostics.counted("stream.second_clock_frames", len(recorded) // 2), "count")
        assert int(diagnostics.values().get("stream.resets", "0")) <= 1, "either may be the first one heard"
        events = {event["seq"]: event["kind"] for state in states for event in state["events"] if event["label"]}
        assert sorted(events.values())[-1] == "onset"
        assert child.output().count("two clocks") == 1

        with Child("namesake", NODE):
            peer.wait(lambda: told("2 nodes are called /usdrl_perception"), "word of the namesake")
            peer.spin(3.0)
        assert child.output().count("nodes are called") == 1
        peer.wait(lambda: not told("nodes are called"), "word that it is over")
