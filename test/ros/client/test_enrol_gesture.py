"""A leaf of a behaviour tree enrols a gesture, and leaves the node to others where it is interrupted."""

import functools

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
py_trees = pytest.importorskip("py_trees", reason="py_trees is not installed")

from helpers.told_node import person, ticked, told_robot  # noqa: E402
from py_trees.common import Status  # noqa: E402
from rcl_interfaces.msg import SetParametersResult  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.behaviours import EnrolGesture, WaitForAction  # noqa: E402
from usdrl_ros.client import ActionsClient  # noqa: E402


@pytest.fixture
def robot(peer):
    with told_robot(peer) as one:
        yield one


class Enrolment:
    """The services of the node for gestures, as a test wants them to answer."""

    def __init__(self, node) -> None:
        self.asked: list[str] = []
        self.refusal = ""
        for name in ("start", "stop", "cancel"):
            node.create_service(Trigger, f"usdrl_perception/enrol/{name}", functools.partial(self.trigger, name))
        node.create_service(SetParameters, "usdrl_perception/set_parameters", self.set)

    def trigger(self, name, request, response):
        self.asked.append(name)
        response.success, response.message = not self.refusal, self.refusal or f"thumbs_up: person 4: {name}"
        return response

    def set(self, request, response):
        self.asked.append(", ".join(f"{one.name}={one.value.string_value}" for one in request.parameters))
        response.results = [SetParametersResult(successful=True) for _ in request.parameters]
        return response


def tick_until(robot, leaf, done, *people):
    def look() -> bool:
        robot.say(*people)
        ticked(leaf)
        return done()

    robot.peer.wait(look, leaf.name)


def is_showing(leaf):
    return lambda: leaf.status == Status.RUNNING and leaf.feedback_message == "showing"


def test_a_gesture_is_enrolled_from_whom_the_tree_means(robot):
    enrolment = Enrolment(robot.peer.node)
    py_trees.blackboard.Blackboard.set("/actions/guest", "4")
    leaf = EnrolGesture(robot.client, "thumbs_up", who="guest", seconds=1.0)

    def ticks_to(words: str) -> Status:
        def done() -> bool:
            robot.say(person("4"))
            return ticked(leaf) != Status.RUNNING

        robot.peer.wait(done, words)
        assert leaf.feedback_message == words
        return leaf.status

    assert ticks_to("thumbs_up: person 4: stop") == Status.SUCCESS
    assert enrolment.asked == ["enrol.label=thumbs_up, enrol.person=4", "start", "stop"]
    enrolment.refusal = "the person did not move"
    assert ticks_to("the person did not move") == Status.FAILURE
    robot.time += 2.0
    assert ticked(leaf) == Status.FAILURE and leaf.feedback_message == "no perception"
    nobody = EnrolGesture(robot.client, "thumbs_up", who="friend")
    robot.say()
    robot.say()
    waits = WaitForAction(robot.client, "wave")
    waits.feedback_message = "no perception"  # as it said before there was one
    assert ticked(waits) == Status.RUNNING and waits.feedback_message == ""
    assert ticked(nobody) == Status.FAILURE and nobody.feedback_message == "nobody is friend"


def test_a_gesture_is_enrolled_where_the_state_comes_from_and_who_does_not_serve_is_named(robot):
    front = ActionsClient(robot.peer.node, "/front/actions/state")
    renamed = ActionsClient(robot.peer.node, "/front/people")
    assert front.perception == "/front/usdrl_perception" and renamed.perception == "/usdrl_perception"
    leaf = EnrolGesture(robot.client, "nod", perception="other")
    assert ticked(leaf) == Status.RUNNING
    robot.period = 10.0
    robot.say(seconds=7.0)
    robot.say()
    assert ticked(leaf) == Status.FAILURE
    assert leaf.feedback_message == "nothing serves /other/set_parameters"
    front.close()
    renamed.close()


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_leaf_that_does_not_come_to_its_end_gives_the_gesture_up(robot, interrupted):
    enrolment = Enrolment(robot.peer.node)
    leaf = EnrolGesture(robot.client, "thumbs_up", seconds=6.0)

    tick_until(robot, leaf, is_showing(leaf), person("4"))
    if interrupted:
        leaf.stop(Status.INVALID)
    else:
        robot.time += 2.0
        assert ticked(leaf) == Status.FAILURE and leaf.feedback_message == "no perception"
    robot.peer.wait(lambda: enrolment.asked[1:] == ["start", "cancel"], "cancel")
    leaf.stop(Status.INVALID)
    robot.peer.spin(0.2)
    assert enrolment.asked[1:] == ["start", "cancel"], "once"


def test_a_leaf_that_is_interrupted_before_the_answer_to_its_start_gives_the_gesture_up(robot):
    enrolment = Enrolment(robot.peer.node)
    leaf = EnrolGesture(robot.client, "thumbs_up", seconds=6.0)

    tick_until(robot, leaf, lambda: "start" in enrolment.asked, person("4"))
    assert leaf.feedback_message == ""
    leaf.stop(Status.INVALID)
    robot.peer.wait(lambda: enrolment.asked[1:] == ["start", "cancel"], "cancel")


def test_a_leaf_that_is_refused_leaves_the_gesture_of_another_one_alone(robot):
    enrolment = Enrolment(robot.peer.node)
    enrolment.refusal = "nod is being shown by person 4, one at a time"
    leaf = EnrolGesture(robot.client, "thumbs_up")

    tick_until(robot, leaf, lambda: leaf.status == Status.FAILURE, person("4"))
    leaf.stop(Status.INVALID)
    robot.peer.spin(0.2)
    assert enrolment.asked[1:] == ["start"]


@pytest.mark.parametrize("late", [False, True])
def test_a_leaf_whose_person_is_lost_leaves_the_node_to_the_next_who_asks(robot, late):
    """Not even where it hears of that in the tick in which the time is over."""
    enrolment = Enrolment(robot.peer.node)
    leaf = EnrolGesture(robot.client, "thumbs_up", seconds=6.0)

    tick_until(robot, leaf, is_showing(leaf), person("4"), person("5"))
    robot.say(person("5"), seconds=0.1 + 6.0 * late)
    robot.say(person("5"))
    assert ticked(leaf) == Status.FAILURE
    assert leaf.feedback_message == "who was to show the gesture was lost meanwhile: begin again"
    leaf.stop(Status.INVALID)
    robot.peer.spin(0.2)
    assert enrolment.asked[1:] == ["start"]


@pytest.mark.parametrize("seconds", [60.0, -1.0, float("nan")])
def test_a_gesture_that_is_too_long_to_be_kept_is_refused_before_it_is_made(robot, seconds):
    with pytest.raises(ValueError, match="^seconds: expected 0 to 6, got "):
        EnrolGesture(robot.client, "thumbs_up", seconds=seconds)


def test_a_leaf_whose_gesture_is_being_stored_gives_nothing_up(robot):
    enrolment = Enrolment(robot.peer.node)
    leaf = EnrolGesture(robot.client, "thumbs_up", seconds=0.0)

    tick_until(robot, leaf, lambda: "stop" in enrolment.asked, person("4"))
    leaf.stop(Status.INVALID)
    robot.peer.spin(0.2)
    assert enrolment.asked[1:] == ["start", "stop"]
