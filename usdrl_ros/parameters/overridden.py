"""Given qualities of service that reach no topic: rclpy ignores them silently."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rclpy.node import Node

from usdrl_model.errors.nearest import nearest
from usdrl_ros.wire import OUTPUTS

PREFIX = "qos_overrides."
POLICIES = ("history", "depth", "reliability")
"""Those that ``qos_overrides`` may change for a subscription."""


def warn_of_unused(node: Node, beside: Iterable[str] = ()) -> None:
    """Log which of the given ``qos_overrides`` no topic of a node has taken, where one of its topics may be meant.

    A file of parameters may be shared: topics that are like none of this node's are those of others, and so are roles.
    Call it once all of its topics are there.

    Args:
        node: with the parameters.
        beside: resolved names of topics that another node subscribes for it.
    """
    taken = {name.removeprefix(PREFIX) for name in node._parameters if name.startswith(PREFIX)}
    taken |= {f"{topic}.subscription.{policy}" for topic in beside for policy in POLICIES}
    ends = {name.rpartition(".")[0] for name in taken}
    for name in node._parameter_overrides:  # rclpy has no public access to them
        given = name.removeprefix(PREFIX)
        if given != name and given not in taken and (why := _why(given, ends, node.get_namespace())):
            node.get_logger().warning(f"{name} {why}")


def _why(given: str, ends: Collection[str], namespace: str) -> str:
    """Why ``TOPIC.ROLE.POLICY`` is not taken, "" where it is not ours; ``ends``: what is there, as ``TOPIC.ROLE``."""
    end, _, policy = given.rpartition(".")
    if end in ends:
        return f"is ignored: {policy} cannot be set there (docs/topics.md)"
    topic, _, role = end.rpartition(".")
    topics = {one.rpartition(".")[0] for one in ends if one.endswith(f".{role}")}
    if any(one.startswith(f"{topic}.") for one in ends) or OUTPUTS.search(topic):  # or one that may come later
        return ""
    within = f"{namespace}/{topic.lstrip('/')}"
    meant = within if within in topics else nearest(topic, topics)
    return f"reaches no topic; did you mean {PREFIX}{meant}.{role}.{policy}?" if meant else ""
