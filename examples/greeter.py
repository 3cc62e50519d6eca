"""A humanoid that reacts to people, as a behaviour tree: it stops, steps back, follows who points, greets who waves.

::

    ros2 launch usdrl_ros perception.launch.py &
    python examples/greeter.py

Higher branches win. What the robot does is printed here; put your own leaves in the place of ``Say``. Crossed arms are
an action of the default weights.
"""

from __future__ import annotations

import py_trees
import rclpy
from py_trees.behaviour import Behaviour
from py_trees.common import ParallelPolicy, Status
from py_trees.composites import Parallel, Selector, Sequence
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from usdrl_ros.behaviours import ActionsToBlackboard, ApproachesFast, IsDoing, WaitForAction, WhileHere
from usdrl_ros.client import ActionsClient

PERIOD = 0.1
"""Seconds between two ticks."""


class Say(Behaviour):
    """Stands for an action of the robot: prints it once, and is at it until it is interrupted, or for some ticks."""

    def __init__(self, text: str, who: str = "", ticks: int = 0) -> None:
        super().__init__(text)
        self.who, self.ticks, self.left = who, ticks, 0
        self.board = self.attach_blackboard_client(name=text, namespace="actions")
        if who:
            self.board.register_key(key=who, access=py_trees.common.Access.READ)

    def initialise(self) -> None:
        """Say it."""
        self.left = self.ticks
        print(f"{self.name} {self.board.get(self.who) if self.who else ''}".strip(), flush=True)

    def update(self) -> Status:
        """Go on."""
        self.left -= 1
        return Status.SUCCESS if self.left == 0 else Status.RUNNING


def tree(client: ActionsClient) -> Behaviour:
    """The tree; its leaves ask ``client``."""
    stop = Selector("somebody says stop", memory=False)
    stop.add_children([IsDoing(client, label) for label in ("hand_in_front", "cross_arms")])
    halt = Sequence("halt", memory=False, children=[stop, Say("stop")])
    away = Say("step back from", "comer", ticks=10)
    back = Sequence("back off", memory=False, children=[ApproachesFast(client, speed=1.2), away])
    point = Selector("somebody points", memory=False)
    point.add_children([IsDoing(client, label, found="guide") for label in ("pointing_left", "pointing_right")])
    follow = Sequence("follow who points", memory=False, children=[point, Say("follow", "guide")])
    greeting = Parallel("greet who is here", ParallelPolicy.SuccessOnOne())
    greeting.add_children([WhileHere(client, "guest"), Say("hello", "guest", 20)])
    greet = Sequence("greet", memory=True, children=[WaitForAction(client, "wave", who="guest"), greeting])
    react = Selector("react", memory=False, children=[halt, back, follow, greet])
    return Sequence("robot", memory=False, children=[ActionsToBlackboard(client), react])


def main() -> None:
    """Tick until interrupted."""
    rclpy.init()
    node = Node("greeter")
    root = py_trees.trees.BehaviourTree(tree(ActionsClient(node)))
    node.create_timer(PERIOD, root.tick)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        root.interrupt()
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
