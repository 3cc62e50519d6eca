"""``usdrl-bag ros1``: a bag of ROS 1 with skeletons becomes one that every other command reads."""

from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore

from usdrl_model.simulation.performance import performance
from usdrl_ros.bags import evaluate
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import Truth
from usdrl_ros.bags.replay import load_bag

TOPIC = "/body_tracking_data"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of one person as a PoseArray of ROS 1, whose header has a field that ROS 2 dropped."""
    file = tmp_path_factory.mktemp("ros1") / "old.bag"
    store = get_typestore(Stores.ROS1_NOETIC)
    kinds = store.types
    recording = performance(people=1, seconds=2.0, rate=10.0, faults="none")
    with Writer(file) as writer:
        poses = writer.add_connection(TOPIC, "geometry_msgs/msg/PoseArray", typestore=store)
        for number, frame in enumerate(recording.frames[:20]):
            nanoseconds = round(frame.stamp * 1e9)
            time = kinds["builtin_interfaces/msg/Time"](*divmod(nanoseconds, 10**9))
            here = kinds["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
            message = kinds["geometry_msgs/msg/PoseArray"](
                kinds["std_msgs/msg/Header"](number, time, "kinect"),
                [
                    kinds["geometry_msgs/msg/Pose"](kinds["geometry_msgs/msg/Point"](*map(float, joint)), here)
                    for joint in frame.people[0].joints
                ],
            )
            writer.write(poses, nanoseconds, store.serialize_ros1(message, "geometry_msgs/msg/PoseArray"))
    return file


def test_people_are_the_same_afterwards(old: Path, tmp_path: Path) -> None:
    assert main(["ros1", str(old), str(tmp_path / "new")]) == 0
    truth = Truth(topic=TOPIC, topology="kinect_v2_25", axes="kinect", labels=(), segments=())
    bag = load_bag(tmp_path / "new", truth)
    recording = performance(people=1, seconds=2.0, rate=10.0, faults="none")
    assert len(bag.frames) == 20
    for found, true in zip(bag.frames, recording.frames, strict=False):
        assert found.stamp == pytest.approx(true.stamp, abs=1e-6)
        np.testing.assert_allclose(found.people[0].joints, true.people[0].joints, atol=1e-6)


def test_a_name_in_upper_case(old: Path, tmp_path: Path) -> None:
    copy = tmp_path / "OLD.BAG"
    copy.write_bytes(old.read_bytes())
    assert main(["ros1", str(copy), str(tmp_path / "new")]) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file, new: ["nothing.bag", str(new)], "expected a .bag file of ROS 1"),
        (lambda file, new: [str(file), str(file.parent)], "exists already"),
        (lambda file, new: [str(file), str(new), "--topics", "/nothing"], f"no messages of /nothing; it has {TOPIC}"),
        (
            lambda file, new: [str(file), str(new), "--topics", TOPIC, "/depth"],
            f"no messages of /depth; it has {TOPIC}",
        ),
        (lambda file, new: [str(_broken(file)), str(new)], "`rosbag reindex` of ROS 1 mends"),
        (lambda file, new: [str(_other(file)), str(new)], "no bag of ROS 1: expected it to begin with #ROSBAG V2.0"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_one_line(old: Path, tmp_path: Path, capsys, change, said) -> None:
    assert main(["ros1", *change(old, tmp_path / "new")]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def _broken(file: Path) -> Path:
    broken = file.with_name("broken.bag")
    broken.write_bytes(file.read_bytes()[:2000])
    return broken


def _other(file: Path) -> Path:
    other = file.with_name("other.bag")
    other.write_bytes(b"\x87\xbe\x81" * 100)
    return other


@pytest.mark.parametrize("command", [["info"], ["predict", "--topology", "kinect_v2_25"], ["label", "labels.csv"]])
def test_other_commands_say_how_it_becomes_one_of_ros_2(old: Path, capsys, command) -> None:
    verb, *options = command
    assert main([verb, str(old), *options]) == 1
    error = capsys.readouterr().err
    assert f"a bag of ROS 1: make one of ROS 2 with usdrl-bag ros1 {old} FOLDER" in error and error.count("\n") == 1


def test_it_is_not_scored_as_it_is(old: Path, capsys) -> None:
    assert evaluate.main([str(old)]) == 1
    assert "a bag of ROS 1: make one" in capsys.readouterr().err
