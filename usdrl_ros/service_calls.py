"""A service of the perception node asked in steps, so that who asks may tick or await between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.node import Node
from std_srvs.srv import Trigger

from usdrl_ros.processes.lifecycle import InvalidHandle, RCLError

PATIENCE = 6.0
"""Seconds to wait for an answer of the node, which itself waits 5.9 s for its model, at most."""


class NoAnswerError(TimeoutError):
    """Nothing serves, or what serves has not answered in time; the message says which."""


class RefusedError(ValueError):
    """What was asked for is not done; the message says why."""


class Services:
    """Clients of the services of the perception node, by the name that it has when it is asked.

    Args:
        node: asks.
        perception: gives the full name of the perception node.
    """

    def __init__(self, node: Node, perception: Callable[[], str]) -> None:
        self._node, self._perception = node, perception
        self._clients: dict[str, Client] = {}

    def __call__(self, kind: Any, service: str) -> Client:
        """The client of a service, such as ``enrol/start``, of the type ``kind``."""
        name = f"{self._perception()}/{service}"
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        return self._clients[name]

    def tell(self, service: str) -> None:
        """Call a service of the type ``Trigger``, if it has been found by now; nobody waits for the answer."""
        with suppress(RCLError, InvalidHandle):  # rclpy, or the node, may be shut down at any moment
            if self._node.context.ok() and (client := self(Trigger, service)).service_is_ready():
                client.call_async(Trigger.Request())


def text_parameters(texts: Mapping[str, str]) -> SetParameters.Request:
    """A request to set parameters of the node, name -> text."""
    kind = ParameterType.PARAMETER_STRING
    values = {name: ParameterValue(type=kind, string_value=text) for name, text in texts.items()}
    return SetParameters.Request(parameters=[Parameter(name=name, value=value) for name, value in values.items()])


def ask(
    service: Client, request: Any, monotonic: Callable[[], float] = time.monotonic
) -> Generator[None, None, SetParameters.Response | Trigger.Response]:
    """Wait for a service, call it and wait for its answer, at most ``PATIENCE`` in all: a step a look, then the answer.

    Args:
        service: of the type ``Trigger`` or ``SetParameters``, of a node that is spun meanwhile.
        request: of its type.
        monotonic: seconds that never jump.

    Raises:
        NoAnswerError: nothing serves, or no answer came in time.
        RefusedError: the node refuses, in its own words.
    """
    end = monotonic() + PATIENCE
    while not service.service_is_ready():
        if monotonic() > end:
            raise NoAnswerError(f"nothing serves {service.srv_name}")
        yield
    future = service.call_async(request)
    while not future.done():
        if monotonic() > end:
            service.remove_pending_request(future)
            raise NoAnswerError(f"{service.srv_name} has not answered for {PATIENCE:g} s")
        yield
    answer = future.result()
    if words := _refusal(answer):
        raise RefusedError(words)
    return answer


def _refusal(answer: SetParameters.Response | Trigger.Response) -> str:
    """Why the node refuses what it was asked, in its own words; empty where it does not."""
    if isinstance(answer, Trigger.Response):
        return "" if answer.success else answer.message or "refused"
    return "; ".join(result.reason or "refused" for result in answer.results if not result.successful)
