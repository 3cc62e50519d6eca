"""A client for other nodes: the state of ``usdrl_perception``, while it is valid.

::

    actions = ActionsClient(node)
    if not actions.alive:
        ...                           # no perception: do not rely on it
    for person in actions.doing("wave"):
        print(person["id"], person["position"])

When a node is killed, its last state stays in latched topics and variables. A state is therefore valid only while
heartbeats arrive: after three periods without one it is stale (docs/state.md). The first message of a late joiner may
come from a node that has died, so a state is valid from the second heartbeat on, half a second later.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from usdrl_model.errors.shown import shown
from usdrl_ros.outputs.qos import HEARTBEATS
from usdrl_ros.outputs.state_json import SCHEMA

SHORTEST_SILENCE = 0.5
"""Seconds of silence that are always tolerated, however short the period."""


class Pulse:
    """Whether promised heartbeats still arrive; time is an argument."""

    def __init__(self) -> None:
        self._stamp: float | None = None
        self._sure = False
        self._until = -math.inf

    def beat(self, stamp: float, period: float, now: float) -> None:
        """Record a heartbeat: its stamp and promised period, received at ``now`` by the receiver's clock, seconds."""
        if stamp != self._stamp:
            # After a silence, the next one may be a latched one again.
            self._sure = self._stamp is not None and now <= self._until
            self._stamp, self._until = stamp, now + max(HEARTBEATS * period, SHORTEST_SILENCE)

    def alive(self, now: float) -> bool:
        """At least two heartbeats arrived, the last one in time."""
        return self._sure and now <= self._until


class ActionsClient:
    """Subscribes to the state of a perception node; results are from the newest state, or empty if it is stale.

    Call it from the thread that spins the node, or from callbacks of the same group.

    Args:
        node: subscribes, and must be spun.
        topic: the state, relative to the namespace of ``node``.
        monotonic: seconds that never jump.
    """

    def __init__(
        self, node: Node, topic: str = "actions/state", *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._node = node
        self._monotonic = monotonic
        self._pulse = Pulse()
        self._state: dict[str, Any] | None = None
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscription = node.create_subscription(String, topic, self._hear, qos)

    @property
    def alive(self) -> bool:
        """The node is active and its heartbeats arrive."""
        return self._pulse.alive(self._monotonic())

    @property
    def state(self) -> dict[str, Any] | None:
        """The newest state, see docs/state.md; None if there is none, or it is stale."""
        return self._state if self.alive else None

    def people(self) -> list[dict[str, Any]]:
        """All people now; empty if the state is stale."""
        state = self.state
        return [] if state is None else state["people"]

    def doing(self, label: str) -> list[dict[str, Any]]:
        """Those of ``people`` with ``label`` active, highest score first."""
        scores = [
            (action["score"], person)
            for person in self.people()
            for action in person["actions"]
            if action["label"] == label and action["state"] == "active"
        ]
        return [person for _, person in sorted(scores, key=lambda pair: -pair[0])]

    def being(self, state: str) -> list[dict[str, Any]]:
        """Those of ``people`` whose ``state`` (docs/states.md) holds, the longest first."""
        since = [
            (held["onset"], person)
            for person in self.people()
            for held in person.get("states", {"active": []})["active"]
            if held["label"] == state
        ]
        return [person for _, person in sorted(since, key=lambda pair: pair[0])]

    def close(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def _hear(self, message: String) -> None:
        state = json.loads(message.data)
        beat = state.get("heartbeat")
        if state.get("schema") != SCHEMA or beat is None:
            self._node.get_logger().error(
                f"expected a state {SCHEMA} with a heartbeat, got {shown(state.get('schema'))}: use the same version of"
                " usdrl_ros on both sides",
                once=True,
            )
            return
        self._state = state
        self._pulse.beat(beat["stamp"], beat["period"], self._monotonic())
