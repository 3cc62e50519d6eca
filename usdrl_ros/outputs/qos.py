"""Quality of service of the outputs."""

from __future__ import annotations

from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

EVENT_DEPTH = 50
"""Messages kept for a slow subscriber."""
HEARTBEATS = 3
"""Missing heartbeats after which the node counts as dead."""
SHORTEST_LEASE = 1.0
"""Seconds. Shorter leases expire on a busy machine."""
OVERRIDES = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DEADLINE,
    QoSPolicyKind.LIFESPAN,
    QoSPolicyKind.LIVELINESS,
    QoSPolicyKind.LIVELINESS_LEASE_DURATION,
)
"""Policies that ``qos_overrides`` may change for a publisher."""
OF_HEARTBEAT = (QoSPolicyKind.DEADLINE, QoSPolicyKind.LIVELINESS_LEASE_DURATION)
"""Those of them that follow ``heartbeat_rate``."""


def latched(period: float, repeated: bool = True) -> QoSProfile:
    """Latched: late joiners get the last message.

    A subscriber that requests this deadline or liveliness, or a longer one, gets an event when the node has been silent
    for three periods; one that requests neither gets the same messages.

    Args:
        period: seconds between two heartbeats.
        repeated: the topic has a message at every heartbeat.
    """
    silence = HEARTBEATS * period
    qos = QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=max(silence, SHORTEST_LEASE)),
    )
    if repeated:
        qos.deadline = Duration(seconds=silence)
    return qos


def every_one() -> QoSProfile:
    """Reliable, with a queue for slow subscribers."""
    return QoSProfile(depth=EVENT_DEPTH, reliability=ReliabilityPolicy.RELIABLE)


def create_publisher(node: Node, kind: Any, topic: str, qos: QoSProfile) -> Publisher:
    """A publisher of messages of a type, with the policies of ``qos``, or those that ``qos_overrides`` gives.

    rclpy keeps a policy that has become a parameter for as long as the node lives, so those of the heartbeat become one
    only where they are given: the next configuration may have another ``heartbeat_rate``.
    """
    given = node._parameter_overrides  # rclpy has no public access to them
    prefix = f"qos_overrides.{node.resolve_topic_name(topic)}.publisher."
    policies = [one for one in OVERRIDES if one not in OF_HEARTBEAT or prefix + one.name.lower() in given]
    return node.create_publisher(kind, topic, qos, qos_overriding_options=QoSOverridingOptions(policies))
