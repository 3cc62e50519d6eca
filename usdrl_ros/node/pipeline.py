"""Source, model, outputs and worker, built from the parameters at configuration and released at cleanup."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from usdrl_model.plausibility.live_check import ContentCheck
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.diagnostics.health import Situation
from usdrl_ros.inputs.conversion import Conversion, converter, described, levelled_by
from usdrl_ros.inputs.deserialiser import Deserialiser
from usdrl_ros.inputs.further_topics import FurtherTopics
from usdrl_ros.inputs.registry import Input, find, load
from usdrl_ros.messages.types import type_name
from usdrl_ros.node.further_subscriptions import FurtherSubscriptions
from usdrl_ros.node.model import Model, StreamFactory, load_model
from usdrl_ros.node.processing import Processing
from usdrl_ros.node.protocols import Observer
from usdrl_ros.node.worker import Worker
from usdrl_ros.outputs.further import further
from usdrl_ros.outputs.publishers import Outputs
from usdrl_ros.outputs.result import Result
from usdrl_ros.parameters.values import PerceptionConfig
from usdrl_ros.wire import STATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """The parts of a configured node."""

    config: PerceptionConfig
    """As configured; dynamic parameters may have changed since."""
    source: Input
    topics: FurtherTopics
    """Those that the adapter reads beside its main one."""
    model: Model
    outputs: Outputs
    worker: Worker
    content: ContentCheck
    """Only the worker uses it, except for its judgement."""

    def reconfigure(self, config: PerceptionConfig) -> None:
        """Apply the dynamic parameters; ValueError, without a change, if they do not fit."""
        settings = self.model.settings(config, self.outputs.watched)
        self.outputs.watch(config.watch)
        if settings != self.worker.config:
            self.worker.reset(settings)

    def heartbeat(self) -> None:
        """Repeat the last state, unless the inference is stuck or fails and the state is outdated."""
        if not (self.worker.stuck or self.worker.overdue):
            self.outputs.heartbeat()

    def situation(self, node: Node, topic: str, further: FurtherSubscriptions) -> Situation:
        """What ``node`` hears on ``topic`` (a resolved name) now, and how the inference is doing, for diagnostics."""
        message_type = self.source.message_type
        expected = type_name(message_type)
        types = [publisher.topic_type for publisher in node.get_publishers_info_by_topic(topic)]
        snapshot = self.worker.snapshot()
        return Situation(
            topic=topic,
            silent=further.silent(),
            lost=further.lost(),
            publishers=types.count(expected),
            other_types=tuple(sorted(set(types) - {expected})),
            expected_type=expected,
            candidates=()
            if types
            else tuple(graph_checks.candidates(node.get_topic_names_and_types(), node.count_publishers)),
            clock_silent=bool(node.get_parameter("use_sim_time").value) and node.get_clock().now().nanoseconds == 0,
            max_rate=self.worker.config.max_rate,
            max_people=self.worker.config.max_people,
            placed_by_tf=levelled_by(self.config) == "target_frame",
            namesakes=node.get_node_names_and_namespaces().count((node.get_name(), node.get_namespace())),
            rivals=node.count_publishers(node.resolve_topic_name(STATE)) - 1,
            stuck=self.worker.stuck,
            stream_counters=snapshot.counters,
            model=snapshot.model,
        )

    def release(self, timeout: float = 0.0) -> None:
        """Publish nothing more and release everything; the worker has ``timeout`` seconds to end its step."""
        self.worker.stop(timeout)
        self.outputs.destroy()


def build(
    node: Node,
    config: PerceptionConfig,
    options: Mapping[str, Any],
    stream_factory: StreamFactory,
    tf: Any,
    observer: Observer,
    publish: Callable[[Outputs, Result], None],
) -> Pipeline:
    """Load the weights, create the publishers and start the worker.

    Raises:
        ValueError: parameters that do not fit each other or the weights, damaged weights, or an input adapter that
            cannot be used.
        FileNotFoundError: no such weights.
    """
    source, topics, content, conversion = _converted(node, config, options, tf, observer)
    model = load_model(config, source, stream_factory, node.get_logger())
    stream = model.stream
    # All that is checked has been: nobody hears of a configuration that fails.
    period = 1.0 / config.heartbeat_rate
    also = further(node, config.hri_rules, lambda: (model.known(), stream.config.events.on_threshold), period)
    outputs = Outputs(node, model.info, conversion.frames, config.watch, period=period, also=also)

    clock_topic = node.resolve_topic_name("/clock")  # as the node hears it: it may be renamed

    def clock() -> float:
        return node.get_clock().now().nanoseconds * 1e-9

    processing = Processing(
        stream=stream,
        convert=conversion,
        check=content.add,
        observer=observer,
        source_timeout=config.source_timeout,
        transform_timeout=config.transform_timeout,
        monotonic=time.monotonic,
        clock=clock,
        simulated=lambda: bool(node.get_parameter("use_sim_time").value),
        running=lambda: node.count_publishers(clock_topic) > 0,
    )
    worker = Worker(
        processing=processing,
        publish=lambda result: publish(outputs, result),
        observer=observer,
        monotonic=time.monotonic,
        clock=clock,
    )
    worker.start()
    return Pipeline(
        config=config,
        source=source,
        topics=topics,
        model=model,
        outputs=outputs,
        worker=worker,
        content=content,
    )


def looks_up_transforms(config: PerceptionConfig) -> bool:
    """Whether the node must listen to tf; ValueError as of ``registry.load``."""
    return levelled_by(config) == "target_frame" or load(config.input_type).tf or bool(config.robot_skeleton)


def _converted(
    node: Node, config: PerceptionConfig, options: Mapping[str, Any], tf: Any, observer: Observer
) -> tuple[Input, FurtherTopics, ContentCheck, Conversion]:
    """The source, its further topics, the check of its content, and the way from its messages to people."""
    source, topics = find(config.input_type), FurtherTopics()
    content = ContentCheck(described(source, config))
    conversion = converter(
        source,
        config,
        deserialise=Deserialiser(source.message_type, source.adapter.parts),
        tf=tf,
        description=content.setup,
        warn=observer.warned,
        topics=topics,
        topic=node.resolve_topic_name(config.topic),
        options=options,
    )
    for route in topics.routes:  # a name that is none is refused here, where nothing runs yet
        node.resolve_topic_name(route.topic)
    return source, topics, content, conversion
