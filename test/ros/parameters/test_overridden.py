"""Qualities of service that reach no topic are told: rclpy ignores them silently."""

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos_overriding_options import QoSOverridingOptions  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.parameters.overridden import warn_of_unused  # noqa: E402

TAKEN = ["/front/people.subscription.reliability", "/front/people.subscription.depth", "/front/imu.subscription.depth"]


def told(peer, capfd, given):
    overrides = [
        Parameter(f"qos_overrides.{name}", value=5 if name.endswith("depth") else "reliable") for name in given
    ]
    node = rclpy.create_node("seer", namespace="front", context=peer.context, parameter_overrides=overrides)
    policies = QoSOverridingOptions.with_default_policies()
    node.create_subscription(String, "people", print, 10, qos_overriding_options=policies)
    node.create_publisher(String, "actions", 10, qos_overriding_options=policies)
    warn_of_unused(node, ["/front/imu"])
    node.destroy_node()
    return [line.partition("]: ")[2] for line in capfd.readouterr().err.splitlines() if "WARN" in line]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("/people.subscription.depth", "/front/people.subscription.depth?"),
        ("front/people.subscription.depth", "/front/people.subscription.depth?"),
        ("/front/poeple.subscription.reliability", "/front/people.subscription.reliability?"),
        ("/front/imo.subscription.depth", "/front/imu.subscription.depth?"),
    ],
)
def test_one_that_reaches_no_topic_names_the_nearest(peer, capfd, given, said):
    (line,) = told(peer, capfd, [*TAKEN, given])
    assert line == f"qos_overrides.{given} reaches no topic; did you mean qos_overrides.{said}"


@pytest.mark.parametrize(
    "given", ["/image_raw.subscription.depth", "/front/people.publisher.depth", "/front/watch/wave.publisher.depth"]
)
def test_those_of_other_nodes_and_of_topics_that_come_later_are_nothing_to_tell(peer, capfd, given):
    assert told(peer, capfd, [*TAKEN, given]) == []


def test_a_policy_that_cannot_be_overridden(peer, capfd):
    (line,) = told(peer, capfd, [*TAKEN, "/front/people.subscription.durability"])
    assert line.startswith("qos_overrides./front/people.subscription.durability is ignored: durability cannot be set")


def test_those_that_are_taken_are_nothing_to_tell(peer, capfd):
    assert told(peer, capfd, TAKEN) == []
