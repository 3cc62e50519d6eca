"""The example tree: who it greets, follows and steps back from, told by a test and seen over DDS."""

import sys

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
py_trees = pytest.importorskip("py_trees", reason="py_trees is not installed")

from helpers.told_node import person, said, told_robot  # noqa: E402
from py_trees.common import Status  # noqa: E402

from usdrl_ros.client import ActionsClient  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402


@pytest.fixture
def robot(peer):
    with told_robot(peer) as one:
        yield one


def greeter(client):
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from greeter import tree
    finally:
        sys.path.pop(0)
    return tree(client)


def going_on(root) -> set[str]:
    """Leaves that the robot is at after a tick."""
    root.tick_once()
    return leaves(root, Status.RUNNING)


def leaves(root, status) -> set[str]:
    return {node.name for node in root.iterate() if node.status == status and not node.children}


def test_higher_branches_of_the_example_win(robot):
    root, robot.period = greeter(robot.client), 0.25
    robot.say(person("1"))
    assert going_on(root) == {"wait for wave"}
    robot.say(person("1", "wave"), begins=(("1", "wave"),))
    assert going_on(root) == {"hello", "while guest is here"} and said("guest") == "1"
    robot.say(person("1", "wave"), person("2", states=("pointing_left",)))
    assert going_on(root) == {"follow"} and said("guide") == "2"
    for x in (2.6, 2.2, 1.8):
        robot.say(person("1"), person("3", x=x), person("2", states=("pointing_left",)), seconds=0.2)
        going_on(root)
    assert going_on(root) == {"step back from"} and said("comer") == "3"
    robot.say(person("3", "cross_arms", x=1.8))
    assert going_on(root) == {"stop"}
    robot.say(person("3", states=("hand_in_front",), x=1.8))
    assert going_on(root) == {"stop"}
    robot.time += 1.0
    assert "stop" not in going_on(root), "what a dead node said a second ago"


def test_the_example_reacts_to_people_over_dds(peer):
    """The whole way: somebody simulated, the perception node, the tree of examples/greeter.py."""
    py_trees.blackboard.Blackboard.clear()
    client = ActionsClient(peer.node)
    root = greeter(client)
    # What the robot does, and what it saw before: of one who stops it, whether by a hand or with crossed arms.
    wanted = {"hello", "follow", "step back from", "stop", "is hand_in_front", "is cross_arms"}
    seen: set[str] = set()
    acts = "[idle 1, wave 3, come_running 4, cross_arms 3, idle 1, point_right 3, idle 1, hold_hand_out 2, idle 1]"
    performer = ["--ros-args", "-p", "people:=1", "-p", "faults:=none", "-p", "loop:=true", "-p", f"script:={acts}"]

    def reacted() -> bool:
        seen.update(going_on(root), leaves(root, Status.SUCCESS))
        return wanted <= seen

    # A slow heartbeat, so that a busy machine is no dead node.
    perception = ["--ros-args", "-p", "axes:=optical", "-p", "heartbeat_rate:=1.0"]
    with Child("perception", ["-m", "usdrl_ros.node.main", *perception]) as node:
        peer.wait(lambda: node.check() or client.alive, "perception", timeout=120.0)
        root.tick_once()
        with Child("performer", ["-m", "usdrl_ros.demo.performer_node", *performer]) as people:
            peer.wait(lambda: people.check() or reacted(), "reaction of every kind", timeout=120.0)
    assert said("guest") and said("guide") and said("comer")
    client.close()
