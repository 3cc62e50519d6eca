"""The lifecycle node ``usdrl_perception``: wiring only.

There are three kinds of threads: those of the executor run short callbacks, which only enqueue messages; the worker's
does all slow work (``worker``); tf2 (``tf_listener``) and further topics (``further_subscriptions``) have their own.
Transitions have a callback group of their own, so that the node answers requests while it loads weights.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.time import Time
from std_srvs.srv import SetBool, Trigger

from usdrl_ros.diagnostics.content_report import ContentReport
from usdrl_ros.diagnostics.health import Health
from usdrl_ros.inputs.registry import load
from usdrl_ros.inputs.tf_listener import TfListener, tf_listener
from usdrl_ros.node.enrol import cancel, enrol, start, stop
from usdrl_ros.node.further_subscriptions import FurtherSubscriptions
from usdrl_ros.node.model import StreamFactory, load_stream
from usdrl_ros.node.pipeline import Pipeline, build, looks_up_transforms
from usdrl_ros.node.services import enable, list_labels, reset
from usdrl_ros.node.subscribing import subscribe
from usdrl_ros.node.supervisor import Supervisor
from usdrl_ros.node.switch import Switch
from usdrl_ros.outputs.publishers import Outputs
from usdrl_ros.outputs.result import Result
from usdrl_ros.parameters import adapter_options, overridden
from usdrl_ros.parameters import values as parameters
from usdrl_ros.parameters.declarations import NAMES
from usdrl_ros.parameters.names import check_given
from usdrl_ros.processes.lifecycle import RCLError
from usdrl_ros.processes.serving import ServedNode
from usdrl_ros.wire import NODE

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

INPUT_DEPTH = 100
"""Queue length of the subscription: almost a second of the fastest tracker."""
DIAGNOSTICS_PERIOD = 1.0
SUPERVISION_PERIOD = 0.5
FAREWELL = 0.04
"""Seconds for which deactivation waits for the last results; later ones follow, until cleanup."""
CLOSING = 0.25
"""Seconds for which the shutdown of the process waits for an inference."""

SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """What the active node hears."""

    topic: str
    """Resolved name."""
    further: FurtherSubscriptions
    end: ExitStack
    """Destroys subscriptions and timer."""


class PerceptionNode(ServedNode):
    """Skeletons in, actions out.

    Args:
        stream_factory: makes the online pipeline at configuration; tests give one whose answers are known.
    """

    def __init__(self, stream_factory: StreamFactory = load_stream) -> None:
        super().__init__(NODE)
        parameters.declare(self)
        check_given(self, NAMES)
        self._started_with = self.get_parameter("input_type").value  # parameters of adapters were given for it
        self._stream_factory = stream_factory
        self._health = Health(time.monotonic, warn=self.get_logger().warning)
        self._content = ContentReport(time.monotonic, warn=self.get_logger().warning)
        self.switch = Switch()
        self._pipeline: Pipeline | None = None
        self._listening: Listening | None = None
        self._tf: TfListener | None = None
        self._structure_taken = bool(self.get_parameter("autostart").value)
        """True from configuration, or from the start that begins with it, to cleanup, while the structure is fixed."""
        self._supervisor = Supervisor(self._health)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)  # runs on when the simulation pauses
        self._diagnostics: Publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=self._steady)
        supervision = MutuallyExclusiveCallbackGroup()  # a recovery loads weights
        self.create_timer(SUPERVISION_PERIOD, self._supervise, callback_group=supervision, clock=self._steady)
        self.create_service(Trigger, "~/reset", partial(reset, self))
        self.create_service(Trigger, "~/list_labels", partial(list_labels, self))
        switching = MutuallyExclusiveCallbackGroup()  # may load weights
        self.create_service(SetBool, "~/enable", partial(enable, self), callback_group=switching)
        enrolling = MutuallyExclusiveCallbackGroup()  # an answer waits for the worker
        for name, work in {"start": start, "stop": stop, "cancel": cancel}.items():
            self.create_service(Trigger, f"~/enrol/{name}", partial(enrol, self, work), callback_group=enrolling)
        self.add_on_set_parameters_callback(self._set_parameters)

    @property
    def pipeline(self) -> Pipeline | None:
        """Weights, outputs and worker; None while the node is not configured."""
        return self._pipeline

    @property
    def loading(self) -> bool:
        """Weights are being loaded, or are about to be."""
        return self._structure_taken and self._pipeline is None

    @property
    def active(self) -> bool:
        """It listens to its source."""
        return self._listening is not None

    def start(self) -> bool:
        """Configure and activate, as far as it is not so already and nobody disables it; False if either fails."""
        with self.switch.start():
            if (self._pipeline is None and self.trigger_configure() != SUCCESS) or self._closing:
                return False
            with self.switch.lock:
                return self.switch.off or self.active or self.trigger_activate() == SUCCESS

    def close(self) -> None:
        """Stop the worker and destroy the node, whatever its state."""
        self._closing = True
        self.end_transitions(CLOSING)
        self._stop_listening(CLOSING)
        self._release(CLOSING)
        self.destroy_node()

    def failed(self, error: Exception) -> None:
        """Report the error of a callback."""
        if not self._closing:
            self._health.failed(error)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, load the weights, create the outputs."""
        self._structure_taken = True
        before = list(self.publishers)
        try:
            config = parameters.read(self)
            given = config.input_type == self._started_with
            options = adapter_options.declare(self, load(config.input_type).options, given=given)
            if looks_up_transforms(config):
                self._tf = tf_listener(self, self.failed)
            tf = None if self._tf is None else self._tf.buffer
            self._pipeline = build(self, config, options, self._stream_factory, tf, self._health, self._publish)
        except Exception as error:  # rclpy would swallow it silently
            self._release()
            for publisher in [one for one in self.publishers if one not in before]:
                self.destroy_publisher(publisher)
            return self.refuse("configure", error)
        self._supervisor.fault = ""
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the input."""
        if self._pipeline is None:
            return FAILURE
        try:
            with self.switch.lock:  # from here on nobody is told that it is disabled
                self._pipeline.reconfigure(parameters.read(self))  # one may have been set as configuration began
                self._listening, self.switch.off = self._listen(self._pipeline), False
        except Exception as error:  # as above
            return self.refuse("activate", error)
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, end all active actions and publish a state without people."""
        self._stop_listening(FAREWELL)
        return ERROR if self._supervisor.fault else SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the weights and the outputs."""
        self._release()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and release everything."""
        self._stop_listening(FAREWELL)
        self._release()
        return SUCCESS

    def _listen(self, pipeline: Pipeline) -> Listening:
        config = pipeline.config
        self._health.listen()
        with ExitStack() as end:  # of what there is already, where the next one fails
            subscription = subscribe(
                self,
                pipeline.source.message_type,
                config.topic,
                pipeline.worker.put,
                QoSProfile(depth=INPUT_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
                event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._incompatible_qos),
            )
            end.callback(self.destroy_subscription, subscription)
            heartbeat = self.create_timer(1.0 / config.heartbeat_rate, pipeline.heartbeat, clock=self._steady)
            end.callback(self.destroy_timer, heartbeat)
            pipeline.worker.listen()
            further = FurtherSubscriptions(self, pipeline.topics, pipeline.worker.put, self.failed)
            end.callback(further.close)
            overridden.warn_of_unused(self, further.names())
            self.get_logger().info(f"listening on {subscription.topic_name} ({config.input_type}, {config.topology})")
            return Listening(topic=subscription.topic_name, further=further, end=end.pop_all())

    def _stop_listening(self, timeout: float) -> None:
        listening, self._listening = self._listening, None
        pipeline = self._pipeline
        if listening is None or pipeline is None:
            return
        listening.end.close()
        left = time.monotonic()
        if pipeline.worker.leave().wait(timeout):
            return
        busy, waited = pipeline.worker.busy, time.monotonic() - left
        pipeline.outputs.publish_no_people()
        if busy > max(waited, FAREWELL):  # or else it began since, on a slow machine, and is no inference
            self.get_logger().warning(
                f"an inference has been running for {busy:.2f} s: its result is published when it ends, if that is"
                " before cleanup"
            )

    def _release(self, timeout: float = 0.0) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.release(timeout)
        tf, self._tf = self._tf, None
        if tf is not None:
            tf.close()
        self._structure_taken = False

    def _supervise(self) -> None:
        """Give up a worker that hangs, and restart with ``autostart``."""
        pipeline = self._pipeline
        if pipeline is None or self._listening is None or self._closing:
            return
        if not self._supervisor.gives_up(pipeline.worker):
            return
        again = bool(self.get_parameter("autostart").value) and self._supervisor.may_try_again()
        advice = "restarting" if again else "configure and activate the node"
        self.get_logger().error(f"{self._supervisor.fault}: {advice}")
        self.trigger_deactivate()
        if again:
            self.start()

    def _publish(self, outputs: Outputs, result: Result) -> None:
        if not self.context.ok():
            return
        delay = (self.get_clock().now() - Time.from_msg(result.stamp)).nanoseconds * 1e-9
        try:
            outputs.publish(result, self._health.published(delay) if result.answers else None)
        except RCLError:
            if self.context.ok():  # else the process is being stopped
                raise

    def _incompatible_qos(self, event: Any) -> None:
        self._health.incompatible_qos(qos_policy_name_from_kind(event.last_policy_kind).lower())

    def _publish_diagnostics(self) -> None:
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        name, pipeline, listening = self.get_fully_qualified_name(), self._pipeline, self._listening
        heard = pipeline.situation(self, listening.topic, listening.further) if pipeline and listening else None
        array.status = self._health.report(name, heard, self._supervisor.fault)
        if pipeline is not None and heard is not None:
            array.status.append(self._content.status(name, pipeline.content.judgement))
        self._diagnostics.publish(array)

    def _set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {parameter.name: parameter.value for parameter in changes if parameter.name in NAMES}
        try:
            if self._structure_taken:
                parameters.check_dynamic(values)
                adapter_options.check_unchanged(self, changes)
            if values:
                config = parameters.read(self, values)
                if self._pipeline is not None:
                    self._pipeline.reconfigure(config)
                elif self.loading:
                    parameters.check_loading(parameters.read(self), config)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)
