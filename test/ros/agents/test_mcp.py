"""``usdrl-mcp`` asked by the official client over stdio; the perception is a script that publishes states over DDS."""

import functools
import json
import os
import subprocess
import sys
import time

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
pytest.importorskip("mcp", reason="needs mcp (extra mcp)")

from helpers.mcp_client import SERVER, asked, environment  # noqa: E402
from helpers.scripted_perception import Scripted, until  # noqa: E402

NAMESPACE = "/robot"
SOON_AFTER = functools.partial(pytest.approx, abs=0.45)
"""Ages grow until the next state comes."""


def person(id_, *labels, states=()):
    actions = [{"label": label, "state": "active", "score": 0.9, "onset": 98.0, "since": 2.0} for label in labels] + [
        {"label": "walk", "state": "candidate", "score": 0.4, "onset": 99.0, "since": 1.0}
    ]
    held = {"active": [{"label": name, "onset": 90.0, "since": 10.0} for name in states], "unknown": ["lying"]}
    place = {"position": [1.0, 0.5, 1.6], "distance": 1.118, "bearing": 26.6}
    return {"id": id_, **place, "actions": actions, "states": held, "withheld": ["kick"]}


@pytest.fixture(scope="module")
def running():
    scripted = Scripted(NAMESPACE)
    with asked("--ros-args", "-r", f"__ns:={NAMESPACE}") as ask:
        yield scripted, ask
    scripted.close()


@pytest.fixture
def robot(running):
    """A perception that beats, sees nobody, and is known to the server to live."""
    scripted, ask = running
    scripted.people, scripted.calls, scripted.refused, scripted.others = [], [], "", 0
    scripted.beating, scripted.frames = True, True
    until(lambda: ask("people") == (False, {"frame": "base_footprint", "silent_for": None, "people": []}))
    return scripted, ask


def test_tools_are_documented(running):
    tools = running[1].tools()
    assert set(tools) == {"labels", "people", "wait_for", "recent_events", "enrol"}
    assert all(tool.description for tool in tools.values())
    assert all(
        argument.get("description") for tool in tools.values() for argument in tool.input_schema["properties"].values()
    )


def test_people_are_told_with_what_they_do(robot):
    scripted, ask = robot
    scripted.people = [person("rxkpw", "wave", states=("standing",))]
    until(lambda: ask("people")[1]["people"])
    (one,) = ask("people")[1]["people"]
    assert one == {
        "id": "rxkpw",
        "position": [1.0, 0.5, 1.6],
        "distance": 1.118,
        "bearing": 26.6,
        "actions": [{"label": "wave", "score": 0.9, "seconds": 2.0}],
        "states": ["standing"],
        "pointing": [],
        "not_judged": ["kick", "lying"],
    }


def test_where_somebody_points_is_told(robot):
    scripted, ask = robot
    scripted.people = [person("1", states=("standing", "pointing_left"))]
    ray = {"origin": [1.6, 0.5, 1.3], "direction": [-0.6, 0.0, -0.8], "hit": [0.6, 0.5, 0.0]}
    scripted.people[0]["states"]["active"][1]["ray"] = ray
    until(lambda: ask("people")[1]["people"])
    assert ask("people")[1]["people"][0]["pointing"] == [{"label": "pointing_left", **ray}]


def test_waiting_ends_with_the_action_or_with_the_time(robot):
    scripted, ask = robot
    assert ask("wait_for", label="wave", timeout=0.3) == (False, {"found": False, "silent_for": None, "person": None})
    scripted.people = [person("1", "walk"), person("2", states=("sitting",))]
    for label, who in (("wave", "3"), ("sitting", "2")):
        waiting = ask.later("wait_for", label=label, person=who)
        scripted.people = [*scripted.people, person(who, "wave")]
        assert waiting.result(30.0)[1]["person"]["id"] == who
    assert ask("wait_for", label="wave", person="1", timeout=0.1)[1]["found"] is False


def test_an_action_between_two_looks_is_found_and_remembered(robot):
    scripted, ask = robot
    cursor = ask("recent_events")[1]["next"]
    waiting = ask.later("wait_for", label="wave", min_score=0.5)
    until(lambda: "list_labels" in scripted.calls)
    scripted.come("9")
    scripted.happen("onset", "wave", score=0.3)
    scripted.happen("onset", "wave", person="9")
    scripted.happen("offset", "wave", person="9", offset=99.0)
    assert waiting.result(30.0) == (False, {"found": True, "silent_for": None, "person": {"id": "9"}})
    heard = ask("recent_events", after=cursor)[1]
    assert [event["kind"] for event in heard["events"]] == ["entered", "onset", "onset", "offset"]
    assert heard["events"][0] == {
        "kind": "entered", "person": "9", "came_ago": SOON_AFTER(2.5), "went_ago": None,
    }  # fmt: skip
    assert heard["events"][3] == {
        "kind": "offset", "person": "9", "label": "wave", "score": 0.9, "began_ago": SOON_AFTER(2.5),
        "ended_ago": SOON_AFTER(1.0),
    }  # fmt: skip
    assert ask("recent_events", after=heard["next"])[1]["events"] == []
    before = ask("recent_events", after=heard["next"] + 50)[1]  # of a server that ran before this one
    assert before["next"] == heard["next"] and len(before["events"]) >= 4


def test_a_state_between_two_questions_is_remembered_in_its_place(robot):
    scripted, ask = robot
    cursor = ask("recent_events")[1]["next"]
    scripted.come("9")
    until(lambda: ask("recent_events")[1]["next"] == cursor + 1)
    scripted.people = [person("9", states=("fallen",))]
    until(lambda: ask("people")[1]["people"])
    scripted.people = []
    until(lambda: not ask("people")[1]["people"])
    scripted.happen("left", None, "9", score=None, offset=99.0, reason="gone")
    until(lambda: ask("recent_events")[1]["next"] == cursor + 3)
    entered, fell, left = ask("recent_events", after=cursor)[1]["events"]
    assert (entered["kind"], left["kind"]) == ("entered", "left")
    assert fell == {"kind": "state", "person": "9", "label": "fallen", "began_ago": SOON_AFTER(10.0)}
    assert [event["kind"] for event in ask("recent_events", after=cursor + 2)[1]["events"]] == ["left"]


def test_an_unknown_label_is_refused_with_those_that_are_known(robot):
    failed, said = robot[1]("wait_for", label="wvae", timeout=5.0)
    assert failed and "did you mean 'wave'?" in said and "pointing_left" in said
    assert robot[1]("labels")[1]["actions"] == ["wave", "walk"]


@pytest.mark.parametrize("arguments", [{"timeout": 1e9}, {"min_score": 2.0}, {"label": ["wave"]}, {"label": "x" * 999}])
def test_arguments_out_of_range_are_refused(robot, arguments):
    assert robot[1]("wait_for", **{"label": "wave", **arguments})[0]


def test_a_gesture_that_is_too_long_to_be_kept_is_refused_before_it_is_made(robot):
    scripted, ask = robot
    assert ask("enrol", label="thumbs_up", seconds=7.0)[0] and scripted.calls == []


def test_a_gesture_is_enrolled_in_one_call(robot):
    scripted, ask = robot
    assert ask("enrol", label="thumbs_up", seconds=1.0, person="cam:7") == (
        False, {"learnt": "thumbs_up: 1 example", "shown_by": "person cam:7"},
    )  # fmt: skip
    assert scripted.calls == ["enrol/start", "enrol/stop"]
    assert scripted.node.get_parameter("enrol.person").value == "cam:7"


def test_a_gesture_that_another_one_asked_for_meanwhile_is_not_said_to_be_learnt(robot):
    scripted, ask = robot
    scripted.others = 1
    assert not ask("enrol", label="thumbs_up", seconds=1.0, person="7")[0]
    assert scripted.calls == ["enrol/start", "enrol/cancel", "enrol/start", "enrol/stop"]
    scripted.others = 100
    failed, said = ask("enrol", label="thumbs_up", seconds=1.0, person="7")
    assert failed and said.startswith("another gesture was begun meanwhile (thumbs_up: person other: ")


def test_what_the_robot_refuses_is_said_in_its_own_words(robot):
    scripted, ask = robot
    scripted.refused = "nobody is seen: stand in front of the sensor"
    assert ask("enrol", label="thumbs_up") == (True, "nobody is seen: stand in front of the sensor")
    assert scripted.calls == ["enrol/start"]


def test_a_dead_node_is_said_and_not_hidden(robot):
    scripted, ask = robot
    scripted.people = [person("1", "wave")]
    until(lambda: ask("people")[1]["people"])
    waiting = ask.later("wait_for", label="walk", timeout=300.0)
    until(lambda: "list_labels" in scripted.calls)
    scripted.beating = False
    failed, said = waiting.result(30.0)
    assert failed and said.startswith("no perception: /robot/actions/state is published, but its heartbeats do not")
    for tool in ("people", "recent_events", "labels"):
        assert ask(tool) == (True, said)
    assert ask("enrol", label="thumbs_up") == (True, said)


def test_a_silent_tracker_is_said_and_times_go_on(robot):
    scripted, ask = robot
    cursor = ask("recent_events")[1]["next"]
    scripted.frames = False
    stopped = time.monotonic()
    scripted.happen("left", None, score=None, offset=99.0, reason="silent")
    until(lambda: ask("people")[1]["silent_for"])
    (gone,) = ask("recent_events", after=cursor)[1]["events"]
    silent = time.monotonic() - stopped
    assert gone["reason"] == "silent" and silent > 1.5
    assert (gone["went_ago"], gone["came_ago"]) == (SOON_AFTER(1.0 + silent), SOON_AFTER(2.5 + silent))
    nobody = ask("wait_for", label="wave", timeout=0.1)[1]
    assert not nobody["found"] and nobody["silent_for"] >= 2.0
    scripted.frames = True
    until(lambda: ask("people")[1]["silent_for"] is None)


@pytest.mark.parametrize("jump", [-1000.0, 1000.0])
def test_a_jump_of_time_makes_nothing_older_or_younger(robot, jump):
    scripted, ask = robot
    cursor, began = ask("recent_events")[1]["next"], time.monotonic()
    scripted.happen("onset", "wave")
    until(lambda: ask("recent_events")[1]["next"] == cursor + 1)
    scripted.happen("left", None, score=None, offset=99.0, reason="reset")
    scripted.stamp += jump
    scripted.come("7")
    scripted.events[-1]["onset"] = scripted.stamp
    scripted.people = [person("7", states=("standing",))]
    scripted.people[0]["states"]["active"][0]["onset"] = scripted.stamp - 1.0
    until(lambda: ask("recent_events")[1]["next"] == cursor + 4)
    scripted.stamp -= jump  # and back
    until(lambda: ask("people")[1]["people"])
    waved, gone, come, stands = ask("recent_events", after=cursor)[1]["events"]
    passed = time.monotonic() - began
    ages = [waved["began_ago"], gone["came_ago"], gone["went_ago"], come["came_ago"], stands["began_ago"]]
    for age, at_first in zip(ages, (2.5, 2.5, 1.0, 0.0, 1.0), strict=True):
        assert at_first - 0.01 <= age <= at_first + passed + 0.01


def test_what_was_over_before_the_call_is_not_found_however_late_it_is_heard(robot):
    scripted, ask = robot
    scripted.beating = False
    until(lambda: ask("people")[0])
    scripted.happen("onset", "wave")
    scripted.happen("offset", "wave", offset=99.0)
    waiting = ask.later("wait_for", label="wave", timeout=2.0)
    time.sleep(0.5)
    scripted.beating = True
    assert waiting.result(30.0) == (False, {"found": False, "silent_for": None, "person": None})


@pytest.mark.parametrize(("serves", "name"), [(True, "head_perception"), (False, "relay")])
def test_a_renamed_node_is_asked_by_its_name_and_a_relay_is_told_of(serves, name):
    scripted = Scripted(f"/{name}", name, serves)
    scripted.beating = True
    try:
        with asked("--ros-args", "-r", f"__ns:=/{name}") as ask:
            until(lambda: not ask("people")[0])
            failed, said = ask("labels")
            if serves:
                assert (failed, said["actions"]) == (False, ["wave", "walk"])
                assert ask("enrol", label="nod", seconds=1.0)[1]["learnt"] == "nod: 1 example"
                assert ask("wait_for", label="wave", timeout=0.1)[1]["found"] is False
            else:
                assert failed and "although /relay/actions/state arrives, from relay: `people`" in said
    finally:
        scripted.close()


@pytest.mark.parametrize("end", ["stdin", "SIGTERM"])
def test_stdout_is_the_protocol_and_nothing_else(end):
    server = subprocess.Popen(
        [sys.executable, *SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment(), "RCUTILS_LOGGING_USE_STDOUT": "1"},
    )  # fmt: skip
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    for line in (
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        "no protocol",
        json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "people", "arguments": {}}}),
    ):
        server.stdin.write(line + "\n")
    server.stdin.flush()
    lines = []
    while not any(line.get("id") == 2 for line in lines):
        lines.append(json.loads(server.stdout.readline()))
    assert "nothing publishes /actions/state" in lines[-1]["result"]["content"][0]["text"]
    if end == "SIGTERM":
        server.terminate()
    rest, errors = server.communicate(timeout=20.0)
    assert (server.returncode, rest) == (0, "")
    assert "Traceback" not in errors


def test_an_argument_that_ros_cannot_read_is_one_line():
    done = subprocess.run([sys.executable, *SERVER, "--namespace", "robot"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("usdrl-mcp: expected every argument after --ros-args")
