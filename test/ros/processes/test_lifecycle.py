"""Spinning while others destroy and fail."""

import os
import subprocess
import sys
import threading

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.paths import ROOT  # noqa: E402
from rclpy.executors import MultiThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_ros.processes import serving  # noqa: E402
from usdrl_ros.processes.lifecycle import RCLError, initialise, spin  # noqa: E402


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


def started(*arguments, **environment):
    """Last line on stderr of a node that cannot start; a variable that is None is not set."""
    variables = {name: value for name, value in (os.environ | environment).items() if value is not None}
    command = [sys.executable, "-m", "usdrl_ros.node.main", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60.0, check=False)
    assert done.returncode == 1
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "environment", [{"HOME": None}, {"HOME": "/dev/null"}, {"ROS_LOG_DIR": "/dev/null"}], ids=["none", "HOME", "given"]
)
def test_a_folder_for_logs_that_cannot_be_made_is_named(environment):
    told = started(**({"ROS_LOG_DIR": None, "ROS_HOME": None} | environment))
    assert told.startswith("usdrl_perception: the folder for logs cannot be made (failed to initialize logging: ")
    assert told.endswith("set ROS_LOG_DIR to one that can be written, or HOME")


def test_what_surrounds_a_process_is_no_fault_of_its_arguments():
    told = started(ROS_DOMAIN_ID="abc")
    assert told.startswith("usdrl_perception: ROS cannot start: ") and "ROS_DOMAIN_ID is not an integral number" in told
    for arguments in (["--ros-args", "--wrong"], ["--ros-args", "-p", "x"]):
        assert "arguments after --ros-args cannot be read" in started(*arguments)


def test_a_namespace_with_a_slash_at_its_end_is_refused():
    with pytest.raises(ValueError, match="expected a namespace such as /front, got '/front/'"):
        initialise(["any", "--ros-args", "-r", "__ns:=/front/"])
    assert not rclpy.ok()


def test_the_namespace_of_another_node_is_its_own():
    initialise(["any", "--ros-args", "-r", "camera:__ns:=/front/"])
    rclpy.shutdown()


def test_a_node_that_ros_cannot_make_is_one_line(monkeypatch, capsys):
    def make(stop):
        raise RCLError("error creating node: no participant, at /project/src/node.c:252")

    monkeypatch.setattr(serving, "initialise", lambda args: None)
    assert serving.serve(make, "usdrl_perception", "docs/parameters.md", []) == 1
    assert capsys.readouterr().err == "usdrl_perception: error creating node: no participant\n"
