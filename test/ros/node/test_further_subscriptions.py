"""Further topics are heard beside the node: by a thread of their own, with the quality of service asked for."""

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.inputs.further_topics import FurtherTopics  # noqa: E402
from usdrl_ros.node import further_subscriptions  # noqa: E402
from usdrl_ros.node.further_subscriptions import FurtherSubscriptions  # noqa: E402
from usdrl_ros.processes.lifecycle import RCLError  # noqa: E402


@pytest.fixture
def owner(peer):
    given = {"qos_overrides./robot/imu.subscription.reliability": "reliable"}
    node = rclpy.create_node(
        "seer",
        namespace="robot",
        context=peer.context,
        parameter_overrides=[Parameter(name, value=value) for name, value in given.items()],
        cli_args=["--ros-args", "-r", "seer:tilt:=imu"],
    )
    yield node
    node.destroy_node()


def read(*names, kind="std_msgs/msg/String"):
    topics = FurtherTopics()
    for name in names:
        topics.subscribe(name, kind, lambda message, context: None)
    return topics


def test_they_are_heard_while_the_node_is_busy_and_under_its_names(peer, owner):
    topics, heard, failed = read("tilt"), [], []
    further = FurtherSubscriptions(owner, topics, heard.append, failed.append)  # nothing spins the owner
    publisher = peer.node.create_publisher(String, "/robot/imu", 10)
    peer.wait(publisher.get_subscription_count, "subscription")
    (endpoint,) = peer.node.get_subscriptions_info_by_topic("/robot/imu")
    assert endpoint.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    publisher.publish(String(data="level"))
    peer.wait(lambda: heard, "message")
    further.close()
    assert failed == []
    peer.wait(lambda: publisher.get_subscription_count() == 0, "end")
    assert "seer_inputs" not in peer.node.get_node_names()


def test_topics_that_come_and_go_leave_nothing_behind(peer, owner):
    """As those of the bodies of REP-155 do, hour after hour."""
    topics = read("tilt")
    further = FurtherSubscriptions(owner, topics, lambda heard: None, print)
    beside = further._beside

    def known():
        return set(beside.get_parameters_by_prefix(""))

    before = known()
    assert "qos_overrides./robot/imu.subscription.reliability" in before
    for body in ("a1b2c", "d3e4f"):
        topics.subscribe(f"body_{body}", "std_msgs/msg/String", lambda message, context: None)
        further._follow()
    peer.wait(lambda: len(list(beside.subscriptions)) >= 3, "subscriptions")
    assert known() == before
    further.close()


def test_where_one_fails_all_are_left_again(peer, owner):
    topics = read("first", "no topic")
    before = list(owner.guards)
    with pytest.raises(RCLError, match="topic name"):
        FurtherSubscriptions(owner, topics, lambda heard: None, lambda error: None)
    assert list(owner.guards) == before
    peer.wait(lambda: "seer_inputs" not in peer.node.get_node_names(), "end")


@pytest.mark.parametrize(
    ("reliability", "remedy"),
    [
        (
            ReliabilityPolicy.RELIABLE,
            "large messages are lost over best effort: set qos_overrides./robot/depth.subscription.reliability:="
            "reliable, or check what publishes it (peer)",
        ),
        (
            ReliabilityPolicy.BEST_EFFORT,
            "check what publishes it (peer); large messages are lost over best effort: let it publish reliable or"
            " smaller ones",
        ),
    ],
)
def test_images_that_are_published_and_never_come(peer, owner, monkeypatch, reliability, remedy):
    monkeypatch.setattr(further_subscriptions, "RECENT", 0.5)
    topics, heard = read("depth", kind="sensor_msgs/msg/Image"), []
    topics.subscribe("words", "std_msgs/msg/String", lambda message, context: None)
    further = FurtherSubscriptions(owner, topics, heard.append, print)
    assert further.lost() == (), "not yet"
    peer.spin(0.7)
    assert further.lost() == (), "nobody publishes it"
    words = peer.node.create_publisher(String, "/robot/words", 10)
    publisher = peer.publisher(Image, "/robot/depth", QoSProfile(depth=1, reliability=reliability))
    peer.wait(lambda: owner.get_publishers_info_by_topic("/robot/depth"), "publisher")
    assert further.lost() == (f"nothing arrives on /robot/depth: {remedy}",)
    publisher.publish(Image())
    peer.wait(lambda: heard, "image")
    assert further.lost() == ()
    further.close()
    for one in (words, publisher):
        peer.node.destroy_publisher(one)
