"""Who relies on the state of the node notices its death."""

import itertools
import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from helpers.people import frames  # noqa: E402
from helpers.ros_peer import LATCHED, header  # noqa: E402
from helpers.told_states import WAVED, state  # noqa: E402
from rclpy.duration import Duration  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.qos import QoSProfile  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import Bool, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.client import ActionsClient  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402
from usdrl_ros.outputs.state_json import SCHEMA  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

LEVELS = ("info", "warning", "error")
ARGUMENTS = ["--ros-args", "-p", "axes:=kinect", "-p", "watch:=[hand_up]", "-p", "source_timeout:=60.0"]


def test_who_is_at_it_does_an_action_or_is_in_a_state(peer):
    client = ActionsClient(peer.node)
    anna = {"id": "anna", "actions": [{"label": "wave", "state": "active", "score": 0.9}], "states": {"active": []}}
    ben = {"id": "ben", "actions": [], "states": {"active": [{"label": "sitting", "onset": 1.0}]}}
    for stamp in (1.0, 2.0):
        client._hear(state(stamp, anna, ben, period=60.0))
    assert [one["id"] for one in client.at_it("wave")] == ["anna"] and client.at_it("wave", min_score=0.95) == []
    assert [one["id"] for one in client.at_it("sitting")] == ["ben"] and client.at_it("sitting", "anna") == []
    found = client.wait_for("sitting", timeout=0.0)
    assert found is not None and found["id"] == "ben"
    client.close()


def test_waiting_finds_who_began_and_has_ended_in_one_state(peer):
    client = ActionsClient(peer.node)
    for stamp in (1.0, 2.0):
        client._hear(state(stamp, period=60.0))
    cursor = client.cursor
    for number, people in enumerate(([], [{"id": "anna", "actions": []}])):
        happened = [event | {"seq": event["seq"] + 2 * number} for event in WAVED]
        said = state(3.0 + number, *people, period=60.0, events=happened)
        threading.Timer(0.3, client._hear, (said,)).start()
        assert client.wait_for("wave", timeout=20.0) == (people or [{"id": "anna"}])[0]
    assert client.wait_for("wave", timeout=0.0) is None, "what began before the call"
    assert client.begun("wave", cursor) == ["anna", "anna"] and client.begun("wave", client.cursor) == []
    assert client.begun("wave", cursor, "ben") == client.begun("wave", cursor, min_score=0.95) == []
    assert client.begun("clap", cursor) == []
    client.close()


def test_waiting_believes_no_event_of_a_node_that_may_be_dead(peer):
    ahead = [0.0]
    client = ActionsClient(peer.node, monotonic=lambda: time.monotonic() + ahead[0])
    for stamp in (1.0, 2.0):
        client._hear(state(stamp, period=60.0))
    ahead[0] = 1000.0
    for number in (1, 2):
        said = state(3.0 + number, period=60.0, events=WAVED)
        threading.Timer(0.3 * number, client._hear, (said,)).start()
    assert client.wait_for("wave", timeout=1.5) is None, "it may be latched, and is older than the call"
    assert client.alive
    client.close()


def test_waiting_keeps_what_was_heard_after_a_while_in_which_nothing_was(peer):
    ahead = [0.0]
    client = ActionsClient(peer.node, monotonic=lambda: ahead[0])
    for stamp in (1.0, 2.0):
        client._hear(state(stamp, period=0.25))
    look = client.lookout("wave")
    assert look() is None
    ahead[0] += 5.0  # a callback of the robot takes its time
    client._hear(state(3.0, period=0.25, events=WAVED))
    assert look() is None, "the node may be dead"
    client._hear(state(4.0, period=0.25, events=WAVED))
    assert look() == {"id": "anna"}
    client.close()


def test_waiting_spins_the_node_where_no_executor_has_it(peer):
    speaker = peer.node.create_publisher(String, "actions/state", LATCHED)
    wave = {"label": "wave", "state": "active", "score": 0.9}
    done = threading.Event()

    def speak():
        for stamp in itertools.count(1):
            speaker.publish(state(float(stamp), {"id": "anna", "actions": [wave] if stamp > 12 else []}))
            if done.wait(0.05):
                return

    node = rclpy.create_node("waits", context=peer.node.context)
    thread = threading.Thread(target=speak)
    thread.start()
    try:
        for _ in range(2):  # the executor of the first time is gone the second time
            client = ActionsClient(node)
            assert client.wait_for("wave", timeout=20.0) is not None
            client.close()
            rclpy.spin_once(node, executor=SingleThreadedExecutor(context=node.context), timeout_sec=0.0)
    finally:
        done.set()
        thread.join()
        node.destroy_node()


@pytest.fixture
def context():
    """rclpy, for one test to shut down."""
    own = rclpy.Context()
    rclpy.init(context=own)
    yield own
    own.try_shutdown()


def test_waiting_ends_when_rclpy_is_shut_down(context):
    client = ActionsClient(rclpy.create_node("waits", context=context))
    threading.Timer(0.5, context.shutdown).start()
    assert client.wait_for("wave", timeout=20.0) is None
    assert client.wait_for("wave", timeout=20.0) is None, "and at once afterwards"


def logged(node, level):
    """What a node logs at a level from now on; rclpy tells it through these methods."""
    said, logger = [], node.get_logger()
    node.get_logger = lambda: SimpleNamespace(
        **{one: (lambda text, **_: said.append(text)) if one == level else getattr(logger, one) for one in LEVELS}
    )
    return said


def test_a_callback_that_waits_for_what_it_blocks_is_told(peer, monkeypatch):
    monkeypatch.setattr("usdrl_ros.listening.SILENT", 0.3)
    node = rclpy.create_node("waits", context=peer.context)
    said, client = logged(node, "warning"), ActionsClient(node)
    executor, answers = SingleThreadedExecutor(context=peer.context), []
    executor.add_node(node)
    node.create_timer(0.01, lambda: answers.append(client.wait_for("wave", timeout=0.8)))
    while not answers:
        executor.spin_once(timeout_sec=1.0)
    assert answers == [None]
    assert said and "give that callback a group of its own" in said[0]
    executor.shutdown()
    node.destroy_node()


def test_a_label_that_the_node_does_not_know_is_told_once(peer):
    def known(request, response):
        response.success, response.message = True, answers.pop() if len(answers) > 1 else answers[0]
        return response

    answers = [json.dumps(["wave", "cross_arms"]), "labels of another version"]  # of which nothing follows

    peer.node.create_service(Trigger, "usdrl_perception/list_labels", known)
    speaker = peer.node.create_publisher(String, "actions/state", LATCHED)
    said, client, stamps = logged(peer.node, "error"), ActionsClient(peer.node), itertools.count(1)

    def asked():
        speaker.publish(state(float(next(stamps))))
        return [client.at_it(label) for label in ("crossed_arms", "wave", "sitting")] and said

    peer.wait(lambda: client.alive or asked(), "a state")
    peer.wait(lambda: client.check("somersault") or len(answers) == 1, "the first question")
    peer.wait(asked, "an error")
    for _ in range(5):
        asked()
        peer.spin(0.05)
    assert len(said) == 1 and "knows no 'crossed_arms'; did you mean 'cross_arms'?" in said[0]
    client.close()


def test_a_renamed_node_is_asked_by_its_name(peer):
    node = rclpy.create_node("head", context=peer.context, namespace="/front")
    node.create_publisher(String, "actions/state", LATCHED)
    client = ActionsClient(peer.node, "/front/actions/state")
    assert client.perception == "/front/usdrl_perception"
    node.create_service(Trigger, "~/list_labels", lambda request, response: response)
    peer.wait(lambda: client.perception == "/front/head", "name")
    second = rclpy.create_node("usdrl_perception", context=peer.context, namespace="/front")
    second.create_service(Trigger, "~/list_labels", lambda request, response: response)
    assert client.perception == "/front/head", "it publishes no state"
    second.create_publisher(String, "actions/state", LATCHED)
    peer.wait(lambda: client.perception == "/front/usdrl_perception", "the usual name where there are several")
    client.close()
    node.destroy_node()
    second.destroy_node()


def test_questions_are_answered_after_the_end(context):
    node = rclpy.create_node("asks", context=context)
    client = ActionsClient(node)
    for stamp in (1.0, 2.0):
        client._hear(state(stamp, period=60.0))
    assert client.doing("wave") == []
    node.destroy_node()
    assert client.alive and client.doing("clap") == []
    context.shutdown()
    assert client.doing("push") == []
    client.close()


def test_an_onset_without_a_score_has_none_that_is_asked_for(peer):
    client = ActionsClient(peer.node)
    for seconds in (1.0, 2.0):
        client._hear(state(seconds, period=60.0))
    cursor = client.cursor
    client._hear(state(3.0, period=60.0, events=[WAVED[0] | {"score": None}]))
    assert client.begun("wave", cursor) == ["anna"] and client.begun("wave", cursor, min_score=0.1) == []
    client.close()


def test_what_is_no_state_is_told_once_and_not_believed(peer):
    client = ActionsClient(peer.node)
    publisher = peer.publisher(String, "actions/state", LATCHED)
    whole = {"schema": SCHEMA, "seq": 1, "events": [], "people": [], "heartbeat": {"stamp": 1.0, "period": 60.0}}
    spoilt = [whole | {name: value} for name in ("seq", "events", "people", "heartbeat") for value in ({}, None, [7])]
    held = {"active": [{"label": "sitting", "onset": "now"}]}
    spoilt += [whole | {"events": [{"seq": "1"}]}, whole | {"people": [{"id": [1]}]}, whole | {"stamp": "now"}]
    spoilt += [whole | {"people": [{"id": "1"} | more]} for more in ({"distance": "far"}, {"states": held})]
    for text in ("wave", "[]", "null", "[" * 9999, *map(json.dumps, spoilt)):
        publisher.publish(String(data=text))
        peer.spin(0.05)
    assert not client.alive and client.state is None
    client.close()


def test_a_killed_node_does_nothing_any_more(peer):
    client = ActionsClient(peer.node)
    lives: list[int] = []
    asking = QoSProfile(
        depth=1,
        durability=LATCHED.durability,
        liveliness_lease_duration=Duration(seconds=2),
        deadline=Duration(seconds=2),
    )
    missed: list[int] = []
    active: list[Bool] = []
    peer.node.create_subscription(
        Bool,
        "watch/hand_up/active",
        active.append,
        asking,
        event_callbacks=SubscriptionEventCallbacks(
            liveliness=lambda event: lives.append(event.alive_count),
            deadline=lambda event: missed.append(event.total_count),
        ),
    )
    with Child("perception", [str(HELPERS / "hand_up_node.py"), *ARGUMENTS]) as child:
        peer.wait(lambda: child.check() or client.alive, "heartbeats")
        assert client.people() == [] and client.doing("hand_up") == []
        skeletons = peer.publisher(PointCloud2, "skeletons")
        for frame in frames(duration=4.6, start=peer.now() - 4.6):
            skeletons.publish(point_cloud(frame, header(frame.stamp)))
            peer.spin(0.005)
        peer.wait(lambda: child.check() or client.doing("hand_up"), "raised hand")
        (person,) = client.doing("hand_up")
        assert (person["id"], client.people()) == ("7", [person])
        assert client.doing("none") == []
        assert client.being("standing") == [person] and client.being("lying") == []
        peer.wait(lambda: active and active[-1].data and lives and lives[-1] == 1, "watched label")

        os.kill(child.pid, signal.SIGKILL)
        peer.wait(lambda: not client.alive, "death", timeout=5.0)
        assert client.state is None and client.people() == [] and client.doing("hand_up") == []
        assert active[-1].data, "what was heard once stays: that is why there is a heartbeat"
        peer.wait(lambda: lives[-1] == 0, "liveliness that is lost")
        peer.wait(lambda: missed, "deadline that is missed")

        late = ActionsClient(peer.node)
        peer.spin(1.5)
        assert not late.alive
    with Child("perception", [str(HELPERS / "hand_up_node.py"), *ARGUMENTS]) as child:
        peer.wait(lambda: child.check() or (client.alive and late.alive), "the next node")
        assert client.people() == []
