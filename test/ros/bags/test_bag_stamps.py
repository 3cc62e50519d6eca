"""Bags with outlier stamps, a clock set back, or a message for each person: every command takes what the node takes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said
from rclpy.serialization import serialize_message

from usdrl_model.data.store import Store
from usdrl_model.gestures import library
from usdrl_model.online.pretrained import Pretrained
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag, replay
from usdrl_ros.bags.scores import found_actions
from usdrl_ros.inputs.skeleton_messages import header, point_cloud


def recorded(path: Path, source: Recording, frames: Sequence[SkeletonFrame], carried: int = 0) -> Path:
    """A labelled bag of these frames, in canonical axes, received 10 ms after each other whatever their stamps.

    The nanoseconds of every second frame are ``carried`` seconds more.
    """
    with BagWriter(path) as bag:
        bag.add_topic("/skeletons", "sensor_msgs/msg/PointCloud2")
        for number, frame in enumerate(frames, start=1):
            cloud = point_cloud(frame, header(frame.stamp, "kinect"))
            cloud.header.stamp.nanosec += carried * 1_000_000_000 * (number % 2 == 0)
            bag.write("/skeletons", number * 10_000_000, serialize_message(cloud))
    truth = Truth(topic="/skeletons", topology=source.topology, axes="kinect", labels=source.labels, segments=())
    save_truth(replace(truth, segments=source.segments), path)
    return path


def one_ahead(frames: Sequence[SkeletonFrame]) -> list[SkeletonFrame]:
    return [replace(frame, stamp=frame.stamp + 1000.0 * (number == 15)) for number, frame in enumerate(frames)]


def first_ahead(frames: Sequence[SkeletonFrame]) -> list[SkeletonFrame]:
    return [replace(frame, stamp=frame.stamp + 1000.0 * (number == 0)) for number, frame in enumerate(frames)]


def set_back(frames: Sequence[SkeletonFrame]) -> list[SkeletonFrame]:
    return [replace(frame, stamp=frame.stamp + 500.0 * (number < 40)) for number, frame in enumerate(frames)]


def one_a_person(frames: Sequence[SkeletonFrame]) -> list[SkeletonFrame]:
    return [replace(frame, people=(person,)) for frame in frames for person in frame.people]


@pytest.mark.parametrize("changed", [one_ahead, first_ahead, set_back, one_a_person])
def test_what_is_predicted_of_a_bag_is_what_the_pipeline_says(tmp_path: Path, capsys, changed) -> None:
    source = performance(seed=5, people=2, seconds=14.0, rate=10.0)
    bag = recorded(tmp_path / "bag", source, changed(source.frames))
    stream = Pretrained(device="cpu").streams([source.topology])[source.topology]
    expected = sorted((one.person, one.label, one.start) for one in found_actions(replay(load_bag(bag), stream)))
    assert len(expected) > 1
    capsys.readouterr()
    for picture in ("one.png", "one.gif"):
        asked = ["--json", "--picture", str(tmp_path / picture), "--seconds", "1", "--device", "cpu"]
        assert main(["predict", str(bag), *asked]) == 0, said(capsys)
        (found,) = json.loads(capsys.readouterr().out)["recordings"]
        assert sorted((one["person"], one["label"], one["start"]) for one in found["actions"]) == expected
        assert (tmp_path / picture).stat().st_size


@pytest.mark.parametrize("changed", [one_ahead, first_ahead])
def test_an_outlier_stamp_costs_a_store_one_frame(tmp_path: Path, capsys, changed) -> None:
    source = acted()
    bag = recorded(tmp_path / "bag", source, changed(source.frames))
    assert main(["store", str(tmp_path / "stores"), str(bag)]) == 0
    assert f"a store leaves out 1 of {len(source.frames)} frames" in said(capsys)
    stored = Store.open(tmp_path / "stores").recording(0)
    (lost,) = [index for index, frame in enumerate(changed(source.frames)) if frame.stamp > 900.0]
    kept = [frame.stamp for index, frame in enumerate(source.frames) if index != lost]
    assert [frame.stamp for frame in stored.frames] == pytest.approx(kept)


def test_of_a_clock_that_was_set_back_a_store_has_the_time_before(tmp_path: Path, capsys) -> None:
    source = acted(6.0)
    bag = recorded(tmp_path / "bag", replace(source, segments=()), set_back(source.frames))
    assert main(["store", str(tmp_path / "stores"), str(bag)]) == 0
    left = len(source.frames) - 40
    assert f"a store leaves out {left} of {len(source.frames)} frames" in said(capsys)
    assert len(Store.open(tmp_path / "stores").recording(0).frames) == 40


def test_people_in_messages_of_their_own_are_all_in_a_store(tmp_path: Path, capsys) -> None:
    source = performance(seed=5, people=2, seconds=4.0, rate=10.0, faults="none")
    bag = recorded(tmp_path / "bag", source, one_a_person(source.frames))
    assert main(["store", str(tmp_path / "stores"), str(bag)]) == 0
    assert "leaves out" not in said(capsys)
    stored = Store.open(tmp_path / "stores").recording(0)
    assert [[person.id for person in frame.people] for frame in stored.frames] == [
        [person.id for person in frame.people] for frame in source.frames
    ]


@pytest.mark.parametrize("stamped", [int, lambda stamp: int(stamp * 5.0) / 5.0])
def test_frames_that_repeat_a_stamp_are_told(tmp_path: Path, capsys, stamped) -> None:
    source = acted(6.0)
    frames = [replace(frame, stamp=float(stamped(frame.stamp))) for frame in source.frames]
    bag = recorded(tmp_path / "bag", replace(source, segments=()), frames)
    repeats, whole = len(frames) - len({frame.stamp for frame in frames}), "stamps in whole seconds?"
    for asked in (["store", str(tmp_path / "stores"), str(bag)], ["info", str(bag)]):
        assert main(asked) == 0
        text = said(capsys)
        assert f"{repeats} of {len(frames)} frames have the stamp of an earlier one with the same people" in text
        assert (whole in text) is not any(frame.stamp % 1.0 for frame in frames)
    assert ("all in whole seconds" in text) is (whole in text)


def test_stamps_with_nanoseconds_of_more_than_a_second_are_refused(tmp_path: Path, capsys) -> None:
    source = acted(3.0)
    bag = recorded(tmp_path / "bag", replace(source, segments=()), source.frames, carried=2)
    assert main(["info", str(bag)]) == 0
    text, spoilt = said(capsys), len(source.frames) // 2
    assert f"{spoilt} with nanosec of a second or more" in text
    assert f"{spoilt} messages were refused: nanosec {spoilt}" in text


def test_a_gesture_after_an_outlier_stamp_is_enrolled(tmp_path: Path, capsys) -> None:
    source = acted()
    bag = recorded(tmp_path / "bag", source, one_ahead(source.frames))
    asked = ["--from", "1", "--to", "3", "--folder", str(tmp_path / "gestures"), "--device", "cpu"]
    assert main(["gesture", "mine", str(bag), *asked]) == 0, said(capsys)
    (example,) = library.read(tmp_path / "gestures", "mine").examples
    assert example.seconds > 1.0
