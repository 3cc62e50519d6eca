"""Bags: what is written is read back, and what cannot be read is named."""

import os
from pathlib import Path

import numpy as np
import pytest
from helpers.small_recording import STAMPS, recording
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import String

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology
from usdrl_ros.bags import write
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.new_bag import PLUGINS, BagWriter, appearing
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.inputs import point_cloud
from usdrl_ros.inputs.adapter import Context
from usdrl_ros.inputs.coordinate_frames import Frames
from usdrl_ros.messages.point_cloud import dtype_from_fields, points_as
from usdrl_ros.messages.types import headers, message_class, stamp_ns

CLOUD = "sensor_msgs/msg/PointCloud2"
MARKERS = "visualization_msgs/msg/MarkerArray"
POSES = "geometry_msgs/msg/PoseArray"


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("message_type", [CLOUD, MARKERS])
def test_a_recording_comes_back_from_its_bag(tmp_path: Path, storage: str, message_type: str) -> None:
    source = recording()
    write.write_recording(
        source, tmp_path / "take", storage=storage, topic="/people", message_type=message_type, frame_id="eye"
    )
    with BagReader(tmp_path / "take") as bag:
        found = list(bag.messages())
        assert [(topic.name, topic.type, topic.count) for topic in bag.topics] == [("/people", message_type, 4)]
        assert bag.start_ns == 5_000_000_000 and bag.duration == pytest.approx(2.25)
    assert [message.stamp_ns for message in found] == [round(stamp * 1e9) for stamp in STAMPS]
    for frame, raw in zip(source.frames, found, strict=True):
        message = deserialize_message(raw.data, message_class(raw.type))
        assert {(stamp_ns(header), header.frame_id) for header in headers(message)} == {
            (round(frame.stamp * 1e9), "eye")
        }
        wanted = np.concatenate([person.joints for person in frame.people])
        if message_type == CLOUD:
            points = points_as(message, dtype_from_fields(message.fields))
            assert points["track_id"].tolist() == [3] * 20 + [4] * 20
            assert points["joint"].tolist() == [*range(20), *range(20)]
            confidence = np.concatenate([person.confidence for person in frame.people])
            np.testing.assert_allclose(points["confidence"], confidence, rtol=1e-6)
            joints = np.stack([points[axis] for axis in "xyz"], axis=1)
        else:
            assert [marker.id for marker in message.markers] == [*range(300, 320), *range(400, 420)]
            places = [marker.pose.position for marker in message.markers]
            joints = np.array([[place.x, place.y, place.z] for place in places])
        np.testing.assert_allclose(joints, wanted, rtol=1e-6)


def test_pose_array_holds_one_person(tmp_path: Path) -> None:
    source = recording(people=1)
    write.write_recording(source, tmp_path / "take", message_type=POSES)
    with BagReader(tmp_path / "take") as bag:
        message = deserialize_message(next(bag.messages()).data, message_class(POSES))
    joints = [[pose.position.x, pose.position.y, pose.position.z] for pose in message.poses]
    np.testing.assert_allclose(joints, source.frames[0].people[0].joints)
    with pytest.raises(ValueError, match="one person"):
        write.write_recording(recording(people=2), tmp_path / "two", message_type=POSES)


@pytest.mark.parametrize(("axes", "point"), [("kinect", [1, 2, 3]), ("optical", [-1, -2, 3]), ("body", [3, 1, 2])])
def test_axes_of_a_bag(tmp_path: Path, axes: str, point: list[float]) -> None:
    person = Person(id="1", joints=np.array([1.0, 2.0, 3.0]) + (np.arange(17.0)[:, None] - 5.0) / 32.0)
    source = Recording(name="one", topology="coco_17", frames=(SkeletonFrame(stamp=1.0, people=(person,)),))
    write.write_recording(source, tmp_path / "one", axes=axes)
    with BagReader(tmp_path / "one") as bag:
        raw = next(bag.messages())
    found = point_cloud.decode(
        deserialize_message(raw.data, message_class(raw.type)), Context(topology=topology("coco_17"))
    )
    assert found is not None and found.frame.people[0].joints[5].tolist() == point
    np.testing.assert_array_equal(Frames(axes).to_canonical(found).people[0].joints, person.joints)
    assert load_truth(tmp_path / "one").axes == axes


def test_frames_without_people_are_messages_too(tmp_path: Path) -> None:
    empty = Recording(name="nobody", topology="coco_17", frames=(SkeletonFrame(stamp=1.0),))
    write.write_recording(empty, tmp_path / "nobody")
    with BagReader(tmp_path / "nobody") as bag:
        message = deserialize_message(next(bag.messages()).data, message_class(CLOUD))
    assert message.width * message.height == 0 and message.header.stamp.sec == 1


def test_reading_only_some_topics(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "two", "mcap") as bag:
        bag.add_topic("/a", "std_msgs/msg/String", latched=True)
        bag.add_topic("/b", "std_msgs/msg/String")
        bag.add_topic("/silent", "std_msgs/msg/String")
        for index in range(4):
            bag.write("/b" if index % 2 else "/a", 10 + index, b"\x00\x01\x00\x00\x01\x00\x00\x00\x00")
    with BagReader(tmp_path / "two") as reader:
        assert [message.stamp_ns for message in reader.messages(["/b"])] == [11, 13]
        assert list(reader.messages(["/silent"])) == []
        assert [topic.latched for topic in reader.topics] == [True, False, False]
        with pytest.raises(BagError, match="no topic /c; it has /a, /b, /silent"):
            list(reader.messages(["/c"]))


@pytest.mark.parametrize(
    ("storage", "left"), [("mcap", 0.0), ("mcap", 0.001), *(("sqlite3", left) for left in (0.0, 0.001, 0.3, 0.5, 0.9))]
)
def test_truncated_files_are_reported(tmp_path: Path, storage: str, left: float) -> None:
    path = tmp_path / "take"
    write.write_recording(recording(), path, storage=storage)
    (stored,) = (entry for entry in path.iterdir() if entry.suffix in (".mcap", ".db3"))
    os.truncate(stored, int(stored.stat().st_size * left))
    with pytest.raises(BagError, match="take"), BagReader(path) as bag:
        list(bag.messages())


@pytest.mark.parametrize(
    ("storage", "mode"),
    [
        *((storage, mode) for storage in STORAGES for mode in (CompressionMode.FILE, CompressionMode.MESSAGE)),
        ("mcap", CompressionMode.STORAGE),
    ],
)
def test_compressed_bags_are_read(tmp_path: Path, storage: str, mode: CompressionMode) -> None:
    writer = Writer(tmp_path / "bag", version=9, storage_plugin=PLUGINS[storage])
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        types = get_typestore(Stores.ROS2_JAZZY)
        connection = writer.add_connection("/a", "std_msgs/msg/String", typestore=types)
        writer.write(connection, 5, serialize_message(String(data="wave")))
    with BagReader(tmp_path / "bag") as bag:
        (message,) = bag.messages()
    assert deserialize_message(message.data, String).data == "wave"


def test_what_is_no_bag_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="no such bag"):
        BagReader(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BagError, match=r"no metadata\.yaml"):
        BagReader(tmp_path / "empty")
    (tmp_path / "empty" / "metadata.yaml").write_text("[1, 2", encoding="utf-8")
    with pytest.raises(BagError, match="cannot be opened"):
        BagReader(tmp_path / "empty")
    with pytest.raises(BagError, match="exists already"):
        BagWriter(tmp_path / "empty")
    with pytest.raises(BagError, match="expected one of mcap, sqlite3"):
        BagWriter(tmp_path / "new", "zip")
    with pytest.raises(BagError, match="common interfaces"), BagWriter(tmp_path / "new") as bag:
        bag.add_topic("/a", "vendor_msgs/msg/Bodies")


@pytest.mark.parametrize("storage", STORAGES)
def test_what_was_recorded_until_somebody_stops_it_is_a_bag(tmp_path: Path, storage: str) -> None:
    with pytest.raises(KeyboardInterrupt), BagWriter(tmp_path / "bag", storage) as bag:
        bag.add_topic("/a", "std_msgs/msg/String")
        bag.write("/a", 5, serialize_message(String(data="wave")))
        raise KeyboardInterrupt
    assert (tmp_path / "bag" / "metadata.yaml").is_file()
    with BagReader(tmp_path / "bag") as reader:
        assert [message.stamp_ns for message in reader.messages()] == [5]


def test_a_recording_becomes_a_whole_bag_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(write, "save_truth", stopped)
        with pytest.raises(KeyboardInterrupt):
            write.write_recording(recording(), tmp_path / "bags" / "take")
    assert list((tmp_path / "bags").iterdir()) == []
    with pytest.raises(BagError, match="bags/take could not be written"), appearing(tmp_path / "bags" / "take") as part:
        raise BagError(f"{part} could not be written")
    write.write_recording(recording(), tmp_path / "bags" / "take")
    assert [path.name for path in (tmp_path / "bags").iterdir()] == ["take"]
