"""Who enables or disables the node while it starts or is activated is told what is so."""

import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from helpers.rule_detector import hand_up_weights  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.node.node import PerceptionNode  # noqa: E402
from usdrl_ros.node.pipeline import Pipeline  # noqa: E402
from usdrl_ros.node.services import enable  # noqa: E402
from usdrl_ros.node.switch import Switch  # noqa: E402


def told(node, wanted):
    return enable(node, SetBool.Request(data=wanted), SetBool.Response())


@pytest.fixture
def node():
    rclpy.init(args=["--ros-args", "-p", "autostart:=false"])
    weights = hand_up_weights()
    made = PerceptionNode(lambda config: ActionStream(weights, topology=config.topology))
    yield made
    made.close()
    rclpy.shutdown()


def test_nobody_is_told_that_it_is_disabled_and_is_listened_to(node, monkeypatch):
    """A lifecycle manager activates it meanwhile."""
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    under_way, go_on, answers = threading.Event(), threading.Event(), []

    def slowly(pipeline, config):
        under_way.set()
        assert go_on.wait(20.0)

    monkeypatch.setattr(Pipeline, "reconfigure", slowly)
    activation = threading.Thread(target=node.trigger_activate)
    disabling = threading.Thread(target=lambda: answers.append(told(node, False)))
    activation.start()
    assert under_way.wait(20.0)
    disabling.start()
    disabling.join(0.2)
    go_on.set()
    activation.join(20.0)
    disabling.join(20.0)
    assert answers[0].success is not node.active


@pytest.mark.parametrize("starts", [True, False])
def test_who_enables_a_node_that_loads_its_weights_is_told_what_follows(starts):
    """Of a start that is under way it listens; of the configuration by a manager it does not."""
    node = SimpleNamespace(switch=Switch(), loading=True, active=False, pipeline=None, start=lambda: False)
    node.switch.off = True
    if starts:
        with node.switch.start():
            answer = told(node, True)
        assert answer.success and answer.message == "enabled: the weights are being loaded, then it listens"
    else:
        answer = told(node, True)
        assert not answer.success and "cannot be enabled now" in answer.message
    assert not node.switch.off and not node.switch.starts
