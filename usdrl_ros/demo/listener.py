"""Records the topics of the demo in a bag and keeps the newest state and its latency."""

from __future__ import annotations

import json
import threading
import time
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from usdrl_model.events.onset_offset import EVENT_KINDS, Event
from usdrl_ros.bags.labels import Truth, parse_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.write import DEFAULT_TOPIC
from usdrl_ros.demo.unanswered import Unanswered
from usdrl_ros.messages.types import headers, stamp_ns, type_name
from usdrl_ros.wire import EVENTS, STAMP_DIGITS, STATE

DEPTH = 1000
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPICS: dict[str, tuple[type, QoSProfile | int]] = {
    f"/{STATE}": (String, LATCHED),
    f"/{EVENTS}": (String, DEPTH),
    "/actions/markers": (MarkerArray, DEPTH),
    "/diagnostics": (DiagnosticArray, DEPTH),
    "/performer/truth": (String, LATCHED),
}


class Listener:
    """Subscribes on a thread of its own while its ``with`` block runs; all messages go into a new bag.

    Args:
        bag: folder to create.
        skeletons: message class of the skeletons.
    """

    def __init__(self, bag: Path, skeletons: type) -> None:
        self.state: dict[str, Any] | None = None
        """The newest state, decoded; None before the first."""
        self._health: dict[str, list[tuple[int, str]]] = {}
        self.truth: Truth | None = None
        """The truth published by the performer; None without it."""
        self.events: list[Event] = []
        self.latencies: list[float] = []
        """Seconds from receiving a frame to receiving the state inferred on it."""
        self._bag = BagWriter(bag)
        self._skeletons = skeletons
        self._unanswered = Unanswered()
        self._last_frame = time.monotonic()
        self._error: BaseException | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._spin, name="listener", daemon=True)

    def __enter__(self) -> Listener:
        self._bag.__enter__()
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("usdrl_demo", context=self._context, start_parameter_services=False)
        for topic, (kind, qos) in {DEFAULT_TOPIC: (self._skeletons, DEPTH), **TOPICS}.items():
            latched = isinstance(qos, QoSProfile)
            self._bag.add_topic(topic, type_name(kind), latched=latched)
            self._node.create_subscription(kind, topic, self._hearer(topic), qos, raw=True)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._thread.join()
        self._node.destroy_node()
        self._context.try_shutdown()
        self._bag.__exit__(kind, value, trace)

    @property
    def health(self) -> list[tuple[int, str]]:
        """Level (0 OK, 1 WARN, 2 ERROR) and text of every status of the last diagnostics of every node."""
        return [line for lines in tuple(self._health.values()) for line in lines]

    @property
    def silence(self) -> float:
        """Seconds since the last frame."""
        return time.monotonic() - self._last_frame

    @property
    def latency_ms(self) -> float | None:
        """The newest latency in milliseconds."""
        return self.latencies[-1] * 1e3 if self.latencies else None

    def check(self) -> None:
        """Raise the error of the thread, if any."""
        if self._error is not None:
            raise self._error

    def _spin(self) -> None:
        try:
            while self._context.ok() and not self._stopping:
                self._executor.spin_once(timeout_sec=0.1)
        except BaseException as error:  # handed on by check; a shut-down context is no error
            if self._context.ok():
                self._error = error

    def _hearer(self, topic: str) -> Any:
        notes = {
            DEFAULT_TOPIC: self._note_frame,
            f"/{STATE}": self._note_state,
            f"/{EVENTS}": self._note_event,
            "/diagnostics": self._note_diagnostics,
            "/performer/truth": self._note_truth,
        }
        note = notes.get(topic)

        def hear(data: bytes) -> None:
            self._bag.write(topic, time.time_ns(), bytes(data))
            if note is not None:
                note(bytes(data))

        return hear

    def _note_frame(self, data: bytes) -> None:
        now = self._last_frame = time.monotonic()
        for header in islice(headers(deserialize_message(data, self._skeletons)), 1):
            self._unanswered.hear(round(stamp_ns(header) / 1e9, STAMP_DIGITS), now)

    def _note_state(self, data: bytes) -> None:
        state = json.loads(deserialize_message(data, String).data)
        latency = self._unanswered.answer(state["stamp"], time.monotonic())
        if latency is not None:
            self.latencies.append(latency)
        self.state = state

    def _note_event(self, data: bytes) -> None:
        event = json.loads(deserialize_message(data, String).data)
        if event["kind"] in EVENT_KINDS:  # and not somebody who came or went
            self.events.append(Event(**event))

    def _note_diagnostics(self, data: bytes) -> None:
        statuses = deserialize_message(data, DiagnosticArray).status
        for node in {status.name.partition(": ")[0] for status in statuses}:
            self._health[node] = [
                (int.from_bytes(status.level, "little"), f"{status.name.split(': ')[-1]}: {status.message}")
                for status in statuses
                if status.name.startswith(f"{node}: ")
            ]

    def _note_truth(self, data: bytes) -> None:
        self.truth = parse_truth(json.loads(deserialize_message(data, String).data))
