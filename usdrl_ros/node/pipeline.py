"""Weights, outputs and worker, built from the parameters at configuration and released at cleanup."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rclpy.node import Node

from usdrl_model.checkpoints.shipped import GESTURE_DETECTOR
from usdrl_model.events.config import StreamConfig
from usdrl_model.plausibility.live_check import ContentCheck
from usdrl_ros.diagnostics import graph_checks
from usdrl_ros.diagnostics.health import Situation
from usdrl_ros.inputs.conversion import converter, described, levelled_by
from usdrl_ros.inputs.deserialiser import Deserialiser
from usdrl_ros.inputs.further_topics import FurtherTopics
from usdrl_ros.inputs.registry import Input, find, load
from usdrl_ros.messages.types import type_name
from usdrl_ros.node import notes
from usdrl_ros.node.processing import Processing
from usdrl_ros.node.protocols import Observer
from usdrl_ros.node.worker import Worker
from usdrl_ros.outputs.further import further
from usdrl_ros.outputs.publishers import Outputs, Result, topic_names
from usdrl_ros.outputs.state_json import ModelInfo
from usdrl_ros.parameters.values import PerceptionConfig, check_watch
from usdrl_ros.wire import STATE

if TYPE_CHECKING:
    from usdrl_model.online.live_enrolment import LiveEnrolment
    from usdrl_model.online.stream import ActionStream

StreamFactory = Callable[[PerceptionConfig], "ActionStream"]


def load_stream(config: PerceptionConfig) -> ActionStream:
    """The stream of the configured weights; errors as ``usdrl_model.checkpoints.detector_file.load``."""
    from usdrl_model.online.stream import ActionStream  # an unconfigured node does not need it

    return ActionStream.from_pretrained(
        config.weights,
        topology=config.topology,
        device=config.device,
        precision=config.precision,
        threads=config.num_threads,
        cuda_graphs=None if config.cuda_graphs else False,
        states=config.states_config(),
        pairs=config.pair_weights,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """The parts of a configured node. Only the worker uses the stream."""

    config: PerceptionConfig
    """As configured; dynamic parameters may have changed since."""
    source: Input
    topics: FurtherTopics
    """Those that the adapter reads beside its main one."""
    known: Callable[[], tuple[str, ...]]
    """Labels of the weights, without the background, of the pair weights and of the gestures."""
    recommended: StreamConfig
    """Settings that the weights recommend."""
    check: Callable[[StreamConfig], None]
    """Raises ValueError for settings that the weights do not support."""
    outputs: Outputs
    worker: Worker
    content: ContentCheck
    """Only the worker uses it, except for its judgement."""
    enrolment: LiveEnrolment | None
    """Only the worker uses it, except for its labels; None without a folder of gestures."""

    def reconfigure(self, config: PerceptionConfig) -> None:
        """Apply the dynamic parameters; ValueError, without a change, if they do not fit."""
        check_watch(config.watch, self.known())
        settings = config.stream_config(self.recommended)
        self.check(settings)
        self.outputs.watch(config.watch)
        if settings != self.worker.config:
            self.worker.reset(settings)

    def heartbeat(self) -> None:
        """Repeat the last state, unless the inference is stuck and the state may be outdated."""
        if not self.worker.stuck:
            self.outputs.heartbeat()

    def situation(self, node: Node, topic: str, silent: tuple[str, ...] = ()) -> Situation:
        """What ``node`` hears on ``topic`` (a resolved name) now, and how the inference is doing, for diagnostics.

        ``silent``: further topics that nobody publishes.
        """
        message_type = self.source.message_type
        expected = type_name(message_type)
        types = [publisher.topic_type for publisher in node.get_publishers_info_by_topic(topic)]
        snapshot = self.worker.snapshot()
        return Situation(
            topic=topic,
            silent=silent,
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
    source, topics = find(config.input_type), FurtherTopics()
    content = ContentCheck(described(source, config))
    conversion = converter(
        source,
        config,
        deserialise=Deserialiser(source.message_type, source.adapter.parts),
        tf=tf,
        content=content,
        description=content.setup,
        warn=observer.warned,
        topics=topics,
        topic=node.resolve_topic_name(config.topic),
        options=options,
    )
    for route in topics.routes:  # a name that is none is refused here, where nothing runs yet
        node.resolve_topic_name(route.topic)
    stream = stream_factory(config)
    recommended, model = stream.config, stream.describe()
    labels = (*stream.labels[1:], *stream.pair_labels)
    depth = notes.about_depth(source, config, model)
    enrolment = _enrolment(stream, config)

    def known() -> tuple[str, ...]:
        return (*labels, *(enrolment.labels if enrolment else ()))

    check_watch(config.watch, known())
    topic_names(config.watch)  # refuses two labels of one name before there are publishers
    stream.configure(config.stream_config(recommended))
    stream.warm_up()
    others = {name: one.describe() for name, one in notes.beside(config, stream, enrolment).items()}
    info = ModelInfo(
        **{name: model[name] for name in ("weights", "hash", "device", "precision", "runtime")},
        beside={name: (one["weights"], one["hash"]) for name, one in others.items()},
    )
    for line in filter(None, (*notes.lines(config, model, labels, enrolment), depth)):
        node.get_logger().info(line)
    for warning in notes.warnings(config, model, stream, enrolment):
        node.get_logger().warning(warning)
    period = 1.0 / config.heartbeat_rate
    also = further(node, config.hri_rules, lambda: (known(), stream.config.events.on_threshold), period)
    outputs = Outputs(node, info, conversion.frames, config.watch, period=period, also=also)
    processing = Processing(
        stream=stream,
        convert=conversion,
        observer=observer,
        source_timeout=config.source_timeout,
        transform_timeout=config.transform_timeout,
        monotonic=time.monotonic,
        clock=lambda: node.get_clock().now().nanoseconds * 1e-9,
        simulated=lambda: bool(node.get_parameter("use_sim_time").value) and node.count_publishers("/clock") > 0,
    )
    worker = Worker(
        processing=processing,
        publish=lambda result: publish(outputs, result),
        observer=observer,
        monotonic=time.monotonic,
    )
    worker.start()
    return Pipeline(
        config=config,
        source=source,
        topics=topics,
        known=known,
        recommended=recommended,
        check=stream.check,
        outputs=outputs,
        worker=worker,
        content=content,
        enrolment=enrolment,
    )


def looks_up_transforms(config: PerceptionConfig) -> bool:
    """Whether the node must listen to tf; ValueError as of ``registry.load``."""
    return levelled_by(config) == "target_frame" or load(config.input_type).tf or bool(config.robot_skeleton)


def _enrolment(stream: ActionStream, config: PerceptionConfig) -> LiveEnrolment | None:
    """The gestures of a folder; errors as ``LiveEnrolment`` and of the weights that tell them."""
    if not config.gestures:
        return None
    from usdrl_model.inference import load  # as in load_stream
    from usdrl_model.online.live_enrolment import LiveEnrolment

    name = config.gesture_weights
    if not name and stream.weights.config.detector.streaming:
        name = GESTURE_DETECTOR
    detector = load.load(name, config.device, threads=config.num_threads) if name else None
    return LiveEnrolment(stream, Path(config.gestures), detector)
