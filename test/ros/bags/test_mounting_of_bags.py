"""A bag of a camera that looks down is read as the node would read it: by ``sensor_pose``, or by the IMU on it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Imu
from transforms3d.euler import euler2mat, euler2quat

from usdrl_model.data.store import Store
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth, save_truth
from usdrl_ros.bags.live_replay import alike, perception_arguments
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.inputs.skeleton_messages import header, in_axes, point_cloud

PITCH = np.radians(35.0)
POSE = (0.0, 0.0, 0.0, 0.0, float(PITCH), 0.0)


def write(path: Path, recording: Recording, pitch: float, imu: bool = False) -> None:
    """A bag of a camera that looks ``pitch`` rad down, in body axes; with an IMU, if it has one."""
    turn = euler2mat(0.0, pitch, 0.0)
    with BagWriter(path) as bag:
        bag.add_topic("/skeletons", "sensor_msgs/msg/PointCloud2")
        bag.add_topic("/imu", "sensor_msgs/msg/Imu")
        bag.add_topic("/notes", "std_msgs/msg/String")
        for frame in recording.frames:
            head = header(frame.stamp, "camera")
            level = in_axes(frame, "body")
            seen = SkeletonFrame(level.stamp, tuple(replace(one, joints=one.joints @ turn) for one in level.people))
            if imu:
                told = Imu(header=head)
                orientation = told.orientation
                orientation.w, orientation.x, orientation.y, orientation.z = euler2quat(0.0, pitch, 0.0)
                bag.write("/imu", round(frame.stamp * 1e9) - 1000, serialize_message(told))
            bag.write("/skeletons", round(frame.stamp * 1e9), serialize_message(point_cloud(seen, head)))


@pytest.fixture
def level(tmp_path: Path) -> Path:
    """A bag of a camera that does not look down, with its labels."""
    assert main(["performer", str(tmp_path / "level"), "--people", "1", "--rate", "10", "--duration", "8",
                 "--axes", "body"]) == 0  # fmt: skip
    return tmp_path / "level"


def tilted(level: Path, imu: bool = False, **said: object) -> Path:
    """The same of one that does; what its labels say of that."""
    bag, path = load_bag(level), level.parent / "tilted"
    source = Recording("take", bag.truth.topology, bag.frames)
    write(path, source, PITCH, imu)
    save_truth(replace(bag.truth, **said), path)
    return path


@pytest.mark.parametrize("how", [{"sensor_pose": POSE}, {"imu_topic": "/imu"}])
def test_people_stand_upright_however_the_camera_is_mounted(level: Path, how: dict) -> None:
    path = tilted(level, imu="imu_topic" in how, **how)
    assert load_truth(path) == replace(load_truth(level), **how)
    wanted, read = load_bag(level), load_bag(path)
    assert len(read.frames) == len(wanted.frames) and not read.refused
    for one, other in zip(wanted.frames, read.frames, strict=True):
        np.testing.assert_allclose(other.people[0].joints, one.people[0].joints, atol=1e-3)


def test_a_topic_that_is_not_cdr_is_no_concern_of_the_others(level: Path) -> None:
    path = tilted(level, imu=True, imu_topic="/imu")
    (file,) = path.glob("*.mcap")
    file.write_bytes(file.read_bytes().replace(b"/notes\x03\0\0\0cdr", b"/notes\x03\0\0\0jsn"))
    with BagReader(path) as bag:
        assert [one.encoding for one in bag.topics] == ["cdr", "jsn", "cdr"]
    assert len(load_bag(path).frames) == len(load_bag(level).frames)


def test_every_command_reads_the_bag_alike(level: Path, tmp_path: Path, capsys) -> None:
    def predicted(path: Path, *options: str) -> list:
        capsys.readouterr()
        assert main(["predict", str(path), "--json", "--device", "cpu", *options]) == 0
        return json.loads(capsys.readouterr().out)["recordings"][0]["states"]

    path = tilted(level)
    wanted = predicted(level)
    assert predicted(path) != wanted, "nothing says that the camera looks down"
    assert predicted(path, "--sensor-pose", *map(str, POSE)) == wanted
    save_truth(replace(load_truth(path), sensor_pose=POSE), path)
    assert predicted(path) == wanted
    assert main(["store", str(tmp_path / "stores"), str(path), "--name", "mine"]) == 0


def test_the_live_node_is_told(level: Path) -> None:
    bag = load_bag(level)
    mounted = replace(bag, truth=replace(bag.truth, sensor_pose=POSE))
    arguments = perception_arguments(mounted.truth, mounted.input_type, mounted.person_id)
    assert f"sensor_pose:={json.dumps(POSE)}" in arguments
    assert alike([bag, mounted]) == [[bag], [mounted]]
    assert mounted.truth.parameters()["sensor_pose"] == POSE


@pytest.mark.parametrize("axes", ["body", "optical"])
def test_a_store_of_a_bag_and_a_bag_of_that_know_where_the_sensor_was(level: Path, axes: str) -> None:
    stores, bags, place = level.parent / "stores", level.parent / "bags", (0.1, 0.2, 1.2, 0.0, 0.0, 0.0)
    save_truth(replace(load_bag(level).truth, sensor_pose=place), level)
    assert main(["store", str(stores), str(level)]) == 0
    assert main(["from-store", str(stores), "--out", str(bags), "--axes", axes]) == 0
    expected, again = load_bag(level).frames, load_bag(bags / "level").frames
    stored = Store.open(stores).recording(0).frames
    assert load_truth(bags / "level").sensor_pose == place
    for frames in (stored, again):
        assert {frame.sensor for frame in frames} == {frame.sensor for frame in expected} == {(0.2, 1.2, 0.1)}
        for one, other in zip(frames[0].people, expected[0].people, strict=True):
            np.testing.assert_allclose(one.joints, other.joints, atol=1e-5)
