"""The lifecycle node ``usdrl_camera``: wiring only.

Callbacks only hand messages over; one thread searches pictures (``searching``), and one reads the device, if there is
one. As long as the node is inactive, it has no subscription and the device is free.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_ros.camera import images
from usdrl_ros.camera import parameters as camera_parameters
from usdrl_ros.camera.device import FRAME, Device
from usdrl_ros.camera.estimator import Estimator
from usdrl_ros.camera.health import Health, Source
from usdrl_ros.camera.mediapipe_pose import MediaPipePose
from usdrl_ros.camera.parameters import NAMES, NODE_NAME, PARAMETERS, CameraConfig
from usdrl_ros.camera.people import People
from usdrl_ros.camera.searching import Searching, Shot
from usdrl_ros.camera.view import View
from usdrl_ros.diagnostics.graph_checks import lost
from usdrl_ros.inputs.common import InputError
from usdrl_ros.inputs.lens import is_rectified
from usdrl_ros.inputs.skeleton_messages import point_cloud
from usdrl_ros.messages.types import type_name
from usdrl_ros.parameters.names import check_given
from usdrl_ros.parameters.overridden import warn_of_unused
from usdrl_ros.parameters.values import check_dynamic
from usdrl_ros.processes.serving import ServedNode

TOPIC = "skeletons"
DEPTH = 10
"""Messages of people kept for a slow subscriber."""
DIAGNOSTICS_PERIOD = 1.0
CLOSING = 0.25
"""Seconds for which a transition waits for a thread."""

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE

EstimatorFactory = Callable[[CameraConfig], Estimator]


def load_estimator(config: CameraConfig) -> Estimator:
    """MediaPipe with the configured model; errors as ``MediaPipePose``."""
    return MediaPipePose(config.model, config.max_people, config.min_confidence)


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """The parts of a configured node."""

    config: CameraConfig
    """As configured; dynamic parameters may have changed since."""
    searching: Searching
    view: View

    def apply(self, config: CameraConfig) -> None:
        """Apply the dynamic parameters."""
        self.searching.max_rate, self.view.field_of_view = config.max_rate, config.field_of_view


class CameraNode(ServedNode):
    """Pictures in, skeletons out.

    Args:
        ended: called at the end of a video.
        factory: makes the estimator at configuration; tests give a fake one.
    """

    def __init__(self, ended: Callable[[], object] = lambda: None, factory: EstimatorFactory = load_estimator) -> None:
        super().__init__(NODE_NAME)
        camera_parameters.declare(self)
        check_given(self, NAMES)
        self._ended, self._factory = ended, factory
        self._health = Health(time.monotonic, warn=self.get_logger().warning)
        self._configured: Configured | None = None
        self._structure_taken = False
        """From the begin of a configuration to cleanup, only dynamic parameters may change."""
        self._device: Device | None = None
        self._subscriptions_made: list[Any] = []
        self._asked: dict[str, QoSProfile] = {}
        """Quality of service of the subscriptions, as it came to be, by topic."""
        self._active = False
        self._skeletons: Publisher = self.create_publisher(
            PointCloud2,
            TOPIC,
            QoSProfile(depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._diagnostics: Publisher = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # runs on when a simulation pauses
        self.create_timer(DIAGNOSTICS_PERIOD, self._publish_diagnostics, clock=steady)
        self.add_on_set_parameters_callback(self._set_parameters)

    def start(self) -> bool:
        """Configure and activate; False if either fails."""
        return self.trigger_configure() == SUCCESS and not self._closing and self.trigger_activate() == SUCCESS

    def close(self) -> None:
        """Release everything and destroy the node, whatever its state."""
        self._closing = True
        self.end_transitions(CLOSING)
        self._stop_listening()
        self._release()
        self.destroy_node()

    def failed(self, error: Exception) -> None:
        """Report the error of a callback."""
        if not self._closing:
            self._health.failed(error)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters and load the model."""
        self._structure_taken = True
        try:
            config = camera_parameters.read(self)
            people = People(self._factory(config))
            view = View(config.field_of_view, self._health.warned, rectified=is_rectified(config.image_topic))
            searching = Searching(people, view, self._publish, self._health, time.monotonic)
            self._configured = Configured(config=config, searching=searching, view=view)
        except Exception as error:  # rclpy would swallow it silently
            self._release()
            return self.refuse("configure", error)
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the device, or subscribe."""
        configured = self._configured
        if configured is None:
            return FAILURE
        config, searching, view = configured.config, configured.searching, configured.view
        try:
            self._health.activated()
            configured.apply(camera_parameters.read(self))  # one may have been set while the model was loaded
            searching.listen(True)
            if config.device:
                shot = partial(self._device_picture, searching, config.frame_id or FRAME)
                self._device = Device(
                    config.device, config.width, config.height, shot, self._health.unplugged, self._ended
                )
            else:
                self._subscribe(config.image_topic, Image, partial(self._image, searching, config.frame_id))
                if config.depth_topic:
                    self._subscribe(config.depth_topic, Image, partial(self._depth, view))
            self._subscribe(config.camera_info_topic, CameraInfo, view.calibrate)
            warn_of_unused(self)
        except Exception as error:  # as above
            self._stop_listening()
            return self.refuse("activate", error)
        self._active = True
        self.get_logger().info(f"people of {self._source_name(config)} on {self._skeletons.topic_name}")
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the device, or unsubscribe."""
        self._stop_listening()
        return SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model."""
        self._release()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything."""
        self._stop_listening()
        self._release()
        return SUCCESS

    def _subscribe(self, topic: str, kind: type, heard: Callable[[Any], None]) -> None:
        made = self.create_subscription(
            kind,
            topic,
            heard,
            QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT),  # a reliable one hears fewer publishers
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._subscriptions_made.append(made)
        self._asked[made.topic_name] = made.qos_profile

    def _stop_listening(self) -> None:
        self._active = False
        for subscription in self._subscriptions_made:
            self.destroy_subscription(subscription)
        self._subscriptions_made = []
        device, self._device = self._device, None
        if device is not None:
            device.close(CLOSING)
        if self._configured is not None:
            self._configured.searching.listen(False)

    def _release(self) -> None:
        configured, self._configured, self._structure_taken = self._configured, None, False
        if configured is not None:
            configured.searching.stop(CLOSING)

    def _image(self, searching: Searching, frame_id: str, message: Image) -> None:
        header = Header(stamp=message.header.stamp, frame_id=frame_id or message.header.frame_id)
        searching.put(Shot(header, partial(images.picture, message)))

    def _depth(self, view: View, message: Image) -> None:
        try:
            view.depths.add(message)
        except InputError as error:
            self._health.refused(error)

    def _device_picture(self, searching: Searching, frame_id: str, picture: np.ndarray) -> None:
        now = self.get_clock().now()
        if now.nanoseconds <= 0:
            text = (
                "expected a clock, because pictures of a device are stamped with it, got time 0: set use_sim_time false"
            )
            self._health.refused(InputError("no_clock", text))
            return
        header = Header(stamp=now.to_msg(), frame_id=frame_id)
        searching.put(Shot(header, lambda: np.ascontiguousarray(picture[:, :, ::-1])))

    def _publish(self, frame: SkeletonFrame, header: Header) -> None:
        if self.context.ok():
            self._skeletons.publish(point_cloud(frame, header))

    def _source_name(self, config: CameraConfig) -> str:
        return config.device if config.device else self.resolve_topic_name(config.image_topic)

    def _source(self) -> Source | None:
        configured = self._configured
        if not self._active or configured is None:
            return None
        config = configured.config
        name = self._source_name(config)
        known: dict[str, Any] = {
            "calibrated": configured.view.calibrated,
            "depth_topic": config.depth_topic,
            "busy": configured.searching.busy,
            "model": config.model or "of mediapipe",
        }
        if config.device:
            return Source(name=name, publishers=1, device=True, **known)
        types = [publisher.topic_type for publisher in self.get_publishers_info_by_topic(name)]
        others = tuple(sorted(set(types) - {type_name(Image)}))
        known |= {"lost": self._lost(config.image_topic), "max_rate": config.max_rate}
        if config.depth_topic:
            known["depth_off"] = configured.view.depths.off(configured.searching.last)
            known["depth_lost"] = "" if configured.view.depths.span else self._lost(config.depth_topic)
        return Source(name=name, publishers=types.count(type_name(Image)), other_types=others, **known)

    def _lost(self, topic: str) -> str:
        """What to do where little or nothing comes of a topic that is subscribed."""
        name = self.resolve_topic_name(topic)
        asked = self._asked.get(name)
        return lost(self, name, asked) if asked else ""

    def _publish_diagnostics(self) -> None:
        array = DiagnosticArray()
        array.header.stamp = self.get_clock().now().to_msg()
        array.status = self._health.report(self.get_fully_qualified_name(), self._source())
        self._diagnostics.publish(array)

    def _set_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        values = {parameter.name: parameter.value for parameter in changes if parameter.name in NAMES}
        try:
            if self._structure_taken:
                check_dynamic(values, PARAMETERS)
            config = camera_parameters.read(self, values)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self._configured is not None:
            self._configured.apply(config)
        return SetParametersResult(successful=True)
