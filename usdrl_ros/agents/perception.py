"""What the tools ask of ``usdrl_perception``: its state, its services, and whether it lives at all.

The node is spun by a thread of its own; everything here is awaited on the event loop of the server.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import anyio
from rclpy.node import Node
from std_srvs.srv import Trigger

from usdrl_model.errors.shown import LINE, cut
from usdrl_ros.client import ActionsClient
from usdrl_ros.enrolling import Enrolling
from usdrl_ros.service_calls import NoAnswerError, Services, ask
from usdrl_ros.wire import STATE

Answer = TypeVar("Answer")
POLL = 0.05
"""Seconds between two looks."""
FIRST_BEATS = 2.0
"""Seconds after which a node that lives has been heard: it is valid from the second heartbeat on."""


class NoPerceptionError(RuntimeError):
    """There is no perception to ask; the message says what was found instead, and what to do."""


class Perception:
    """The perception node, in the namespace of the node that asks, as a client sees it.

    Args:
        node: asks, and is spun by another thread.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._topic = node.resolve_topic_name(STATE)
        self.client = ActionsClient(node)
        self._service = Services(node, lambda: self.client.perception)

    async def state(self) -> dict[str, Any]:
        """The newest state (docs/state.md); waits a moment for the first heartbeats.

        Raises:
            NoPerceptionError: none came.
        """
        end = time.monotonic() + FIRST_BEATS
        while (state := self.client.state) is None:
            if time.monotonic() > end:
                raise NoPerceptionError(self._absence())
            await anyio.sleep(POLL)
        return state

    async def ask(self, service: str) -> str:
        """The message of a Trigger service of the node.

        Raises:
            NoPerceptionError: no answer.
            ValueError: the node refuses; its own words.
        """
        response = await self.follow(ask(self._service(Trigger, service), Trigger.Request()))
        return str(response.message)

    def gesture(self, label: str, person: str) -> Enrolling:
        """A gesture that the node is to learn; its steps are for ``follow``."""
        return Enrolling(self._service, label, person)

    async def follow(self, steps: Generator[None, None, Answer]) -> Answer:
        """What steps that ask the node end with; errors as ``ask``."""
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value
            except NoAnswerError as error:
                raise NoPerceptionError(self._silence(error)) from error
            await anyio.sleep(POLL)

    def _silence(self, error: NoAnswerError) -> str:
        """Why a service gives no answer: its node is gone, or only its state is there."""
        if not self.client.alive:
            return f"no perception: {error}"
        names = sorted({end.node_name for end in self._node.get_publishers_info_by_topic(self._topic)})
        return (
            f"no answer: {error}, although {self._topic} arrives, from {cut(', '.join(names), LINE)}: `people` and"
            " `recent_events` can be asked all the same. Where that is a relay, give this server the topic of the"
            " perception node itself: -r actions/state:=TOPIC"
        )

    def _absence(self) -> str:
        publishers = self._node.count_publishers(self._topic)
        if not publishers:
            return (
                f"no perception: nothing publishes {self._topic}. Nothing is known about people. Start"
                " usdrl-perception, with the ROS_DOMAIN_ID and the namespace of this server"
            )
        return (
            f"no perception: {self._topic} is published, but its heartbeats do not arrive: the node is not active,"
            " hangs, or has just died. Nothing is known about people now; /diagnostics says more"
        )
