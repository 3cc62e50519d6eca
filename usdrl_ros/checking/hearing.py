"""What is heard of a source: its messages, and those of the further topics that it reads, as the node hears them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.expand_topic_name import expand_topic_name
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image

from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.checking.graph import Graph
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.inputs.common import InputError, SourceFrame
from usdrl_ros.inputs.conversion import Conversion
from usdrl_ros.inputs.depth_images import KEPT
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard, Route

MOST = 10_000
"""Messages that are kept."""
LARGEST = 512 << 20
"""Bytes of all of them: some seconds of depth images."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One message as it came."""

    data: bytes
    """CDR."""
    arrival: float
    """Seconds of the clock that stamps should agree with."""
    steady: float
    """Seconds that never jump."""
    topic: str = ""
    """The further topic, as ``Route.topic``; empty: the main one."""

    def read(self, convert: Conversion, further: FurtherTopics) -> tuple[SourceFrame, SkeletonFrame] | None:
        """What ``convert`` makes of it, whose further topics are ``further``; errors as of ``convert``."""
        if not self.topic:
            return convert(self.data, self.arrival)
        route = next((one for one in further.routes if one.topic == self.topic), None)
        return None if route is None else convert(Heard(route, self.data), self.arrival)


class Hearing:
    """Subscribes a source until ``close``.

    Args:
        graph: whose node subscribes.
        kind: class of the messages of the main topic.
        topic: resolved name of it.
        convert: is given the messages of the main topic, and asks for further topics by them; None: by none.
        topics: the further topics that it wants: from the start, as depth images, or with people, as their skeletons.
        perception: full name of the perception node, whose names and quality of service count; empty: none runs.
    """

    def __init__(
        self, graph: Graph, kind: Any, topic: str, convert: Conversion | None, topics: FurtherTopics, perception: str
    ) -> None:
        self._graph, self._convert, self._topics, self._perception = graph, convert, topics, perception
        self._messages: list[Captured] = []
        self._bytes = 0
        best_effort = QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._made = [graph.node.create_subscription(kind, topic, self._taking(""), best_effort, raw=True)]
        self._from_the_start = topics.routes
        self._further: dict[Route, Any] = {}
        self._follow()

    def listen(self, seconds: float, patience: float) -> list[Captured]:
        """The messages of some seconds, in the order of arrival; empty if none of the main topic comes in time.

        Args:
            seconds: to listen, less where that is more than is kept.
            patience: seconds to wait for the first message of the main topic, and then of the further ones.
        """
        wait = self._wait
        if not wait(lambda: "" in self._heard(), patience):
            return []
        if self._further:
            wait(lambda: {route.topic for route in self._published()} <= self._heard(), patience)
            if any(route.kind is Image for route in self._further):
                wait(lambda: self._full, KEPT)  # depth of the pictures that the first skeletons are of
            self._messages = self._readable()
        wait(lambda: self._full, seconds)
        return list(self._messages)

    def troubles(self) -> list[Finding]:
        """Further topics of which nothing came."""
        heard, found = self._heard(), []
        for route, made in self._further.items():
            name = made.topic_name
            if route.latched or route.topic in heard:
                continue
            if not self._graph.publishers(name):
                found.append(Finding("silent", Level.ERROR, graph_checks.nobody_publishes_either([name])))
            elif remedy := graph_checks.lost(self._graph.node, name, made.qos_profile):
                found.append(Finding("lost", Level.ERROR, f"nothing arrives on {name}: {remedy}"))
        return found

    def close(self) -> None:
        """End all subscriptions."""
        for made in (*self._made, *self._further.values()):
            self._graph.node.destroy_subscription(made)

    def _readable(self) -> list[Captured]:
        """The messages without those of people that came before, and cannot be read as the node reads them.

        Where people have topics of their own, the newest message stays that asked for them: it may be long until the
        next one.
        """
        early = {route.topic for route in self._from_the_start}
        asked = [one for one in self._messages if not one.topic][-1:] if len(self._further) > len(early) else []
        return [one for one in self._messages if one.topic in early or one in asked]

    def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        """As ``Graph.wait``; meanwhile subscriptions follow what is wanted."""

        def followed() -> bool:
            self._follow()
            return done()

        return self._graph.wait(followed, seconds)

    def _follow(self) -> None:
        for route in [route for route in self._further if route not in self._topics.routes]:
            self._graph.node.destroy_subscription(self._further.pop(route))
        for route in self._topics.routes:
            if route not in self._further:
                self._further[route] = self._subscribe(route)

    @property
    def _full(self) -> bool:
        return len(self._messages) >= MOST or self._bytes >= LARGEST

    def _heard(self) -> set[str]:
        return {one.topic for one in self._messages}

    def _published(self) -> list[Route]:
        return [
            route
            for route, made in self._further.items()
            if not route.latched and self._graph.publishers(made.topic_name)
        ]

    def _taking(self, topic: str) -> Any:
        def take(data: bytes) -> None:
            if not self._full:
                self._bytes += len(data)
                now = self._graph.node.get_clock().now().nanoseconds * 1e-9
                self._messages.append(Captured(data, now, time.monotonic(), topic))
                if not topic and self._convert is not None:
                    with contextlib.suppress(InputError):  # which ``trial.run`` tells
                        self._convert(data, now)

        return take

    def _subscribe(self, route: Route) -> Any:
        node, quality = self._graph.node, route.quality()
        namespace, _, own = self._perception.rpartition("/")
        name = expand_topic_name(route.topic, own, namespace or "/") if own else node.resolve_topic_name(route.topic)
        for end in node.get_subscriptions_info_by_topic(name) if own else ():
            if (end.node_name, end.node_namespace.rstrip("/")) == (f"{own}_inputs", namespace):
                quality.reliability = end.qos_profile.reliability
        overriding = QoSOverridingOptions.with_default_policies()
        return node.create_subscription(
            route.kind, name, self._taking(route.topic), quality, qos_overriding_options=overriding, raw=True
        )
