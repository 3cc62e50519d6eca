"""The player in its own process, heard over DDS."""

import dataclasses
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth, save_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.messages.types import headers, stamp_ns

PATIENCE = 30.0
STEP_NS = 50_000_000
FIRST_NS = 2_000_000_000
COUNT = 20


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    rclpy.init()
    listener = rclpy.create_node("listener")
    yield listener
    listener.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of markers at 20 Hz, and one latched string at its start."""
    path = tmp_path_factory.mktemp("bags") / "bag"
    with BagWriter(path) as writer:
        writer.add_topic("/people", "visualization_msgs/msg/MarkerArray")
        writer.add_topic("/note", "std_msgs/msg/String", latched=True)
        writer.write("/note", FIRST_NS, serialize_message(String(data="grüße")))
        for index in range(COUNT):
            now = FIRST_NS + index * STEP_NS
            header = Header(frame_id="eye")
            header.stamp.sec, header.stamp.nanosec = divmod(now, 1_000_000_000)
            writer.write("/people", now, serialize_message(MarkerArray(markers=[Marker(header=header)] * 2)))
    return path


class Heard:
    """What arrived on a topic, and when."""

    def __init__(self, node: Node, kind: type, topic: str, qos: QoSProfile | int = 1000) -> None:
        self.node = node
        self.messages: list = []
        self.times: list[float] = []
        self.subscription = node.create_subscription(kind, topic, self._note, qos)

    def _note(self, message: object) -> None:
        self.messages.append(message)
        self.times.append(time.monotonic())

    def until(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not enough() and time.monotonic() < deadline:
            rclpy.spin_once(self.node, timeout_sec=0.05)

    def stamps(self) -> list[int]:
        return [stamp_ns(next(headers(message))) for message in self.messages]

    def close(self) -> None:
        self.node.destroy_subscription(self.subscription)


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "usdrl_ros.bags.play", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(player: subprocess.Popen[str]) -> str:
    out, err = player.communicate(timeout=PATIENCE)
    assert player.returncode == 0, err
    return out


def test_every_message_once_in_order_with_its_own_stamp(node: Node, bag: Path) -> None:
    heard = Heard(node, MarkerArray, "camera/people")
    player = start(
        bag, "--topics", "/people", "--wait", PATIENCE, "--rate", 0.5, "--ros-args", "-r", "/people:=/camera/people"
    )
    heard.until(lambda: player.poll() is not None)
    assert f"published {COUNT} messages" in finish(player)
    assert heard.stamps() == [FIRST_NS + index * STEP_NS for index in range(COUNT)]
    assert len(heard.messages[0].markers) == 2 and heard.messages[0].markers[1].header.frame_id == "eye"
    # 0.95 s of the bag at half speed; a busy machine may make it longer.
    assert 1.6 < heard.times[-1] - heard.times[0] < 10.0
    heard.close()


def test_a_late_subscriber_hears_latched_topics_and_the_clock_runs(node: Node, bag: Path) -> None:
    people = Heard(node, MarkerArray, "people")
    clock = Heard(node, Clock, "clock")
    player = start(bag, "--loop", "--clock", 50, "--start", 0.5)
    people.until(lambda: len(people.messages) > 15)
    clock.until(lambda: len(clock.messages) > 2)
    late = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    player.send_signal(signal.SIGINT)
    began = time.monotonic()
    player.wait(timeout=PATIENCE)
    assert time.monotonic() - began < 5.0
    finish(player)
    stamps = people.stamps()
    assert min(stamps) == FIRST_NS + 500_000_000
    assert any(after < before for before, after in zip(stamps, stamps[1:], strict=False)), "the loop jumps back"
    ticks = [tick.clock.sec * 10**9 + tick.clock.nanosec for tick in clock.messages]
    steps = [after - before for before, after in zip(ticks, ticks[1:], strict=False)]
    assert min(ticks) >= FIRST_NS + 500_000_000 and max(ticks) < FIRST_NS + 10**9
    assert sorted(steps)[len(steps) // 2] == 20_000_000
    people.close()
    clock.close()

    note = Heard(node, String, "note", late)
    player = start(bag, "--rate", 0.05)
    note.until(lambda: bool(note.messages))
    player.send_signal(signal.SIGTERM)
    began = time.monotonic()
    player.wait(timeout=PATIENCE)
    assert time.monotonic() - began < 5.0
    finish(player)
    assert note.messages[0].data == "grüße"
    note.close()


def test_restamp_moves_stamps_to_the_present(node: Node, bag: Path) -> None:
    heard = Heard(node, MarkerArray, "people")
    begun = time.time_ns()
    player = start(bag, "--topics", "/people", "--wait", PATIENCE, "--rate", 4, "--restamp")
    heard.until(lambda: player.poll() is not None)
    finish(player)
    stamps = heard.stamps()
    assert len(stamps) == COUNT and stamps == sorted(stamps)
    assert begun < stamps[0] and stamps[-1] < time.time_ns()
    assert all(len({stamp_ns(header) for header in headers(message)}) == 1 for message in heard.messages)
    heard.close()


def test_restamped_pictures_keep_their_distance_and_the_clock_is_theirs(node: Node, tmp_path: Path) -> None:
    """Of every picture there are two messages, recorded 4 and 9 ms after it."""
    with BagWriter(tmp_path / "bag") as writer:
        for topic in ("/left", "/right"):
            writer.add_topic(topic, "visualization_msgs/msg/MarkerArray")
        for index in range(COUNT):
            header = Header()
            header.stamp.sec, header.stamp.nanosec = divmod(FIRST_NS + index * STEP_NS, 1_000_000_000)
            data = serialize_message(MarkerArray(markers=[Marker(header=header), Marker()]))
            for topic, late in (("/left", 4_000_000), ("/right", 9_000_000)):
                writer.write(topic, FIRST_NS + index * STEP_NS + late, data)
    left, right, clock = (
        Heard(node, kind, topic) for kind, topic in ((MarkerArray, "left"), (MarkerArray, "right"), (Clock, "clock"))
    )
    begun = time.time_ns()
    player = start(tmp_path / "bag", "--wait", PATIENCE, "--restamp", "--clock", 50)
    left.until(lambda: player.poll() is not None)
    finish(player)
    shifts = {
        stamp - FIRST_NS - index * STEP_NS for heard in (left, right) for index, stamp in enumerate(heard.stamps())
    }
    assert len(left.messages) == len(right.messages) == COUNT and len(shifts) == 1
    assert {stamp_ns(message.markers[1].header) for message in left.messages} == {0}, "0 says that there is no time"
    ticks = [tick.clock.sec * 10**9 + tick.clock.nanosec for tick in clock.messages]
    assert len(ticks) > 10 and begun < min(ticks) and max(ticks) < time.time_ns()
    for heard in (left, right, clock):
        heard.close()


def test_what_was_latched_before_the_start_is_played(node: Node, tmp_path: Path) -> None:
    begin = FIRST_NS + 100 * 10**9
    with BagWriter(tmp_path / "bag") as writer:
        for topic, latched in (("/note", True), ("/said", False)):
            writer.add_topic(topic, "std_msgs/msg/String", latched=latched)
            writer.write(topic, FIRST_NS, serialize_message(String(data="before")))
        writer.write("/said", begin, serialize_message(String(data="after")))
    note, said = Heard(node, String, "note"), Heard(node, String, "said")
    player = start(tmp_path / "bag", "--wait", PATIENCE, "--start", 100)
    note.until(lambda: player.poll() is not None)
    out, err = player.communicate(timeout=PATIENCE)
    assert [[message.data for message in heard.messages] for heard in (note, said)] == [["before"], ["after"]]
    assert "published 2 messages" in out and err == "", "no gap: what is skipped is not played"
    note.close()
    said.close()


def test_input_that_cannot_be_played(bag: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    with Writer(foreign, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/bodies", "vendor_msgs/msg/Bodies", msgdef="int32 x", rihs01="RIHS01_0")
        writer.write(connection, 1, b"\x00\x01\x00\x00\x01\x00\x00\x00")
    with BagWriter(tmp_path / "spaced") as writer:
        writer.add_topic("/a b", "std_msgs/msg/String")
        writer.write("/a b", FIRST_NS, serialize_message(String()))
    (tmp_path / "empty").mkdir()
    cases: list[tuple[tuple[object, ...], int, str]] = [
        ((tmp_path / "missing",), 1, "no such bag"),
        ((tmp_path / "empty",), 1, "no metadata.yaml"),
        ((foreign,), 1, "install its package vendor_msgs"),
        ((tmp_path / "spaced",), 1, "topic '/a b': Invalid topic name: "),
        ((bag, "--topics", "/bodies"), 1, "no topic /bodies"),
        ((bag, "--start", 100), 1, "cannot start at 100"),
        ((bag, "--rate", 0), 1, "rate: expected a positive number"),
        (
            (bag, "--wait", 0.2, "--ros-args", "-r", "/people:=/nobody"),
            1,
            "/note, /nobody has too few subscribers after",
        ),
    ]
    players = [(start(*arguments), code, text) for arguments, code, text in cases]
    for player, code, text in players:
        _, err = player.communicate(timeout=PATIENCE)
        assert (player.returncode, text in err) == (code, True), err
        assert "Traceback" not in err


def test_what_a_node_said_is_played_only_where_it_is_named(tmp_path: Path) -> None:
    said = ["/front/actions/state", "/front/humans/bodies/p1/gesture", "/front/intents", "/front/watch/wave/active"]
    others = [
        "/note",
        "/robot/actions/state_of_arm",
        "/front/actions/goal",
        "/smart/watch/imu",
        "/pointing",
        "/intents",
    ]
    with BagWriter(tmp_path / "session") as writer:
        for topic in [*others, *said]:
            writer.add_topic(topic, "std_msgs/msg/String")
            writer.write(topic, FIRST_NS, serialize_message(String(data="then")))
    with BagWriter(tmp_path / "said") as writer:
        writer.add_topic("/actions/state", "std_msgs/msg/String")
    out = finish(start(tmp_path / "session"))
    assert f"left out what a perception node said, unless --topics names it: {', '.join(said)}\n" in out
    assert f"published {len(others)} messages" in out
    out = finish(start(tmp_path / "session", "--topics", "/note", *said))
    assert "left out" not in out and "published 5 messages" in out
    _, err = start(tmp_path / "said").communicate(timeout=PATIENCE)
    assert "has no topics to play but 1 of a perception node: name them with --topics" in err
    with BagWriter(tmp_path / "nothing"):
        pass
    _, err = start(tmp_path / "nothing").communicate(timeout=PATIENCE)
    assert "nothing: has no topics to play\n" in err


def test_arguments_that_ros_cannot_read_are_told_in_a_line(bag: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "usdrl_ros.bags.play", str(bag), "--ros-args", "-p"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("usdrl-play: arguments after --ros-args") and done.stderr.count("\n") == 1


def test_the_settings_of_the_node_are_told_where_labels_have_them(tmp_path: Path) -> None:
    path = str(tmp_path / "acted")
    kind = ["--type", "visualization_msgs/msg/MarkerArray"]
    assert main(["performer", path, "--people", "1", "--duration", "5", "--rate", "5", *kind]) == 0
    save_truth(dataclasses.replace(load_truth(path), mirrored=True), path)
    done = subprocess.run(
        [sys.executable, "-m", "usdrl_ros.bags.play", path, "--rate", "100"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    settings = "-p topic:=/skeletons -p topology:=kinect_v2_25 -p axes:=kinect -p mirrored:=true"
    assert f"usdrl-perception --ros-args -p input_type:=marker_array {settings}\n" in done.stdout
