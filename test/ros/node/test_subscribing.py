"""Topics that cannot be subscribed are named, with what is wrong."""

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.rule_detector import hand_up_weights  # noqa: E402
from rclpy.lifecycle import TransitionCallbackReturn  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_ros.node import node as perception  # noqa: E402


@pytest.fixture
def activated(monkeypatch):
    """Starts a node with arguments of ROS; returns whether it is active, and what it logged."""
    nodes = []

    def start(*arguments):
        rclpy.init(args=["--ros-args", "-p", "autostart:=false", *arguments])
        node = perception.PerceptionNode(lambda config: ActionStream(hand_up_weights(), topology=config.topology))
        nodes.append(node)
        log = []
        monkeypatch.setattr(perception.PerceptionNode, "refuse", lambda self, what, error: log.append(
            f"cannot {what}: {type(error).__name__}: {error}") or TransitionCallbackReturn.FAILURE)  # fmt: skip
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS, log
        return node.trigger_activate() == TransitionCallbackReturn.SUCCESS, log

    yield start
    for node in nodes:
        node.close()
    rclpy.try_shutdown()


DEPTH = "qos_overrides./skeletons.subscription.depth"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "imu_topic:=/skeletons"], "imu_topic and topic are both /skeletons, and messages are of two types"),
        (["-r", "actions/state:=skeletons"], "/skeletons is a topic of this node already"),
        (["-r", "skeletons:=actions/state"], "(sensor_msgs/msg/PointCloud2 and std_msgs/msg/String)"),
        (["-p", f"{DEPTH}:=-1"], f"{DEPTH}: expected at least 0, got -1"),
    ],
)
def test_what_keeps_a_topic_from_being_subscribed_is_said(activated, arguments, said):
    active, (error,) = activated(*arguments)
    assert not active and error.startswith("cannot activate: ValueError: ") and said in error


def test_any_other_error_of_ros_names_the_topic(activated, monkeypatch):
    def refuse(*_, **__):
        raise perception.RCLError("failed to create subscription: no memory, at /project/src/rcl/subscription.c:261")

    monkeypatch.setattr(perception.PerceptionNode, "create_subscription", refuse)
    active, (error,) = activated()
    told = "cannot subscribe to /skeletons (sensor_msgs/msg/PointCloud2): failed to create subscription: no memory"
    assert not active and error == f"cannot activate: ValueError: {told}"


def test_a_quality_of_service_that_reaches_no_topic_is_told(activated, capfd):
    assert activated(
        "-p", "qos_overrides./skeleton.subscription.depth:=9",
        "-p", f"{DEPTH}:=9",
        "-p", "qos_overrides./actions/state.publisher.deadline:=3000000000",
        "-p", "imu_topic:=imu", "-p", "qos_overrides./imu.subscription.reliability:=reliable",
    ) == (True, [])  # fmt: skip
    (line,) = (line for line in capfd.readouterr().err.splitlines() if "qos_overrides" in line)
    assert f"/skeleton.subscription.depth reaches no topic; did you mean {DEPTH}?" in line


def test_two_topics_of_one_type_may_be_one(activated):
    assert activated("-p", f"{DEPTH}:=1", "-r", "actions/state:=actions/events") == (True, [])
