"""Quality of service of what is published: who gets it, and how it is noticed that nobody publishes any more."""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy

EVENT_DEPTH = 50
"""Events kept for a subscriber that is slow: several seconds of a busy room."""
HEARTBEATS = 3
"""Heartbeats, one of them at least must be heard; else the node counts as gone."""
SHORTEST_LEASE = 1.0
"""Seconds. Liveliness that must be asserted more often gets lost on a busy machine."""
OVERRIDES = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DEADLINE,
    QoSPolicyKind.LIVELINESS,
    QoSPolicyKind.LIVELINESS_LEASE_DURATION,
)
"""What ``qos_overrides`` may change of a publisher."""


def latched(period: float, repeated: bool = True) -> QoSProfile:
    """The last message reaches everybody, also who comes later.

    Who asks for a deadline or a liveliness of that long or longer hears after three periods that the node is gone; who
    asks for neither gets the same messages.

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
    """Every message reaches everybody who listens."""
    return QoSProfile(depth=EVENT_DEPTH, reliability=ReliabilityPolicy.RELIABLE)
