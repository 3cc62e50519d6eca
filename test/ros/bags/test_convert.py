"""usdrl-bag: recordings, stores and simulated people become bags, and bags become stores."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.acted_bags import acted

from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_ros.bags import write
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag
from usdrl_ros.bags.storage import BagReader
from usdrl_ros.inputs.skeleton_messages import in_axes


def test_utkinect_files_become_bags(tmp_path: Path) -> None:
    source = tmp_path / "UTKinect"
    (source / "joints").mkdir(parents=True)
    rows = [" ".join([str(number), *["0.5"] * 60]) for number in (60, 62, 62, 90)]
    (source / "joints" / "joints_s01_e01.txt").write_text("\n".join(rows), encoding="ascii")
    labels = ["s01_e01", "walk: 60 62", "sitDown: 62 90 ", "clapHands: NaN NaN"]
    (source / "actionLabel.txt").write_text("\n".join(labels), encoding="ascii")
    assert main(["utkinect", str(source), str(tmp_path / "bags"), "--storage", "sqlite3"]) == 0
    with BagReader(tmp_path / "bags" / "s01_e01") as bag:
        stamps = [message.stamp_ns for message in bag.messages()]
    assert [stamp - stamps[0] for stamp in stamps] == [0, round(2 / 60 * 1e9), round(2 / 60 * 1e9), 500_000_000]
    assert [segment.label for segment in load_truth(tmp_path / "bags" / "s01_e01").segments] == ["walk", "sit_down"]


def test_segments_of_a_recording_count_and_not_its_label() -> None:
    acted = performance(seed=1, people=1, seconds=20.0, rate=10.0, faults="none")
    assert write.replayable(replace(acted, label="session")).segments == write.replayable(acted).segments
    whole = write.replayable(replace(acted, label="session", segments=()))
    assert [one.label for one in whole.segments] == ["session"]


def test_simulated_people_become_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["performer", str(tmp_path / "bag"), "--people", "3", "--duration", "5", "--rate", "10", "--seed", "1"]
    assert main(command) == 0
    expected = performance(seed=1, people=3, seconds=5.0, rate=10.0)
    with BagReader(tmp_path / "bag") as bag:
        assert [message.stamp_ns for message in bag.messages()] == [round(f.stamp * 1e9) for f in expected.frames]
    truth = load_truth(tmp_path / "bag")
    assert [segment.label for segment in truth.segments] == [segment.label for segment in expected.segments]
    assert main(["info", str(tmp_path / "bag")]) == 0
    assert f"{len(expected.frames)} messages" in capsys.readouterr().out
    assert main(["performer", str(tmp_path / "other"), "--people", "9"]) == 1
    assert "people: expected 1 to 4" in capsys.readouterr().err


def test_two_people_meet_in_a_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["performer", str(tmp_path / "bag"), "--meeting", "--duration", "40", "--rate", "10", "--seed", "3"]
    assert main(command) == 0
    truth = load_truth(tmp_path / "bag")
    assert truth.labels == ("shake_hands", "hug", "hand_over", "approach", "depart")
    both = {one.label: {other.person for other in truth.segments if other.label == one.label} for one in truth.segments}
    assert len(both) > 2 and all(people == {"1", "2"} for people in both.values())
    assert main([*command[:1], str(tmp_path / "other"), "--meeting", "--people", "3"]) == 1
    assert "two people meet" in capsys.readouterr().err


STOPPED_IN_WRITING = """
import signal, sys
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.processes.executables import bag
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell has put in the background
BagWriter.write = lambda *_: signal.raise_signal(signal.{stop})
sys.argv = ["usdrl-bag", "performer", "bag", "--duration", "5"]
sys.exit(bag())
"""


@pytest.mark.parametrize(("stop", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_command_that_is_stopped_leaves_no_part_of_a_bag(tmp_path: Path, stop: str, status: int) -> None:
    command = [sys.executable, "-c", STOPPED_IN_WRITING.format(stop=stop)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (status, "usdrl-bag: stopped\n")
    assert list(tmp_path.iterdir()) == []


def test_the_command_reports_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["utkinect", str(tmp_path), str(tmp_path / "bags")]) == 1
    assert "UTKinect" in capsys.readouterr().err
    assert main(["info", str(tmp_path / "nothing")]) == 1
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
    assert main([*command, str(tmp_path / "b"), "--subjects", "b"]) == 0
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["b_one"]
    assert main([*command, str(tmp_path / "all")]) == 0
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
    assert main(["store", str(tmp_path / "again"), *again]) == 0
    for mine, theirs in zip(Store.open(tmp_path / "again"), Store.open(tmp_path / "stores"), strict=True):
        np.testing.assert_allclose(mine.joints, theirs.joints, atol=1e-6)
    assert main([*command, str(tmp_path / "none"), "--split", "five_fold/1/test"]) == 1
    assert "no recording meets all conditions" in capsys.readouterr().err
    write_set(tmp_path / "stores", "msrc12", [replace(hello("one", "a", 0.0), labels=("kick",), label="kick")])
    assert main([*command, str(tmp_path / "none"), "--labels", "kick"]) == 1
    assert "no recording meets all conditions: those that meet the others show wave" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "stores" / "msrc12")
    assert main([*command, str(tmp_path / "all")]) == 1
    assert "exists already" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "all" / "a_two")
    assert main([*command, str(tmp_path / "all"), "--resume"]) == 0
    assert "3 bags of sbu, 2 of them there before" in capsys.readouterr().out
    assert load_bag(tmp_path / "all" / "a_two").truth == bags["a_two"].truth


def test_recordings_of_a_store_become_bags_in_the_labels_of_a_vocabulary(tmp_path: Path, capsys) -> None:
    own = ("approach", "depart", "kick", "push", "handshake", "hug", "exchange_object", "punch")
    clips = [
        replace(hello(name, "a", 5.0), label=name, labels=own) for name in ("handshake", "exchange_object", "kick")
    ]
    write_set(tmp_path / "stores", "sbu", clips)
    command = ["from-store", str(tmp_path / "stores"), "--out", str(tmp_path / "bags"), "--vocabulary", "hri"]
    assert main([*command, "--pairs"]) == 0
    truths = {path.name: load_truth(path) for path in (tmp_path / "bags").iterdir()}
    said = {name: {(one.person, one.label) for one in truth.segments} for name, truth in truths.items()}
    assert said.pop("handshake") == {("1", "shake_hands"), ("2", "shake_hands")}
    assert said.pop("exchange_object") == {("1", "hand_over"), ("2", "hand_over")}
    assert {label for _, label in said.pop("kick")} <= {"kick", AMBIGUOUS}
    known = {"approach", "depart", "hand_over", "hug", "kick", "punch", "push", "shake_hands"}
    assert said == {} and all(set(truth.labels) == known for truth in truths.values())

    assert main([*command[:-1], "robot"]) == 1
    assert "unknown vocabulary 'robot'" in capsys.readouterr().err
    assert main([*command[:-2], "--pairs"]) == 1
    assert "give --vocabulary too" in capsys.readouterr().err
    write_set(tmp_path / "stores", "own", [replace(hello("b", "b", 5.0), label=None)])
    assert main([*command, "--sets", "own"]) == 1
    assert "the vocabulary names no label of this set" in capsys.readouterr().err
    mine = tmp_path / "mine.yaml"
    mine.write_text("labels: {wave: {description: a hand, sources: {own: [wave]}}}", encoding="utf-8")
    assert main([*command[:-1], str(mine), "--sets", "own"]) == 0
    assert "0 bags of own; 1 recordings left out: nobody knows what they show" in capsys.readouterr().out


def test_recordings_that_would_be_the_same_bag_are_refused_before_any_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_set(tmp_path / "stores", "own", [hello("a/1", "a", 1.0), hello("a_1", "a", 1.0), hello("../a", "a", 1.0)])
    assert main(["from-store", str(tmp_path / "stores"), "--out", str(tmp_path / "bags")]) == 1
    assert "'own a/1' and 'own a_1' would be the same bag" in capsys.readouterr().err
    assert not (tmp_path / "bags").exists()
    assert write.bag_name("../../etc/x") == "_.._etc_x" and write.bag_name("..") == "_"


def test_joints_in_a_picture_do_not_become_people_in_space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filmed = hello("clip 7", "a", 1.0)
    write_set(tmp_path / "stores", "own", [replace(filmed, frames=tuple(replace(f, flat=True) for f in filmed.frames))])
    assert main(["from-store", str(tmp_path / "stores"), "--out", str(tmp_path / "bags")]) == 1
    assert "clip 7: its joints are in a picture" in capsys.readouterr().err
    assert not (tmp_path / "bags" / "clip_7").exists()


def test_other_axes_change_nothing_of_a_frame_but_the_joints() -> None:
    (person,) = acted().frames[0].people
    frame = SkeletonFrame(1.0, (replace(person, judged=True),), sensor=(0.0, 1.2, 0.0), lifted=True)
    turned = in_axes(frame, "optical")
    assert (turned.sensor, turned.lifted, turned.people[0].judged) == (frame.sensor, True, True)


def test_what_nobody_can_tell_of_a_bag_comes_into_a_store(tmp_path: Path) -> None:
    source = acted()
    doubt = Segment("1", AMBIGUOUS, 10.0, 10.5)
    write.write_recording(replace(source, segments=(doubt, *source.segments)), tmp_path / "bag")
    assert main(["store", str(tmp_path / "stores"), str(tmp_path / "bag")]) == 0
    store = Store.open(tmp_path / "stores")
    assert store.labels == ("wave",)
    assert [segment.label for segment in store[0].segments] == [AMBIGUOUS, "wave"]


def test_labelled_bags_become_the_own_set_of_a_store(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for seed in (1, 2):
        bag = ["performer", str(tmp_path / f"bag{seed}"), "--people", "1", "--duration", "8", "--rate", "10"]
        assert main([*bag, "--seed", str(seed)]) == 0
    made = [str(tmp_path / "bag1"), str(tmp_path / "bag2")]
    command = ["store", str(tmp_path / "stores"), *made]
    assert main([*command, "--subjects", "anna"]) == 1
    assert "expected one per bag, 2, got 1" in capsys.readouterr().err
    assert main([*command, "--subjects", "anna", "bob"]) == 0
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
    assert main(command) == 1, "a set that is there is not replaced unasked"
    assert main([*command, "--name", "lab", "--terms", "research"]) == 0
    assert main([*command, "--name", "lab", "--replace"]) == 0
    store = Store.open(tmp_path / "stores")
    assert store.sets == ("lab", "own") and (store.terms("lab").kind, store.terms("own").kind) == ("research", "own")


def test_two_bags_of_one_name_are_both_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = [str(tmp_path / who / "bag") for who in ("anna", "bob")]
    for bag in made:
        assert main(["performer", bag, "--people", "1", "--duration", "2", "--rate", "10"]) == 0
    assert main(["store", str(tmp_path / "stores"), *made]) == 1
    assert f"{made[0]} and {made[1]} are both bag: rename one" in capsys.readouterr().err
    assert main(["store", str(tmp_path / "stores"), made[0], "--name", "sbu"]) == 1
    assert "a data set is called that" in capsys.readouterr().err


def test_a_bag_of_somebody_else_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/a\x1b[2J\n[INFO] all is well" + "x" * 100_000, "std_msgs/msg/String")
    assert main(["info", str(tmp_path / "bag")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\\x1b[2J\\n[INFO]" in shown
    assert shown.count("\n") == 2 and len(shown) < 5000
    assert main(["info", "no\x1b[2J\nbag"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
