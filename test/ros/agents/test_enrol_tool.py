"""The tool ``enrol`` of ``usdrl-mcp`` whose gesture does not come to its end."""

import time

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("mcp", reason="needs mcp (extra mcp)")

from helpers.mcp_client import asked  # noqa: E402
from helpers.scripted_perception import Scripted, until  # noqa: E402

NAMESPACE = "/enrols"


@pytest.fixture(scope="module")
def running():
    scripted = Scripted(NAMESPACE)
    scripted.beating = True
    with asked("--ros-args", "-r", f"__ns:={NAMESPACE}") as ask:
        yield scripted, ask
    scripted.close()


@pytest.fixture
def robot(running):
    scripted, ask = running
    scripted.people, scripted.calls, scripted.refused = [], [], ""
    until(lambda: ask("people")[1] == {"frame": "base_footprint", "silent_for": None, "people": []})
    return scripted, ask


def test_a_call_that_is_taken_back_gives_the_gesture_up(robot):
    scripted, ask = robot
    going = ask.later("enrol", label="nod", seconds=6.0)
    until(lambda: scripted.calls == ["enrol/start"])
    assert going.cancel()
    until(lambda: scripted.calls == ["enrol/start", "enrol/cancel"])


def test_a_call_that_is_refused_leaves_the_gesture_of_another_one_alone(robot):
    scripted, ask = robot
    scripted.refused = "bow is being shown by person 4, one at a time"
    assert ask("enrol", label="nod") == (True, scripted.refused)
    time.sleep(0.3)
    assert scripted.calls == ["enrol/start"]


def test_a_call_whose_person_is_lost_leaves_the_node_to_the_next_who_asks(robot):
    scripted, ask = robot
    scripted.people = [{"id": name, "position": None, "actions": []} for name in ("cam:7", "5")]
    until(lambda: ask("people")[1]["people"])
    going = ask.later("enrol", label="nod", seconds=6.0)
    until(lambda: scripted.calls == ["enrol/start"])
    time.sleep(0.3)
    scripted.people = scripted.people[1:]
    assert going.result(3.0) == (True, "who was to show the gesture was lost meanwhile: begin again")
    time.sleep(0.3)
    assert scripted.calls == ["enrol/start"]
