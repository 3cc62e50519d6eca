"""The publishers of the node: JSON state and events, watch topics, pointing, markers, detections.

``heartbeat`` repeats the latched topics (reliable, transient local): many behaviour-tree libraries subscribe volatile
and would otherwise wait for the next change, and a missing heartbeat shows that the node is gone. Deadline and
liveliness of these topics promise the same.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool, Header, String
from visualization_msgs.msg import MarkerArray

from usdrl_model.online.state import StreamState
from usdrl_ros.inputs.coordinate_frames import Frames
from usdrl_ros.outputs import detections, pointing
from usdrl_ros.outputs.markers import markers
from usdrl_ros.outputs.qos import create_publisher, every_one, latched
from usdrl_ros.outputs.result import Result
from usdrl_ros.outputs.state_json import Heartbeat, ModelInfo, encode_event, encode_state
from usdrl_ros.outputs.watched import Doing, doing, watched
from usdrl_ros.wire import EVENTS, STATE

LAST_ACKNOWLEDGEMENT = 0.1
"""Seconds to wait at the end for acknowledgement of the last messages."""


def topic_token(name: str) -> str:
    """A name as a token of ROS topic names: letters, digits and underscores, no digit in front."""
    return re.sub(r"^(?=\d)", "_", re.sub(r"[^A-Za-z0-9_]", "_", name))


def topic_names(labels: Iterable[str]) -> dict[str, str]:
    """Label -> its ``topic_token``.

    Raises:
        ValueError: two labels that become the same token.
    """
    names = {label: topic_token(label) for label in labels}
    if len(set(names.values())) < len(names):
        raise ValueError(f"watch: {sorted(names)} become the topics {sorted(names.values())}: they must differ")
    return names


@dataclass(frozen=True, slots=True)
class Watch:
    """The topics of one watched label or state."""

    people: Publisher
    active: Publisher
    person: Publisher
    pose: Publisher


class Also(Protocol):
    """Outputs that only some robots want; the lock of ``Outputs`` is held around every call."""

    def publish(self, result: Result, header: Header) -> None:
        """Publish what ``result`` means."""

    def heartbeat(self, header: Header) -> None:
        """Publish what has changed without a result, with the header of the last one."""

    def destroy(self) -> None:
        """Destroy the publishers."""


class Outputs:
    """The publishers of the node. ``publish`` and ``heartbeat`` may be called from different threads.

    Args:
        node: owner of the publishers.
        model: the model that runs.
        frames: transform to the published frame.
        watch: labels and states with topics of their own.
        period: seconds between two calls of ``heartbeat``.
        also: further outputs.

    Raises:
        ValueError: two labels that become the same topic name.
    """

    def __init__(
        self,
        node: Node,
        model: ModelInfo,
        frames: Frames,
        watch: Iterable[str],
        *,
        period: float,
        also: Iterable[Also] = (),
    ) -> None:
        names = topic_names(watch)
        self._node = node
        self._model = model
        self._frames = frames
        self._period = period
        self._also = tuple(also)
        self._lock = threading.Lock()
        self._destroyed = False
        self._publishers: list[Publisher] = []
        """All that are to be destroyed."""
        self._watches: dict[str, Watch] = {}
        self._state_publisher = self._publisher(String, STATE, latched(period))
        self._event_publisher = self._publisher(String, EVENTS, every_one())
        self._pointing_publisher = self._publisher(PoseStamped, "pointing", every_one())
        self._marker_publisher = self._publisher(MarkerArray, "actions/markers", every_one())
        detection_type = detections.message_type()
        self._detection_publisher = (
            self._publisher(detection_type, "actions/detections", every_one()) if detection_type else None
        )
        self._create_watches(names)
        self._header = Header()
        self._to_published = frames.to_published
        """At the stamp of the header: frames may move on before the last state is repeated."""
        # Before the first message, subscribers get a state without people, with the model that runs.
        self._publish_state(StreamState(stamp=0.0, seq=0, people=(), events=()), None)

    def publish(self, result: Result, latency_ms: float | None) -> None:
        """Publish a result: events first, then the state that contains them."""
        with self._lock:
            if self._destroyed:
                return
            self._header = Header(stamp=result.stamp, frame_id=self._frames.published_frame(result.frame_id))
            self._to_published = self._frames.to_published
            for event in result.events:
                self._event_publisher.publish(String(data=encode_event(event)))
            self._publish_state(result.state, latency_ms)
            for pose in pointing.poses(result.state, self._header, self._to_published):
                self._pointing_publisher.publish(pose)
            # Building these is expensive, so only for subscribers.
            if self._marker_publisher.get_subscription_count():
                self._marker_publisher.publish(markers(result.state, self._header, self._to_published))
            if self._detection_publisher is not None and self._detection_publisher.get_subscription_count():
                self._detection_publisher.publish(detections.detections(result.state, self._header, self._to_published))
            for output in self._also:
                output.publish(result, self._header)

    def heartbeat(self) -> None:
        """Repeat the last state and the watch topics."""
        with self._lock:
            if self._destroyed:
                return
            self._publish_last()
            for output in self._also:
                output.heartbeat(self._header)

    def publish_no_people(self) -> None:
        """Publish the last state without its people, while the worker does not answer."""
        with self._lock:
            if not self._destroyed:
                self._publish_state(dataclasses.replace(self._state, people=()), None)

    @property
    def watched(self) -> tuple[str, ...]:
        """Labels with topics of their own now."""
        return tuple(self._watches)

    def watch(self, labels: Iterable[str]) -> None:
        """Set the watched labels; ValueError as for the class."""
        names = topic_names(labels)
        with self._lock:
            if self._destroyed:
                return
            self._end([self._watches.pop(label) for label in self._watches.keys() - names.keys()])
            self._create_watches(names)
            self._publish_watches()

    def destroy(self) -> None:
        """Destroy all publishers; later calls, also from other threads, publish nothing."""
        with self._lock:
            self._destroyed = True
            self._deliver((self._event_publisher, self._state_publisher, *_told(self._watches.values())))
            self._watches.clear()
            for publisher in self._publishers:
                self._node.destroy_publisher(publisher)
            for output in self._also:
                output.destroy()

    def _end(self, watches: Collection[Watch]) -> None:
        """End topics that are not watched any more: nobody is told to do this for ever."""
        for watch in watches:
            self._publish_watch(watch, [])
        self._deliver(_told(watches))
        for publisher in (one for watch in watches for one in (watch.people, watch.active, watch.person, watch.pose)):
            self._publishers.remove(publisher)
            self._node.destroy_publisher(publisher)

    def _deliver(self, publishers: Iterable[Publisher]) -> None:
        """Wait until the last messages have arrived: what is not yet sent would be lost with its publisher."""
        until = time.monotonic() + LAST_ACKNOWLEDGEMENT
        for publisher in publishers:
            publisher.wait_for_all_acked(Duration(seconds=max(0.0, until - time.monotonic())))

    def _create_watches(self, names: dict[str, str]) -> None:
        for label in names.keys() - self._watches.keys():
            base = f"watch/{names[label]}"
            self._watches[label] = Watch(
                people=self._publisher(PointCloud2, base, latched(self._period)),
                active=self._publisher(Bool, f"{base}/active", latched(self._period)),
                person=self._publisher(String, f"{base}/person", latched(self._period)),
                pose=self._publisher(PoseStamped, f"{base}/pose", latched(self._period, repeated=False)),
            )

    def _publish_state(self, state: StreamState, latency_ms: float | None) -> None:
        self._state, self._latency_ms = state, latency_ms
        self._publish_last()

    def _publish_last(self) -> None:
        """Publish the last state with a new heartbeat, and the watch topics."""
        text = encode_state(
            self._state,
            frame_id=self._header.frame_id,
            to_published=self._to_published,
            model=self._model,
            latency_ms=self._latency_ms,
            heartbeat=Heartbeat(stamp=time.time(), period=self._period),
        )
        self._state_publisher.publish(String(data=text))
        self._publish_watches()

    def _publish_watches(self) -> None:
        for label, watch in self._watches.items():
            self._publish_watch(watch, doing(self._state, label))

    def _publish_watch(self, watch: Watch, people: Sequence[Doing]) -> None:
        watch.people.publish(watched(people, self._header, self._to_published))
        person = people[0].person if people else None
        watch.active.publish(Bool(data=person is not None))
        watch.person.publish(String(data=person.id if person else ""))
        if person is not None and np.isfinite(person.position).all():
            pose = PoseStamped(header=self._header)
            x, y, z = self._to_published(person.position).tolist()
            pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = x, y, z
            pose.pose.orientation.w = 1.0
            watch.pose.publish(pose)

    def _publisher(self, message_type: Any, topic: str, qos: QoSProfile) -> Publisher:
        self._publishers.append(create_publisher(self._node, message_type, topic, qos))
        return self._publishers[-1]


def _told(watches: Iterable[Watch]) -> list[Publisher]:
    """The topics of watches that say who does something now."""
    return [one for watch in watches for one in (watch.people, watch.active, watch.person)]
