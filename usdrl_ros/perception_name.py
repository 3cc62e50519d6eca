"""Which node says what people do: it is asked by the name that it has, whatever it was renamed to."""

from __future__ import annotations

from rclpy.node import Node

from usdrl_ros.wire import NODE, STATE

SERVICE = "list_labels"
"""By which a perception node is known from a relay of its state."""


def perception_name(node: Node, state: str) -> str:
    """Full name of the one perception node that publishes ``state`` (a full name), as ``node`` sees the graph now.

    Where there is none, or several: the name of one that nobody renamed, in the namespace of the state, or in that of
    ``node`` if the state is renamed.
    """
    space = state.removesuffix(f"/{STATE}")
    usual = f"{space}/{NODE}" if space != state else str(node.resolve_service_name(NODE))
    ends = node.get_publishers_info_by_topic(state)
    found = {f"{end.node_namespace.rstrip('/')}/{end.node_name}" for end in ends}
    if found:
        served = {name for name, _ in node.get_service_names_and_types()}
        found = {one for one in found if f"{one}/{SERVICE}" in served}
    return found.pop() if len(found) == 1 else usual
