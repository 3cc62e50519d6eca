"""What all leaves share: a client, a blackboard, and that nothing holds without a state."""

from __future__ import annotations

from abc import abstractmethod

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from usdrl_ros.client import ActionsClient

NAMESPACE = "actions"
"""Of all keys on the blackboard, where a leaf is not told another: two heads need two, as their ids are others."""
NO_PERCEPTION = "no perception"
"""What a leaf says of itself while there is no state."""


class Leaf(Behaviour):
    """A leaf with a client and a blackboard; it fails while the client has no state.

    Args:
        name: of the leaf.
        client: of the node.
        read: keys of the blackboard that it reads.
        write: those that it writes.
        namespace: of all of them.
    """

    def __init__(
        self,
        name: str,
        client: ActionsClient,
        *,
        read: tuple[str, ...] = (),
        write: tuple[str, ...] = (),
        namespace: str = NAMESPACE,
    ) -> None:
        super().__init__(name)
        self.client = client
        self.board = self.attach_blackboard_client(name=name, namespace=namespace)
        for keys, access in ((read, Access.READ), (write, Access.WRITE)):
            for key in keys:
                self.board.register_key(key=key, access=access)

    def initialise(self) -> None:
        """Begin anew: what the leaf said before need not be true any more."""
        self.feedback_message = ""

    def update(self) -> Status:
        """Judge the newest state; FAILURE without one."""
        if not self.client.alive:
            self.feedback_message = NO_PERCEPTION
            return Status.FAILURE
        return self.judge()

    @abstractmethod
    def judge(self) -> Status:
        """The result while there is a state."""

    def said(self, key: str) -> str | None:
        """The id under a key of the blackboard; None where nothing is."""
        return self.board.get(key) if self.board.exists(key) else None
