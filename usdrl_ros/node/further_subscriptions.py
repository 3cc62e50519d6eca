"""Subscriptions to the further topics of an adapter.

The adapter changes what it wants on the inference thread; subscriptions are made and destroyed by the executor of the
node, which waits for them meanwhile. A guard condition tells it. They are those of a node beside it, with a thread of
its own: an IMU sends 400 messages a second, and every one would make that executor look at everything it has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from usdrl_ros.diagnostics.graph_checks import lost
from usdrl_ros.diagnostics.reporting import RECENT
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard, Route
from usdrl_ros.node.subscribing import subscribe
from usdrl_ros.processes.lifecycle import OwnThread


class FurtherSubscriptions:
    """Follows ``topics`` until ``close``.

    Args:
        node: subscribes.
        topics: what the adapter wants.
        put: takes every message.
        failed: receives the errors of their thread.

    Raises:
        Exception: of rclpy, for a topic that cannot be subscribed; none is subscribed then.
    """

    def __init__(
        self,
        node: Node,
        topics: FurtherTopics,
        put: Callable[[Heard], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._node, self._topics, self._put, self._failed = node, topics, put, failed
        self._beside: Node | None = None
        self._spinning: OwnThread | None = None
        self._open: dict[Route, Subscription] | None = {}
        self._heard: dict[Route, float] = {}
        """When a topic last said something, or was subscribed; steady seconds."""
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
            self._open = None
        self._topics.changed = lambda: None
        if self._spinning is not None:
            self._spinning.close()
        self._node.destroy_guard_condition(self._guard)

    def names(self) -> tuple[str, ...]:
        """Resolved names of all that are subscribed."""
        with self._lock:
            return tuple(one.topic_name for one in (self._open or {}).values())

    def silent(self) -> tuple[str, ...]:
        """Resolved names of topics that nobody publishes; those that are latched may have nothing to say."""
        with self._lock:
            names = [one.topic_name for route, one in (self._open or {}).items() if not route.latched]
        return tuple(name for name in names if not self._node.get_publishers_info_by_topic(name))

    def lost(self) -> tuple[str, ...]:
        """What to do about topics of images of which nothing comes, though somebody publishes them."""
        late = time.monotonic() - RECENT
        with self._lock:
            quiet = [one for route, one in (self._open or {}).items() if self._heard[route] < late]
        told = {
            one.topic_name: lost(self._node, one.topic_name, one.qos_profile) for one in quiet if one.msg_type is Image
        }
        return tuple(f"nothing arrives on {topic}: {what}" for topic, what in told.items() if what)

    def _follow(self) -> None:
        with self._lock:
            if self._open is None:
                return
            wanted = self._topics.routes
            if wanted and self._beside is None:
                self._beside = _beside(self._node)
                self._spinning = OwnThread(self._beside, "further topics", self._failed)
            if self._beside is None:
                return
            for route in [route for route in self._open if route not in wanted]:
                self._beside.destroy_subscription(self._open.pop(route))
                del self._heard[route]
            for route in wanted:
                if route not in self._open:
                    self._heard[route] = time.monotonic()
                    self._open[route] = self._subscribe(self._beside, route)

    def _subscribe(self, beside: Node, route: Route) -> Subscription:
        def put(data: Any) -> None:
            if route in self._heard:  # else it was on its way as the subscription ended
                self._heard[route] = time.monotonic()
            self._put(Heard(route, data))

        topic = self._node.resolve_topic_name(route.topic)
        # Each leaves parameters behind, which nobody needs of the topics of every body that comes and goes.
        given = any(name.startswith(f"qos_overrides.{topic}.") for name in beside._parameter_overrides)
        return subscribe(beside, route.kind, topic, put, route.quality(), owner=self._node, overridable=given)


def _beside(node: Node) -> Node:
    """A node that only hears; names are resolved before by the other, so that rules of the command line count once."""
    given = node._parameter_overrides  # rclpy has no public access to them
    return rclpy.create_node(
        f"{node.get_name()}_inputs",
        context=node.context,
        namespace=node.get_namespace(),
        use_global_arguments=False,
        parameter_overrides=[one for name, one in given.items() if name.startswith("qos_overrides.")],
        start_parameter_services=False,
        enable_rosout=False,
    )
