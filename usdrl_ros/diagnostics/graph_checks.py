"""What is wrong with the input topic, seen from the graph: its name, its type, its quality of service.

The node asks it about its own subscription, ``usdrl-check`` about any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from usdrl_model.errors.shown import NAME, cut
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.inputs.registry import guessable, readers
from usdrl_ros.wire import OUTPUTS

SOUNDS_LIKE_PEOPLE = re.compile("skelet|bod(y|ies)|person|people|human|pose|joint|landmark", re.IGNORECASE)
"""Names of topics that are likelier to have people than others of the same type."""
OF_ANYTHING = ("sensor_msgs/", "tf2_msgs/", "geometry_msgs/", "visualization_msgs/")
"""Packages of messages that robots have without people, too: the name must tell."""
SHOWN = 3
"""Topics that are suggested."""


def nobody_publishes(topic: str, others: Sequence[tuple[str, str]]) -> Finding:
    """Nobody publishes the topic; ``others``: of ``candidates``."""
    text = f"nobody publishes {topic}: check its name, and that the tracker runs in this ROS_DOMAIN_ID"
    if others:
        offers = ", ".join(f"{cut(name, NAME)} ({_adapter(kind)})" for name, kind in others[:SHOWN])
        text = f"nobody publishes {topic}: check its name; skeletons may be on {offers}"
    likely = [name for name, _ in others if SOUNDS_LIKE_PEOPLE.search(name)]
    likely = likely or [name for name, kind in others if not kind.startswith(OF_ANYTHING)]
    likely = [name for name in likely if _in_space(name)] or likely
    return Finding("topic", Level.ERROR, text, ("topic", likely[0]) if len(likely) == 1 else None)


def other_type(topic: str, types: Collection[str], expected: str) -> Finding:
    """The topic has messages of other types only."""
    names = [name for kind in sorted(types) for name in readers(kind)]
    remedy = "set the parameter input_type to " + " or ".join(names[:SHOWN])
    if not names:
        remedy = "set the parameter input_type, or write an adapter (adapters.md)"
    shown = ", ".join(cut(kind, NAME) for kind in sorted(types))
    text = f"{topic} is published as {shown}, expected {expected}: {remedy}"
    shared = len(names) > 1 and any(kind.startswith("std_msgs/") for kind in types)  # by sources of different kinds
    return Finding("type", Level.ERROR, text, ("input_type", names[0]) if names and not shared else None)


def incompatible(topic: str, what: Iterable[str]) -> Finding:
    """The publisher and the subscription do not fit; ``what``: policies, or how the middleware words it."""
    text = (
        f"a publisher on {topic} has an incompatible {', '.join(cut(one, NAME) for one in what)}: set"
        f" qos_overrides.{topic}.subscription to that of the publisher"
    )
    return Finding("qos", Level.ERROR, text)


def nobody_publishes_either(topics: Iterable[str]) -> str:
    """Nobody publishes further topics of a source."""
    names = ", ".join(cut(topic, NAME) for topic in topics)
    return f"nobody publishes {names}, which the input needs as well: start what does, or correct the name"


def lost(node: Node, topic: str, asked: QoSProfile) -> str:
    """What to do where little or nothing comes of a topic that somebody publishes; empty where nobody does.

    A message that is larger than a packet is sent in pieces, and over best effort one lost piece loses all of it. That
    happens to pictures on one and the same machine, too, where they do not fit into the memory that the middleware
    shares, nor into the buffers of the kernel.

    Args:
        node: asks the graph.
        topic: resolved name.
        asked: quality of service of the subscription, as it came to be.
    """
    ends = node.get_publishers_info_by_topic(topic)
    if not ends:
        return ""
    publishers = ", ".join(cut(name, NAME) for name in sorted({end.node_name for end in ends})[:SHOWN])
    check = f"check what publishes it ({publishers})"
    if asked.reliability != ReliabilityPolicy.BEST_EFFORT:
        return check
    large = "large messages are lost over best effort"
    if any(end.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for end in ends):
        return f"{check}; {large}: let it publish reliable or smaller ones"  # a reliable subscription would not hear it
    override = f"qos_overrides.{topic}.subscription.reliability:=reliable"
    return f"{large}: set {override}, or {check}"


def candidates(
    topics: Iterable[tuple[str, Iterable[str]]], published: Callable[[str], object]
) -> list[tuple[str, str]]:
    """(topic, type) of the topics of a graph that may have people, the likeliest first.

    Args:
        topics: names and types, also of what is only subscribed to.
        published: whether anybody publishes a topic.
    """
    known = guessable()
    named = [(name, kind) for name, kinds in topics for kind in kinds if kind in known and not OUTPUTS.search(name)]
    found = [(name, kind) for name, kind in named if published(name)]
    return sorted(found, key=lambda pair: (not SOUNDS_LIKE_PEOPLE.search(pair[0]), not _in_space(pair[0]), pair))


def _in_space(topic: str) -> bool:
    """Whether its name says that joints are in space, beside others in the picture (``/yolo/detections_3d``)."""
    return "3d" in topic.lower()


def _adapter(kind: str) -> str:
    return next(iter(readers(kind)), kind)
