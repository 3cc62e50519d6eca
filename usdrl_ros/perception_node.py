"""The lifecycle node ``usdrl_perception``: wiring only.

Run it with ``usdrl-perception`` or ``ros2 run usdrl_ros usdrl-perception``; topics, parameters and the JSON of the
outputs are in docs/topics.md, docs/parameters.md and docs/state.md.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from rclpy.time import Time
from rclpy.timer import Timer
from std_srvs.srv import Trigger

from usdrl_model.skeleton import SkeletonFrame
from usdrl_model.stream_config import StreamConfig
from usdrl_model.topology import topology
from usdrl_ros import parameters
from usdrl_ros.frames import Frames, needs_tf, tf_buffer
from usdrl_ros.health import Health, Situation
from usdrl_ros.inputs import INPUTS, InputError, SourceFrame
from usdrl_ros.lifecycle import ManagedNode, RCLError, spin
from usdrl_ros.outputs import Outputs
from usdrl_ros.parameters import PerceptionConfig
from usdrl_ros.state_json import ModelInfo
from usdrl_ros.worker import Result, Stream, Worker

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

NODE_NAME = "usdrl_perception"
INPUT_DEPTH = 100
"""Messages the middleware may hold for us: almost a second of the fastest tracker."""
DIAGNOSTICS_PERIOD = 1.0

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def load_stream(config: PerceptionConfig) -> Stream:
    """The stream of the configured weights; errors as ``usdrl_model.checkpoint.load``."""
    import torch

    from usdrl_model.stream import ActionStream

    torch.set_num_threads(config.num_threads)
    return ActionStream.from_pretrained(config.weights, topology=config.topology, device=config.device)


class PerceptionNode(ManagedNode):
    """Skeletons in, actions out.

    Args:
        stream_factory: makes the online pipeline at configuration; tests give a fake one.
        node_arguments: of ``rclpy.lifecycle.LifecycleNode``.
    """

    def __init__(self, stream_factory: Callable[[PerceptionConfig], Stream] = load_stream, **node_arguments: Any) -> None:
        super().__init__(NODE_NAME, **node_arguments)
        parameters.declare(self)
        self._stream_factory = stream_factory
        self._health = Health(time.monotonic, warn=self.get_logger().warning)
        self._stream: Stream | None = None
        self._worker: Worker | None = None
        self._outputs: Outputs | None = None
        self._subscription: Subscription | None = None
        self._heartbeat: Timer | None = None
        self._tf: Any = None
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)  # heartbeats go on when the simulation pauses
        self._diagnostics: Publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)
        self.create_service(Trigger, "~/reset", self._reset)
        self.create_service(Trigger, "~/list_labels", self._list_labels)
        self.add_on_set_parameters_callback(self._set_parameters)

    def start(self) -> bool:
        """Configure and activate; False if either fails."""
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, load the weights, create the outputs."""
        try:
            self._configure()
        except Exception as error:  # rclpy would swallow it without a word
            self.get_logger().fatal(f"cannot configure: {type(error).__name__}: {error}")
            self._release()
            return FAILURE
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker, then listen."""
        config = self._config
        self._worker = Worker(
            stream=self._stream,
            convert=self._convert,
            publish=self._publish,
            observer=self._health,
            source_timeout=config.source_timeout,
            monotonic=time.monotonic,
        )
        self._worker.start()
        self._subscription = self.create_subscription(
            INPUTS[config.input_type].message_type,
            config.topic,
            self._worker.put,
            QoSProfile(depth=INPUT_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible_qos),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._heartbeat = self.create_timer(1.0 / config.heartbeat_rate, self._outputs.heartbeat, clock=self._steady)
        self.get_logger().info(f"listening on {self._subscription.topic_name} ({config.input_type}, {config.topology})")
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; whoever was active is reported lost, and the state says that nobody is there."""
        self._stop_listening()
        return SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give the weights and the outputs back."""
        self._release()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and give everything back."""
        self._stop_listening()
        self._release()
        return SUCCESS

    def close(self) -> None:
        """Stop the worker and destroy the node, whatever its state."""
        self._stop_listening()
        self._release()
        self.destroy_node()

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After an error in a transition: give everything back, so that the node can be configured again."""
        self._stop_listening()
        self._release()
        return SUCCESS

    def _configure(self) -> None:
        config = parameters.read(self)
        if needs_tf(config.target_frame, config.sensor_pose) and self._tf is None:
            self._tf = tf_buffer(self)
        self._frames = Frames(
            config.axes, target_frame=config.target_frame, sensor_pose=config.sensor_pose, tf=self._tf
        )
        self._decode = INPUTS[config.input_type].decode
        self._topology = topology(config.topology)
        self._config = config
        stream = self._stream = self._stream_factory(config)
        self._recommended = stream.config
        stream.configure(config.stream_config(self._recommended))
        parameters.check_watch(config.watch, stream.labels[1:])
        stream.warm_up()
        self._model = stream.describe()
        model = ModelInfo(**{name: self._model[name] for name in ("weights", "hash", "device", "precision")})
        self._outputs = Outputs(self, model, self._frames)
        self._outputs.watch(config.watch)
        self.get_logger().info(
            f"weights {model.weights} ({model.hash}) on {model.device}, {model.precision};"
            f" labels: {', '.join(stream.labels[1:])}"
        )

    def _stop_listening(self) -> None:
        if self._heartbeat is not None:
            self.destroy_timer(self._heartbeat)
            self._heartbeat = None
        if self._subscription is not None:
            self.destroy_subscription(self._subscription)
            self._subscription = None
        if self._worker is not None:
            self._worker.stop()
            self._worker.reset()
            self._worker = None

    def _release(self) -> None:
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None
        self._stream = None

    def _convert(self, message: Any) -> tuple[SourceFrame, SkeletonFrame] | None:
        source = self._decode(message, self._topology, self._config.person_id)
        return None if source is None else (source, self._frames.to_canonical(source))

    def _publish(self, result: Result) -> None:
        if self._outputs is None or not self.context.ok():
            return
        delay = (self.get_clock().now() - Time.from_msg(result.stamp)).nanoseconds * 1e-9
        try:
            self._outputs.publish(result, self._health.published(delay))
        except RCLError:
            if self.context.ok():  # else the process is being stopped right now
                raise

    def _incompatible_qos(self, event: Any) -> None:
        self._health.incompatible_qos(qos_policy_name_from_kind(event.last_policy_kind).lower())

    def _publish_diagnostics(self) -> None:
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        array.status = self._health.report(self.get_fully_qualified_name(), self._situation())
        self._diagnostics.publish(array)

    def _situation(self) -> Situation | None:
        """What the node listens to now; None while it is not active."""
        if self._subscription is None or self._worker is None or self._stream is None:
            return None
        topic = self._subscription.topic_name
        message_type = INPUTS[self._config.input_type].message_type
        expected = f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"
        types = [publisher.topic_type for publisher in self.get_publishers_info_by_topic(topic)]
        sim_time = self.get_parameter("use_sim_time").value
        return Situation(
            topic=topic,
            publishers=types.count(expected),
            other_types=tuple(sorted(set(types) - {expected})),
            expected_type=expected,
            clock_silent=bool(sim_time) and self.get_clock().now().nanoseconds == 0,
            max_rate=self._stream.config.max_rate,
            stream_counters=self._worker.counters(),
            model=self._model,
        )

    def _set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {parameter.name: parameter.value for parameter in changes if parameter.name in parameters.NAMES}
        if not values:
            return SetParametersResult(successful=True)
        try:
            config = parameters.read(self, values)
            if self._stream is not None and self._outputs is not None:
                parameters.check_watch(config.watch, self._stream.labels[1:])
                stream_config = config.stream_config(self._recommended)
                self._outputs.watch(config.watch)
                if stream_config != self._stream.config:
                    self._reconfigure(self._stream, stream_config)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._config = config
        return SetParametersResult(successful=True)

    def _reconfigure(self, stream: Stream, config: StreamConfig) -> None:
        if self._worker is None:
            stream.configure(config)
        else:
            self._worker.reset(config)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._worker is None:
            response.success, response.message = False, "the node is not active: activate it first"
        else:
            self._worker.reset()
            response.success, response.message = True, "everybody is forgotten"
        return response

    def _list_labels(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._stream is None:
            response.success, response.message = False, "no weights are loaded: configure the node first"
        else:
            response.success, response.message = True, json.dumps(self._stream.labels[1:])
        return response


def main(
    args: list[str] | None = None, stream_factory: Callable[[PerceptionConfig], Stream] = load_stream
) -> int:
    """Run the node until SIGINT or SIGTERM; exit status 1 if it cannot start."""
    rclpy.init(args=args)
    node = None
    try:
        node = PerceptionNode(stream_factory)
        if node.get_parameter("autostart").value and not node.start() and rclpy.ok():
            return 1
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spin(executor)
    except ParameterException as error:
        print(f"{NODE_NAME}: {error}; see docs/parameters.md", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.close()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
