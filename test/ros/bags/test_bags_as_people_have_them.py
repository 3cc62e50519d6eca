"""Bags of other distributions, cut, left by a power cut, with one bad message, a clock that was set, any path."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import rclpy
import yaml
from helpers.acted_bags import acted, played, said
from helpers.hostile_bags import MARKERS, NANO, channel, chunk, left_by_a_power_cut, mcap, message
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Empty, Header, String
from visualization_msgs.msg import Marker, MarkerArray

from usdrl_model.online.pretrained import Pretrained
from usdrl_ros.bags import evaluate, write
from usdrl_ros.bags.command import main
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.metadata import STORAGES, read_metadata
from usdrl_ros.bags.new_bag import PLUGINS, BagWriter
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.messages.cdr import Layout, MalformedError

CLOUD = "sensor_msgs/msg/PointCloud2"


def stored(folder: Path) -> Path:
    (file,) = (path for path in folder.iterdir() if path.suffix in STORAGES.values())
    return file


def spoiled(source: Path, target: Path, spoil: Callable[[int, bytes], bytes]) -> Path:
    """A copy of a bag in which ``spoil`` changes the messages by their number."""
    with BagReader(source) as bag, BagWriter(target) as copy:
        for number, found in enumerate(bag.messages()):
            copy.add_topic(found.topic, found.type)
            copy.write(found.topic, found.stamp_ns, spoil(number, found.data))
    (target / "labels.yaml").write_bytes((source / "labels.yaml").read_bytes())
    return target


# --- one bad message of many ---


def broken(number: int, data: bytes) -> bytes:
    if number == 3:
        return data[: len(data) // 2]
    if number == 5:
        return b"\x00\x01\x00\x00" + data[4:16] + b"\xff" * (len(data) - 16)
    return b"" if number == 7 else data


@pytest.mark.parametrize("kind", [CLOUD, MARKERS])
def test_a_message_that_cannot_be_decoded_is_refused_and_the_others_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    source = acted()
    write.write_recording(source, tmp_path / "whole", message_type=kind)
    bag = spoiled(tmp_path / "whole", tmp_path / "bag", broken)
    found = load_bag(bag)
    assert found.refused == {"malformed": 3} and len(found.frames) == len(source.frames) - 3
    assert main(["info", str(bag)]) == 0
    assert f"{len(source.frames)} messages  3 of them malformed" in said(capsys)
    assert main(["store", str(tmp_path / "stores"), str(bag)]) == 0
    assert "bag: 3 messages were refused: malformed 3" in said(capsys)
    assert evaluate.main([str(bag), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    assert "3 messages were refused: malformed 3" in said(capsys)
    (described,) = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["bags"]
    assert described["refused"] == {"malformed": 3}


def test_a_bag_of_bad_messages_alone_is_an_error(tmp_path: Path) -> None:
    write.write_recording(acted(), tmp_path / "whole")
    bag = spoiled(tmp_path / "whole", tmp_path / "bag", lambda number, data: data[:40])
    with pytest.raises(BagError, match="no skeletons on /skeletons: expected .* got . bytes"):
        load_bag(bag)


def test_live_a_bad_message_is_left_out_and_the_scores_are_those_of_offline(tmp_path: Path) -> None:
    write.write_recording(acted(), tmp_path / "whole")
    bag = load_bag(spoiled(tmp_path / "whole", tmp_path / "bag", broken))
    (run,), results = evaluate.evaluate([bag], Pretrained(device="cpu"), rate=1.0)
    assert run.counters["frames"] == len(bag.frames) and run.lost_messages == 0
    assert [text for text in results["warnings"] if "refused" in text] == ["bag: 3 messages were refused: malformed 3."]


@pytest.mark.parametrize("restamp", [False, True])
def test_the_player_leaves_bad_messages_out(node: rclpy.node.Node, tmp_path: Path, restamp: bool) -> None:
    write.write_recording(acted(), tmp_path / "whole")
    bag = spoiled(tmp_path / "whole", tmp_path / "bag", broken)
    count, told, _ = played(node, bag, restamp=restamp)
    assert count == len(acted().frames) - 3
    assert told == ["3 messages of /skeletons are malformed and were left out"]


# --- what a message claims against what it has ---


def test_messages_are_measured_as_the_middleware_writes_them() -> None:
    rich = MarkerArray(markers=[Marker(ns="a" * n, text="b" * (n % 3)) for n in range(9)])
    for sample in (
        Empty(),
        String(data="wave"),
        Header(frame_id="eye"),
        JointState(name=["a", "bb"], position=[1.0], effort=[2.0]),
        rich,
    ):
        data = serialize_message(sample)
        end = Layout(type(sample).get_fields_and_field_types()).end(data)
        # All that is read is before the end, and the last byte of it is needed.
        assert deserialize_message(data[:end], type(sample)) == sample
        for cut in range(4, end):
            with pytest.raises(MalformedError):
                Layout(type(sample).get_fields_and_field_types()).end(data[:cut])


def test_a_sequence_is_not_longer_than_its_message() -> None:
    layout = Layout(MarkerArray.get_fields_and_field_types())
    with pytest.raises(MalformedError, match="expected the 4294967295 elements of a sequence, got 1000 bytes"):
        layout.end(b"\x00\x01\x00\x00" + b"\xff" * 4 + bytes(1000))
    with pytest.raises(MalformedError, match="expected a CDR message"):
        layout.end(b"\x00\x09\x00\x00" + bytes(100))
    cloud = Layout(PointCloud2.get_fields_and_field_types())
    big = b"\x00\x00\x00\x00" + bytes(20) + struct.pack(">I", 2**31) + bytes(999)
    with pytest.raises(MalformedError, match="expected the 2147483648 elements"):
        cloud.end(big)


# --- markers of Foxy and Galactic ---


def of_foxy(path: Path, *, with_definition: bool, storage: str = "mcap") -> Path:
    """Two frames of 32 joints as Foxy's driver publishes them."""
    old, new = get_typestore(Stores.ROS2_FOXY), get_typestore(Stores.ROS2_JAZZY)
    kind = {name.rpartition("/")[2]: old.types[name] for name in old.types if "/msg/" in name}
    with Writer(path, version=9, storage_plugin=PLUGINS[storage]) as writer:
        connection = writer.add_connection("/people", MARKERS, typestore=old if with_definition else new)
        for number in range(2):
            stamp = kind["Time"](sec=10, nanosec=number * 33_000_000)
            markers = [
                kind["Marker"](
                    header=kind["Header"](stamp=stamp, frame_id="camera"),
                    ns="",
                    id=100 + joint,
                    type=2,
                    action=0,
                    pose=kind["Pose"](
                        position=kind["Point"](x=0.1 * joint, y=0.0, z=2.0),
                        orientation=kind["Quaternion"](x=0.0, y=0.0, z=0.0, w=1.0),
                    ),
                    scale=kind["Vector3"](x=0.1, y=0.1, z=0.1),
                    color=kind["ColorRGBA"](r=1.0, g=0.0, b=0.0, a=1.0),
                    lifetime=kind["Duration"](sec=0, nanosec=0),
                    frame_locked=False,
                    points=[],
                    colors=[],
                    text="",
                    mesh_resource="",
                    mesh_use_embedded_materials=False,
                )
                for joint in range(32)
            ]
            data = old.serialize_cdr(kind["MarkerArray"](markers=markers), MARKERS)
            writer.write(connection, 10 * NANO + number * 33_000_000, data)
    save_truth(Truth(topic="/people", topology="k4abt_32", axes="optical", labels=("wave",), segments=()), path)
    return path


@pytest.mark.parametrize(("storage", "with_definition"), [("mcap", True), ("mcap", False), ("sqlite3", False)])
def test_markers_of_foxy_are_named_as_such(
    node: rclpy.node.Node, tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str, with_definition: bool
) -> None:
    bag = of_foxy(tmp_path / "bag", with_definition=with_definition, storage=storage)
    told = "/people: MarkerArray messages of another distribution, Foxy or Galactic"
    for program, *arguments in (
        (main, "store", str(tmp_path / "stores"), str(bag)),
        (evaluate.main, str(bag)),
        (evaluate.main, str(bag), "--live"),
    ):
        assert program(arguments) == 1
        assert told in said(capsys).splitlines()[-1]
    assert main(["info", str(bag)]) == 0
    assert told in said(capsys)
    for restamp in (False, True):
        with pytest.raises(BagError, match="of another distribution"):
            played(node, bag, restamp=restamp)


def test_the_advice_for_markers_of_foxy_works(tmp_path: Path) -> None:
    bag = of_foxy(tmp_path / "bag", with_definition=True)
    with pytest.raises(BagError) as error:
        load_bag(bag)
    advice = str(error.value).partition("`")[2].partition("`")[0].split()
    program, *arguments = [{"BAG": str(bag), "NEW": str(tmp_path / "new")}.get(word, word) for word in advice]
    assert program == "rosbags-convert"
    subprocess.run([sys.executable, "-m", "rosbags.convert", *arguments], check=True, capture_output=True)
    (tmp_path / "new" / "labels.yaml").write_bytes((bag / "labels.yaml").read_bytes())
    assert [len(frame.people) for frame in load_bag(tmp_path / "new").frames] == [1, 1]


# --- cut and left behind ---


@pytest.mark.parametrize("left", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("with_metadata", [True, False])
def test_what_is_whole_of_a_cut_mcap_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], left: float, with_metadata: bool
) -> None:
    write.write_recording(acted(), tmp_path / "bag")
    with BagReader(tmp_path / "bag") as whole:
        messages = list(whole.messages())
        assert whole.troubles == ()
    file = stored(tmp_path / "bag")
    file.write_bytes(file.read_bytes()[: int(left * file.stat().st_size)])
    if not with_metadata:
        (tmp_path / "bag" / "metadata.yaml").unlink()
    with BagReader(tmp_path / "bag") as cut:
        found = list(cut.messages())
        assert found == messages[: len(found)] and abs(len(found) / len(messages) - left) < 0.2
        (trouble, *_) = [text for text in cut.troubles if "cut" in text]
        assert f"the {len(found)} messages that are whole are read (`mcap recover`" in trouble
        counted = with_metadata and len(found) == len(messages)  # only the summary is missing
        assert any("metadata.yaml" in text for text in cut.troubles) != counted
    assert main(["store", str(tmp_path / "stores"), str(tmp_path / "bag")]) == 0
    assert "mcap recover" in said(capsys)


def test_chunks_are_merged_by_stamp_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    first = b"".join(message(stamp, b"") for stamp in (1, 5, 9))
    second = b"".join(message(stamp, b"") for stamp in (4, 2))
    loose = message(3, b"") + message(7, b"")
    good = chunk(first, len(first), times=(1, 9)) + chunk(second, len(second), times=(2, 4))
    mcap(tmp_path / "bag", channel() + loose + good + chunk(first, len(first), times=(1, 9), crc=1), 10)
    with BagReader(tmp_path / "bag") as bag:
        assert [found.stamp_ns for found in bag.messages()] == [1, 2, 3, 4, 5, 7, 9]
        assert (bag.start_ns, bag.duration) == (1, 8e-9)
        assert [text.split(" (")[0] for text in bag.troubles] == [
            "metadata.yaml counts 10 messages, 7 are there",
            "bag.mcap: damaged chunks are left out",
        ]


@pytest.mark.parametrize("keep", [0, 12])
def test_messages_that_a_power_cut_left_in_the_wal_are_read(tmp_path: Path, keep: int) -> None:
    source = acted()
    write.write_recording(source, tmp_path / "bag", storage="sqlite3")
    with BagReader(tmp_path / "bag") as bag:
        whole = list(bag.messages())
    file = stored(tmp_path / "bag")
    left_by_a_power_cut(file, keep)
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    with BagReader(tmp_path / "bag") as bag:
        assert list(bag.messages()) == whole
        (trouble,) = bag.troubles
    assert f"{len(whole) - keep} of the {len(whole)} messages are read from it" in trouble
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before, "nothing is changed or made"


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("name", ["run#1", "what?", "100%20", "a b", "ünï"])
def test_any_path(tmp_path: Path, capsys: pytest.CaptureFixture[str], storage: str, name: str) -> None:
    bag = tmp_path / name / name
    bag.parent.mkdir()
    write.write_recording(acted(), bag, storage=storage)
    assert main(["info", str(bag)]) == 0
    assert main(["info", str(stored(bag))]) == 0
    assert said(capsys).count(f"{len(acted().frames)} messages") == 2
    assert len(load_bag(bag).frames) == len(acted().frames)


# --- a clock that was set ---


def test_long_texts_in_metadata_are_no_bombs(tmp_path: Path) -> None:
    """The quality of service of fifty publishers is one text of 20,000 characters."""
    write.write_recording(acted(), tmp_path / "bag")
    file = tmp_path / "bag" / "metadata.yaml"
    content = yaml.safe_load(file.read_text())
    content["rosbag2_bagfile_information"]["custom_data"] = {"qos": "- history: 1\n" * 3000}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert len(load_bag(tmp_path / "bag").frames) == len(acted().frames)


def test_files_of_a_bag_without_metadata_are_in_the_order_of_their_recorder(tmp_path: Path) -> None:
    for number in (10, 2, 0, 1, 11):
        (tmp_path / f"take_{number}.mcap").touch()
    (tmp_path / "take_3_again.mcap").touch()
    names = [file.name for file in read_metadata(tmp_path).files]
    assert names == [f"take_{number}.mcap" for number in (0, 1, 2)] + [
        "take_3_again.mcap",
        "take_10.mcap",
        "take_11.mcap",
    ]


@pytest.mark.parametrize("mode", [CompressionMode.FILE, CompressionMode.MESSAGE])
def test_compressed_bags_of_recorders_that_crashed_are_read(tmp_path: Path, mode: CompressionMode) -> None:
    writer = Writer(tmp_path / "bag", version=9, storage_plugin=PLUGINS["sqlite3"])
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection("/a", "std_msgs/msg/String", typestore=get_typestore(Stores.ROS2_JAZZY))
        writer.write(connection, 5, serialize_message(String(data="wave")))
    (tmp_path / "bag" / "metadata.yaml").unlink()
    with BagReader(tmp_path / "bag") as bag:
        (message,) = bag.messages()
    assert deserialize_message(message.data, String).data == "wave"


def test_info_lists_topics_of_other_encodings_and_reads_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        for topic in ("/a", "/b"):
            bag.add_topic(topic, "std_msgs/msg/String")
            bag.write(topic, 5, serialize_message(String(data="wave")))
    file = stored(tmp_path / "bag")
    file.write_bytes(file.read_bytes().replace(b"/b\x03\0\0\0cdr", b"/b\x03\0\0\0jsn"))
    assert main(["info", str(tmp_path / "bag")]) == 0
    told = said(capsys)
    assert "/b  std_msgs/msg/String  1 messages" in told
    assert "note: /b: messages are jsn, not cdr: they are not read" in told
    with BagReader(tmp_path / "bag") as bag, pytest.raises(BagError, match="expected messages of cdr, /b has jsn"):
        list(bag.messages())
