"""What an active node listens to right now: its publishers, clock and namesakes, for diagnostics."""

from __future__ import annotations

from rclpy.node import Node

from usdrl_ros.diagnostics.health import Situation
from usdrl_ros.inputs.coordinate_frames import needs_tf
from usdrl_ros.node.pipeline import Pipeline


def situation(node: Node, pipeline: Pipeline, topic: str) -> Situation:
    """What ``node`` hears on ``topic`` (a resolved name)."""
    message_type = pipeline.source.message_type
    expected = f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"
    types = [publisher.topic_type for publisher in node.get_publishers_info_by_topic(topic)]
    snapshot = pipeline.worker.snapshot()
    return Situation(
        topic=topic,
        publishers=types.count(expected),
        other_types=tuple(sorted(set(types) - {expected})),
        expected_type=expected,
        clock_silent=bool(node.get_parameter("use_sim_time").value) and node.get_clock().now().nanoseconds == 0,
        max_rate=pipeline.worker.config.max_rate,
        max_people=pipeline.worker.config.max_people,
        placed_by_tf=needs_tf(pipeline.config.target_frame, pipeline.config.sensor_pose),
        namesakes=node.get_node_names_and_namespaces().count((node.get_name(), node.get_namespace())),
        stuck=pipeline.worker.stuck,
        stream_counters=snapshot.counters,
        model=snapshot.model,
    )
