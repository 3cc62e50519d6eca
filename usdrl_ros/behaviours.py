"""Leaves of behaviour trees (py_trees) that know what people do, through one ``ActionsClient``.

::

    client = ActionsClient(node)
    root = py_trees.composites.Sequence("greet", memory=True, children=[
        WaitForAction(client, "wave", who="guest"),          # the blackboard has guest's id from then on
        WhileHere(client, "guest", grace=2.0) ...
    ])

A leaf is never true of a node that has died: within a second and a half its state is stale, and leaves fail. Edges
between two ticks are not lost, because ``WaitForAction`` counts events instead of looking at the moment. Who is meant
is kept by id under a key of the blackboard, so that two people who do the same are two.

Actions (``wave``) and states by geometry (``sitting``, ``pointing_left``; docs/states.md) are named alike.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from usdrl_model.errors.shown import shown
from usdrl_ros.client import ActionsClient

NAMESPACE = "actions"
"""Of all keys on the blackboard."""


class _Leaf(Behaviour):
    """A leaf with a client and a blackboard; it fails while the client has no state."""

    def __init__(
        self, name: str, client: ActionsClient, *, read: tuple[str, ...] = (), write: tuple[str, ...] = ()
    ) -> None:
        super().__init__(name)
        self.client = client
        self.board = self.attach_blackboard_client(name=name, namespace=NAMESPACE)
        for keys, access in ((read, Access.READ), (write, Access.WRITE)):
            for key in keys:
                self.board.register_key(key=key, access=access)

    def update(self) -> Status:
        """Judge the newest state; FAILURE without one."""
        if not self.client.alive:
            self.feedback_message = "no perception"
            return Status.FAILURE
        return self.judge()

    @abstractmethod
    def judge(self) -> Status:
        """The result while there is a state."""

    def said(self, key: str) -> str | None:
        """The id under a key of the blackboard; None where nothing is."""
        return self.board.get(key) if self.board.exists(key) else None

    def at_it(self, label: str, person: str | None, min_score: float) -> list[dict[str, Any]]:
        """People with an action, or in a state, of this name."""
        being = [one for one in self.client.being(label) if person in (None, one["id"])]
        return self.client.doing(label, person, min_score) + being


class ActionsToBlackboard(_Leaf):
    """Writes ``actions/people`` (id -> person, docs/state.md) and ``actions/alive`` at every tick.

    SUCCESS while the perception lives, else FAILURE; ``people`` is empty then.
    """

    def __init__(self, client: ActionsClient, name: str = "actions to blackboard") -> None:
        super().__init__(name, client, write=("people", "alive"))

    def update(self) -> Status:  # noqa: D102
        self.board.people = {person["id"]: person for person in self.client.people()}
        self.board.alive = self.client.alive
        return super().update()

    def judge(self) -> Status:  # noqa: D102
        return Status.SUCCESS


class WaitForAction(_Leaf):
    """RUNNING until somebody begins an action or comes into a state after this leaf did; then SUCCESS.

    Args:
        client: of the node.
        label: the action or state.
        who: key of the blackboard that gets the id of that person.
        min_score: least score at the onset.
    """

    def __init__(self, client: ActionsClient, label: str, *, who: str = "who", min_score: float = 0.0) -> None:
        super().__init__(f"wait for {label}", client, write=(who,))
        self.label, self.who, self.min_score = label, who, min_score
        self._cursor = 0
        self._held: set[tuple[str, float]] = set()

    def initialise(self) -> None:
        """What has begun before does not count."""
        self._cursor = self.client.cursor
        self._held = {(person["id"], onset) for person, onset in self._states()}

    def judge(self) -> Status:  # noqa: D102
        begun = [
            event["person"]
            for event in self.client.events_since(self._cursor)
            if event["kind"] == "onset" and event["label"] == self.label and event["score"] >= self.min_score
        ]
        begun += [person["id"] for person, onset in self._states() if (person["id"], onset) not in self._held]
        if not begun:
            return Status.RUNNING
        self.board.set(self.who, begun[0])
        self.feedback_message = f"person {begun[0]}"
        return Status.SUCCESS

    def _states(self) -> list[tuple[dict[str, Any], float]]:
        return [
            (person, held["onset"])
            for person in self.client.being(self.label)
            for held in person["states"]["active"]
            if held["label"] == self.label
        ]


class WaitForPerson(_Leaf):
    """RUNNING until somebody enters, or leaves, after this leaf began; then SUCCESS.

    Args:
        client: of the node.
        kind: ``entered`` or ``left``; a person who is here already does not enter.
        who: key of the blackboard that gets the id of that person.

    Raises:
        ValueError: another kind.
    """

    def __init__(self, client: ActionsClient, kind: str = "entered", *, who: str = "who") -> None:
        if kind not in ("entered", "left"):
            raise ValueError(f"kind: expected entered or left, got {shown(kind)}")
        super().__init__(f"wait for one who {kind}", client, write=(who,))
        self.kind, self.who = kind, who
        self._cursor = 0

    def initialise(self) -> None:
        """What has happened before does not count."""
        self._cursor = self.client.cursor

    def judge(self) -> Status:  # noqa: D102
        found = next((one for one in self.client.events_since(self._cursor) if one["kind"] == self.kind), None)
        if found is None:
            return Status.RUNNING
        self.board.set(self.who, found["person"])
        self.feedback_message = f"person {found['person']}"
        return Status.SUCCESS


class IsDoing(_Leaf):
    """SUCCESS while somebody is at an action or in a state, else FAILURE.

    Args:
        client: of the node.
        label: the action or state.
        who: key of the blackboard with the id of the only one who counts; left out: anybody.
        min_score: least score of an action.
    """

    def __init__(self, client: ActionsClient, label: str, who: str = "", *, min_score: float = 0.0) -> None:
        super().__init__(f"is {label}", client, read=(who,) if who else ())
        self.label, self.who, self.min_score = label, who, min_score

    def judge(self) -> Status:  # noqa: D102
        person = self.said(self.who) if self.who else None
        if self.who and person is None:
            self.feedback_message = f"nobody is {self.who}"
            return Status.FAILURE
        return Status.SUCCESS if self.at_it(self.label, person, self.min_score) else Status.FAILURE


class WhileHere(_Leaf):
    """RUNNING while a person is here, and for a while after they went; then FAILURE. A guard for a parallel.

    Args:
        client: of the node.
        who: key of the blackboard with the id of the person.
        grace: seconds that they may be out of sight.
    """

    def __init__(self, client: ActionsClient, who: str, *, grace: float = 2.0) -> None:
        super().__init__(f"while {who} is here", client, read=(who,))
        self.who, self.grace = who, grace
        self._seen = -math.inf

    def initialise(self) -> None:
        """The grace begins anew."""
        self._seen = self.client.now

    def judge(self) -> Status:  # noqa: D102
        person = self.said(self.who)
        if person is None:
            self.feedback_message = f"nobody is {self.who}"
            return Status.FAILURE
        now = self.client.now
        if self.client.person(person) is not None:
            self._seen = now
        return Status.RUNNING if now - self._seen <= self.grace else Status.FAILURE


class ApproachesFast(_Leaf):
    """SUCCESS while somebody comes nearer to the origin of the published frame faster than ``speed``, else FAILURE.

    Args:
        client: of the node.
        speed: metres a second.
        within: metres; who is farther away does not count.
        who: key of the blackboard that gets the id of that person.
    """

    SPAN = 0.5
    """Seconds over which the speed is taken."""

    def __init__(self, client: ActionsClient, *, speed: float = 1.0, within: float = 3.0, who: str = "comer") -> None:
        super().__init__("somebody approaches fast", client, write=(who,))
        self.speed, self.within, self.who = speed, within, who
        self._ranges: dict[str, list[tuple[float, float]]] = {}

    def judge(self) -> Status:  # noqa: D102
        ranges: dict[str, list[tuple[float, float]]] = {}
        stamp = self.client.stamp
        for person in self.client.people():
            if person["position"] is None:
                continue
            distance = math.hypot(*person["position"])
            past = [(at, far) for at, far in self._ranges.get(person["id"], []) if stamp - self.SPAN <= at < stamp]
            ranges[person["id"]] = [*past, (stamp, distance)]
        self._ranges = ranges
        for who, track in ranges.items():
            (first, before), (last, now) = track[0], track[-1]
            if now <= self.within and last - first >= 0.5 * self.SPAN and before - now >= self.speed * (last - first):
                self.board.set(self.who, who)
                return Status.SUCCESS
        return Status.FAILURE
