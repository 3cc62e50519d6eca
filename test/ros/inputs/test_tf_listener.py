"""tf on a thread of its own: transforms arrive while everything else is busy."""

import sys
import threading
import time
from types import ModuleType

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402

from usdrl_ros.inputs.tf_listener import TfListener, tf_listener  # noqa: E402


class Buffer:
    """Stands in for tf2_ros.Buffer: what was heard, by child frame."""

    def __init__(self):
        self.heard = {}


class TransformListener:
    """Stands in for tf2_ros.TransformListener: like it, it lives on the executor of the node it is given."""

    def __init__(self, buffer, node):
        def hear(message):
            if not message.child_frame_id:
                raise ValueError("expected a child frame")
            buffer.heard[message.child_frame_id] = message

        self.subscription = node.create_subscription(TransformStamped, "/tf", hear, 10)


@pytest.fixture
def tf2(monkeypatch):
    module = ModuleType("tf2_ros")
    module.Buffer, module.TransformListener = Buffer, TransformListener
    monkeypatch.setitem(sys.modules, "tf2_ros", module)


@pytest.fixture
def owner():
    context = rclpy.Context()
    rclpy.init(context=context, args=["--ros-args", "-r", "__node:=eyes", "-r", "/tf:=/robot/tf"])
    node = rclpy.create_node("owner", context=context)
    yield node
    node.destroy_node()
    context.try_shutdown()


def wait(done):
    end = time.monotonic() + 20.0
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_transforms_arrive_though_nobody_spins_the_owner(tf2, owner, peer):
    errors = []
    listener = TfListener(owner, errors.append)
    publisher = peer.publisher(TransformStamped, "/robot/tf")  # the remapping of the command line reaches it
    assert "eyes_tf_listener" in peer.node.get_node_names()  # its name does not
    publisher.publish(TransformStamped())
    wait(lambda: errors)  # an error in a callback is told and survived
    publisher.publish(TransformStamped(child_frame_id="camera"))
    wait(lambda: "camera" in listener.buffer.heard)
    listener.close()
    assert not any(thread.name == "tf" for thread in threading.enumerate())


def test_without_tf2_there_is_no_listener(monkeypatch, owner):
    monkeypatch.setitem(sys.modules, "tf2_ros", None)
    assert tf_listener(owner, print) is None
    assert not any(thread.name == "tf" for thread in threading.enumerate())
