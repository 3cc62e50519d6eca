"""Everything that follows from the parameters: stream, frames, outputs. Built at configuration, dropped at cleanup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from usdrl_model.skeleton import SkeletonFrame
from usdrl_model.stream_config import StreamConfig
from usdrl_model.topology import Topology, topology
from usdrl_ros.frames import Frames
from usdrl_ros.inputs import INPUTS, InputType, SourceFrame
from usdrl_ros.outputs import Outputs
from usdrl_ros.parameters import PerceptionConfig, check_watch
from usdrl_ros.state_json import ModelInfo
from usdrl_ros.worker import Stream

StreamFactory = Callable[[PerceptionConfig], Stream]


def load_stream(config: PerceptionConfig) -> Stream:
    """The stream of the configured weights; errors as ``usdrl_model.checkpoint.load``."""
    import torch  # takes seconds, and a node that is not configured does without

    from usdrl_model.stream import ActionStream

    torch.set_num_threads(config.num_threads)
    return ActionStream.from_pretrained(
        config.weights, topology=config.topology, device=config.device, precision=config.precision
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipeline:
    """What exists while the node is configured."""

    config: PerceptionConfig
    """As configured; what is dynamic in it may have changed since."""
    source: InputType
    topology: Topology
    frames: Frames
    stream: Stream
    recommended: StreamConfig
    """What the weights recommend."""
    outputs: Outputs

    def convert(self, message: Any, patience: float) -> tuple[SourceFrame, SkeletonFrame] | None:
        """A message as it came, and in canonical axes; None if it says nothing. Raises InputError."""
        decoded = self.source.decode(message, self.topology, self.config.person_id)
        return None if decoded is None else (decoded, self.frames.to_canonical(decoded, patience))

    def check(self, config: PerceptionConfig) -> StreamConfig:
        """The stream's settings under other parameters; ValueError if they do not fit the weights."""
        check_watch(config.watch, self.stream.labels[1:])
        return config.stream_config(self.recommended)


def build(node: Node, config: PerceptionConfig, stream_factory: StreamFactory, tf: Any) -> Pipeline:
    """Load the weights and create the publishers.

    Raises:
        ValueError: parameters that fit neither each other nor the weights, or damaged weights.
        FileNotFoundError: no such weights.
    """
    frames = Frames(config.axes, target_frame=config.target_frame, sensor_pose=config.sensor_pose, tf=tf)
    stream = stream_factory(config)
    recommended, model = stream.config, stream.describe()
    check_watch(config.watch, stream.labels[1:])
    stream.configure(config.stream_config(recommended))
    stream.warm_up()
    info = ModelInfo(**{name: model[name] for name in ("weights", "hash", "device", "precision")})
    node.get_logger().info(
        f"weights {info.weights} ({info.hash}) on {info.device}, {info.precision}; labels:"
        f" {', '.join(stream.labels[1:])}"
    )
    if model.get("centre") == "window" and not config.target_frame:
        node.get_logger().warning(
            f"weights {info.weights} see where people go, and people are in the frame of the sensor: if the robot"
            " moves, its own way becomes theirs; set target_frame to a frame that stands still (odom, map)"
        )
    return Pipeline(
        config=config,
        source=INPUTS[config.input_type],
        topology=topology(config.topology),
        frames=frames,
        stream=stream,
        recommended=recommended,
        outputs=Outputs(node, info, frames, config.watch),
    )
