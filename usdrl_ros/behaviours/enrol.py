"""A leaf that learns a gesture: the robot asks somebody to show one, and knows it from then on."""

from __future__ import annotations

from py_trees.common import Status

from usdrl_model.errors.shown import shown
from usdrl_ros.behaviours.leaf import NAMESPACE, Leaf
from usdrl_ros.client import ActionsClient
from usdrl_ros.enrolling import LONGEST_GESTURE, Enrolling, Steps
from usdrl_ros.service_calls import NoAnswerError, RefusedError, Services


class EnrolGesture(Leaf):
    """RUNNING while a person shows a gesture; SUCCESS once it is stored, FAILURE where it is no example of one.

    A node is shown one gesture at a time: FAILURE, too, while that of another leaf or program is, and once the person
    is lost: then the node is free for the next who asks, and neither ``enrol/stop`` nor ``enrol/cancel`` is called.

    ``feedback_message`` is the node's answer, for the robot to say: what was stored, or what to do better. A leaf that
    is interrupted, or hears nothing of the node any more, gives the gesture up (``enrol/cancel``): nothing is stored of
    it, unless ``enrol/stop`` is already on its way. The node needs a folder for gestures (docs/gestures.md).

    Args:
        client: of the node.
        label: name of the gesture.
        who: key of the blackboard with the id of the person; left out: the one nearest to the robot.
        seconds: that the person has for the gesture, at most ``LONGEST_GESTURE``.
        perception: name of the node, relative to the namespace of the client's; left out: that of the client
            (``ActionsClient.perception``).
        namespace: of the key of the blackboard.

    Raises:
        ValueError: more seconds than that.
    """

    def __init__(
        self,
        client: ActionsClient,
        label: str,
        *,
        who: str = "",
        seconds: float = 3.0,
        perception: str = "",
        namespace: str = NAMESPACE,
    ) -> None:
        if not 0.0 <= seconds <= LONGEST_GESTURE:
            raise ValueError(f"seconds: expected 0 to {LONGEST_GESTURE:g}, got {shown(seconds)}")
        super().__init__(f"enrol {label}", client, namespace=namespace, read=(who,) if who else ())
        self.label, self.who, self.seconds = label, who, seconds
        given = str(client.node.resolve_service_name(perception)) if perception else ""
        self._services = Services(client.node, lambda: given or client.perception)
        self._steps: Steps = self._enrol()
        self._gesture: Enrolling | None = None
        """What was begun last."""

    def initialise(self) -> None:
        """Begin anew."""
        super().initialise()
        self._steps = self._enrol()

    def terminate(self, new_status: Status) -> None:
        """Give up what is shown just now, or is just being begun."""
        if self._gesture is not None:
            self._gesture.give_up()

    def judge(self) -> Status:  # noqa: D102
        try:
            next(self._steps)
        except StopIteration as done:
            self.feedback_message = done.value
            return Status.SUCCESS
        except (NoAnswerError, RefusedError) as trouble:
            self.feedback_message = str(trouble)
            return Status.FAILURE
        return Status.RUNNING

    def _enrol(self) -> Steps:
        """A step a tick; the node's last words."""
        person = ""
        if self.who:
            said = self.said(self.who)
            if said is None:
                raise RefusedError(f"nobody is {self.who}")
            person = said
        self._gesture = gesture = Enrolling(self._services, self.label, person, lambda: self.client.now)
        yield from gesture.begin()
        self.feedback_message = "showing"
        yield from gesture.show(self.client, self.seconds)
        return (yield from gesture.end())
