"""Spinning while others destroy and fail."""

import threading

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

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
