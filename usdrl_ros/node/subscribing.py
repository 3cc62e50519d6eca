"""Subscriptions of the node, which say what is wrong where ROS would say "invalid allocator"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile
from rclpy.qos_overriding_options import QosCallbackResult, QoSOverridingOptions
from rclpy.subscription import Subscription

from usdrl_ros.messages.types import type_name
from usdrl_ros.processes.lifecycle import RCLError, rcl_reason


def subscribe(
    node: Node,
    kind: type,
    topic: str,
    put: Callable[[Any], None],
    quality: QoSProfile,
    *,
    owner: Node | None = None,
    overridable: bool = True,
    **options: Any,
) -> Subscription:
    """Subscribe serialised messages: whoever takes them deserialises them, unless they are too large.

    Args:
        node: subscribes.
        kind: of the messages.
        topic: name of the topic.
        put: takes every message.
        quality: of service.
        owner: the node whose parameters and topics count, if it is another one.
        overridable: ``qos_overrides`` may change the quality of service.
        options: further arguments of ``Node.create_subscription``.

    Raises:
        ValueError: the node has a topic of that name and of another type, or the subscription cannot be made.
    """
    name = node.resolve_topic_name(topic)
    for one in {owner or node, node}:
        _check_free(one, name, kind)
    check = partial(_check_depth, name)
    overriding = QoSOverridingOptions.with_default_policies(callback=check) if overridable else None
    try:
        return node.create_subscription(
            kind, topic, put, quality, qos_overriding_options=overriding, raw=True, **options
        )
    except RCLError as error:
        raise ValueError(f"cannot subscribe to {name} ({type_name(kind)}): {rcl_reason(error)}") from error


def _check_free(node: Node, topic: str, kind: type) -> None:
    """Raise ValueError where the node has a topic of that resolved name and of another type."""
    there: list[Any] = [*node.publishers, *node.subscriptions]
    others = {one.msg_type for one in there if one.topic_name == topic} - {kind}
    if not others:
        return
    names = [
        one.name
        for one in node._parameters.values()  # rclpy has no public access to all of them
        if one.name.endswith("topic") and one.value and node.resolve_topic_name(one.value) == topic
    ]
    both = f"{' and '.join(sorted(names))} are both {topic}"
    what = both if len(names) > 1 else f"{topic} is a topic of this node already"
    types = " and ".join(sorted(map(type_name, {kind, *others})))
    raise ValueError(f"{what}, and messages are of two types ({types}): give one of them another name")


def _check_depth(topic: str, quality: QoSProfile) -> QosCallbackResult:
    """Raise ValueError for a queue without room."""
    if quality.history == HistoryPolicy.KEEP_LAST and quality.depth < 0:  # 0 is the middleware's own
        raise ValueError(f"qos_overrides.{topic}.subscription.depth: expected at least 0, got {quality.depth}")
    result = QosCallbackResult()
    result.successful = True
    return result
