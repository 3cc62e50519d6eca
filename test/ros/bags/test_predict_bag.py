"""``usdrl-bag predict``: what people do in bags that nobody has labelled."""

import dataclasses
import json
from pathlib import Path

import pytest
from helpers.paths import public
from helpers.tracker_messages import TRACKERS, places
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from usdrl_model.cli.main import main as usdrl
from usdrl_model.skeleton.topology import topology as find
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import Truth, load_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.recorded_topic import skeleton_topics
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.bags.write import DEFAULT_AXES
from usdrl_ros.parameters.declarations import PARAMETERS


def test_a_bag_says_the_same_with_labels_and_with_options_in_their_place(tmp_path: Path, capsys) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--rate", "10"]) == 0
    capsys.readouterr()
    assert main(["predict", str(bag), "--json", "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)["recordings"]
    assert len(said[0]["events"]) > 2
    assert main(["predict", str(bag), "--axes", "optical", "--json", "--device", "cpu"]) == 0
    other = capsys.readouterr()
    assert json.loads(other.out)["recordings"] != said, "the option counts, not the labels"
    assert "people look like people" not in other.err
    (bag / "labels.yaml").unlink()
    how = ["--topology", "kinect_v2_25", "--axes", DEFAULT_AXES, "--device", "cpu"]
    assert main(["predict", str(bag), *how, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "nothing says which joints it has: give --topology"),
        (["--topology", "kinect_v2_25", "--topic", "/nothing"], "the bag has /skeletons"),
        (["--topology", "kinect2"], "did you mean"),
        (["--topic", "/nothing", "--topology", "coco_17"], "expected topic /nothing"),
    ],
)
def test_a_bag_that_nothing_describes_is_refused_in_one_line(tmp_path: Path, capsys, options, said) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--rate", "5"]) == 0
    (bag / "labels.yaml").unlink()
    capsys.readouterr()
    assert main(["predict", str(bag), *options]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_bag_of_which_a_part_is_missing_is_told(tmp_path: Path, capsys) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--people", "1", "--rate", "30", "--duration", "20"]) == 0
    (file,) = bag.glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    capsys.readouterr()
    assert main(["predict", str(bag), "--device", "cpu"]) == 0
    assert f"{file.name} is cut" in capsys.readouterr().err


def test_what_is_read_without_labels_has_the_axes_that_the_node_expects(tmp_path: Path, capsys) -> None:
    (node,) = (one.default for one in PARAMETERS if one.name == "axes")
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--axes", str(node), "--rate", "10", "--people", "1"]) == 0
    capsys.readouterr()
    assert main(["predict", str(bag), "--json", "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)["recordings"]
    (bag / "labels.yaml").unlink()
    assert main(["predict", str(bag), "--topology", "kinect_v2_25", "--json", "--device", "cpu"]) == 0
    heard = capsys.readouterr()
    assert json.loads(heard.out)["recordings"] == said
    assert "people look like people" in heard.err


@pytest.mark.parametrize("command", ["gesture", "label"])
def test_nothing_is_kept_of_people_who_are_upside_down(tmp_path: Path, capsys, command: str) -> None:
    bag, gestures, table = tmp_path / "bag", tmp_path / "gestures", tmp_path / "labels.csv"
    assert main(["performer", str(bag), "--axes", "kinect", "--rate", "10", "--people", "1"]) == 0
    (bag / "labels.yaml").unlink()
    table.write_text("label,start,end\nwave,1,2\n")
    asked = {
        "gesture": ["thumbs_up", str(bag), "--from", "2", "--to", "5", "--folder", str(gestures), "--device", "cpu"],
        "label": [str(bag), str(table), "--relative"],
    }[command]
    capsys.readouterr()
    assert main([command, *asked, "--topology", "kinect_v2_25", "--axes", "optical"]) == 1
    error = capsys.readouterr().err
    assert "stand on their heads" in error and "axes: kinect" in error and error.count("\n") == 1
    assert not gestures.exists() and not (bag / "labels.yaml").exists()
    if command == "label":
        assert main([command, *asked, "--topology", "kinect_v2_25", "--axes", "kinect"]) == 0
        assert load_truth(bag).axes == "kinect"


def test_a_gesture_from_people_who_are_read_wrongly_is_warned_of(tmp_path: Path, capsys) -> None:
    assert main(["utkinect", str(public("utkinect")), str(tmp_path), "--sequences", "s01_e01"]) == 0
    span = ["--from", "27.5", "--to", "30", "--folder", str(tmp_path / "gestures"), "--device", "cpu"]
    capsys.readouterr()
    assert main(["gesture", "mine", str(tmp_path / "s01_e01"), *span, "--mirrored"]) == 0
    assert "set mirrored: false" in capsys.readouterr().err


def test_a_folder_without_a_bag_is_refused_before_anything_is_asked_for(tmp_path: Path, capsys) -> None:
    assert main(["predict", str(tmp_path)]) == 1
    assert "no metadata.yaml in it" in capsys.readouterr().err


def test_a_span_of_a_recorded_bag_becomes_a_gesture(tmp_path: Path, capsys) -> None:
    assert main(["utkinect", str(public("utkinect")), str(tmp_path), "--sequences", "s01_e01", "s01_e02"]) == 0
    folder = ["--folder", str(tmp_path / "gestures")]
    for name in ("s01_e01", "s01_e02"):
        with BagReader(tmp_path / name) as bag:
            first = bag.start_ns / 1e9
        wave = next(one for one in load_truth(tmp_path / name).segments if one.label == "wave")
        span = ["--from", f"{wave.start - first:.3f}", "--to", f"{wave.end - first:.3f}"]
        assert main(["gesture", "my_wave", str(tmp_path / name), *span, *folder, "--device", "cpu"]) == 0
    capsys.readouterr()
    assert usdrl(["gestures", "list", *folder]) == 0
    first, second = [line for line in capsys.readouterr().out.splitlines() if "my_wave" in line]
    assert "| 1 |" in first and "s01_e01" in first and "| 2 |" in second and "s01_e02" in second
    assert main(["gesture", "my_wave", str(tmp_path / "s01_e01"), "--from", "900", *folder, "--device", "cpu"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_trees_of_frames_and_what_the_node_says_are_no_skeletons(tmp_path: Path, capsys) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--rate", "5", "--people", "1", "--duration", "4"]) == 0
    with BagReader(bag) as source, BagWriter(tmp_path / "robot") as robot:
        for topic, kind in (
            ("/tf", "tf2_msgs/msg/TFMessage"),
            ("/actions/markers", "visualization_msgs/msg/MarkerArray"),
            ("/watch/wave", "sensor_msgs/msg/PointCloud2"),
            ("/skeletons", "sensor_msgs/msg/PointCloud2"),
        ):
            robot.add_topic(topic, kind)
            for message in source.messages():
                robot.write(topic, message.stamp_ns, message.data)
    with BagReader(tmp_path / "robot") as robot:
        topics = robot.topics
    assert [topic.name for topic in skeleton_topics(topics)] == ["/skeletons"]
    assert [topic.name for topic in skeleton_topics(one for one in topics if one.name != "/skeletons")] == ["/tf"]
    empty = [dataclasses.replace(topic, count=0) for topic in topics]
    assert [topic.name for topic in skeleton_topics(empty)] == ["/skeletons"]
    how = ["--topology", "kinect_v2_25", "--axes", DEFAULT_AXES, "--device", "cpu", "--json"]
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "robot"), *how]) == 0, capsys.readouterr().err


def of_texts(bag: Path, adapter: str, *further: str) -> Path:
    """A bag of a few texts of a tracker on /pose, and of topics that hold other texts."""
    tracker = TRACKERS[adapter]
    topology = find(tracker.topology)
    with BagWriter(bag) as writer:
        for name in ("/pose", *further):
            writer.add_topic(name, "std_msgs/msg/String")
        for index in range(30):
            stamp = 100.0 + index / 10
            text = tracker.build(stamp, {"1": places(len(topology.joints)) + 0.003 * (index % 3)})
            writer.write("/pose", round(stamp * 1e9), serialize_message(text))
            for name in further:
                writer.write(name, round(stamp * 1e9), serialize_message(String(data="hello")))
    return bag


def test_the_only_topic_of_texts_is_read_as_people_where_no_other_is(tmp_path: Path, capsys) -> None:
    how = ["--topology", "mediapipe_33", "--device", "cpu"]
    assert main(["predict", str(of_texts(tmp_path / "alone", "mediapipe_json", "/actions/state")), *how]) == 0
    capsys.readouterr()
    both = str(of_texts(tmp_path / "both", "mediapipe_json", "/said"))
    assert main(["predict", both, *how]) == 1
    assert "or of JSON or numbers: choose with --topic (/pose, /said)" in capsys.readouterr().err
    assert main(["predict", both, *how, "--topic", "/pose"]) == 0


def test_texts_are_read_by_the_adapter_that_knows_their_joints(tmp_path: Path) -> None:
    pictures = Truth(topic="/pose", topology="openpose_coco_18", axes="optical", labels=(), segments=(),
        picture_size=(640.0, 480.0))  # fmt: skip
    bag = of_texts(tmp_path / "bag", "openpose_json")
    assert load_bag(bag, pictures).input_type == "openpose_json"
