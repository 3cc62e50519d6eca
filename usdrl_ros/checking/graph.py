"""The running graph: who publishes the topic, which perception node listens, and what its parameters are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import QoSCompatibility, qos_check_compatible

from usdrl_model.errors.shown import MESSAGE, NAME, cut
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.parameters.declarations import PARAMETERS
from usdrl_ros.perception_name import full_name, perceptions
from usdrl_ros.wire import NODE, STATE

UNKNOWN = "_NODE_NAME_UNKNOWN_"
"""Name of a node whose endpoints were discovered before itself."""
ANSWER = 3.0
"""Seconds that another node may take to answer."""


@dataclass(frozen=True, slots=True)
class Perception:
    """A perception node that runs."""

    name: str
    """Full name."""
    parameters: dict[str, Any]
    """Those that it told."""
    trouble: Finding | None
    """It does not answer, or is not active."""


class Graph:
    """Asks the graph through a node of its own.

    Args:
        node: of this process.
        executor: that spins it.
    """

    def __init__(self, node: Node, executor: SingleThreadedExecutor) -> None:
        self.node = node
        self._executor = executor
        self._statuses: dict[str, DiagnosticStatus] = {}
        node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 50)

    def wait(self, done: Callable[[], object], seconds: float) -> bool:
        """Spin until ``done()`` is true; False if that takes longer."""
        end = time.monotonic() + seconds
        while not done():
            if (left := end - time.monotonic()) <= 0.0:
                return False
            self._executor.spin_once(timeout_sec=min(left, 0.1))
        return True

    @property
    def discovering(self) -> bool:
        """A state is published, but by whom is not known yet, or it has no perception node yet."""
        states = self._states()
        return any(end.node_name == UNKNOWN for end in states) or bool(states and not perceptions(self.node, states))

    def perceptions(self, name: str = "") -> list[str]:
        """Full names of the perception nodes; with ``name``, of nodes of that name, full or not."""
        states = [end for end in self._states() if end.node_name != UNKNOWN]
        found = perceptions(self.node, states)
        for own, namespace in self.node.get_node_names_and_namespaces():
            if own == (name.rpartition("/")[2] or NODE):
                found.add(full_name(own, namespace))
        # Without either it may be of another version: whoever publishes the state.
        found = found or {full_name(end.node_name, end.node_namespace) for end in states}
        return sorted(one for one in found if not name or one == name or one.endswith(f"/{name.lstrip('/')}"))

    def perception(self, name: str) -> Perception:
        """The parameters and the state of a perception node."""
        names = [parameter.name for parameter in PARAMETERS] + ["use_sim_time"]
        values = self.parameters(name, names)
        if values is None:
            text = f"{name} does not answer: is it hanging, or of another version? its parameters are not known"
            return Perception(name, {}, Finding("node", Level.WARN, text))
        state = self._call(GetState, f"{name}/get_state", GetState.Request())
        trouble = None
        if state is not None and state.current_state.label != "active":
            text = f"{name} is {cut(state.current_state.label, NAME)}: configure and activate it (its log says why)"
            trouble = Finding("node", Level.WARN, text)
        return Perception(name, values, trouble)

    def parameters(self, node: str, names: list[str]) -> dict[str, Any] | None:
        """Name -> value of those parameters that a node has; None where it does not answer."""
        answer = self._call(GetParameters, f"{node}/get_parameters", GetParameters.Request(names=names))
        if answer is None:
            return None
        pairs = zip(names, map(parameter_value_to_python, answer.values), strict=False)
        return {name: value for name, value in pairs if value is not None}

    def topic_of(self, perception: str, named: str, expected: str, patience: float) -> str:
        """The topic of a node's people: the only one of their type that it hears, however remapped; else by its name.

        Args:
            perception: full name of the node.
            named: its parameter ``topic``.
            expected: type.
            patience: seconds to wait for its subscriptions.
        """
        namespace, _, own = perception.rpartition("/")

        def heard() -> list[str]:
            try:
                topics = self.node.get_subscriber_names_and_types_by_node(own, namespace or "/")
            except RuntimeError:  # it has just gone
                return []
            return [topic for topic, types in topics if expected in types]

        self.wait(heard, patience)
        topics = heard()
        return topics[0] if len(topics) == 1 else expand_topic_name(named, own, namespace or "/")

    def publishers(self, topic: str) -> list[Any]:
        """Endpoints that publish a topic, those of this process left out."""
        own = self.node.get_name()
        return [end for end in self.node.get_publishers_info_by_topic(topic) if end.node_name != own]

    def names(self, topic: str) -> tuple[str, ...]:
        """Nodes that publish a topic."""
        return tuple(sorted({end.node_name for end in self.publishers(topic)} - {UNKNOWN}))

    def candidates(self) -> list[tuple[str, str]]:
        """(topic, type) of published topics that may have people."""
        return graph_checks.candidates(self.node.get_topic_names_and_types(), self.publishers)

    def misfits(self, topic: str, expected: str, perception: str) -> list[Finding]:
        """Publishers whose quality of service does not fit the subscription of a perception node."""
        reasons = []
        for mine in self.node.get_subscriptions_info_by_topic(topic):
            if full_name(mine.node_name, mine.node_namespace) != perception:
                continue
            for end in self.publishers(topic):
                if end.topic_type == expected:
                    fits, reason = qos_check_compatible(end.qos_profile, mine.qos_profile)
                    if fits == QoSCompatibility.ERROR:
                        policies = reason.replace("ERROR:", "").replace(";", ",").strip(" ,")
                        reasons.append(f"quality of service ({policies})")
        return [graph_checks.incompatible(topic, dict.fromkeys(reasons))] if reasons else []

    def inference_trouble(self, perception: str) -> list[Finding]:
        """What the node itself says about its inference."""
        return self._told(perception, "inference")

    def camera_trouble(self, topic: str) -> list[Finding]:
        """What a camera node that publishes the topic says about its pictures and its depth."""
        nodes = sorted({full_name(end.node_name, end.node_namespace) for end in self.publishers(topic)})
        return [found for node in nodes for part in ("pictures", "people") for found in self._told(node, part)]

    def _told(self, node: str, part: str) -> list[Finding]:
        status = self._statuses.get(f"{node}: {part}")
        if status is None or status.level == DiagnosticStatus.OK:
            return []
        level = Level.ERROR if status.level == DiagnosticStatus.ERROR else Level.WARN
        return [Finding(part, level, f"{node}: {cut(status.message, MESSAGE)}")]

    def _states(self) -> list[Any]:
        topics = [topic for topic, _ in self.node.get_topic_names_and_types() if topic.endswith(f"/{STATE}")]
        return [end for topic in topics for end in self.node.get_publishers_info_by_topic(topic)]

    def _hear(self, array: DiagnosticArray) -> None:
        for status in array.status[:100]:
            if len(self._statuses) < 1000:
                self._statuses[status.name] = status

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client = self.node.create_client(kind, name)
        try:
            if not self.wait(client.service_is_ready, ANSWER):
                return None
            future = client.call_async(request)
            return future.result() if self.wait(future.done, ANSWER) else None
        finally:
            self.node.destroy_client(client)
