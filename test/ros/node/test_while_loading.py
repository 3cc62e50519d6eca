"""What a node is told while it loads its weights holds when they are there, or is refused."""

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_srvs.srv import SetBool, Trigger  # noqa: E402

from usdrl_ros.processes.children import Child  # noqa: E402

STARTS = ["--ros-args", "-p", "axes:=kinect", "-p", "watch:=[hand_up]"]


class Loading:
    """A node that loads its weights, until ``load``; what it passed through is remembered."""

    def __init__(self, peer, child, file):
        self.peer, self.child, self._file = peer, child, file

    def load(self):
        self._file.touch()

    def enable(self, wanted):
        return self.peer.call(SetBool, "usdrl_perception/enable", SetBool.Request(data=wanted))

    def lifecycle(self, transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.peer.call(ChangeState, "usdrl_perception/change_state", request).success

    def set(self, name, value):
        kind = Parameter.Type.STRING_ARRAY if value == [] else None  # which an empty list does not tell
        parameter = Parameter(name, kind, value).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        return self.peer.call(SetParameters, "usdrl_perception/set_parameters", request).results[0]

    def label(self):
        self.child.check()
        return self.peer.call(GetState, "usdrl_perception/get_state").current_state.label

    def reaches(self, label):
        self.peer.wait(lambda: self.label() == label, label)

    def stays(self, label, seconds=1.0):
        self.peer.spin(seconds)
        assert self.label() == label


@pytest.fixture
def node(peer, tmp_path, request):
    file = tmp_path / "load"
    arguments = [str(HELPERS / "waiting_node.py"), str(file), *STARTS, *getattr(request, "param", [])]
    with Child("perception", arguments) as child:
        peer.ask(Trigger, "usdrl_perception/list_labels")  # until both have found each other
        yield Loading(peer, child, file)


def test_a_node_disabled_while_it_starts_does_not_listen(node):
    answer = node.enable(False)
    assert answer.success and "stay loaded" not in answer.message
    node.load()
    node.reaches("inactive")
    node.stays("inactive")
    assert not node.peer.node.get_publishers_info_by_topic("/skeletons")
    assert not node.peer.node.get_subscriptions_info_by_topic("/skeletons")
    assert "stay loaded" in node.enable(False).message
    assert node.enable(True).message == "enabled"
    assert node.label() == "active"


def test_the_last_wish_of_a_start_counts(node):
    assert node.enable(False).success
    answer = node.enable(True)
    assert answer.success and answer.message == "enabled: the weights are being loaded, then it listens"
    node.load()
    node.reaches("active")


@pytest.mark.parametrize("node", [["-p", "autostart:=false"]], indirect=True)
def test_whoever_activates_a_disabled_node_has_it_active(node):
    node.load()
    answer = node.enable(False)
    assert answer.success and "no weights" in answer.message
    assert node.lifecycle(Transition.TRANSITION_CONFIGURE) and node.lifecycle(Transition.TRANSITION_ACTIVATE)
    assert node.label() == "active"
    assert node.enable(False).success and node.label() == "inactive"
    assert node.lifecycle(Transition.TRANSITION_CLEANUP)
    assert node.lifecycle(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    answer = node.enable(False)
    assert answer.success and "no weights" in answer.message
    assert not node.enable(True).success


@pytest.mark.parametrize(("name", "value"), [("watch", ["wvae"]), ("watch", []), ("min_duration", 0.2)])
def test_what_the_weights_must_allow_is_refused_until_they_are_there(node, name, value):
    refused = node.set(name, value)
    assert not refused.successful and refused.reason.startswith(f"{name}: ") and "weights" in refused.reason
    node.load()
    node.reaches("active")
    assert node.set(name, value).successful is (value != ["wvae"])


def test_who_asks_for_weights_is_told_to_come_back_when_they_are_there(node):
    for service in ("enrol/start", "enrol/stop", "list_labels"):
        answer = node.peer.call(Trigger, f"usdrl_perception/{service}")
        assert (answer.success, answer.message) == (
            False, "the weights are still being loaded: try again in some seconds",
        )  # fmt: skip
    node.load()
    node.reaches("active")
    assert node.peer.call(Trigger, "usdrl_perception/list_labels").success
    assert "no folder for gestures" in node.peer.call(Trigger, "usdrl_perception/enrol/start").message
    assert node.lifecycle(Transition.TRANSITION_DEACTIVATE) and node.lifecycle(Transition.TRANSITION_CLEANUP)
    for service in ("enrol/start", "list_labels"):
        assert "configure the node first" in node.peer.call(Trigger, f"usdrl_perception/{service}").message


def test_what_needs_no_weights_is_set_while_they_load(node):
    assert node.set("enrol.label", "thumbs_up").successful
    assert node.set("watch", ["hand_up"]).successful, "as it is"
    node.load()
    node.reaches("active")
