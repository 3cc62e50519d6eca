"""Quality of service of the outputs."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy

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
