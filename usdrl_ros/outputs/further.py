"""The outputs that need what is not everywhere: labels for vision_msgs, gestures and intents for ROS4HRI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node

from usdrl_model.states.person import STATES
from usdrl_ros.outputs import detections
from usdrl_ros.outputs.hri import Hri
from usdrl_ros.outputs.hri_rules import read
from usdrl_ros.outputs.publishers import Also
from usdrl_ros.outputs.qos import create_publisher, every_one, latched


def further(node: Node, hri_rules: str, known: Callable[[], tuple[Sequence[str], float]], period: float) -> list[Also]:
    """The outputs that can be made here.

    Args:
        node: owner of the publishers.
        hri_rules: path of a rule table; empty: no gestures and no intents.
        known: the labels now, and the score at which an action starts.
        period: seconds between two heartbeats.

    Raises:
        ValueError: as ``hri_rules.read`` and ``Hri``.
    """
    rules = read(hri_rules, (*known()[0], *STATES)) if hri_rules else {}

    def create(kind: Any, topic: str) -> Any:
        # Without overrides: each topic of a body would declare parameters.
        return node.create_publisher(kind, topic, every_one())

    also: list[Also] = [Hri(rules, create, node.destroy_publisher)] if rules else []
    if (kind := detections.label_info_type()) is not None:
        publisher = create_publisher(node, kind, detections.LABELS, latched(period, repeated=False))
        also.append(detections.LabelInfo(publisher, known, node.destroy_publisher))
    return also
