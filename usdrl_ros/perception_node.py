"""The lifecycle node ``usdrl_perception``: wiring only.

Run it with ``usdrl-perception`` or ``ros2 run usdrl_ros usdrl-perception``; topics, parameters and the JSON of the
outputs are in docs/topics.md, docs/parameters.md and docs/state.md.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
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

from usdrl_ros import parameters
from usdrl_ros.frames import needs_tf, tf_buffer
from usdrl_ros.health import Health, Situation
from usdrl_ros.lifecycle import ManagedNode, RCLError, ignore_signals, spin
from usdrl_ros.outputs import Outputs
from usdrl_ros.parameters import PerceptionConfig
from usdrl_ros.pipeline import Pipeline, StreamFactory, build, load_stream
from usdrl_ros.worker import Result, Worker

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

NODE_NAME = "usdrl_perception"
INPUT_DEPTH = 100
"""Messages the middleware may hold for us: almost a second of the fastest tracker."""
DIAGNOSTICS_PERIOD = 1.0

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """What exists while the node is active."""

    worker: Worker
    subscription: Subscription
    heartbeat: Timer


class PerceptionNode(ManagedNode):
    """Skeletons in, actions out.

    Args:
        stream_factory: makes the online pipeline at configuration; tests give a fake one.
    """

    def __init__(self, stream_factory: StreamFactory = load_stream) -> None:
        super().__init__(NODE_NAME)
        parameters.declare(self)
        self._stream_factory = stream_factory
        self._health = Health(time.monotonic, warn=self.get_logger().warning)
        self._pipeline: Pipeline | None = None
        self._listening: Listening | None = None
        self._tf: Any = None
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when the simulation pauses
        self._diagnostics: Publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)
        self.create_service(Trigger, "~/reset", self._reset)
        self.create_service(Trigger, "~/list_labels", self._list_labels)
        self.add_on_set_parameters_callback(self._set_parameters)

    def start(self) -> bool:
        """Configure and activate; False if either fails."""
        return self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS

    def close(self) -> None:
        """Stop the worker and destroy the node, whatever its state."""
        self._stop_listening()
        self._release()
        self.destroy_node()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, load the weights, create the outputs."""
        try:
            config = parameters.read(self)
            if needs_tf(config.target_frame, config.sensor_pose) and self._tf is None:
                self._tf = tf_buffer(self)
            self._pipeline = build(self, config, self._stream_factory, self._tf)
        except Exception as error:  # rclpy would swallow it without a word
            self.get_logger().fatal(f"cannot configure: {type(error).__name__}: {error}")
            return FAILURE
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker and listen."""
        if self._pipeline is None:
            return FAILURE
        try:
            self._listening = self._listen(self._pipeline)
        except Exception as error:  # as above
            self.get_logger().fatal(f"cannot activate: {type(error).__name__}: {error}")
            return FAILURE
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; what is going on is ended, and the state says that nobody is there."""
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

    def _listen(self, pipeline: Pipeline) -> Listening:
        config = pipeline.config
        worker = Worker(
            stream=pipeline.stream,
            convert=pipeline.convert,
            publish=lambda result: self._publish(pipeline.outputs, result),
            observer=self._health,
            source_timeout=config.source_timeout,
            monotonic=time.monotonic,
        )
        subscription = self.create_subscription(
            pipeline.source.message_type,
            config.topic,
            worker.put,
            QoSProfile(depth=INPUT_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible_qos),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        heartbeat = self.create_timer(1.0 / config.heartbeat_rate, pipeline.outputs.heartbeat, clock=self._steady)
        worker.start()
        self.get_logger().info(f"listening on {subscription.topic_name} ({config.input_type}, {config.topology})")
        return Listening(worker=worker, subscription=subscription, heartbeat=heartbeat)

    def _stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            self.destroy_timer(listening.heartbeat)
            self.destroy_subscription(listening.subscription)
            if listening.worker.stop():
                listening.worker.reset()
            else:
                self.get_logger().error("the inference does not end: its last results are not published")

    def _release(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.outputs.destroy()

    def _publish(self, outputs: Outputs, result: Result) -> None:
        if not self.context.ok():
            return
        delay = (self.get_clock().now() - Time.from_msg(result.stamp)).nanoseconds * 1e-9
        try:
            outputs.publish(result, self._health.published(delay))
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
        pipeline, listening = self._pipeline, self._listening
        if pipeline is None or listening is None:
            return None
        topic = listening.subscription.topic_name
        message_type = pipeline.source.message_type
        expected = f"{message_type.__module__.split('.')[0]}/msg/{message_type.__name__}"
        types = [publisher.topic_type for publisher in self.get_publishers_info_by_topic(topic)]
        sim_time = self.get_parameter("use_sim_time").value
        return Situation(
            topic=topic,
            publishers=types.count(expected),
            other_types=tuple(sorted(set(types) - {expected})),
            expected_type=expected,
            clock_silent=bool(sim_time) and self.get_clock().now().nanoseconds == 0,
            max_rate=pipeline.stream.config.max_rate,
            stream_counters=listening.worker.counters(),
            model=pipeline.stream.describe(),
        )

    def _set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {parameter.name: parameter.value for parameter in changes if parameter.name in parameters.NAMES}
        if not values:
            return SetParametersResult(successful=True)
        try:
            config = parameters.read(self, values)
            if self._pipeline is not None:
                self._reconfigure(self._pipeline, config)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _reconfigure(self, pipeline: Pipeline, config: PerceptionConfig) -> None:
        stream_config = pipeline.check(config)
        pipeline.outputs.watch(config.watch)
        if stream_config == pipeline.stream.config:
            return
        if self._listening is None:
            pipeline.stream.configure(stream_config)
        else:
            self._listening.worker.reset(stream_config)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._listening is None:
            response.success, response.message = False, "the node is not active: activate it first"
        else:
            self._listening.worker.reset()
            response.success, response.message = True, "everybody is forgotten"
        return response

    def _list_labels(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._pipeline is None:
            response.success, response.message = False, "no weights are loaded: configure the node first"
        else:
            response.success, response.message = True, json.dumps(self._pipeline.stream.labels[1:])
        return response


def main(args: list[str] | None = None, stream_factory: StreamFactory = load_stream) -> int:
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
        ignore_signals()
        if node is not None:
            node.close()
        rclpy.try_shutdown()
        ignore_signals()  # shutting down has put the old handlers back
    return 0


if __name__ == "__main__":
    sys.exit(main())
