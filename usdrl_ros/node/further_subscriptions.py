"""Subscriptions to the further topics of an adapter.

The adapter changes what it wants on the inference thread; subscriptions are made and destroyed by the executor, which
waits for them meanwhile. A guard condition tells it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from usdrl_ros.inputs.further_topics import FurtherTopics, Heard, Route


class FurtherSubscriptions:
    """Follows ``topics`` until ``close``.

    Args:
        node: subscribes.
        topics: what the adapter wants.
        put: takes every message.

    Raises:
        Exception: of rclpy, for a topic that cannot be subscribed; none is subscribed then.
    """

    def __init__(self, node: Node, topics: FurtherTopics, put: Callable[[Heard], object]) -> None:
        self._node, self._topics, self._put = node, topics, put
        self._open: dict[Route, Subscription] | None = {}
        self._lock = threading.Lock()
        self._guard = node.create_guard_condition(self._follow)
        topics.changed = self._guard.trigger
        try:
            self._follow()
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """End all subscriptions."""
        with self._lock:
            subscriptions, self._open = self._open or {}, None
        self._topics.changed = lambda: None
        for subscription in subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._node.destroy_guard_condition(self._guard)

    def silent(self) -> tuple[str, ...]:
        """Resolved names of topics that nobody publishes; those that are latched may have nothing to say."""
        with self._lock:
            names = [one.topic_name for route, one in (self._open or {}).items() if not route.latched]
        return tuple(name for name in names if not self._node.get_publishers_info_by_topic(name))

    def _follow(self) -> None:
        with self._lock:
            if self._open is None:
                return
            wanted = self._topics.routes
            for route in [route for route in self._open if route not in wanted]:
                self._node.destroy_subscription(self._open.pop(route))
            for route in wanted:
                if route not in self._open:
                    self._open[route] = self._subscribe(route)

    def _subscribe(self, route: Route) -> Subscription:
        # A best-effort subscription hears every publisher, but a latched one is heard by reliable ones only.
        qos = QoSProfile(depth=route.depth, reliability=ReliabilityPolicy.BEST_EFFORT)
        if route.latched:
            qos = QoSProfile(
                depth=route.depth,
                reliability=ReliabilityPolicy.RELIABLE,
                durability=DurabilityPolicy.TRANSIENT_LOCAL,
            )

        def put(data: Any) -> None:
            self._put(Heard(route, data))

        return self._node.create_subscription(
            route.kind,
            route.topic,
            put,
            qos,
            raw=True,  # as the main topic
        )
