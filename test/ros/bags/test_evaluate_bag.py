"""Scores of labelled bags: right where the answers are known, the same live as offline, and on real people."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import public
from helpers.rule_detector import hand_up_weights

from usdrl_model.data.importers import utkinect
from usdrl_model.online.pretrained import Pretrained
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.performance import performance
from usdrl_model.simulation.script import Act
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_ros.bags import asked_weights, evaluate, replays
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.labels import Truth, save_truth
from usdrl_ros.bags.live_replay import alike
from usdrl_ros.bags.new_bag import BagWriter
from usdrl_ros.bags.replay import load_bag, replay
from usdrl_ros.bags.scores import found_actions, score_runs
from usdrl_ros.bags.write import write_recording

UP = ((4.0, 6.0), (9.0, 10.5))
"""When the hand of the actor is up."""
RATE = 15.0
CPU = Pretrained(device="cpu")


def actor(segments: tuple[Segment, ...], labels: tuple[str, ...] = ("hand_up",)) -> Recording:
    """Twelve seconds of somebody who raises a hand twice; every tenth frame comes twice."""
    still = performance(people=1, faults="none").frames[0].people[0].joints
    raised = still.copy()
    for height, joint in ((0.0, "elbow_right"), (0.2, "wrist_right"), (0.3, "hand_right"), (0.3, "hand_tip_right")):
        raised[JOINT_INDEX[joint]] = still[JOINT_INDEX["head"]] + [-0.2, height, 0.0]
    noise = np.random.default_rng(0)  # no tracker is so steady that a joint stands still; that would be a frozen one
    frames = []
    for index in range(int(12 * RATE)):
        stamp = 1.0 + index / RATE
        joints = raised if any(start <= stamp <= end for start, end in UP) else still
        frames += [
            SkeletonFrame(stamp=stamp, people=(Person("5", joints + noise.normal(scale=0.002, size=joints.shape)),))
        ] * (2 if index % 10 == 0 else 1)
    return Recording(name="actor", topology="kinect_v2_25", frames=tuple(frames), segments=segments, labels=labels)


def hand_up_scores(path: Path, segments: tuple[Segment, ...], labels: tuple[str, ...] = ("hand_up",)) -> dict:
    write_recording(actor(segments, labels), path)
    bag = load_bag(path)
    return score_runs([replay(bag, ActionStream(hand_up_weights(), topology=bag.truth.topology))])


def test_scores_of_a_detector_that_is_right(tmp_path: Path) -> None:
    scores = hand_up_scores(tmp_path / "bag", tuple(Segment("somebody", "hand_up", *span) for span in UP))
    assert {counts["f1"] for counts in scores["events"]["overall"].values()} == {1.0}
    assert {counts["f1"] for counts in scores["segments"].values()} == {1.0}
    assert scores["frames"]["count"] == 12 * RATE + 18, "repeated stamps count as often as they come"
    assert scores["frames"]["accuracy"] > 0.95
    assert abs(scores["events"]["onset_error"]["median"]) < 0.15
    # 0.3 s of look-ahead and 0.3 s of least duration, plus the grid and the slots of 0.1 s each
    assert 0.5 < scores["events"]["onset_delay"]["median"] < 0.9
    assert scores["events"]["false_alarms"] == 0 and scores["latency"] is None


def test_scores_of_what_is_missed_false_and_not_asked_for(tmp_path: Path) -> None:
    first = Segment("5", "hand_up", *UP[0])
    scores = hand_up_scores(tmp_path / "false", (first,))
    assert scores["events"]["false_alarms"] == 1
    assert scores["events"]["false_alarms_per_hour"] == pytest.approx(3600 / (12 - 1 / RATE), rel=1e-3)
    assert scores["events"]["overall"]["0.5"]["precision"] == 0.5

    scores = hand_up_scores(tmp_path / "missed", (first, Segment("5", "jump", 7.0, 8.0)), ("hand_up", "jump"))
    assert scores["events"]["per_label"]["jump"]["0.1"]["fn"] == 1

    scores = hand_up_scores(tmp_path / "other", (Segment("5", "jump", 7.0, 8.0),), ("jump",))
    assert scores["detections_not_judged"] == {"hand_up": 2}
    assert scores["events"]["false_alarms"] == 0


def test_where_nothing_is_annotated_that_the_weights_know_nothing_is_right_or_wrong(tmp_path: Path) -> None:
    segments = tuple(Segment("5", "hand_up", *span) for span in UP)
    runs = []
    for name, found, labels in (("whole", segments, ("hand_up",)), ("bare", (), ()), ("own", (), ("hello",))):
        write_recording(actor(found, labels), tmp_path / name)
        bag = load_bag(tmp_path / name)
        runs.append(replay(bag, ActionStream(hand_up_weights(), topology=bag.truth.topology)))
    whole, bare, own = (score_runs([run], ["hand_up"]) for run in runs)
    for scores in (bare, own):
        assert (scores["frames"]["count"], scores["frames"]["accuracy"]) == (0, None)
        assert (scores["events"]["false_alarms_per_hour"], scores["events"]["hours"]) == (None, 0.0)
        assert scores["detections_not_judged"] == {"hand_up": 2}
        every = scores["false_alarms_of_every_label"]
        assert every["count"] == 2 and every["per_hour"] == pytest.approx(2 / whole["events"]["hours"])
    assert whole["false_alarms_of_every_label"]["count"] == 0
    pooled = score_runs(runs, ["hand_up"])
    assert pooled["frames"] == whole["frames"] and pooled["events"] == whole["events"]

    _, results = evaluate.evaluate([runs[1].bag], CPU)
    assert any(text.startswith("bare: nothing that the weights know is annotated") for text in results["warnings"])
    nobody = replace(runs[1].bag, truth=replace(runs[1].bag.truth, labels=("hand_up",)))
    looked_for = score_runs([replace(runs[1], bag=nobody)], ["hand_up"])
    assert looked_for["events"]["false_alarms"] == 2, "what was looked for and not done"


def test_what_nobody_can_tell_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    first, second = (Segment("5", "hand_up", *span) for span in UP)
    whole = hand_up_scores(tmp_path / "whole", (first, second))
    scores = hand_up_scores(tmp_path / "part", (first, replace(second, label=AMBIGUOUS)))
    assert scores["events"]["false_alarms"] == 0
    assert scores["events"]["overall"]["0.5"] | {"f1": 1.0, "tp": 1} == scores["events"]["overall"]["0.5"]
    assert list(scores["events"]["per_label"]) == ["hand_up"] and scores["detections_not_judged"] == {}
    gone = whole["frames"]["count"] - scores["frames"]["count"]
    assert gone == pytest.approx(1.5 * RATE * 1.1, abs=3), "every tenth frame comes twice"

    shorter = hand_up_scores(tmp_path / "end", (first, replace(second, label=AMBIGUOUS, end=second.end - 0.6)))
    assert {one["f1"] for one in shorter["segments"].values()} == {1.0}, "the rest of what was said in doubt"

    nothing = hand_up_scores(tmp_path / "all", (Segment("5", AMBIGUOUS, 0.0, 20.0),))
    assert (nothing["frames"]["count"], nothing["events"]["false_alarms"]) == (0, 0)
    _, results = evaluate.evaluate([load_bag(tmp_path / "part")], CPU)
    assert results["warnings"] == [
        "The weights have no label hand_up: these actions count as missed.",
        "part: nothing that the weights know is annotated: its time counts for no false alarm, its frames for no"
        " accuracy.",
    ]
    evaluate.draw_run(replay(load_bag(tmp_path / "all"), ActionStream(hand_up_weights(), topology="kinect_v2_25")),
                      tmp_path / "all.png", "all")  # fmt: skip


def test_people_of_the_labels_are_those_of_the_bag_where_it_has_several(tmp_path: Path) -> None:
    source = actor(tuple(Segment("somebody", "hand_up", *span) for span in UP))
    beside = replace(source.frames[0].people[0], id="6")
    two = replace(source, frames=tuple(replace(one, people=(*one.people, beside)) for one in source.frames))
    write_recording(two, tmp_path / "bag")
    bag = load_bag(tmp_path / "bag")
    scores = score_runs([replay(bag, ActionStream(hand_up_weights(), topology=bag.truth.topology))])
    assert scores["events"]["overall"]["0.1"]["tp"] == 0
    _, results = evaluate.evaluate([bag], CPU)
    assert any("the labels are of somebody, who is in no message (there: 5, 6)" in text for text in results["warnings"])


def test_an_action_that_runs_at_the_end_of_the_bag_counts(tmp_path: Path) -> None:
    source = actor((Segment("5", "hand_up", *UP[0]),))
    cut = replace(source, frames=tuple(frame for frame in source.frames if frame.stamp < 5.5))
    write_recording(cut, tmp_path / "bag")
    bag = load_bag(tmp_path / "bag")
    run = replay(bag, ActionStream(hand_up_weights(), topology=bag.truth.topology))
    (action,) = found_actions(run)
    assert action.start == pytest.approx(4.0, abs=0.15) and 5.0 < action.end < 5.5
    assert [event.kind for event in run.events] == ["onset", "lost"]


def test_a_second_replay_is_the_same(tmp_path: Path) -> None:
    write_recording(actor(()), tmp_path / "bag", message_type="visualization_msgs/msg/MarkerArray", axes="optical")
    bag = load_bag(tmp_path / "bag")
    stream = ActionStream(hand_up_weights(), topology=bag.truth.topology)
    first, second = replay(bag, stream), replay(bag, stream)
    assert found_actions(first) == found_actions(second) != []
    assert first.counters == second.counters


def test_bags_share_a_node_only_where_nothing_about_their_skeletons_differs(tmp_path: Path) -> None:
    write_recording(actor(()), tmp_path / "bag")
    one = load_bag(tmp_path / "bag")
    smaller = replace(one, truth=replace(one.truth, picture_size=(320.0, 240.0)))
    other = replace(one, truth=replace(one.truth, input_options={"pattern": "{joint}_of_{person}"}))
    moved = replace(one, truth=replace(one.truth, topic="/elsewhere"))
    assert alike([one, smaller, moved, other, smaller]) == [[one, moved], [smaller, smaller], [other]]


def test_live_is_as_offline(tmp_path: Path) -> None:
    for name, action in (("one", "wave"), ("two", "clap")):
        script = tuple(
            Act(action=act, seconds=seconds) for act, seconds in (("idle", 1.0), (action, 2.5), ("idle", 1.0))
        )
        recording = simulate(PerformanceConfig(scripts=(script,), start=1.0), seed=0)
        write_recording(recording, tmp_path / name, axes="body", topic=f"/{name}/bodies")
    bags = [load_bag(tmp_path / name) for name in ("one", "two")]
    runs, results = evaluate.evaluate(bags, CPU, rate=1.0)
    evaluate.save(runs, results, tmp_path / "out")
    if any(run.counters.get("skipped_slots") for run in runs):
        pytest.skip("the machine is too busy to infer at every slot")
    assert results["warnings"] == []
    offline = ActionStream.from_pretrained(topology=bags[0].truth.topology, device="cpu")
    for run in runs:
        assert found_actions(run) == found_actions(replay(run.bag, offline)) != []
        assert run.counters["frames"] == len(run.bag.frames) and run.lost_messages == 0
    latency = results["scores"]["latency"]
    assert latency["count"] > 50 and 0.0 < latency["p50_ms"] <= latency["p95_ms"]
    saved = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert saved == results
    assert saved["weights_sha256"] and saved["stream"]["look_ahead"] >= 0.0 and saved["mode"] == "live"
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "live at rate 1" in text and "latency, p50 / p95" in text and "trained on" in text
    assert (tmp_path / "out" / "one.png").read_bytes().startswith(b"\x89PNG")


def test_a_real_recording(tmp_path: Path) -> None:
    # Subject 02 is none of those that the shipped weights were trained on.
    recording = next(found for found in utkinect.load(public("utkinect")) if found.name == "s02_e01")
    end = recording.segments[2].end + 1.0
    excerpt = replace(
        recording,
        frames=tuple(frame for frame in recording.frames if frame.stamp <= end),
        segments=recording.segments[:3],
    )
    write_recording(excerpt, tmp_path / "s02_e01", storage="sqlite3")
    assert evaluate.main([str(tmp_path / "s02_e01"), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {"walk", "sit_down", "stand_up"} <= results["scores"]["events"]["per_label"].keys()
    assert results["scores"]["events"]["overall"]["0.1"]["tp"] >= 1
    stamps = np.array([frame.stamp for frame in excerpt.frames])
    assert results["scores"]["frames"]["count"] == len(stamps)


def test_bags_that_cannot_be_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = Truth(topic="/skeletons", topology="kinect_v2_25", axes="kinect", labels=("wave",), segments=())
    with BagWriter(tmp_path / "text") as bag:
        bag.add_topic("/skeletons", "std_msgs/msg/Bool")
    save_truth(truth, tmp_path / "text")
    with pytest.raises(BagError, match="no input adapter reads"):
        load_bag(tmp_path / "text")

    save_truth(replace(truth, topic="/bodies"), tmp_path / "text")
    with pytest.raises(BagError, match="expected topic /bodies"):
        load_bag(tmp_path / "text")

    write_recording(actor(()), tmp_path / "wrong")
    save_truth(replace(truth, topology="coco_17"), tmp_path / "wrong")
    with pytest.raises(BagError, match="no skeletons on /skeletons: expected joint 0 to 16"):
        load_bag(tmp_path / "wrong")

    assert evaluate.main([str(tmp_path / "missing")]) == 1
    assert "missing: no such bag" in capsys.readouterr().err
    (tmp_path / "bare").mkdir()
    assert evaluate.main([str(tmp_path / "bare")]) == 1
    assert "no bag, and no bag with a labels.yaml below it" in capsys.readouterr().err
    assert evaluate.main([str(tmp_path / "bare"), "--live", "--rate", "0"]) == 1
    assert "--rate: expected a number above 0, got 0" in capsys.readouterr().err
    (tmp_path / "file").touch()
    for words in (["--weights", "no_such"], ["--out", str(tmp_path / "file")]):  # told before a bag is read
        assert evaluate.main([str(tmp_path / "missing"), *words]) == 1
        assert words[1] in capsys.readouterr().err
    write_recording(actor(()), tmp_path / "good")
    with pytest.raises(BagError, match="different names"):
        evaluate.evaluate([load_bag(tmp_path / "good")] * 2, CPU)


def test_a_folder_of_bags_goes_on_where_it_stopped(tmp_path: Path, monkeypatch, capsys) -> None:
    for number in range(3):
        recording = performance(seed=number, people=1, seconds=4.0, rate=10.0)
        write_recording(recording, tmp_path / "bags" / f"take{number}")
    asked = [str(tmp_path / "bags"), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert evaluate.main(asked) == 0
    first = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [bag["name"] for bag in first["bags"]] == ["take0", "take1", "take2"]

    replayed = []
    monkeypatch.setattr(replays, "replay", lambda bag, *others: replayed.append(bag.name) or replay(bag, *others))
    next((tmp_path / "out" / asked_weights.KEPT).glob("*/take1.json")).write_text("{", encoding="utf-8")
    (tmp_path / "bags" / "take2" / "report.html").write_text("a page", encoding="utf-8")
    assert evaluate.main(asked) == 0
    assert replayed == ["take1"], "what is finished and unchanged is not replayed"
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == first

    replayed.clear()
    labels = tmp_path / "bags" / "take0" / "labels.yaml"
    labels.write_text(labels.read_text(encoding="utf-8").replace("units: m", "units: cm"), encoding="utf-8")
    assert evaluate.main(asked) == 0
    assert replayed == ["take0"], "what says how the bag is read has changed"

    capsys.readouterr()
    shutil.copytree(tmp_path / "bags" / "take0", tmp_path / "bags" / "broken")
    (tmp_path / "bags" / "broken" / "labels.yaml").write_text("schema: other", encoding="utf-8")
    with BagWriter(tmp_path / "bags" / "bare") as bag:
        bag.add_topic("/skeletons", "sensor_msgs/msg/PointCloud2")
    shutil.copy(tmp_path / "bags" / "take0" / "labels.yaml", tmp_path / "bags" / "bare")
    assert evaluate.main(asked) == 1
    shown = capsys.readouterr()
    assert "bare is left out: " in shown.err and "**bare is left out: " in shown.out
    second = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [bag["name"] for bag in second["bags"]] == ["take0", "take1", "take2"]
    assert sorted(second["left_out"]) == ["bare", "broken"]
    assert "no skeletons on /skeletons" in second["left_out"]["bare"]
    assert "schema: expected usdrl.labels/1" in second["left_out"]["broken"]
    assert evaluate.main([str(tmp_path / "bags" / name) for name in ("bare", "broken")]) == 1
    assert "none of 2 bags can be used: " in capsys.readouterr().err

    (tmp_path / "empty").mkdir()
    assert evaluate.main([str(tmp_path / "empty")]) == 1
    assert "no bag with a labels.yaml below it" in capsys.readouterr().err
