"""A simulation that is paused: people stay, and are the same when it goes on."""

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.people import frames  # noqa: E402
from helpers.ros_peer import header, stamp  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402

from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

NODE = [str(HELPERS / "hand_up_node.py"), "--ros-args", "-p", "axes:=kinect"]
TIMEOUT = 1.0
"""Seconds of silence after which everybody is lost, unless the simulation is paused."""
BEATS = 4.0
"""Heartbeats a second, which go on while it is."""
SIMULATED = ["-p", "use_sim_time:=true", "-p", f"source_timeout:={TIMEOUT}"]


@pytest.mark.parametrize("topic", ["/clock", "/sim/clock"])
def test_a_paused_simulation_loses_nobody(peer, topic):
    with Child("perception", [*NODE, *SIMULATED, "-r", f"/clock:={topic}"]) as child:
        states = peer.listen_json("actions/state")
        peer.wait(lambda: states, "first state", 90.0, child)
        clock = peer.publisher(Clock, topic)
        tracker = peer.publisher(PointCloud2, "skeletons")

        def play(some):
            for frame in some:
                peer.spin(1 / 90)
                clock.publish(Clock(clock=stamp(frame.stamp)))
                tracker.publish(point_cloud(frame, header(frame.stamp)))

        def here():
            child.check()
            return states and [person["id"] for person in states[-1]["people"]] == ["7"]

        recorded = frames(duration=6.0)
        play(recorded[:60])
        peer.wait(here, "somebody")
        before = len(states)

        def paused():  # some simulators repeat their clock
            clock.publish(Clock(clock=stamp(recorded[59].stamp)))
            return len(states) > before + 2 * TIMEOUT * BEATS

        peer.wait(paused, "heartbeats for twice as long as a silence may last")
        assert all([person["id"] for person in state["people"]] == ["7"] for state in states[before:])
        play(recorded[60:])

        def told():
            events = {event["seq"]: event["kind"] for state in states for event in state["events"]}
            return [events[seq] for seq in sorted(events)]

        peer.wait(lambda: len(told()) >= 3, "the end of the action")
        assert told() == ["entered", "onset", "offset"]
        now = recorded[-1].stamp

        def gone():
            nonlocal now
            now += 0.05
            clock.publish(Clock(clock=stamp(now)))
            return not here()

        peer.wait(gone, "an empty room, because the clock goes on without the tracker")
