"""What the latched topics promise of their silence follows ``heartbeat_rate``, which may change after cleanup."""

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.robot import ARGUMENTS, Robot  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from rclpy.duration import Duration  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402

from usdrl_ros.processes.children import Child  # noqa: E402

SECOND = 10**9
GIVEN = ["-p", f"qos_overrides./watch/hand_up.publisher.deadline:={9 * SECOND}"]


def test_the_silence_that_is_promised_follows_the_heartbeat_of_the_next_configuration(peer):
    def promised(topic):
        """Deadline and lease, seconds."""
        (found,) = robot.wait(lambda: peer.node.get_publishers_info_by_topic(topic), f"publisher of {topic}")
        qos = found.qos_profile
        return qos.deadline.nanoseconds / SECOND, qos.liveliness_lease_duration.nanoseconds / SECOND

    node = [str(HELPERS / "hand_up_node.py"), *ARGUMENTS, "-p", "heartbeat_rate:=0.5", *GIVEN]
    with Child("perception", node) as child:
        robot = Robot(peer, child)
        assert promised("/actions/state") == promised("/watch/hand_up/active") == (6.0, 6.0)
        assert promised("/watch/hand_up") == (9.0, 6.0)
        for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
            assert robot.lifecycle(transition)
        robot.wait(lambda: not peer.node.get_publishers_info_by_topic("/actions/state"), "end of the topics")
        assert robot.set("heartbeat_rate", 4.0).successful
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            assert robot.lifecycle(transition)
        assert promised("/actions/state") == promised("/watch/hand_up/active") == (0.75, 1.0)
        assert promised("/watch/hand_up") == (9.0, 1.0), "what the user gave holds in every configuration"
        three_periods = QoSProfile(
            depth=1,
            durability=DurabilityPolicy.TRANSIENT_LOCAL,
            deadline=Duration(seconds=0.75),
            liveliness_lease_duration=Duration(seconds=1.0),
        )
        for kind, topic in ((String, "actions/state"), (Bool, "watch/hand_up/active")):
            heard = peer.listen(kind, topic, three_periods)
            robot.wait(lambda heard=heard: len(heard) > 2, f"{topic} at a reader that requests what is promised")
