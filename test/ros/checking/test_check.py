"""``usdrl-check`` on a running graph: without the perception node, and beside it."""

import itertools
import json
import time
from contextlib import nullcontext

import numpy as np
import pytest
from helpers.paths import HELPERS

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import PoseArray  # noqa: E402
from helpers.acting import script  # noqa: E402
from helpers.plug_ins import register  # noqa: E402
from helpers.repeating import Repeating  # noqa: E402
from helpers.ros_peer import header  # noqa: E402
from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from usdrl_model.simulation.simulate import PerformanceConfig, simulate  # noqa: E402
from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame  # noqa: E402
from usdrl_ros.checking import check as command  # noqa: E402
from usdrl_ros.checking.check import main  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud, poses  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

HALF = """
from dataclasses import replace
from usdrl_model.skeleton.person import Person
from usdrl_ros.inputs.adapter import Adapter
from usdrl_ros.inputs.options import Option
from usdrl_ros.inputs import pose_array

def decode(message, context):
    read = pose_array.decode(message, context)
    people = [replace(one, joints=context.options["scale"] * one.joints) for one in read.frame.people]
    return context.frame(people, message.header)

OPTIONS = (Option(name="scale", default=0.1, text="Factor."),)
ADAPTER = Adapter(message="geometry_msgs/msg/PoseArray", version=1, decode=decode, options=OPTIONS)
"""
SHORT = ["--seconds", "2", "--wait", "5", "--json"]


class Tracker(Repeating):
    """Publishes people who stand."""

    def __init__(
        self, peer, topic, *, kind=PointCloud2, build=point_cloud, scale=1.0, people=2, joint_set="kinect_v2_25"
    ):
        acts = script(("idle", 3.0), ("wave", 3.0))
        config = PerformanceConfig(scripts=(acts,) * people, topology=joint_set, rate=15.0)
        self._people = itertools.cycle([frame.people for frame in simulate(config, seed=2).frames])
        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._publisher = peer.node.create_publisher(kind, topic, qos)
        self._peer, self._build, self._scale = peer, build, scale
        super().__init__(self._publish)

    def _publish(self):
        people = next(self._people)
        now = self._peer.now()
        sent = tuple(Person(p.id, self._scale * np.asarray(p.joints) @ AXES["optical"]) for p in people)
        self._publisher.publish(self._build(SkeletonFrame(now, sent), header(now)))


def check(capsys, *arguments):
    status = main([*SHORT, *arguments])
    return status, json.loads(capsys.readouterr().out)


def test_a_source_that_needs_nothing(peer, capsys):
    with Tracker(peer, "skeletons"):
        status, found = check(capsys)
    assert (status, found["fine"], found["set"]) == (0, True, {}), found
    assert found["publishers"] == ["peer"] and found["perception"] == ""
    assert found["frames"] == ["camera"] and found["rate"] == pytest.approx(15.0, abs=4.0)
    assert sorted(one["id"] for one in found["people"]) == ["1", "2"]


def test_a_topic_that_is_named_waits_for_no_node(peer, capsys):
    before = time.monotonic()
    with Tracker(peer, "skeletons"):
        status, found = check(capsys, "/skeletons", "--wait", "10")
    assert (status, found["set"]) == (0, {}), found
    assert time.monotonic() - before < 10.0


def test_a_topic_a_type_and_a_unit_are_found(peer, capsys):
    with Tracker(peer, "/azure/bodies", kind=PoseArray, build=poses, scale=1000.0, people=1):
        status, found = check(capsys, "--wait", "1")
    assert status == 1
    assert found["set"] == {"topic": "/azure/bodies", "input_type": "pose_array", "units": "mm"}
    assert found["findings"] == []


def test_parameters_of_the_adapter_count(peer, capsys, tmp_path, monkeypatch):
    with register(tmp_path, monkeypatch, "half", HALF), Tracker(peer, "/half", kind=PoseArray, build=poses, people=1):
        half = ["/half", "--ros-args", "-p", "input_type:=half"]
        status, found = check(capsys, *half, "-p", "input.scale:=1.0")
        assert (status, found["set"]) == (0, {}), found
        status, found = check(capsys, *half)
        assert status == 1 and [one["key"] for one in found["findings"]] == ["units"], found
        assert main([*SHORT, *half, "-p", "input.scal:=1.0"]) == 1
        assert "input.scal: this input has no such parameter" in capsys.readouterr().err


def test_nobody_publishes_anything(peer, capsys):
    status = main(["--wait", "0.2"])
    text = capsys.readouterr().out
    assert status == 1
    assert "nobody publishes /skeletons" in text and "Nothing was heard." in text


def test_beside_a_perception_node_its_parameters_and_topic_are_taken(peer, capsys):
    relay = peer.node.create_publisher(String, "/wifi/actions/state", 10)  # of its state
    arguments = ["-r", "skeletons:=/head/bodies", "-r", "__node:=eyes", "-p", "units:=cm"]
    reliable = ["-p", "qos_overrides./head/bodies.subscription.reliability:=reliable"]
    with Child("perception", [str(HELPERS / "hand_up_node.py"), "--ros-args", *arguments, *reliable]) as child:
        states = peer.listen_json("actions/state")
        peer.wait(lambda: child.check() or states, "first state")
        with Tracker(peer, "/head/bodies"):
            status, found = check(capsys)
    peer.node.destroy_publisher(relay)
    assert status == 1
    assert (found["perception"], found["topic"]) == ("/eyes", "/head/bodies")
    assert found["set"] == {"units": "m"}, found
    assert "qos" in {finding["key"] for finding in found["findings"]}


def test_a_node_in_a_namespace_that_hears_two_topics_of_one_type(peer, capsys, tmp_path):
    body = tmp_path / "body.yaml"
    body.write_text("topic: joints\n", encoding="utf-8")
    arguments = ["-r", "__ns:=/robot", "-p", f"robot_skeleton:={body}"]
    with Child("perception", [str(HELPERS / "hand_up_node.py"), "--ros-args", *arguments]) as child:
        states = peer.listen_json("/robot/actions/state")
        peer.wait(lambda: child.check() or states, "first state")
        with Tracker(peer, "/robot/skeletons"):
            _, found = check(capsys, "--node", "usdrl_perception")
    assert (found["perception"], found["topic"]) == ("/robot/usdrl_perception", "/robot/skeletons")
    assert found["set"] == {}, found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--node", "eyes"], "no node eyes runs"),
        (["--ros-args", "-p", "topolgy:=coco_17"], "did you mean 'topology'"),
        (["--ros-args", "-p", "axes:=up"], "optical, body, kinect"),
        (["--ros-args", "-p"], "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_one_line(peer, capsys, arguments, words):
    assert main(["--wait", "0.1", *arguments]) == 1
    said = capsys.readouterr().err.strip().splitlines()
    assert words in said[-1] and said[-1].startswith("usdrl-check: ") and len(said) == 1, said


def test_wrong_numbers_are_usage(capsys):
    with pytest.raises(SystemExit) as error:
        main(["--seconds", "nan"])
    assert error.value.code == 2


def test_a_publisher_that_is_silent(peer, capsys):
    publisher = peer.node.create_publisher(PointCloud2, "skeletons", 10)
    before = time.monotonic()
    status = main(["--wait", "0.5"])
    assert status == 1 and "no message on /skeletons" in capsys.readouterr().out
    assert time.monotonic() - before < 15.0
    peer.node.destroy_publisher(publisher)


def test_a_camera_node_without_pictures_says_why(peer, capsys):
    """It publishes nothing then, and knows better than who listens to it."""
    publisher = peer.node.create_publisher(PointCloud2, "skeletons", 10)
    diagnostics = peer.node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    why = "no picture on /image_raw for 9 s: large messages are lost over best effort"
    told = [
        DiagnosticStatus(name=f"/{name}: pictures", level=DiagnosticStatus.WARN, message=f"{name}: {why}")
        for name in ("peer", "stranger")
    ]
    with Repeating(lambda: diagnostics.publish(DiagnosticArray(status=told))):
        status, found = check(capsys, "/skeletons", "--wait", "2")
    assert status == 1
    assert [one["key"] for one in found["findings"]] == ["silent", "pictures"], found
    assert f"/peer: peer: {why}" == found["findings"][1]["text"]
    for one in (publisher, diagnostics):
        peer.node.destroy_publisher(one)


class Listener:
    """In place of the listener to tf, which no wheel has."""

    buffer = None

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def out_of_order(*_):
    raise ValueError("out of order")


@pytest.mark.parametrize("sends", [False, True])
def test_the_listener_to_tf_is_closed_whatever_comes(peer, capsys, monkeypatch, sends):
    listener = Listener()
    kept = []
    monkeypatch.setattr(command, "tf_listener", lambda node, failed, seconds: kept.append(seconds) or listener)
    monkeypatch.setattr(command, "advise", out_of_order)
    source = Tracker(peer, "skeletons")
    with source if sends else nullcontext():
        assert main(["--seconds", "0.5", "--wait", "2", "--ros-args", "-p", "target_frame:=odom"]) == 1
    said = capsys.readouterr()
    assert ("out of order" in said.err) if sends else ("no message on /skeletons" in said.out)
    assert listener.closed and kept == [0.5 + 2.0 + 10.0], "all that is heard is judged when the time is over"
