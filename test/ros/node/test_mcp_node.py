"""``usdrl-mcp`` beside the real node: a raised hand is waited for, found and remembered, and a killed node is said."""

import os
import signal

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("mcp", reason="needs mcp (extra mcp)")

from helpers.mcp_client import asked  # noqa: E402
from helpers.people import frames  # noqa: E402


def test_a_raised_hand_is_waited_for_and_the_death_of_the_node_is_said(robot):
    with asked() as ask:
        robot.peer.wait(lambda: not ask("people")[0], "a server that hears the node")
        assert ask("labels")[1]["actions"] == ["hand_up"]
        waiting = ask.later("wait_for", label="hand_up", timeout=60.0)
        robot.play(frames(duration=4.6, start=900.0))
        failed, found = waiting.result(60.0)
        assert not failed and found["found"]
        assert (found["person"]["id"], found["person"]["actions"][0]["label"]) == ("7", "hand_up")
        told = ask("recent_events")[1]["events"]
        entered, onset = (event for event in told if event["kind"] != "state")
        came_into = {event["label"] for event in told if event["kind"] == "state" and event["person"] == "7"}
        assert {"standing", "facing_me"} <= came_into
        assert (entered["kind"], entered["person"]) == ("entered", "7")
        assert (onset["kind"], onset["person"], onset["ended_ago"]) == ("onset", "7", None)
        os.kill(robot.child.pid, signal.SIGKILL)
        robot.peer.wait(lambda: ask("people")[0], "death")
        assert ask("people")[1].startswith("no perception: ")
