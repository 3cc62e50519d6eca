"""Replays a labelled bag through the live perception node, over DDS, and measures the latency.

::

    with LiveNode(bag, Pretrained(), rate=1.0) as node:
        run = node.replay(bag)
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String
from std_srvs.srv import Trigger

from usdrl_model.events.onset_offset import EVENT_KINDS, Event
from usdrl_model.online.pretrained import Pretrained
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.bags.labels import Truth
from usdrl_ros.bags.play import Player, PlayOptions
from usdrl_ros.bags.storage import BagMessage, BagReader
from usdrl_ros.processes.children import Child, use_private_domain
from usdrl_ros.wire import EVENTS, NODE, STAMP_DIGITS, STATE

TOPIC = "/skeletons"
READY_TIMEOUT = 120.0
"""Seconds until the node must be active; loading torch on a busy machine takes long."""
ANSWER_TIMEOUT = 20.0
"""Seconds in which an active node must answer."""
SETTLE = 3.0
"""Seconds without a new state after which the node has processed all messages. Longer than its ``source_timeout``, so
that active actions are lost, as offline."""


class LiveNode:
    """The perception node as a process, and a subscriber to its outputs; a context manager.

    Args:
        like: the bag from which topology, axes, units, input type and person id are taken.
        made_of: weights, those of pairs and gestures.
        rate: seconds of the bag per second.

    Raises:
        BagError: ``rate`` is not positive.
        ChildError: the node failed, or did not become active.
    """

    def __init__(self, like: LabelledBag, made_of: Pretrained, *, rate: float) -> None:
        self._options = PlayOptions(rate=rate)
        self._child = Child(
            "perception node", perception_arguments(like.truth, like.input_type, like.person_id, made_of)
        )
        self._stack = ExitStack()
        self._events: list[Event] = []
        self._seqs: list[int] = []
        self._counters: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        """The counters at the end of the last bag."""
        self._reports = 0
        self._states: list[tuple[float, float, int]] = []
        """(stamp of the newest frame, arrival, number of people), in the order of arrival."""

    def __enter__(self) -> LiveNode:
        use_private_domain()
        with ExitStack() as stack:
            stack.enter_context(self._child)
            self._context = rclpy.Context()
            rclpy.init(context=self._context)
            stack.callback(self._context.try_shutdown)
            self._node = Node("usdrl_evaluation", context=self._context, start_parameter_services=False)
            stack.callback(self._node.destroy_node)
            self._executor = SingleThreadedExecutor(context=self._context)
            self._executor.add_node(self._node)
            latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
            self._node.create_subscription(String, STATE, self._on_state, latched)
            self._node.create_subscription(String, EVENTS, self._on_event, 1000)
            self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
            self._reset: Any = self._node.create_client(Trigger, f"{NODE}/reset")
            self._spin_until(
                "become active", lambda: bool(self._states) and self._reset.service_is_ready(), READY_TIMEOUT
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stack.close()

    def replay(self, bag: LabelledBag) -> BagRun:
        """Play a bag and collect the events, including those of actions that are active at its end.

        Raises:
            BagError: its skeletons come from several topics.
        """
        bag.check_one_topic()
        self._events, self._seqs, self._states, before = [], [], [], self._counted
        published: dict[float, float] = {}
        stamps = dict(zip(bag.recorded_ns, (round(frame.stamp, STAMP_DIGITS) for frame in bag.frames), strict=True))

        def note(message: BagMessage) -> None:
            if message.stamp_ns in stamps:
                # The stream ignores repeated stamps, so the first one counts.
                published.setdefault(stamps[message.stamp_ns], time.monotonic())

        remap = ["--ros-args", "-r", f"{bag.truth.topic}:={TOPIC}"] if bag.truth.topic != TOPIC else []
        node = Node("usdrl_player", context=self._context, cli_args=remap, start_parameter_services=False)
        try:
            with BagReader(bag.path) as reader:
                player = Player(node, reader, PlayOptions(rate=self._options.rate, topics=(bag.truth.topic,)))
                self._spin_until("subscribe to its input", lambda: player.wait(0.0), ANSWER_TIMEOUT)
                length = player.seconds()
                playing = _Task(lambda: player.play(note))
                playing.start()
                self._spin_until("hear the bag", lambda: not playing.is_alive(), length + 2 * ANSWER_TIMEOUT)
                playing.raise_error()
        finally:
            node.destroy_node()
        self._spin_until("fall silent", self._settled, ANSWER_TIMEOUT)
        states = list(self._states)
        self._reset_node()
        self._counted = self._count()
        counters = {name: value - before.get(name, 0) for name, value in self._counted.items()}
        if self._seqs and self._seqs != list(range(self._seqs[0], self._seqs[0] + len(self._seqs))):
            raise self._child.error("published events that did not all arrive")
        return BagRun(
            bag=bag,
            events=tuple(self._events),
            counters=counters,
            latencies=_latencies(published, states),
            lost_messages=len(bag.frames) - counters.get("frames", 0),
        )

    def _reset_node(self) -> None:
        """Reset the node and wait for a state without people."""
        self._states = []
        answer = self._reset.call_async(Trigger.Request())
        self._spin_until("reset", answer.done, ANSWER_TIMEOUT)
        heard = len(self._states)
        self._spin_until(
            "report a reset", lambda: not all(people for *_, people in self._states[heard:]), ANSWER_TIMEOUT
        )

    def _count(self) -> dict[str, int]:
        """The counters of the stream, from a new diagnostics message."""
        seen = self._reports
        self._spin_until("report twice", lambda: self._reports >= seen + 2, ANSWER_TIMEOUT)
        return dict(self._counters)

    def _settled(self) -> bool:
        # Heartbeats repeat old stamps: only a new one is a new state.
        newest = max((stamp for stamp, *_ in self._states), default=0.0)
        first_heard = next((arrival for stamp, arrival, _ in self._states if stamp == newest), -SETTLE)
        return time.monotonic() - first_heard > SETTLE

    def _spin_until(self, what: str, done: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            self._child.check()
            if time.monotonic() > deadline:
                raise self._child.error(f"did not {what} within {timeout:.0f} s")
            self._executor.spin_once(timeout_sec=0.05)

    def _on_state(self, message: String) -> None:
        arrival = time.monotonic()
        state = json.loads(message.data)
        self._states.append((state["stamp"], arrival, len(state["people"])))

    def _on_event(self, message: String) -> None:
        event = json.loads(message.data)
        self._seqs.append(event["seq"])
        if event["kind"] in EVENT_KINDS:  # and not somebody who came or went
            self._events.append(Event(**event))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        values = {value.key: value.value for status in message.status for value in status.values}
        self._counters = {
            key.removeprefix("stream."): int(value) for key, value in values.items() if key.startswith("stream.")
        }
        self._reports += 1


def alike(bags: Iterable[LabelledBag]) -> list[list[LabelledBag]]:
    """Bags in groups that one node can replay: their skeletons need the same parameters."""
    groups: dict[tuple[str, ...], list[LabelledBag]] = {}
    for bag in bags:
        groups.setdefault(tuple(perception_arguments(bag.truth, bag.input_type, bag.person_id)), []).append(bag)
    return list(groups.values())


def perception_arguments(truth: Truth, input_type: str, person_id: str, made_of: Pretrained | None = None) -> list[str]:
    """Arguments of the Python interpreter for a node with such skeletons on ``TOPIC``; None: with its defaults."""
    parameters = {
        **truth.parameters(),
        "topic": TOPIC,
        "input_type": input_type,
        "person_id": person_id,
        **{name: value for name, value in asdict(made_of or Pretrained()).items() if value},
        f"qos_overrides.{TOPIC}.subscription.reliability": "reliable",
    }
    # ROS 2 reads them as YAML, of which JSON is a part: a text that looks like a number stays a text.
    texts = [f"{name}:={json.dumps(value, ensure_ascii=False)}" for name, value in parameters.items()]
    assignments = [argument for text in texts for argument in ("-p", text)]
    return ["-m", "usdrl_ros.node.main", "--ros-args", *assignments]


def _latencies(published: dict[float, float], states: list[tuple[float, float, int]]) -> tuple[float, ...]:
    """Seconds from the publication of a frame to the first state inferred on it."""
    arrivals: dict[float, float] = {}
    for stamp, arrival, _ in states:
        arrivals.setdefault(stamp, arrival)
    return tuple(arrival - published[stamp] for stamp, arrival in arrivals.items() if stamp in published)


class _Task(threading.Thread):
    """A thread that keeps its error."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # handed on by raise_error
            self._error = error

    def raise_error(self) -> None:
        if self._error is not None:
            raise self._error
