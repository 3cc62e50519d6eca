"""Spinning while others destroy and fail."""

import threading

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.processes.lifecycle import spin  # noqa: E402


def test_what_is_destroyed_before_it_is_taken_is_no_failure(peer, monkeypatch):
    subscription = peer.node.create_subscription(String, "anything", print, 1)
    stop, told, turns = threading.Event(), [], []

    def once(timeout_sec):
        turns.append(timeout_sec)
        if len(turns) == 1:
            peer.node.destroy_subscription(subscription)
            with subscription.handle:  # what an executor does to take a message
                raise AssertionError("it still is there")
        if len(turns) == 2:
            raise ValueError("a callback failed")
        stop.set()

    monkeypatch.setattr(peer.executor, "spin_once", once)
    spin(peer.executor, stop, told.append)
    assert len(turns) == 3
    assert [str(error) for error in told] == ["a callback failed"]


def test_what_a_busy_thread_keeps_from_beginning_is_not_given_out_again_and_again(peer):
    """``MultiThreadedExecutor`` yields a callback anew until it has begun: twice here, dozens of times in a node."""
    turns, called, stop = [], [], threading.Event()

    class Counting(MultiThreadedExecutor):
        def spin_once(self, timeout_sec):
            turns.append(timeout_sec)
            super().spin_once(timeout_sec)

    def work():
        while not stop.is_set():
            sum(range(1000))

    def call():
        called.append(None)
        if len(called) == 100:
            stop.set()

    node, executor = Node("turns", context=peer.node.context), Counting(4, context=peer.node.context)
    executor.add_node(node)
    node.create_timer(0.01, call)
    threading.Thread(target=work, daemon=True).start()
    spin(executor, stop, pytest.fail)
    executor.shutdown()
    node.destroy_node()
    assert len(turns) < 1.5 * len(called)
