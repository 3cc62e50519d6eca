"""Bags: what is written is read back, and what cannot be read is named."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import String

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, topology
from usdrl_ros.bags import convert, write
from usdrl_ros.bags.labels import Truth, load_truth, save_truth
from usdrl_ros.bags.live_replay import perception_arguments
from usdrl_ros.bags.metadata import STORAGES
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import PLUGINS, BagReader, BagWriter
from usdrl_ros.inputs import INPUTS
from usdrl_ros.inputs.coordinate_frames import Frames
from usdrl_ros.messages.bag_error import BagError
from usdrl_ros.messages.point_cloud import read_points
from usdrl_ros.messages.types import headers, message_class, stamp_ns

CLOUD = "sensor_msgs/msg/PointCloud2"
MARKERS = "visualization_msgs/msg/MarkerArray"
POSES = "geometry_msgs/msg/PoseArray"
STAMPS = (5.0, 5.0 + 1 / 30, 5.0 + 1 / 30, 7.25)  # two share a stamp


def recording(people: int = 2) -> Recording:
    joints = len(topology("kinect_v1_20").joints)
    rng = np.random.default_rng(7)
    frames = []
    for stamp in STAMPS:
        persons = tuple(
            Person(id=str(number + 3), joints=rng.normal(size=(joints, 3)), confidence=rng.uniform(size=joints))
            for number in range(people)
        )
        frames.append(SkeletonFrame(stamp=stamp, people=persons))
    return Recording(
        name="take",
        topology="kinect_v1_20",
        frames=tuple(frames),
        segments=(Segment("3", "wave", 5.0, 5.0 + 1 / 30), Segment("4", "clap", 5.0 + 1 / 3, 7.25)),
        labels=("wave", "clap", "walk"),
    )


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
            points = read_points(message)
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


def test_truth_keeps_the_last_frame_of_a_segment(tmp_path: Path) -> None:
    write.write_recording(recording(), tmp_path / "take")
    truth = load_truth(tmp_path / "take")
    assert (truth.topic, truth.topology, truth.labels) == ("/skeletons", "kinect_v1_20", ("wave", "clap", "walk"))
    with BagReader(tmp_path / "take") as bag:
        stamps = [message.stamp_ns / 1e9 for message in bag.messages()]
    # Stamps lose digits on their way through a header; the truth must lose the same ones.
    assert truth.segments[0].end == stamps[1]


@pytest.mark.parametrize(("axes", "point"), [("kinect", [1, 2, 3]), ("optical", [-1, -2, 3]), ("body", [3, 1, 2])])
def test_axes_of_a_bag(tmp_path: Path, axes: str, point: list[float]) -> None:
    person = Person(id="1", joints=np.tile([1.0, 2.0, 3.0], (17, 1)))
    source = Recording(name="one", topology="coco_17", frames=(SkeletonFrame(stamp=1.0, people=(person,)),))
    write.write_recording(source, tmp_path / "one", axes=axes)
    with BagReader(tmp_path / "one") as bag:
        raw = next(bag.messages())
    found = INPUTS["point_cloud"].decode(
        deserialize_message(raw.data, message_class(raw.type)), topology("coco_17"), ""
    )
    assert found is not None and found.frame.people[0].joints[5].tolist() == point
    np.testing.assert_array_equal(Frames(axes).to_canonical(found).people[0].joints, person.joints)
    assert load_truth(tmp_path / "one").axes == axes


def test_frames_without_people_are_messages_too(tmp_path: Path) -> None:
    empty = Recording(name="nobody", topology="coco_17", frames=(SkeletonFrame(stamp=1.0),))
    write.write_recording(empty, tmp_path / "nobody")
    with BagReader(tmp_path / "nobody") as bag:
        message = deserialize_message(next(bag.messages()).data, message_class(CLOUD))
    assert len(read_points(message)) == 0 and message.header.stamp.sec == 1


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


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": "usdrl.labels/2"}, "schema: expected usdrl.labels/1"),
        ({"topology": "kinect"}, "topology: expected one of"),
        ({"axes": ["body"]}, "axes: expected one of optical, body, kinect"),
        ({"topic": ""}, "topic: expected a name"),
        ({"labels": "wave"}, "labels: expected a list"),
        ({"labels": ["wave", "wave"]}, "labels: every name once"),
        ({"segments": None}, "segments: expected a list"),
        ({"comment": "?"}, "unknown field comment"),
        ({"units": "inch"}, "units: expected one of m, cm, mm, got 'inch'"),
        ({"mirrored": "yes"}, "mirrored: expected true or false"),
        ({"topology": "mine"}, "topology: expected one of .*, the path of a .yaml file, got 'mine'"),
        ({"segments": [{"person": "1", "label": "wave", "start": 1.0}]}, r"segments\[0\]: expected the fields"),
        ({"segments": [{"person": "1", "label": "jump", "start": 1.0, "end": 2.0}]}, "label: expected one of wave"),
        ({"segments": [{"person": "1", "label": "wave", "start": 3.0, "end": 2.0}]}, "before it starts"),
        ({"segments": [{"person": "1", "label": "wave", "start": "1", "end": 2.0}]}, "start: expected seconds"),
        ({"segments": [{"person": "1", "label": "wave", "start": 1.0, "end": float("nan")}]}, "end: expected seconds"),
    ],
)
def test_wrong_labels_name_the_field(tmp_path: Path, change: dict, complaint: str) -> None:
    truth = Truth(
        topic="/a", topology="coco_17", axes="body", labels=("wave",), segments=(Segment("1", "wave", 1.0, 2.0),)
    )
    path = save_truth(truth, tmp_path)
    assert load_truth(tmp_path) == truth
    path.write_text(yaml.safe_dump(truth.document() | change), encoding="utf-8")
    with pytest.raises(BagError, match=complaint):
        load_truth(tmp_path)


def test_a_bag_of_another_unit_mirrored_with_joints_of_its_own(tmp_path: Path) -> None:
    """What its labels say of a bag is undone in reading it: the frames are those of the plain bag."""
    source = recording(people=1)
    write.write_recording(source, tmp_path / "plain")
    joint_set = topology("kinect_v1_20")
    order, backwards = joint_set.order(mirrored=True), [f"my_{joint}" for joint in reversed(joint_set.joints)]
    table = {
        canonical: {f"my_{joint_set.joints[column]}": float(weights[column]) for column in np.flatnonzero(weights)}
        for canonical, weights in zip(CANONICAL_JOINTS, joint_set.matrix, strict=True)
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"joints": backwards, "map": table}), encoding="utf-8")
    strange = tuple(
        SkeletonFrame(
            frame.stamp,
            tuple(Person(p.id, p.joints[order][::-1] * 1000, p.confidence[order][::-1]) for p in frame.people),
        )
        for frame in source.frames
    )
    said = replace(source, topology=str(tmp_path / "mine.yaml"), frames=strange)
    write.write_recording(said, tmp_path / "strange")
    (tmp_path / "mine.yaml").unlink()  # the bag has its own
    truth = load_truth(tmp_path / "strange")
    save_truth(replace(truth, units="mm", mirrored=True), tmp_path / "strange")
    plain, read = load_bag(tmp_path / "plain"), load_bag(tmp_path / "strange")
    assert read.truth.topology == str(tmp_path / "strange" / "mine.yaml")
    assert yaml.safe_load((tmp_path / "strange" / "labels.yaml").read_text())["topology"] == "mine.yaml"
    own = topology(read.truth.topology)
    for one, other in zip(plain.frames, read.frames, strict=True):
        (person,), (same,) = one.people, other.people
        for wanted, got in zip(canonical(person, joint_set), canonical(same, own), strict=True):
            np.testing.assert_allclose(got, wanted, atol=1e-4)
    arguments = perception_arguments(read.truth, "point_cloud", "0")
    assert {"units:=mm", "mirrored:=true", f'topology:="{read.truth.topology}"'} <= set(arguments)


def test_a_topology_does_not_overwrite_files_of_a_bag(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("joints: [a]", encoding="utf-8")
    write.write_recording(recording(), tmp_path / "take")
    truth = replace(load_truth(tmp_path / "take"), topology=str(tmp_path / "metadata.yaml"))
    with pytest.raises(BagError, match="another file of that name"):
        save_truth(truth, tmp_path / "take")
    with BagReader(tmp_path / "take") as bag:
        assert bag.topics


def test_labels_that_are_no_yaml_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="cannot read the labels"):
        load_truth(tmp_path)
    for text in ("{a: [", "!!python/object/apply:os.system ['true']"):
        (tmp_path / "labels.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(BagError, match="not a YAML file"):
            load_truth(tmp_path)
    (tmp_path / "labels.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(BagError, match="expected a mapping, got list"):
        load_truth(tmp_path)


def test_utkinect_files_become_bags(tmp_path: Path) -> None:
    source = tmp_path / "UTKinect"
    (source / "joints").mkdir(parents=True)
    rows = [" ".join([str(number), *["0.5"] * 60]) for number in (60, 62, 62, 90)]
    (source / "joints" / "joints_s01_e01.txt").write_text("\n".join(rows), encoding="ascii")
    labels = ["s01_e01", "walk: 60 62", "sitDown: 62 90 ", "clapHands: NaN NaN"]
    (source / "actionLabel.txt").write_text("\n".join(labels), encoding="ascii")
    assert convert.main(["utkinect", str(source), str(tmp_path / "bags"), "--storage", "sqlite3"]) == 0
    with BagReader(tmp_path / "bags" / "s01_e01") as bag:
        stamps = [message.stamp_ns for message in bag.messages()]
    assert [stamp - stamps[0] for stamp in stamps] == [0, round(2 / 60 * 1e9), round(2 / 60 * 1e9), 500_000_000]
    assert [segment.label for segment in load_truth(tmp_path / "bags" / "s01_e01").segments] == ["walk", "sit_down"]


def test_simulated_people_become_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["performer", str(tmp_path / "bag"), "--people", "3", "--duration", "5", "--rate", "10", "--seed", "1"]
    assert convert.main(command) == 0
    expected = performance(seed=1, people=3, seconds=5.0, rate=10.0)
    with BagReader(tmp_path / "bag") as bag:
        assert [message.stamp_ns for message in bag.messages()] == [round(f.stamp * 1e9) for f in expected.frames]
    truth = load_truth(tmp_path / "bag")
    assert [segment.label for segment in truth.segments] == [segment.label for segment in expected.segments]
    assert convert.main(["info", str(tmp_path / "bag")]) == 0
    assert f"{len(expected.frames)} messages" in capsys.readouterr().out
    assert convert.main(["performer", str(tmp_path / "other"), "--people", "9"]) == 2
    assert "people: expected 1 to 4" in capsys.readouterr().err


def test_the_command_reports_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert.main(["utkinect", str(tmp_path), str(tmp_path / "bags")]) == 2
    assert "UTKinect" in capsys.readouterr().err
    assert convert.main(["info", str(tmp_path / "nothing")]) == 2
    assert "no such bag" in capsys.readouterr().err


def hello(name: str, subject: str, start: float, people: tuple[str, ...] = ("anna", "ben")) -> Recording:
    """A clip in which everybody waves; the second person comes a frame late."""

    def pose(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(0.0, 0.2, (20, 3)) + (0.0, 0.0, 2.0)

    frames = tuple(
        SkeletonFrame(start + 0.1 * k, tuple(Person(one, pose(k)) for one in people[: 1 + (k > 0)])) for k in range(5)
    )
    return Recording(name, "kinect_v1_20", frames, labels=("wave",), subject=subject, label="wave")


def test_recordings_of_a_store_become_bags_and_a_store_again(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    clips = [hello("a/one", "a", 0.0), hello("a/two", "a", 50.0), hello("b/one", "b", 7.0, ("4", "12"))]
    write_set(tmp_path / "stores", "sbu", clips)
    command = ["from-store", str(tmp_path / "stores"), "--sets", "sbu", "--out"]
    assert convert.main([*command, str(tmp_path / "b"), "--subjects", "b"]) == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["b_one"]
    assert convert.main([*command, str(tmp_path / "all")]) == 0
    bags = {path.name: load_bag(path) for path in (tmp_path / "all").iterdir()}
    assert sorted(bags) == ["a_one", "a_two", "b_one"]
    assert not any(bag.refused for bag in bags.values())
    assert [frame.stamp for frame in bags["a_one"].frames] == pytest.approx([1.0, 1.1, 1.2, 1.3, 1.4])  # 0 is no time
    for one, name, ids, start in ((0, "a_one", "12", 1.0), (1, "a_two", "12", 50.0), (2, "b_one", ("4", "12"), 7.0)):
        assert bags[name].truth.segments == (
            Segment(ids[0], "wave", start, pytest.approx(start + 0.4)),
            Segment(ids[1], "wave", pytest.approx(start + 0.1), pytest.approx(start + 0.4)),
        )
        for frame, source in zip(bags[name].frames, clips[one].frames, strict=True):
            assert [person.id for person in frame.people] == [*ids][: len(source.people)]
            for seen, sent in zip(frame.people, source.people, strict=True):
                np.testing.assert_array_equal(seen.joints, np.float32(sent.joints))
    again = [str(tmp_path / "all" / name) for name in sorted(bags)]
    assert convert.main(["store", str(tmp_path / "again"), *again]) == 0
    for mine, theirs in zip(Store.open(tmp_path / "again"), Store.open(tmp_path / "stores"), strict=True):
        np.testing.assert_allclose(mine.joints, theirs.joints, atol=1e-6)
    assert convert.main([*command, str(tmp_path / "none"), "--split", "five_fold/1/test"]) == 2
    assert "no recording meets all conditions" in capsys.readouterr().err
    assert convert.main([*command, str(tmp_path / "all")]) == 2
    assert "exists already" in capsys.readouterr().err


def test_recordings_that_would_be_the_same_bag_are_refused_before_any_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_set(tmp_path / "stores", "own", [hello("a/1", "a", 1.0), hello("a_1", "a", 1.0), hello("../a", "a", 1.0)])
    assert convert.main(["from-store", str(tmp_path / "stores"), "--out", str(tmp_path / "bags")]) == 2
    assert "'own a/1' and 'own a_1' would be the same bag" in capsys.readouterr().err
    assert not (tmp_path / "bags").exists()
    assert write.bag_name("../../etc/x") == "_.._etc_x" and write.bag_name("..") == "_"


def test_labelled_bags_become_the_own_set_of_a_store(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for seed in (1, 2):
        bag = ["performer", str(tmp_path / f"bag{seed}"), "--people", "1", "--duration", "8", "--rate", "10"]
        assert convert.main([*bag, "--seed", str(seed)]) == 0
    made = [str(tmp_path / "bag1"), str(tmp_path / "bag2")]
    command = ["store", str(tmp_path / "stores"), *made]
    assert convert.main([*command, "--subjects", "anna"]) == 2
    assert "expected one a bag, 2, got 1" in capsys.readouterr().err
    assert convert.main([*command, "--subjects", "anna", "bob"]) == 0
    store = Store.open(tmp_path / "stores")
    tested = store.select(split="leave_one_subject_out/bob/test")
    assert [clip.name for clip in tested] == ["bag2"]
    assert [clip.name for clip in store.select(split="leave_one_recording_out/bag2/train")] == ["bag1"]
    truth, clip = load_truth(tmp_path / "bag2"), tested[0]
    assert [segment.label for segment in clip.segments] == [segment.label for segment in truth.segments]
    for stored, written in zip(clip.segments, truth.segments, strict=True):
        assert stored.person == written.person
        assert stored.start == pytest.approx(written.start, abs=1e-6)
    frames = load_bag(tmp_path / "bag2").frames
    recording = tested.recording(0)
    assert [frame.stamp for frame in recording.frames] == sorted({frame.stamp for frame in frames})
    assert convert.main(command) == 2, "a set that is there is not replaced unasked"
    assert convert.main([*command, "--name", "lab"]) == 0
    assert Store.open(tmp_path / "stores").sets == ("lab", "own")


def test_two_bags_of_one_name_are_both_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = [str(tmp_path / who / "bag") for who in ("anna", "bob")]
    for bag in made:
        assert convert.main(["performer", bag, "--people", "1", "--duration", "2", "--rate", "10"]) == 0
    assert convert.main(["store", str(tmp_path / "stores"), *made]) == 2
    assert f"{made[0]} and {made[1]} are both bag: rename one" in capsys.readouterr().err
    assert convert.main(["store", str(tmp_path / "stores"), made[0], "--name", "sbu"]) == 2
    assert "a data set is called that" in capsys.readouterr().err


def test_a_bag_of_somebody_else_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/a\x1b[2J\n[INFO] all is well" + "x" * 100_000, "std_msgs/msg/String")
    assert convert.main(["info", str(tmp_path / "bag")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\\x1b[2J\\n[INFO]" in shown
    assert shown.count("\n") == 2 and len(shown) < 5000
    assert convert.main(["info", "no\x1b[2J\nbag"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
