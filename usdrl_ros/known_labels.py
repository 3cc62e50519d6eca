"""Whether a perception node knows a label that somebody waits for: asked once, without waiting for the answer."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from std_srvs.srv import Trigger

from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import LINE, cut, shown
from usdrl_model.states.person import STATES
from usdrl_ros.processes.lifecycle import InvalidHandle, RCLError

RENEWED = 0.5
"""Seconds between two looks at the graph, which leaves of a tree would take at each of their ticks."""


class KnownLabels:
    """Tells of labels that will never be heard.

    Args:
        node: asks and logs.
        service: gives the name of ``list_labels`` of the perception node, as it is now.
    """

    def __init__(self, node: Node, service: Callable[[], str]) -> None:
        self._node, self._service = node, service
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._closed = False
        self._asked: set[str] = set(STATES)
        self._renewed = -math.inf
        """When the name was looked up last, by a clock that never jumps."""

    def check(self, label: str) -> None:
        """Log an error, some time later, where the node knows no action, gesture or state of this name."""
        if label in self._asked:
            return
        with self._lock, suppress(RCLError, InvalidHandle):  # rclpy, or the node, may be shut down at any moment
            if self._closed or not self._node.context.ok():
                return
            ready = self._client is not None and self._client.service_is_ready()
            if not ready and time.monotonic() - self._renewed >= RENEWED:
                self._renew()
            if self._client is not None and self._client.service_is_ready():
                self._asked.add(label)
                answer = self._client.call_async(Trigger.Request())
                answer.add_done_callback(lambda done: self._answered(label, done))

    def close(self) -> None:
        """Ask nothing any more."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._node.destroy_client(self._client)
                self._client = None

    def _renew(self) -> None:
        """A client of the service by the name that it has now; nodes are heard of one after another."""
        self._renewed, name = time.monotonic(), self._service()
        if self._client is not None and self._client.srv_name != name:
            self._node.destroy_client(self._client)
            self._client = None
        if self._client is None:
            self._client = self._node.create_client(Trigger, name)

    def _answered(self, label: str, answer: Any) -> None:
        response = answer.result()
        if response is None or not response.success:
            self._asked.discard(label)
            return
        try:
            known = [*json.loads(response.message), *STATES]
        except (ValueError, TypeError):
            return  # of another version, whose labels nobody can tell
        if label not in known:
            there = cut(", ".join(known), LINE)
            self._node.get_logger().error(
                f"the perception knows no {shown(label)}{hint(label, known)} Nobody is found doing it, unless it is"
                f" enrolled; it knows {there}"
            )
