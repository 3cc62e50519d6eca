"""Gestures over real DDS: the performer shows one to the node, which knows it from then on."""

import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.gestures import GESTURE, performed, weights_with_background  # noqa: E402
from helpers.robot import Robot  # noqa: E402
from helpers.ros_peer import LATCHED  # noqa: E402
from helpers.worker_bench import Bench  # noqa: E402
from std_msgs.msg import Bool  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_model.gestures import library  # noqa: E402
from usdrl_model.plausibility.findings import Finding, Level  # noqa: E402
from usdrl_ros import service_calls  # noqa: E402
from usdrl_ros.node import enrol  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

SPEED = 3.0
"""Times real time."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robot")
    weights_with_background(folder / "weights")
    return folder


@pytest.fixture(scope="module")
def node(module_peer, folders):
    settings = {"axes": "kinect", "weights": folders / "weights", "gestures": folders / "gestures", "device": "cpu"}
    arguments = [part for name, value in settings.items() for part in ("-p", f"{name}:={value}")]
    with Child("perception", ["-m", "usdrl_ros.node.main", "--ros-args", *arguments]) as child:
        yield Robot(module_peer, child)


def call(robot, service):
    return robot.peer.call(Trigger, f"usdrl_perception/enrol/{service}")


def show(robot, seed, start, label):
    """A person stands, makes the gesture between start and stop, and leaves; the answer to stop."""
    recorded = performed(seed, ("idle", 2.0), (GESTURE, 2.5), ("idle", 0.5), start=start).frames
    robot.play(recorded[:60], SPEED)
    assert call(robot, "start").message == f"{label}: person 1: make the gesture, then call enrol/stop"
    robot.play(recorded[60:], SPEED)
    answer = call(robot, "stop")
    robot.reset()
    return answer


def test_a_gesture_shown_to_the_robot_is_stored_and_watched(node, folders):
    assert f"gestures are told by the weights {folders.name}; in {folders / 'gestures'}: none yet" in node.child.log()
    node.wait(lambda: node.states, "a state")
    told = node.states[-1]["model"]
    assert told["gesture_weights"] == {"weights": told["weights"], "hash": told["hash"]}
    unnamed = "set the parameter enrol.label to the name of the gesture, then begin again"
    assert call(node, "start").message == unnamed
    assert node.set("enrol.label", "both_up").successful
    assert "expected labels of the weights, gestures or states, got 'both_up'" in node.set("watch", ["both_up"]).reason
    assert (call(node, "stop").message) == "not started: call start, make the gesture, call stop"
    for count in (1, 2, 3):
        answer = show(node, count, 1000.0 + 100.0 * count, "both_up")
        assert answer.success, answer.message
        assert answer.message.startswith(f"both_up: {count} example")
    assert sorted(file.name for file in (folders / "gestures" / "both_up").iterdir())[1] == "gesture.yaml"

    assert node.set("watch", ["both_up"]).successful
    active = node.peer.listen(Bool, "watch/both_up/active", LATCHED)
    seen = len(active)
    recorded = performed(11, ("idle", 4.0), (GESTURE, 2.5), ("idle", 3.0), start=2000.0).frames
    node.play(recorded, SPEED)
    node.wait(lambda: [event for event in node.events if event["label"] == "both_up"], "event of the gesture")
    node.wait(lambda: any(message.data for message in active[seen:]), "watched gesture")
    onset = next(event for event in node.events if event["label"] == "both_up")
    assert onset["kind"] == "onset"
    assert onset["onset"] == pytest.approx(2004.0, abs=2.0)


def test_half_a_gesture_before_the_tracker_fell_silent_is_refused(node, folders):
    assert node.set("enrol.label", "half").successful
    recorded = performed(8, ("idle", 2.0), (GESTURE, 2.5), start=2500.0).frames
    node.reset()
    node.play(recorded[:60], SPEED)
    assert call(node, "start").success
    node.play(recorded[60:110], SPEED)
    node.peer.spin(1.3)  # less than source_timeout
    answer = call(node, "stop")
    assert not answer.success
    assert "person 1 has not been seen for" in answer.message or "person 1 was lost since start" in answer.message
    assert not (folders / "gestures" / "half").exists()
    node.reset()


def test_what_is_no_gesture_is_refused_and_not_stored(node, folders):
    node.reset()
    nobody = "nobody is seen: stand in front of the sensor"  # the last frames before may arrive after the reset
    node.wait(lambda: call(node, "start").message == nobody, "empty room")
    refused = node.set("enrol.label", "my wave")
    assert not refused.successful and refused.reason.startswith("enrol.label: expected 1 to 64 letters")
    assert node.set("enrol.label", "wave").successful
    taken = f"label: 'wave' is an action of the weights {folders.name}: take another name"
    assert call(node, "start").message == taken, "before somebody makes the gesture"
    assert node.set("enrol.label", "sitting").successful
    taken = "label: 'sitting' is a state that is found without training: take another name"
    assert call(node, "start").message == taken
    assert node.set("enrol.label", "nothing").successful
    recorded = performed(3, ("idle", 4.0), start=3000.0).frames
    node.play(recorded[:60], SPEED)
    assert call(node, "start").success
    node.play(recorded[60:], SPEED)
    answer = call(node, "stop")
    assert not answer.success
    assert "the person did not move: expected 15 cm" in answer.message
    assert not (folders / "gestures" / "nothing").exists()
    assert node.set("enrol.person", "9").successful
    assert call(node, "start").message == "no person '9'; there: 1"


@pytest.mark.parametrize(
    ("turned", "start", "why"),
    [
        ((-1.0, -1.0, 1.0), 3500.0, "people stand on their heads"),
        (3 * (1000.0,), 3600.0, "median torso .* times the size of an adult: millimetres"),
    ],
)
def test_people_who_are_read_wrongly_show_no_gesture(node, turned, start, why):
    def misread(frame):
        return replace(frame, people=tuple(replace(one, joints=one.joints * turned) for one in frame.people))

    node.reset()
    assert node.set("enrol.person", "").successful and node.set("enrol.label", "misread").successful
    node.play([misread(frame) for frame in performed(8, ("idle", 2.0), start=start).frames], SPEED)
    answer = call(node, "start")
    assert not answer.success and re.match(f"{why}.*; nothing is kept of it$", answer.message), answer.message
    node.reset()


def shown(start):
    """A person who stands, makes the gesture again and again, and stands."""
    again = [(GESTURE, 2.5), ("idle", 0.5)] * 4
    return performed(5, ("idle", 2.0), *again, ("idle", 3.0), start=start).frames


def test_a_leaf_of_a_tree_enrols_whom_it_means(node, folders):
    py_trees = pytest.importorskip("py_trees", reason="needs py_trees (extra trees)")
    from usdrl_ros.behaviours import EnrolGesture
    from usdrl_ros.client import ActionsClient

    clock = 0.0
    client = ActionsClient(node.peer.node, monotonic=lambda: clock)
    py_trees.blackboard.Blackboard.set("/actions/guest", "1")
    leaf = EnrolGesture(client, "by_leaf", who="guest", seconds=1.0)
    node.reset()
    for frame in shown(4000.0):
        clock += 1.0 / 30.0 / SPEED  # as if the machine were never busy
        node.play([frame], wait=False)
        node.peer.spin(1.0 / 30.0 / SPEED)
        if frame.stamp > 4001.9 and client.alive:
            leaf.tick_once()
            if leaf.status != py_trees.common.Status.RUNNING:
                break
    assert leaf.status == py_trees.common.Status.SUCCESS, leaf.feedback_message
    assert leaf.feedback_message.startswith("by_leaf: 1 example")
    assert (folders / "gestures" / "by_leaf" / "gesture.yaml").exists()
    py_trees.blackboard.Blackboard.set("/actions/guest", "9")
    node.wait(lambda: leaf.tick_once() or leaf.status == py_trees.common.Status.FAILURE, "a refusal")
    client.close()


def test_a_gesture_keeps_the_name_with_which_it_began_whatever_another_one_asks_for_meanwhile(node, folders):
    node.reset()
    recorded = performed(31, ("idle", 2.0), (GESTURE, 2.5), ("idle", 0.5), start=5500.0).frames
    assert node.set("enrol.person", "").successful and node.set("enrol.label", "begun").successful
    node.play(recorded[:60], SPEED)
    assert call(node, "start").success
    node.play(recorded[60:90], SPEED)
    assert node.set("enrol.person", "2").successful and node.set("enrol.label", "other").successful
    answer = call(node, "start")
    assert not answer.success and answer.message.startswith("begun is being shown by person 1, one at a time: ")
    node.play(recorded[90:], SPEED)
    answer = call(node, "stop")
    assert answer.success and answer.message.startswith("begun: 1 example")
    assert not (folders / "gestures" / "other").exists()
    assert node.set("enrol.person", "").successful and call(node, "start").success
    assert call(node, "cancel").success and not call(node, "stop").success, "given up"


def test_a_watched_gesture_that_was_removed_blocks_no_parameter(node, folders):
    node.reset()
    assert node.set("enrol.person", "").successful
    assert node.set("enrol.label", "watched").successful
    assert show(node, 21, 6000.0, "watched").success
    assert node.set("watch", ["watched"]).successful
    library.remove(folders / "gestures", "watched")
    assert node.set("enrol.label", "later").successful
    assert show(node, 22, 6100.0, "later").success, "which reads the folder again"
    for name, value in {"enrol.label": "another", "watch": ["watched", "later"]}.items():
        answer = node.set(name, value)
        assert answer.successful, answer.reason
    assert node.set("watch", ["later"]).successful
    assert "got 'watched'" in node.set("watch", ["watched"]).reason


def test_a_language_model_enrols_a_gesture_and_finds_it_among_the_labels(node, folders):
    pytest.importorskip("mcp", reason="needs mcp (extra mcp)")
    from helpers.mcp_client import asked

    node.reset()
    with asked() as ask:
        node.wait(lambda: not ask("people")[0], "a server that hears the node")
        enrolment = None
        for frame in shown(5000.0):
            node.play([frame], wait=False)
            node.peer.spin(1.0 / 30.0 / SPEED)
            if enrolment is None and frame.stamp > 5001.9:
                enrolment = ask.later("enrol", label="by_model", seconds=2.0, person="1")
            if enrolment is not None and enrolment.done():
                break
        failed, learnt = enrolment.result(60.0)
        assert not failed, learnt
        assert learnt["learnt"].startswith("by_model: 1 example") and learnt["shown_by"] == "person 1"
        assert "by_model" in ask("labels")[1]["actions"]
        failed, why = ask("enrol", label="by_model", person="9")
        assert failed and "no person '9'" in why
    assert (folders / "gestures" / "by_model" / "gesture.yaml").exists()


@pytest.fixture
def asking(monkeypatch):
    """A worker that is stepped by hand, and what a request to it is answered."""
    monkeypatch.setattr(enrol, "PATIENCE", 0.2)
    monkeypatch.setattr(enrol, "FURTHER", 0.4)
    monkeypatch.setattr(enrol.values, "read", lambda node: None)
    bench, content = Bench(), SimpleNamespace(now=lambda: [])
    pipeline = SimpleNamespace(worker=bench.worker, content=content, model=SimpleNamespace(enrolment=SimpleNamespace()))

    def ask(work):
        node = SimpleNamespace(pipeline=pipeline)
        return enrol.enrol(node, work, Trigger.Request(), Trigger.Response())

    ask.pipeline = pipeline
    return bench.worker, ask


def test_what_is_told_to_have_failed_is_not_done_later(asking):
    worker, ask = asking
    stored = []
    answer = ask(lambda enrolment, config, silent: stored.append(enrolment))
    assert not answer.success and answer.message.startswith("the model has not answered for")
    worker.step()
    assert not stored


def test_what_people_who_are_read_wrongly_have_shown_is_forgotten(asking):
    worker, ask = asking
    found, forgotten, stored = [Finding("axes", Level.ERROR, "people stand on their heads")], [], []
    ask.pipeline.content.now = lambda: found
    ask.pipeline.model.enrolment.forget = lambda: forgotten.append("it")
    worker.start()
    answer = ask(lambda enrolment, config, silent: stored.append(enrolment))
    assert (answer.success, answer.message) == (False, "people stand on their heads; nothing is kept of it")
    assert (forgotten, stored) == (["it"], [])
    found[:] = [Finding("pose", Level.WARN, "people lean")]
    assert ask(lambda enrolment, config, silent: "stored").message == "stored"
    assert worker.stop(1.0)


def test_what_has_begun_is_waited_for_and_told(asking):
    worker, ask = asking

    def slow(enrolment, config, silent):
        time.sleep(0.3)
        return "stored"

    worker.start()
    answer = ask(slow)
    assert (answer.success, answer.message) == (True, "stored")
    assert worker.stop(1.0)


def test_what_has_begun_and_does_not_end_may_still_be_done(asking):
    worker, ask = asking
    go = threading.Event()
    worker.start()
    answer = ask(lambda enrolment, config, silent: go.wait(10.0))
    go.set()
    assert not answer.success
    assert answer.message == "the model has not ended it for 0.6 s, and still may: see /diagnostics"
    assert worker.stop(1.0)


def test_a_node_answers_before_its_clients_give_up():
    assert enrol.PATIENCE + enrol.FURTHER < service_calls.PATIENCE


def test_nobody_waits_for_a_model_that_was_released(asking):
    worker, ask = asking
    worker.stop()
    answer = ask(lambda enrolment, config, silent: "stored")
    assert not answer.success
    assert answer.message == "the model was released meanwhile: configure the node, then begin again"
