"""A model that takes seconds, or never answers, over real DDS: the node answers everybody, says so, and recovers."""

import re
import signal
import statistics
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from helpers.people import frames
from helpers.ros_peer import Diagnostics, header, seconds_to_end  # noqa: E402
from helpers.worker_bench import Bench  # noqa: E402
from lifecycle_msgs.msg import Transition, TransitionEvent  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import GetParameters, SetParameters  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.node.node import PerceptionNode  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

SETTINGS = ["--ros-args", "-p", "axes:=kinect", "-p", "watch:=[hand_up]", "-p", "min_duration:=0.1"]
AT_ONCE = 0.05
"""Seconds within which a node answers, whatever its model does."""
BUSY_MACHINE = 0.5
"""Seconds that a single answer may take on a machine that does other things too."""


class SlowRobot:
    """A node whose model takes ``seconds``, for the first ``weights`` that it loads."""

    def __init__(self, peer, child):
        self.peer, self.child = peer, child
        self.states = peer.listen_json("actions/state")
        self.told = peer.listen_json("actions/events", 50)
        self.diagnostics = Diagnostics(peer)
        self.transitions = peer.listen(TransitionEvent, "usdrl_perception/transition_event")
        self.clients = {}

    @property
    def events(self):
        """What people did."""
        return [event for event in self.told if event["label"] is not None]

    def ask(self, kind, name, request=None):
        """The answer of a service, and the seconds it took."""
        if name not in self.clients:
            self.clients[name] = self.peer.node.create_client(kind, f"usdrl_perception/{name}")
            self.peer.wait(self.clients[name].service_is_ready, name)
            self.peer.spin(0.3)  # matched on both sides
        before = time.monotonic()
        future = self.clients[name].call_async(request or kind.Request())
        self.peer.wait(future.done, f"answer from {name}")
        return future.result(), time.monotonic() - before

    def change(self, transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        answer, seconds = self.ask(ChangeState, "change_state", request)
        return answer.success, seconds

    def label(self):
        return self.ask(GetState, "get_state")[0].current_state.label

    def passed(self):
        """The states that the node went through."""
        return [event.goal_state.label for event in self.transitions]

    def set_min_duration(self, value):
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
        request = SetParameters.Request(parameters=[Parameter(name="min_duration", value=value)])
        return self.ask(SetParameters, "set_parameters", request)

    def show(self, recorded):
        self.publisher = self.peer.publisher(PointCloud2, "skeletons")
        for frame in recorded:
            self.publish(frame)
            self.peer.spin(0.002)

    def publish(self, frame):
        self.publisher.publish(point_cloud(frame, header(frame.stamp)))

    def status(self):
        return self.diagnostics.newest().get("inference", DiagnosticStatus())


@pytest.fixture
def robot(request, peer):
    slowness, settings = request.param
    with Child("perception", [str(HELPERS / "slow_node.py"), *slowness, *SETTINGS, *settings]) as child:
        yield SlowRobot(peer, child)


def busy(robot, start=1000.0):
    """Let the model begin to work."""
    robot.peer.wait(lambda: robot.child.check() or robot.states, "first state")
    robot.show(frames(duration=1.0, start=start))


@pytest.mark.parametrize("robot", [(["2.0", "inf"], [])], indirect=True)
def test_everybody_is_answered_while_the_model_works(robot):
    robot.ask(GetParameters, "get_parameters")
    robot.ask(Trigger, "reset")
    robot.set_min_duration(0.1)
    busy(robot)
    robot.peer.wait(lambda: robot.status().level == DiagnosticStatus.ERROR, "ERROR in diagnostics")
    assert "one inference has been running for" in robot.status().message
    seconds = []
    for number in range(15):
        seconds.append(robot.ask(GetState, "get_state")[1])
        seconds.append(robot.ask(GetParameters, "get_parameters", GetParameters.Request(names=["hold"]))[1])
        answer, needed = robot.set_min_duration(0.1 + 0.01 * number)
        assert answer.results[0].successful
        seconds.append(needed)
        answer, needed = robot.ask(Trigger, "reset")
        assert answer.success
        seconds.append(needed)
        robot.publisher.publish(
            point_cloud(frame := frames(duration=0.1, start=1001.0 + number)[0], header(frame.stamp))
        )
    assert statistics.median(seconds) < AT_ONCE
    assert max(seconds) < BUSY_MACHINE, "somebody had to wait for the inference"


@pytest.mark.parametrize("robot", [(["2.0", "inf"], ["-p", "autostart:=false"])], indirect=True)
def test_deactivated_and_cleaned_up_in_the_middle_of_an_inference(robot):
    assert robot.change(Transition.TRANSITION_CONFIGURE)[0]
    assert robot.change(Transition.TRANSITION_ACTIVATE)[0]
    busy(robot)
    robot.peer.spin(0.2)
    success, seconds = robot.change(Transition.TRANSITION_DEACTIVATE)
    assert success and seconds < BUSY_MACHINE
    robot.peer.wait(lambda: not robot.states[-1]["people"], "word that nobody is there")
    success, seconds = robot.change(Transition.TRANSITION_CLEANUP)
    assert success and seconds < BUSY_MACHINE
    robot.peer.spin(0.3)  # what was on its way
    count = len(robot.states)
    robot.peer.spin(2.5)  # the inference has ended meanwhile
    assert len(robot.states) == count, "published after cleanup"
    # And at once from the beginning again, while a second inference of the weights before runs.
    assert robot.change(Transition.TRANSITION_CONFIGURE)[0]
    assert robot.change(Transition.TRANSITION_ACTIVATE)[0]
    robot.show(frames(duration=0.5, start=1010.0))
    robot.peer.wait(lambda: robot.states[-1]["people"], "people")
    assert seconds_to_end(robot.child, signal.SIGTERM) < 2.0
    assert robot.child.status == 0


@pytest.mark.parametrize("robot", [(["1.0", "inf"], ["-p", "source_timeout:=20.0"])], indirect=True)
def test_what_was_decided_during_a_deactivation_is_told_when_it_is_known(robot):
    robot.peer.wait(lambda: robot.child.check() or robot.states, "first state")
    # So few that they are read at once after the first inference on a busy machine, too: late ones are dropped.
    robot.show(frames(duration=4.5, rate=5.0))
    robot.peer.wait(lambda: robot.events, "onset")
    robot.peer.spin(0.3)
    robot.publish(frames(duration=4.6, rate=5.0)[-1])
    robot.peer.spin(0.2)
    assert robot.change(Transition.TRANSITION_DEACTIVATE)[0]
    robot.peer.wait(lambda: len(robot.events) == 2, "offset")
    assert [event["kind"] for event in robot.events] == ["onset", "offset"]
    robot.peer.wait(lambda: not robot.states[-1]["people"], "empty room")


@pytest.mark.parametrize("robot", [(["inf", "1"], [])], indirect=True)
def test_a_model_that_never_answers_is_given_up_and_loaded_anew(robot):
    busy(robot)
    robot.peer.wait(lambda: robot.status().level == DiagnosticStatus.ERROR, "ERROR in diagnostics")
    count = len(robot.states)
    robot.peer.spin(1.5)  # six heartbeats
    given_up = "errorprocessing" in robot.passed()  # on a slow machine
    assert len(robot.states) <= count + 1 or given_up, "what nobody knows any more is repeated"
    robot.peer.wait(lambda: "errorprocessing" in robot.passed(), "error state")
    robot.peer.wait(lambda: robot.passed()[-1] == "active", "recovery")
    robot.show(frames(start=2000.0))
    robot.peer.wait(lambda: [event["kind"] for event in robot.events] == ["onset", "offset"], "the action")
    assert "given up" in robot.child.output()
    assert seconds_to_end(robot.child, signal.SIGINT) < 2.0  # the first thread still hangs
    assert robot.child.status == 0


@pytest.mark.parametrize("robot", [(["inf", "1"], ["-p", "autostart:=false"])], indirect=True)
def test_a_node_that_others_manage_waits_for_them_when_its_model_never_answers(robot):
    assert robot.change(Transition.TRANSITION_CONFIGURE)[0]
    assert robot.change(Transition.TRANSITION_ACTIVATE)[0]
    busy(robot)
    robot.peer.wait(lambda: robot.label() == "unconfigured", "error state")
    robot.peer.wait(lambda: "given up" in robot.diagnostics.newest()["input"].message, "reason in diagnostics")
    assert robot.diagnostics.newest()["input"].level == DiagnosticStatus.ERROR
    assert robot.change(Transition.TRANSITION_CONFIGURE)[0]
    assert robot.change(Transition.TRANSITION_ACTIVATE)[0]
    robot.show(frames(start=2000.0))
    robot.peer.wait(lambda: [event["kind"] for event in robot.events] == ["onset", "offset"], "the action")


@pytest.mark.parametrize(("began", "told_of"), [(None, False), (-0.02, False), (0.02, True), (3.0, True)])
def test_an_inference_that_outlasts_a_deactivation_is_told_of(began, told_of):
    """It began some seconds before; what begins since then is the farewell itself."""
    bench, told, warned = Bench(), [], []
    node = SimpleNamespace(
        _listening=SimpleNamespace(end=ExitStack()),
        _pipeline=SimpleNamespace(
            worker=bench.worker, outputs=SimpleNamespace(publish_no_people=lambda: told.append("nobody"))
        ),
        get_logger=lambda: SimpleNamespace(warning=warned.append),
    )
    bench.worker._monotonic = time.monotonic
    bench.worker._busy_since = None if began is None else time.monotonic() - began
    PerceptionNode._stop_listening(node, 0.1)  # the worker has not left by then
    assert told == ["nobody"] and node._listening is None
    assert len(warned) == told_of
    for text in warned:
        seconds = float(re.match(r"an inference has been running for (\S+) s: ", text)[1])
        assert began + 0.09 < seconds < began + 1.0
