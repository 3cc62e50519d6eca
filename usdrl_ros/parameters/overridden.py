"""Given qualities of service that reach no topic: rclpy ignores them silently."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node

from usdrl_model.errors.nearest import nearest
from usdrl_model.errors.shown import LINE, cut

PREFIX = "qos_overrides."
POLICIES = ("history", "depth", "reliability")
"""Those that ``qos_overrides`` may change for a subscription."""


def warn_of_unused(node: Node, beside: Iterable[str] = ()) -> None:
    """Log which of the given ``qos_overrides`` no topic of a node has taken; once all of its topics are there.

    Args:
        node: with the parameters.
        beside: resolved names of topics that another node subscribes for it.
    """
    taken = {name.removeprefix(PREFIX) for name in node._parameters if name.startswith(PREFIX)}
    taken |= {f"{topic}.subscription.{policy}" for topic in beside for policy in POLICIES}
    ends = sorted({name.rpartition(".")[0] for name in taken})
    for name in node._parameter_overrides:  # rclpy has no public access to them
        given = name.removeprefix(PREFIX)
        if given != name and given not in taken:
            node.get_logger().warning(f"{name} {_why(given, ends)}")


def _why(given: str, ends: list[str]) -> str:
    """Why ``TOPIC.ROLE.POLICY`` is not taken; ``ends``: what is there, as ``TOPIC.ROLE``."""
    end, _, policy = given.rpartition(".")
    if end in ends:
        return f"is ignored: {policy} cannot be set there (docs/topics.md)"
    topics: dict[str, list[str]] = {}
    for one in ends:
        topics.setdefault(one.rpartition(".")[0], []).append(one)
    topic, _, role = end.rpartition(".")
    if near := topics.get(topic) or topics.get(nearest(topic, topics)):
        meant = next((one for one in near if one.endswith(f".{role}")), near[0])
        return f"reaches no topic so far; did you mean {PREFIX}{meant}.{policy}?"
    return f"reaches no topic so far; there are {cut(', '.join(ends), LINE)}"
