"""Leaves about what people do: actions, and states by geometry."""

from __future__ import annotations

from py_trees.common import Status

from usdrl_ros.behaviours.leaf import NAMESPACE, Leaf
from usdrl_ros.client import ActionsClient


class ActionsToBlackboard(Leaf):
    """Writes ``actions/people`` (id -> person, docs/state.md) and ``actions/alive`` at every tick.

    SUCCESS while the perception lives, else FAILURE; ``people`` is empty then.

    Args:
        client: of the node.
        name: of the leaf.
        namespace: of the keys, instead of ``actions``.
    """

    def __init__(
        self, client: ActionsClient, name: str = "actions to blackboard", *, namespace: str = NAMESPACE
    ) -> None:
        super().__init__(name, client, namespace=namespace, write=("people", "alive"))

    def update(self) -> Status:  # noqa: D102
        self.board.people = {person["id"]: person for person in self.client.people()}
        self.board.alive = self.client.alive
        return super().update()

    def judge(self) -> Status:  # noqa: D102
        return Status.SUCCESS


class WaitForAction(Leaf):
    """RUNNING until somebody begins an action or comes into a state after this leaf did; then SUCCESS.

    Args:
        client: of the node.
        label: the action or state.
        who: key of the blackboard that gets the id of that person.
        min_score: least score at the onset.
        namespace: of the keys of the blackboard.
    """

    def __init__(
        self,
        client: ActionsClient,
        label: str,
        *,
        who: str = "who",
        min_score: float = 0.0,
        namespace: str = NAMESPACE,
    ) -> None:
        super().__init__(f"wait for {label}", client, namespace=namespace, write=(who,))
        self.label, self.who, self.min_score = label, who, min_score
        self._cursor = 0

    def initialise(self) -> None:
        """What has begun before does not count."""
        super().initialise()
        self._cursor = self.client.cursor

    def judge(self) -> Status:  # noqa: D102
        begun = self.client.begun(self.label, self._cursor, min_score=self.min_score)
        if not begun:
            return Status.RUNNING
        self.board.set(self.who, begun[0])
        self.feedback_message = f"person {begun[0]}"
        return Status.SUCCESS


class IsDoing(Leaf):
    """SUCCESS while somebody is at an action or in a state, else FAILURE.

    Args:
        client: of the node.
        label: the action or state.
        who: key of the blackboard with the id of the only one who counts; left out: anybody.
        found: key of the blackboard that gets the id of who does it: of several the one with the highest score, or who
            has been in the state the longest; left out: nothing is written.
        min_score: least score of an action.
        namespace: of the keys of the blackboard.
    """

    def __init__(
        self,
        client: ActionsClient,
        label: str,
        who: str = "",
        *,
        found: str = "",
        min_score: float = 0.0,
        namespace: str = NAMESPACE,
    ) -> None:
        keys = {"read": (who,) if who else (), "write": (found,) if found else ()}
        super().__init__(f"is {label}", client, namespace=namespace, **keys)
        self.label, self.who, self.found, self.min_score = label, who, found, min_score

    def judge(self) -> Status:  # noqa: D102
        person = self.said(self.who) if self.who else None
        if self.who and person is None:
            self.feedback_message = f"nobody is {self.who}"
            return Status.FAILURE
        people = self.client.at_it(self.label, person, self.min_score)
        if not people:
            return Status.FAILURE
        if self.found:
            self.board.set(self.found, people[0]["id"])
        return Status.SUCCESS
