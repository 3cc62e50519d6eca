"""A client for other nodes: the state of ``usdrl_perception``, while it is valid.

::

    actions = ActionsClient(node)
    if not actions.alive:
        ...                           # no perception: do not rely on it
    for person in actions.doing("wave", min_score=0.8):
        print(person["id"], person["position"])
    guest = actions.wait_for("wave", timeout=10.0)      # somebody who begins, or None

When a node is killed, its last state stays in latched topics and variables. A state is therefore valid only while
heartbeats arrive: after three periods without one it is stale (docs/state.md). The first message of a late joiner may
come from a node that has died, so a state is valid from the second heartbeat on.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from usdrl_model.errors.shown import shown
from usdrl_ros.heard import Heard, understood
from usdrl_ros.known_labels import KnownLabels
from usdrl_ros.listening import listening
from usdrl_ros.outputs.state_json import SCHEMA
from usdrl_ros.perception_name import SERVICE, perception_name
from usdrl_ros.subscribers import Callback, Subscribers
from usdrl_ros.wire import STATE


class ActionsClient:
    """Subscribes to the state of a perception node; results are from the newest state, or empty if it is stale.

    It may be asked from any thread; the node has to be spun at least once a heartbeat, 0.25 s by default, or the
    perception counts as dead (``wait_for`` does so itself where nobody else does).

    Args:
        node: subscribes.
        topic: the state, relative to the namespace of ``node``.
        monotonic: seconds that never jump.
    """

    def __init__(self, node: Node, topic: str = STATE, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._topic = node.resolve_topic_name(topic)
        self._monotonic = monotonic
        self._heard = Heard()
        self._labels = KnownLabels(node, lambda: f"{self.perception}/{SERVICE}")
        self._subscribers = Subscribers()
        self._news = threading.Condition()
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscription = node.create_subscription(String, topic, self._hear, qos)

    @property
    def node(self) -> Node:
        """That subscribes."""
        return self._node

    @property
    def perception(self) -> str:
        """Name of the perception node, with its namespace, as the graph has it now (``perception_name``)."""
        return perception_name(self._node, self._topic)

    @property
    def alive(self) -> bool:
        """The node is active and its heartbeats arrive."""
        return self._heard.pulse.alive(self._monotonic())

    @property
    def state(self) -> dict[str, Any] | None:
        """The newest state, see docs/state.md; None if there is none, or it is stale."""
        return self._heard.state if self.alive else None

    @property
    def stamp(self) -> float:
        """Stamp of the newest frame, seconds of the source's clock; 0 if the state is stale."""
        state = self.state
        return 0.0 if state is None else float(state["stamp"])

    @property
    def silence(self) -> float:
        """Seconds since the newest frame was heard of, by this client's clock: a tracker that is silent may be dead."""
        return self._monotonic() - self._heard.came

    @property
    def now(self) -> float:
        """Seconds of this client's clock, which never jumps."""
        return self._monotonic()

    def people(self) -> list[dict[str, Any]]:
        """All people now; empty if the state is stale."""
        state = self.state
        return [] if state is None else state["people"]

    def person(self, id: str) -> dict[str, Any] | None:  # noqa: A002 (the field's word)
        """One of ``people``; None where that person is not here, or the state is stale."""
        return next((person for person in self.people() if person["id"] == id), None)

    def position(self, id: str) -> tuple[float, float, float] | None:  # noqa: A002
        """Where the head of a person is, metres in the frame of the state; None where it is not known."""
        person = self.person(id)
        return None if person is None or person["position"] is None else tuple(person["position"])

    def doing(self, label: str, person: str | None = None, min_score: float = 0.0) -> list[dict[str, Any]]:
        """Those of ``people`` with ``label`` active, highest score first.

        Args:
            label: an action.
            person: id of the only one who counts; None: anybody.
            min_score: least score of the action now.
        """
        self.check(label)
        scores = [
            (action["score"], one)
            for one in self.people()
            for action in one["actions"]
            if action["label"] == label and action["state"] == "active" and action["score"] >= min_score
            if person in (None, one["id"])
        ]
        return [one for _, one in sorted(scores, key=lambda pair: -pair[0])]

    def check(self, label: str) -> None:
        """Log an error, once the node has said so, where it knows no action, gesture or state of this name."""
        if self.alive:
            self._labels.check(label)

    def being(self, state: str) -> list[dict[str, Any]]:
        """Those of ``people`` whose ``state`` (docs/states.md) holds, the longest first."""
        since = [
            (held["onset"], person)
            for person in self.people()
            for held in person.get("states", {"active": []})["active"]
            if held["label"] == state
        ]
        return [person for _, person in sorted(since, key=lambda pair: pair[0])]

    def at_it(self, label: str, person: str | None = None, min_score: float = 0.0) -> list[dict[str, Any]]:
        """Those of ``people`` with an action, or in a state, of this name; arguments as of ``doing``."""
        being = [one for one in self.being(label) if person in (None, one["id"])]
        return self.doing(label, person, min_score) + being

    def nearest(self) -> dict[str, Any] | None:
        """The one of ``people`` nearest to the sensor, over the floor; None where nobody's place is known."""
        return next(iter(_by_distance(self.people())), None)

    def facing(self) -> list[dict[str, Any]]:
        """Those of ``people`` who face the sensor, the nearest first."""
        return _by_distance(self.being("facing_me"))

    def in_front(self, within: float = 2.0, angle: float = 30.0) -> list[dict[str, Any]]:
        """Those of ``people`` ahead of the sensor, the nearest first.

        Args:
            within: metres from the sensor over the floor.
            angle: degrees to each side of straight ahead (``bearing`` in docs/state.md).
        """
        known = _by_distance(self.people())
        return [one for one in known if one["distance"] <= within and abs(one["bearing"]) <= angle]

    @property
    def cursor(self) -> int:
        """A number that grows with all that begins, for ``events_since``, ``news_since`` and others."""
        return self._heard.count

    def events_since(self, cursor: int) -> list[dict[str, Any]]:
        """Events that were heard after a ``cursor``, oldest first (docs/state.md); the last 256 are kept.

        None is lost between two calls, however far apart: states carry the last 64 events each. What happened before
        this client subscribed is not among them. A restart of the node is no gap.
        """
        with self._news:
            return self._heard.events_since(cursor)

    def begun_since(self, cursor: int) -> list[tuple[str, str]]:
        """Person and name of the states by geometry that began after a ``cursor``, oldest first; the last 256 are kept.

        Those that are over again are among them, if a message came while they held.
        """
        with self._news:
            return self._heard.begun_since(cursor)

    def news_since(self, cursor: int) -> list[dict[str, Any]]:
        """``events_since``, and among them what ``begun_since`` has, as events of the kind ``state`` with ``onset``.

        All have ``onset_ago`` and ``offset_ago``, seconds of this client's clock, or None: the source's may jump.
        """
        with self._news:
            return self._heard.news_since(cursor, self._monotonic())

    def begun(self, label: str, cursor: int, person: str | None = None, min_score: float = 0.0) -> list[str]:
        """Ids of who began an action, or came into a state, of this name after a ``cursor``, oldest first.

        Those who are no longer at it, or here, are among them; ``min_score`` is of the onset, otherwise as ``doing``.
        """
        self.check(label)
        began = [
            event["person"]
            for event in self.events_since(cursor)
            if event["kind"] == "onset" and event["label"] == label and (event["score"] or 0.0) >= min_score
        ]
        began += [one for one, state in self.begun_since(cursor) if state == label]
        return [one for one in began if person in (None, one)]

    def approach(self, person: str) -> float | None:
        """Metres a second by which a person comes nearer to the sensor, over the floor; None where it is not known."""
        with self._news:
            return self._heard.approach(person) if self.alive else None

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback`` with every new event, from the thread that spins; the result ends that.

        What it raises is raised there, after all others have been called.
        """
        return self._subscribers.add(callback)

    def lookout(
        self, label: str, person: str | None = None, min_score: float = 0.0
    ) -> Callable[[], dict[str, Any] | None]:
        """What gives somebody who has begun an action, or come into a state, since this call, or is at it now.

        It may be asked again and again, and gives the person as in ``people``; only the ``id`` of one who began and has
        left again; None as long as there is nobody. Arguments as of ``doing``.
        """
        cursor, lived = self.cursor, self.alive

        def look() -> dict[str, Any] | None:
            nonlocal cursor, lived
            if found := self.at_it(label, person, min_score):
                return found[0]
            alive = self.alive
            lived = lived or alive
            if not lived:
                cursor = self.cursor  # what the first states bring may be older than the call
            elif alive and (begun := self.begun(label, cursor, person, min_score)):
                return self.person(begun[0]) or {"id": begun[0]}
            return None

        return look

    def wait_for(
        self, label: str, *, person: str | None = None, min_score: float = 0.0, timeout: float = math.inf
    ) -> dict[str, Any] | None:
        """Wait until somebody begins an action or comes into a state, or is at it already.

        It spins the node where no executor has it. Where one has, call it from another thread; or from a callback that
        has a callback group of its own in a MultiThreadedExecutor, as others block what it waits for.

        Args:
            label: the action, or state.
            person: id of the only one who counts; None: anybody.
            min_score: least score.
            timeout: seconds.

        Returns:
            The person, as ``lookout`` gives them; None after ``timeout``, and when rclpy is shut down.
        """
        look, end = self.lookout(label, person, min_score), self._monotonic() + timeout
        with listening(self._node, self._news, self._monotonic) as listen:
            while rclpy.ok(context=self._node.context):
                if found := look():
                    return found
                left = end - self._monotonic()
                if left <= 0.0:
                    return None
                listen(min(left, 0.1))
        return None

    def close(self) -> None:
        """Unsubscribe."""
        self._labels.close()
        self._node.destroy_subscription(self._subscription)

    def _hear(self, message: String) -> None:
        state = understood(message.data)
        if state is None:
            self._node.get_logger().error(
                f"{self._topic}: expected a state {SCHEMA} with a heartbeat, got"
                f" {shown(message.data)}: use the same version of usdrl_ros on both sides",
                once=True,
            )
            return
        with self._news:
            fresh = self._heard.take(state, self._monotonic())
            self._news.notify_all()
        self._subscribers.tell(fresh)


def _by_distance(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those whose place is known, the nearest first."""
    return sorted((one for one in people if one["distance"] is not None), key=lambda one: one["distance"])
