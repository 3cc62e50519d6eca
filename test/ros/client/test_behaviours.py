"""Behaviour trees see what people do: no edge is lost between ticks, and nothing is true of a node that died."""

import inspect
import re

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
py_trees = pytest.importorskip("py_trees", reason="py_trees is not installed")

from helpers.told_node import person, said, ticked, told_robot  # noqa: E402
from py_trees.common import Status  # noqa: E402

from usdrl_ros import behaviours  # noqa: E402
from usdrl_ros.behaviours import (  # noqa: E402
    ActionsToBlackboard,
    ApproachesFast,
    EnrolGesture,
    IsDoing,
    WaitForAction,
    WaitForPerson,
    WhileHere,
)
from usdrl_ros.client import ActionsClient  # noqa: E402


@pytest.fixture
def robot(peer):
    with told_robot(peer) as one:
        yield one


def test_nothing_holds_of_a_node_that_is_silent(robot):
    robot.say(person("1", "wave"))
    leaves = [ActionsToBlackboard(robot.client), IsDoing(robot.client, "wave")]
    assert [ticked(leaf) for leaf in leaves] == [Status.SUCCESS] * 2
    assert said("people").keys() == {"1"}
    robot.time += 2.0
    waiting = [WaitForAction(robot.client, "wave"), WhileHere(robot.client, "who"), ApproachesFast(robot.client)]
    assert [ticked(leaf) for leaf in leaves + waiting] == [Status.FAILURE] * 5
    assert said("people") == {} and said("alive") is False


def test_an_action_that_began_and_ended_between_two_ticks_is_not_lost(robot):
    robot.say(begins=(("7", "wave"),))
    leaf = WaitForAction(robot.client, "wave", who="guest")
    assert ticked(leaf) == Status.RUNNING, "what began before the leaf did does not count"
    robot.say(begins=(("3", "clap"),))
    assert ticked(leaf) == Status.RUNNING
    robot.say(begins=(("4", "wave"), ("5", "wave")))
    for _ in range(5):
        robot.say()
    assert ticked(leaf) == Status.SUCCESS
    assert said("guest") == "4"


def test_a_state_by_geometry_is_waited_for_like_an_action(robot):
    robot.say(person("1", states=("sitting",)))
    leaf = WaitForAction(robot.client, "pointing_left", who="guide")
    assert ticked(leaf) == Status.RUNNING
    robot.say(person("1", states=("sitting", "pointing_left")))
    assert ticked(leaf) == Status.SUCCESS
    assert said("guide") == "1"


def test_a_state_that_began_and_ended_between_two_ticks_is_not_lost(robot):
    robot.say(person("2", states=("pointing_left",)))
    leaf = WaitForAction(robot.client, "pointing_left", who="guide")
    assert ticked(leaf) == Status.RUNNING, "what began before the leaf did does not count"
    robot.say(person("2"))  # out of sight for a moment
    robot.say(person("2", states=("pointing_left",)))
    assert ticked(leaf) == Status.RUNNING, "nor does what goes on"
    robot.say(person("1", states=("pointing_left",)))
    robot.say(person("1"))
    assert ticked(leaf) == Status.SUCCESS
    assert said("guide") == "1"


def test_who_comes_and_who_goes_is_waited_for(robot):
    robot.say(person("1"), begins=(("1", "entered"),))
    come, go = WaitForPerson(robot.client, who="guest"), WaitForPerson(robot.client, "left", who="goer")
    assert [ticked(leaf) for leaf in (come, go)] == [Status.RUNNING] * 2, "who is here already does not enter"
    robot.say(person("1"), begins=(("2", "entered"), ("2", "wave"), ("2", "left")))
    assert [ticked(leaf) for leaf in (come, go)] == [Status.SUCCESS] * 2, "between two ticks"
    assert (said("guest"), said("goer")) == ("2", "2")
    with pytest.raises(ValueError, match="entered or left, got 'gone'"):
        WaitForPerson(robot.client, "gone")


def test_two_people_who_do_the_same_are_two(robot):
    robot.say(person("1"), person("2"), begins=(("2", "wave"),))
    wait = WaitForAction(robot.client, "wave", who="guest")
    ticked(wait)
    robot.say(person("1", "clap"), person("2"), begins=(("2", "wave"),))
    assert ticked(wait) == Status.SUCCESS
    assert ticked(IsDoing(robot.client, "clap")) == Status.SUCCESS
    assert ticked(IsDoing(robot.client, "clap", "guest")) == Status.FAILURE
    robot.say(person("1"), person("2", "clap", score=0.6))
    assert ticked(IsDoing(robot.client, "clap", "guest")) == Status.SUCCESS
    assert ticked(IsDoing(robot.client, "clap", "guest", min_score=0.8)) == Status.FAILURE
    assert ticked(IsDoing(robot.client, "clap", "nobody")) == Status.FAILURE


def test_somebody_may_be_out_of_sight_for_a_moment(robot):
    py_trees.blackboard.Blackboard.set("/actions/guest", "1")
    leaf = WhileHere(robot.client, "guest", grace=1.0)
    robot.say(person("1"))
    assert ticked(leaf) == Status.RUNNING
    robot.say(seconds=0.8)
    assert ticked(leaf) == Status.RUNNING
    robot.say(person("1"))
    assert ticked(leaf) == Status.RUNNING
    robot.say(seconds=0.6)
    robot.say(seconds=0.6)
    assert ticked(leaf) == Status.FAILURE


def test_who_runs_at_the_robot_is_told_from_who_walks(robot):
    def come(speed: float, every: float = 0.1, ticks: int = 1) -> Status:
        """Somebody comes; a state every so many seconds, and a tick every so many states."""
        leaf = ApproachesFast(robot.client, speed=1.2)
        seen = [Status.FAILURE]
        robot.say(seconds=3.0)
        for step in range(int(1.1 / every) + 1):
            robot.say(person("9", x=2.5 - speed * every * step), seconds=every)
            if step % ticks == ticks - 1:
                seen.append(ticked(leaf))
        return Status.SUCCESS if Status.SUCCESS in seen else Status.FAILURE

    assert come(0.6) == Status.FAILURE
    assert come(2.0) == Status.SUCCESS
    assert said("comer") == "9"
    assert (come(0.6, ticks=10), come(2.0, ticks=10)) == (Status.FAILURE, Status.SUCCESS), "a slow tree"
    assert (come(0.6, every=1.0), come(2.0, every=1.0)) == (Status.FAILURE, Status.SUCCESS), "slow states"


def test_a_client_waits_counts_and_calls_back(robot):
    heard: list[str] = []
    stop = robot.client.subscribe(lambda event: heard.append(event["label"]))
    assert robot.client.wait_for("wave", timeout=0.0) is None
    begin = robot.client.cursor
    robot.say(person("1", "wave"), begins=(("1", "wave"),))
    assert robot.client.wait_for("wave", timeout=1.0)["id"] == "1"
    assert robot.client.wait_for("wave", person="2", timeout=0.0) is None
    assert robot.client.position("1") == (2.0, 0.0, 0.0) and robot.client.position("2") is None
    stop()
    robot.seq = 0  # a new life of the node
    robot.events.clear()
    robot.say()  # as the node does when it starts
    robot.say(begins=(("1", "clap"),))
    assert [event["label"] for event in robot.client.events_since(begin)] == ["wave", "clap"]
    robot.seq = 0  # another one, which has said more than the last before it is heard
    robot.events.clear()
    robot.stamp += 60.0
    robot.say(begins=(("1", "clap"), ("1", "wave"), ("2", "wave")))
    assert [event["label"] for event in robot.client.events_since(begin)][2:] == ["clap", "wave", "wave"]
    assert heard == ["wave"]


def test_who_is_near_who_faces_and_who_stands_ahead(robot):
    lost = person("9") | {"position": None, "distance": None, "bearing": None}
    robot.say(person("1", x=3.0, states=("facing_me",)), person("2", x=1.5, bearing=-50.0, states=("facing_me",)),
              person("3", x=1.9, bearing=20.0), lost)  # fmt: skip
    assert robot.client.nearest()["id"] == "2"
    assert [one["id"] for one in robot.client.facing()] == ["2", "1"]
    assert [one["id"] for one in robot.client.in_front()] == ["3"]
    assert [one["id"] for one in robot.client.in_front(within=4.0, angle=60.0)] == ["2", "3", "1"]
    robot.say(lost)
    assert robot.client.nearest() is None and robot.client.in_front() == []


def test_two_heads_in_one_tree_know_their_own_people(robot):
    robot.say(person("1", "wave"))
    back = ActionsClient(robot.peer.node, "back/actions/state", monotonic=lambda: robot.time)
    front = [ActionsToBlackboard(robot.client), IsDoing(robot.client, "wave", found="guest")]
    other = {"namespace": "back"}
    behind = [ActionsToBlackboard(back, **other), IsDoing(back, "wave", "guest", **other)]
    assert [ticked(leaf) for leaf in front + behind] == [Status.SUCCESS] * 2 + [Status.FAILURE] * 2
    assert said("people").keys() == {"1"} and said("alive") and said("guest") == "1"
    board = py_trees.blackboard.Blackboard
    assert board.get("/back/people") == {} and board.get("/back/alive") is False
    robot.say(begins=(("4", "wave"), ("5", "entered")))
    waiting = [
        WaitForAction(robot.client, "wave", **other),
        WaitForPerson(robot.client, who="comer", **other),
        WhileHere(robot.client, "who", **other),
        ApproachesFast(robot.client, **other),
        EnrolGesture(robot.client, "thumbs_up", who="who", **other),
    ]
    for leaf in waiting:
        ticked(leaf)
    robot.say(person("4"), person("6"), begins=(("4", "wave"), ("6", "entered")))
    assert [ticked(leaf) for leaf in waiting[:3]] == [Status.SUCCESS, Status.SUCCESS, Status.RUNNING]
    assert (board.get("/back/who"), board.get("/back/comer")) == ("4", "6")
    assert not board.exists("/actions/who") and not board.exists("/actions/comer")
    back.close()


def test_what_a_leaf_says_is_true_now(robot):
    doing, here = IsDoing(robot.client, "wave", "guest"), WhileHere(robot.client, "guest", grace=0.5)
    come = WaitForPerson(robot.client, who="comer")

    def told() -> list[tuple[Status, str]]:
        return [(ticked(leaf), leaf.feedback_message) for leaf in (doing, here, come)]

    nobody = (Status.FAILURE, "nobody is guest")
    assert told() == [nobody, nobody, (Status.RUNNING, "")]
    py_trees.blackboard.Blackboard.set("/actions/guest", "4")
    robot.say(person("4", "wave"), begins=(("4", "entered"),))
    assert told() == [(Status.SUCCESS, ""), (Status.RUNNING, ""), (Status.SUCCESS, "person 4")]
    robot.say(seconds=0.4)
    robot.say(seconds=0.4)
    assert told() == [(Status.FAILURE, ""), (Status.FAILURE, "person 4 went"), (Status.RUNNING, "")]


def test_the_table_of_leaves_has_their_signatures():
    page = (ROOT / "docs/behaviour_trees.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+\(.*?\))` \|", page, re.MULTILINE)
    assert sorted(table) == sorted(name + _signature(getattr(behaviours, name)) for name in behaviours.__all__)


def _signature(leaf: type) -> str:
    """Without types and what all have, the namespace of their keys, and with the quotation marks of this package."""
    signature = inspect.signature(leaf)
    assert signature.parameters["namespace"].default == "actions"
    own = [one for one in signature.parameters.values() if one.name != "namespace"]
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in own]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)).replace("'", '"')
