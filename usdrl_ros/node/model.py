"""The weights of a node: loaded at configuration, told in the log, and whether its parameters fit them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usdrl_model.events.config import StreamConfig
from usdrl_ros.inputs.registry import Input
from usdrl_ros.node import notes
from usdrl_ros.outputs.publishers import topic_names
from usdrl_ros.outputs.state_json import ModelInfo
from usdrl_ros.parameters.values import PerceptionConfig, check_watch

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
        cuda_graphs=_graphs(config),
        states=config.states_config(),
        pairs=config.pair_weights,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """The weights of a configured node."""

    stream: ActionStream
    """Only the worker uses it, except for its labels and ``check``."""
    enrolment: LiveEnrolment | None
    """Only the worker uses it, except for its labels; None without a folder of gestures."""
    recommended: StreamConfig
    """Settings that the weights recommend."""
    info: ModelInfo

    def known(self) -> tuple[str, ...]:
        """Labels of the weights, without the background, of the pair weights and of the gestures."""
        from usdrl_model.online.pretrained import known_labels  # as in load_stream

        return known_labels(self.stream)

    def settings(self, config: PerceptionConfig, watched: Collection[str] = ()) -> StreamConfig:
        """The settings of the stream by these parameters.

        Args:
            config: the parameters.
            watched: labels that are watched already; a gesture among them may have been removed since.

        Raises:
            ValueError: settings that the weights do not support, a watched label that nothing knows, or two that
                become the same topic name.
        """
        check_watch([label for label in config.watch if label not in watched], self.known())
        topic_names(config.watch)
        settings = config.stream_config(self.recommended)
        self.stream.check(settings)
        return settings


def load_model(config: PerceptionConfig, source: Input, stream_factory: StreamFactory, log: Any) -> Model:
    """Load the weights, warm them up and tell ``log`` (a logger of rclpy) what runs.

    Raises:
        ValueError: parameters or joints of ``source`` that do not fit the weights, or damaged weights.
        FileNotFoundError: no such weights.
    """
    from usdrl_model.online.pretrained import beside  # as in load_stream

    stream = stream_factory(config)
    described = stream.describe()
    depth = notes.about_depth(source, config, described)
    enrolment = _enrolment(stream, config)
    others = {name: one.describe() for name, one in beside(stream).items()}
    info = ModelInfo(
        **{name: described[name] for name in ("weights", "hash", "device", "precision", "runtime")},
        beside={name: (one["weights"], one["hash"]) for name, one in others.items()},
    )
    model = Model(stream=stream, enrolment=enrolment, recommended=stream.config, info=info)
    stream.configure(model.settings(config))
    stream.warm_up()
    if enrolment is not None:
        enrolment.warm_up()
    labels = (*stream.labels[1:], *stream.pair_labels)
    for line in filter(None, (*notes.lines(config, described, labels, enrolment), notes.terms(stream), depth)):
        log.info(line)
    for warning in notes.warnings(config, described, stream):
        log.warning(warning)
    return model


def _enrolment(stream: ActionStream, config: PerceptionConfig) -> LiveEnrolment | None:
    """The gestures of a folder; errors as ``LiveEnrolment.from_pretrained``."""
    if not config.gestures:
        return None
    from usdrl_model.online.live_enrolment import LiveEnrolment  # as in load_stream

    return LiveEnrolment.from_pretrained(
        stream,
        Path(config.gestures),
        config.gesture_weights,
        device=config.device,
        threads=config.num_threads,
        cuda_graphs=_graphs(config),
    )


def _graphs(config: PerceptionConfig) -> bool | None:
    """``cuda_graphs`` of ``load.load``: where there are any, or none."""
    return None if config.cuda_graphs else False
