"""Leaves about people themselves: who comes, who goes, who is still here, who comes fast."""

from __future__ import annotations

import math

from py_trees.common import Status

from usdrl_model.errors.shown import shown
from usdrl_ros.behaviours.leaf import NAMESPACE, Leaf
from usdrl_ros.client import ActionsClient


class WaitForPerson(Leaf):
    """RUNNING until somebody enters, or leaves, after this leaf began; then SUCCESS.

    Args:
        client: of the node.
        kind: ``entered`` or ``left``; a person who is here already does not enter.
        who: key of the blackboard that gets the id of that person.
        namespace: of the key.

    Raises:
        ValueError: another kind.
    """

    def __init__(
        self, client: ActionsClient, kind: str = "entered", *, who: str = "who", namespace: str = NAMESPACE
    ) -> None:
        if kind not in ("entered", "left"):
            raise ValueError(f"kind: expected entered or left, got {shown(kind)}")
        super().__init__(f"wait for one who {kind}", client, namespace=namespace, write=(who,))
        self.kind, self.who = kind, who
        self._cursor = 0

    def initialise(self) -> None:
        """What has happened before does not count."""
        super().initialise()
        self._cursor = self.client.cursor

    def judge(self) -> Status:  # noqa: D102
        found = next((one for one in self.client.events_since(self._cursor) if one["kind"] == self.kind), None)
        if found is None:
            return Status.RUNNING
        self.board.set(self.who, found["person"])
        self.feedback_message = f"person {found['person']}"
        return Status.SUCCESS


class WhileHere(Leaf):
    """RUNNING while a person is here, and for a while after they went; then FAILURE. A guard for a parallel.

    Args:
        client: of the node.
        who: key of the blackboard with the id of the person.
        grace: seconds that they may be out of sight.
        namespace: of the key.
    """

    def __init__(self, client: ActionsClient, who: str, *, grace: float = 2.0, namespace: str = NAMESPACE) -> None:
        super().__init__(f"while {who} is here", client, namespace=namespace, read=(who,))
        self.who, self.grace = who, grace
        self._seen = -math.inf

    def initialise(self) -> None:
        """The grace begins anew."""
        super().initialise()
        self._seen = self.client.now

    def judge(self) -> Status:  # noqa: D102
        person = self.said(self.who)
        if person is None:
            self.feedback_message = f"nobody is {self.who}"
            return Status.FAILURE
        now = self.client.now
        if self.client.person(person) is not None:
            self._seen = now
        if now - self._seen <= self.grace:
            return Status.RUNNING
        self.feedback_message = f"person {person} went"
        return Status.FAILURE


class ApproachesFast(Leaf):
    """SUCCESS while somebody comes nearer to the sensor, over the floor, faster than ``speed``, else FAILURE.

    Args:
        client: of the node.
        speed: metres a second.
        within: metres; who is farther away does not count.
        who: key of the blackboard that gets the id of that person.
        namespace: of the key.
    """

    def __init__(
        self,
        client: ActionsClient,
        *,
        speed: float = 1.0,
        within: float = 3.0,
        who: str = "comer",
        namespace: str = NAMESPACE,
    ) -> None:
        super().__init__("somebody approaches fast", client, namespace=namespace, write=(who,))
        self.speed, self.within, self.who = speed, within, who

    def judge(self) -> Status:  # noqa: D102
        for person in self.client.people():
            far, speed = person["distance"], self.client.approach(person["id"])
            if far is not None and far <= self.within and speed is not None and speed >= self.speed:
                self.board.set(self.who, person["id"])
                return Status.SUCCESS
        return Status.FAILURE
