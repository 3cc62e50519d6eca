"""What people do, for a node of one's own: the state of ``usdrl_perception``, as long as it can be believed.

::

    actions = ActionsClient(node)
    if not actions.alive:
        ...                           # nobody perceives: stop relying on it
    for person in actions.doing("wave"):
        print(person["id"], person["position"])

A state that was heard once stays where it is when its node is killed, on every topic that is latched or kept in a
variable. So a state counts only while the node gives signs of life: every state has a heartbeat, and after
three periods without another one it is stale (docs/state.md). The first message that a late joiner gets may be the
latched one of a node that has died meanwhile, so it counts from the second heartbeat on, half a second later.
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
"""Seconds of silence that are always forgiven, however short the period."""


class Pulse:
    """Whether somebody who promised to be heard every so often still is; time is an argument."""

    def __init__(self) -> None:
        self._stamp: float | None = None
        self._sure = False
        self._until = -math.inf

    def beat(self, stamp: float, period: float, now: float) -> None:
        """Note a heartbeat: its stamp and the promised period, as heard at ``now``, seconds of the listener's clock."""
        if stamp != self._stamp:
            # After a silence the next one may be a latched one again.
            self._sure = self._stamp is not None and now <= self._until
            self._stamp, self._until = stamp, now + max(HEARTBEATS * period, SHORTEST_SILENCE)

    def alive(self, now: float) -> bool:
        """Two heartbeats were heard, the last one not too long ago."""
        return self._sure and now <= self._until


class ActionsClient:
    """Subscribes to the state of a perception node; its answers are of the newest state, or empty if that is stale.

    Callbacks and questions must come from the same thread, or from callbacks of the same group.

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
        """The node perceives: it is there, active, and its heartbeats arrive."""
        return self._pulse.alive(self._monotonic())

    @property
    def state(self) -> dict[str, Any] | None:
        """The newest state, see docs/state.md; None if there is none that can be believed."""
        return self._state if self.alive else None

    def people(self) -> list[dict[str, Any]]:
        """Everybody who is there now; empty if nobody is, or nobody perceives."""
        state = self.state
        return [] if state is None else state["people"]

    def doing(self, label: str) -> list[dict[str, Any]]:
        """Those of ``people`` who do ``label`` now, the surest first."""
        scores = [
            (action["score"], person)
            for person in self.people()
            for action in person["actions"]
            if action["label"] == label and action["state"] == "active"
        ]
        return [person for _, person in sorted(scores, key=lambda pair: -pair[0])]

    def close(self) -> None:
        """Stop listening."""
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
