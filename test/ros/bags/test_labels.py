"""The labels of a bag: what is wrong in them is named, and what they say of the bag is undone in reading it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rclpy
import yaml
from helpers.paths import ROOT
from helpers.small_recording import recording

from usdrl_model.online.pretrained import Pretrained
from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, topology
from usdrl_ros.bags import write
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth, load_truth, parse_truth, save_truth
from usdrl_ros.bags.live_replay import perception_arguments
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader


def test_truth_keeps_the_last_frame_of_a_segment(tmp_path: Path) -> None:
    write.write_recording(recording(), tmp_path / "take")
    truth = load_truth(tmp_path / "take")
    assert (truth.topic, truth.topology, truth.labels) == ("/skeletons", "kinect_v1_20", ("wave", "clap", "walk"))
    with BagReader(tmp_path / "take") as bag:
        stamps = [message.stamp_ns / 1e9 for message in bag.messages()]
    # Stamps lose digits on their way through a header; the truth must lose the same ones.
    assert truth.segments[0].end == stamps[1]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": "usdrl.labels/2"}, "schema: expected usdrl.labels/1"),
        ({"topology": "kinect_v2"}, "topology: expected one of .*, got 'kinect_v2'; did you mean 'kinect_v2_25'"),
        ({"axes": ["body"]}, "axes: expected one of optical, body, kinect"),
        ({"topic": ""}, "topic: expected a name"),
        ({"labels": "wave"}, "labels: expected a list"),
        ({"labels": ["wave", False]}, r"labels\[1\]: expected a name, got False: put it in quotes"),
        ({"labels": ["wave", ""]}, r"labels\[1\]: expected a name, got ''$"),
        ({"labels": ["wave", "wave"]}, "labels: duplicate name: 'wave'"),
        ({"segments": None}, "segments: expected a list"),
        ({"comment": "?"}, "unknown field comment"),
        ({"units": "inch"}, "units: expected one of m, cm, mm, got 'inch'"),
        ({"mirrored": "yes"}, "mirrored: expected true or false"),
        ({"topology": "mine"}, "topology: expected one of .*, the path of a .yaml file, got 'mine'"),
        ({"sensor_pose": [0, 0, 1.2]}, "sensor_pose: expected a list of 6 numbers"),
        ({"imu_rotation": [0, 0, float("nan")]}, "imu_rotation: expected a list of 3 numbers"),
        ({"imu_topic": 5}, "imu_topic: expected a name"),
        ({"segments": [{"person": "1", "label": "wave", "start": 1.0}]}, r"segments\[0\]: expected the fields"),
        ({"segments": [{"person": "1", "label": "jump", "start": 1.0, "end": 2.0}]}, "label: expected one of wave"),
        ({"segments": [{"person": "1", "label": "wvae", "start": 1.0, "end": 2.0}]}, "did you mean 'wave'"),
        ({"unit": "m"}, "unknown field unit; did you mean 'units'"),
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
    assert {'units:="mm"', "mirrored:=true", f'topology:="{read.truth.topology}"'} <= set(arguments)


def test_the_node_gets_every_parameter_as_it_was_meant() -> None:
    truth = Truth(
        topic="/skeletons",
        topology='/data/zoë/it\'s "mine".yaml',
        axes="kinect",
        labels=(),
        segments=(),
        mirrored=True,
        input_file="yes",
        sensor_pose=(0.0, 0.0, 1.2, 0.0, 0.6, 0.0),
        input_options={"field": "1", "share": 0.5, "names": ["on", "it's"]},
    )
    arguments = perception_arguments(
        truth, "point_cloud", "12", Pretrained(weights="/data/o'neill: weights", gestures="yes", device="cpu")
    )
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        node = rclpy.create_node(
            "perception",
            context=context,
            cli_args=arguments[arguments.index("--ros-args") :],
            automatically_declare_parameters_from_overrides=True,
        )
        meant = {
            "topic": "/skeletons",
            "topology": truth.topology,
            "mirrored": True,
            "sensor_pose": [0.0, 0.0, 1.2, 0.0, 0.6, 0.0],
            "person_id": "12",
            "weights": "/data/o'neill: weights",
            "gestures": "yes",
            "input_file": "yes",
            "input.field": "1",
            "input.share": 0.5,
            "input.names": ["on", "it's"],
        }
        read = {name: node.get_parameter(name).value for name in meant}
        assert {**read, "sensor_pose": list(read["sensor_pose"])} == meant
        node.destroy_node()
    finally:
        context.try_shutdown()


def test_a_topology_does_not_overwrite_files_of_a_bag(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("joints: [a]", encoding="utf-8")
    write.write_recording(recording(), tmp_path / "take")
    truth = replace(load_truth(tmp_path / "take"), topology=str(tmp_path / "metadata.yaml"))
    with pytest.raises(BagError, match="another file of that name"):
        save_truth(truth, tmp_path / "take")
    with BagReader(tmp_path / "take") as bag:
        assert bag.topics


def test_a_table_of_an_adapter_stays_beside_the_labels_and_moves_with_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write.write_recording(recording(), Path("take"))
    Path("bodies.yaml").write_text("anna: {}\n", encoding="utf-8")
    save_truth(replace(load_truth("take"), input_type="rigid_bodies", input_file="bodies.yaml"), "take")
    for _ in range(2):
        save_truth(load_truth("take"), "take")
        assert yaml.safe_load(Path("take/labels.yaml").read_text(encoding="utf-8"))["input_file"] == "bodies.yaml"
    save_truth(load_truth("take"), Path("take").resolve())
    assert load_truth("take").input_file == "take/bodies.yaml"


def test_labels_that_are_no_yaml_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="no such file: nobody has said what people do"):
        load_truth(tmp_path)
    for text in ("{a: [", "!!python/object/apply:os.system ['true']"):
        (tmp_path / "labels.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(BagError, match="not a YAML file"):
            load_truth(tmp_path)
    (tmp_path / "labels.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(BagError, match="expected a mapping, got list"):
        load_truth(tmp_path)


def test_the_labels_that_the_page_calls_enough_are_enough(tmp_path: Path) -> None:
    """The first file of docs/bags.md, from which no line may be missing."""
    page = (ROOT / "docs" / "bags.md").read_text(encoding="utf-8")
    file = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "labels.yaml").write_text(file, encoding="utf-8")
    assert [segment.label for segment in load_truth(tmp_path).segments] == ["wave"]
    fields = yaml.safe_load(file)
    for name in fields:
        with pytest.raises(BagError, match=name):
            parse_truth({other: value for other, value in fields.items() if other != name})
