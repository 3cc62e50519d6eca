"""Which node says what people do: it is asked by the name that it has, whatever it was renamed to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rclpy.node import Node

from usdrl_ros.wire import NODE, STATE

SERVICE = "list_labels"
"""By which a perception node is known from a relay or a player of its state."""


def full_name(name: str, namespace: str) -> str:
    """Of a node, as services begin with it."""
    return f"{namespace.rstrip('/')}/{name}"


def perceptions(node: Node, publishers: Iterable[Any]) -> set[str]:
    """Full names of the perception nodes among those who publish a state, as ``node`` sees the graph now."""
    found = {full_name(end.node_name, end.node_namespace) for end in publishers}
    served = {name for name, _ in node.get_service_names_and_types()} if found else set()
    return {one for one in found if f"{one}/{SERVICE}" in served}


def perception_name(node: Node, state: str) -> str:
    """Full name of the one perception node that publishes ``state`` (a full name), as ``node`` sees the graph now.

    Where there is none, or several: the name of one that nobody renamed, in the namespace of the state, or in that of
    ``node`` if the state is renamed.
    """
    space = state.removesuffix(f"/{STATE}")
    usual = f"{space}/{NODE}" if space != state else str(node.resolve_service_name(NODE))
    found = perceptions(node, node.get_publishers_info_by_topic(state))
    return found.pop() if len(found) == 1 else usual
