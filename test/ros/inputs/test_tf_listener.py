"""tf on a thread of its own: transforms arrive while everything else is busy."""

import sys
import threading
import time
from types import ModuleType

import numpy as np
import pytest
from helpers.people import frames

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402
from helpers import tf_tree  # noqa: E402
from helpers.moving_head import Head  # noqa: E402

from usdrl_ros.inputs.common import InputError, SourceFrame, ros_time  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.tf_listener import Filler, TfListener, tf_listener  # noqa: E402


class Buffer:
    """Stands in for tf2_ros.Buffer: what was heard, by child frame."""

    def __init__(self, cache_time):
        self.cache_time = cache_time
        self.heard = {}

    def set_transform(self, transform, authority):
        self.heard[transform.child_frame_id] = transform


class TransformListener:
    """Stands in for tf2_ros.TransformListener: like it, it lives on the executor of the node it is given."""

    def __init__(self, buffer, node):
        def hear(message):
            if not message.child_frame_id:
                raise ValueError("expected a child frame")
            buffer.set_transform(message, "test")

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
    listener = TfListener(owner, errors.append, 60.0)
    assert listener.buffer.cache_time.nanoseconds == 60e9
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


@pytest.fixture
def tree(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_ros", tf_tree.module())


def test_a_moving_head_over_dds(tree, owner, peer):
    """Static transforms that were sent before anybody listened, moving ones while the lookup waits for them."""
    head, stamp = Head(), 200.0
    static = peer.node.create_publisher(TransformStamped, "/tf_static", tf_tree.STATIC)
    for one in Head.static():
        static.publish(one)
    listener = TfListener(owner, print)
    moving = peer.publisher(TransformStamped, "/robot/tf")
    placed = Frames("optical", target_frame="base_link", tf=listener.buffer)
    (frame,) = frames(duration=0.01, start=stamp)
    sent = SourceFrame(head.seen(frame), ros_time(stamp), "camera_optical_frame")

    def refused(patience=0.0):
        try:
            placed.to_canonical(sent, patience)
        except InputError as error:
            return str(error)
        return ""

    moving.publish(head.told(stamp - 0.02))
    wait(lambda: "future" in refused())
    late = threading.Timer(0.1, lambda: moving.publish(head.told(stamp + 0.02)))
    late.start()
    (person,) = placed.to_canonical(sent, 10.0).people
    np.testing.assert_allclose(person.joints, frame.people[0].joints, atol=0.005)
    listener.close()


@pytest.mark.parametrize("start", [100.0, 50.0, 108.0])
def test_transforms_are_believed_when_a_bag_loops(start):
    """Again, from the last half of an hour ago, and from a moment before its end."""
    buffer = tf_tree.Buffer()
    buffer.set_transform_static(tf_tree.transform("camera", "lens", 0.0, np.eye(3)), "test")
    filler, placed = Filler(buffer), Frames("optical", target_frame="base_link", tf=buffer)
    unknown = []
    for begin, height in ((100.0, 1.0), (start, 2.0)):
        for at in begin + np.arange(0.0, 15.0, 0.02):
            moved = tf_tree.transform("base_link", "camera", at, np.eye(3), (0.0, 0.0, height))
            filler.set_transform(moved, "test")
            (frame,) = frames(duration=0.01, start=at)
            try:
                lens = placed.to_canonical(SourceFrame(frame, ros_time(at), "lens")).sensor
            except InputError:
                unknown.append(at)
                continue
            assert at < begin + 0.6 or np.linalg.norm(lens) == pytest.approx(height)
    assert all(at < start + 0.6 for at in unknown)


def test_transforms_of_another_time_between_the_others_make_nothing_forgotten():
    buffer = tf_tree.Buffer()
    filler = Filler(buffer)
    for at in np.arange(100.0, 115.0, 0.02):
        for stamp in (at, at - 60.0):
            filler.set_transform(tf_tree.transform("base_link", "camera", stamp, np.eye(3)), "test")
    assert len(buffer._stamps["camera"]) == pytest.approx(tf_tree.CACHE * 50, abs=2)


def test_two_clocks_of_one_frame_do_not_empty_the_buffer_again_and_again():
    cleared = []
    buffer = tf_tree.Buffer()
    buffer.clear = lambda: cleared.append(1)
    filler = Filler(buffer)
    for at in np.arange(100.0, 130.0, 0.1):
        if round(10 * at) % 10 == 0:
            filler.set_transform(tf_tree.transform("map", "odom", at + 3.0, np.eye(3)), "test")
        filler.set_transform(tf_tree.transform("map", "odom", at, np.eye(3)), "test")
    assert 1 <= len(cleared) <= 4


@pytest.mark.parametrize("lives", [(20.0, 8.0, 8.0, 8.0), (8.0, 8.0, 8.0, 8.0), (4.0, 12.0, 3.0, 9.0)])
def test_a_simulation_that_is_reset_again_and_again_leaves_nothing_of_the_lives_before(lives):
    buffer = tf_tree.Buffer()
    filler, placed = Filler(buffer), Frames("optical", target_frame="base_link", tf=buffer)
    for height, seconds in enumerate(lives, 1):
        for at in np.arange(1.0, 1.0 + seconds, 0.02):
            for child in ("camera", "wheel"):
                moved = tf_tree.transform("base_link", child, at, np.eye(3), (0.0, 0.0, float(height)))
                filler.set_transform(moved, "test")
        for at in np.arange(1.6, seconds, 0.1)[-80:]:
            (frame,) = frames(duration=0.01, start=at)
            lens = placed.to_canonical(SourceFrame(frame, ros_time(at), "camera")).sensor
            assert np.linalg.norm(lens) == pytest.approx(height)


def test_a_loop_in_the_tree_is_refused(tree):
    buffer = tf_tree.Buffer()
    for parent, child in (("a", "b"), ("b", "a")):
        buffer.set_transform_static(tf_tree.transform(parent, child, 0.0, np.eye(3)), "test")
    placed = Frames("optical", target_frame="base_link", tf=buffer)
    (frame,) = frames(duration=0.01)
    with pytest.raises(InputError, match="base_link"):
        placed.to_canonical(SourceFrame(frame, ros_time(frame.stamp), "a"))


@pytest.mark.parametrize(("stamp", "advised"), [(98.0, False), (100.0, True)])
def test_only_a_transform_that_is_late_is_waited_for_longer(stamp, advised):
    buffer = tf_tree.Buffer()
    for at in (99.0, 99.5):
        buffer.set_transform(tf_tree.transform("base_link", "a", at, np.eye(3)), "test")
    placed = Frames("optical", target_frame="base_link", tf=buffer)
    (frame,) = frames(duration=0.01, start=stamp)
    with pytest.raises(InputError, match="check that tf is published") as error:
        placed.to_canonical(SourceFrame(frame, ros_time(stamp), "a"))
    assert ("or raise transform_timeout if transforms come late" in str(error.value)) == advised
