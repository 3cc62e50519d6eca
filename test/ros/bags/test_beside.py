"""Pairs and gestures of bags: told, scored and named as the node tells them, offline and live."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.gestures import GESTURE, performed
from helpers.paths import public

from usdrl_model.cli.main import main as usdrl
from usdrl_model.data import catalogue, vocabulary
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.gestures import library
from usdrl_model.inference import load
from usdrl_model.online.pretrained import Pretrained
from usdrl_model.simulation.performance import performance
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_ros.bags import asked_weights, evaluate, replays
from usdrl_ros.bags.command import main
from usdrl_ros.bags.replay import load_bag, replay
from usdrl_ros.bags.scores import describe_scores, found_actions
from usdrl_ros.bags.write import replayable, write_recording

MINE = "both_up"


@pytest.fixture(scope="module")
def gestures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one enrolled gesture, by the weights that tell gestures beside the default ones."""
    folder = tmp_path_factory.mktemp("gestures")
    for seed in range(3):
        bag = folder / f"take{seed}"
        write_recording(performed(seed, ("idle", 2.0), (GESTURE, 2.5), ("idle", 1.0), start=1.0), bag)
        span = ["--from", "2.0", "--to", "4.5", "--folder", str(folder / "known"), "--device", "cpu"]
        assert main(["gesture", MINE, str(bag), *span]) == 0
    return folder / "known"


def made() -> Recording:
    """Somebody who makes the gesture, labelled."""
    acted = performed(11, ("idle", 2.0), (GESTURE, 2.5), ("idle", 2.0), start=1.0)
    person = acted.frames[0].people[0].id
    return replace(acted, segments=(Segment(person, MINE, 3.0, 5.5),), labels=(MINE,))


def test_labels_of_pairs_and_gestures_are_known_and_what_tells_them_is_named(
    tmp_path: Path, gestures: Path, capsys, monkeypatch
) -> None:
    write_recording(made(), tmp_path / "bags" / "gesture")
    two = performance(seed=0, people=2, seconds=3.0, rate=10.0)
    hug = Segment(two.frames[0].people[0].id, "hug", two.frames[0].stamp, two.frames[-1].stamp)
    write_recording(replace(two, labels=("hug", "drink"), segments=(hug,)), tmp_path / "bags" / "two")
    asked = [str(tmp_path / "bags"), "--device", "cpu", "--out", str(tmp_path / "out")]
    assert evaluate.main(asked) == 0
    alone = json.loads((tmp_path / "out" / "results.json").read_text())
    nothing = (
        "nothing that the weights know is annotated: its time counts for no false alarm, its frames for no accuracy."
    )
    assert alone["warnings"] == [
        f"The weights have no label {MINE}, hug: these actions count as missed.",
        f"gesture: {nothing}",
        f"two: {nothing}",
    ], "nobody drinks, so that it cannot be missed"
    assert "pair_weights_sha256" not in alone and "pair_weights" not in alone["model"]

    asked += ["--pair-weights", "pairs", "--gestures", str(gestures)]
    assert evaluate.main([*asked, "--jobs", "2"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [bag["name"] for bag in results["bags"]] == ["gesture", "two"]
    assert results["warnings"] == []
    assert results["scores"]["events"]["per_label"][MINE]["0.1"]["tp"] == 1
    for name, weights in (("pair_weights", "pairs"), ("gesture_weights", "hri")):
        assert results["model"][name] == weights and len(results[f"{name}_sha256"]) == 64
        assert results[f"{name}_provenance"]["data"]
    assert results["model"]["gestures"] == MINE
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert f"; pair_weights pairs; gesture_weights hri; gestures {MINE};" in text
    assert "The pair_weights were trained on: sbu (subjects" in text and "The gesture_weights were trained on:" in text

    replayed: list[str] = []
    monkeypatch.setattr(replays, "replay", lambda bag, *others: replayed.append(bag.name) or replay(bag, *others))
    next((tmp_path / "out" / asked_weights.KEPT).glob("*/two.json")).write_text("{", encoding="utf-8")
    assert evaluate.main(asked) == 0
    assert replayed == ["two"], "what another process has kept is as good as what is replayed here"
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == results
    replayed.clear()
    changed = shutil.copytree(gestures, tmp_path / "changed") / MINE / "gesture.yaml"
    known = library.read(gestures, MINE).threshold
    changed.write_text(changed.read_text().replace(f"threshold: {known}", f"threshold: {known + 0.01}"))
    assert evaluate.main([*asked[:-1], str(tmp_path / "changed")]) == 0
    assert replayed == ["gesture", "two"], "what was kept is of another threshold"
    assert evaluate.main([*asked[:-4], "--gestures", str(gestures)]) == 0
    assert replayed == ["gesture", "two"] * 2, "what was kept is of other weights"


def test_predict_and_the_page_tell_and_name_them(tmp_path: Path, gestures: Path, capsys) -> None:
    write_recording(made(), tmp_path / "bag")
    asked = ["--pair-weights", "pairs", "--gestures", str(gestures), "--device", "cpu"]
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "bag"), *asked, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert MINE in {action["label"] for action in said["recordings"][0]["actions"]}
    assert (said["model"]["pair_weights"], said["model"]["gestures"]) == ("pairs", MINE)
    assert main(["report", str(tmp_path / "bag"), *asked]) == 0
    page = (tmp_path / "bag" / "report.html").read_text(encoding="utf-8")
    shown = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert shown["model"]["gestures"] == MINE and shown["model"]["pair_weights"]
    assert {MINE, "hug"} <= {label["name"] for label in shown["labels"]}, "what a click can say"
    assert evaluate.main([str(tmp_path / "bag"), *asked, "--out", str(tmp_path / "out")]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert shown["scores"] == describe_scores(results["scores"]), "judged by all that is told"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pair-weights", "hri"], "pair_weights: expected a detector of two people, got hri"),
        (["--pair-weights", "pears"], "pears"),
        (["--gestures", "nowhere"], "nowhere: no gestures; usdrl gestures add makes one"),
        (["--gesture-weights", "hri"], "--gesture-weights: no gestures to tell with them: give --gestures a folder"),
        (["--gestures", "nowhere", "--gesture-weights", "default"], "is a streaming detector"),
    ],
)
def test_what_cannot_run_beside_is_refused_in_one_line_before_a_bag_is_read(tmp_path, capsys, options, said) -> None:
    assert evaluate.main([str(tmp_path / "missing"), "--device", "cpu", *options]) == 1
    found = capsys.readouterr().err
    assert said in found and found.count("\n") == 1


def test_recordings_of_ones_own_are_told_them_too(tmp_path: Path, gestures: Path, capsys) -> None:
    assert usdrl(["predict", str(tmp_path), "--gesture-weights", "hri"]) == 1
    write_recording(made(), tmp_path / "bag")
    assert main(["store", str(tmp_path / "stores"), str(tmp_path / "bag")]) == 0
    capsys.readouterr()
    assert usdrl(["predict", str(tmp_path / "stores"), "--gestures", str(gestures), "--device", "cpu"]) == 0
    assert f"  {MINE}" in capsys.readouterr().out


def test_two_people_and_a_gesture_live_are_as_offline(tmp_path: Path, gestures: Path) -> None:
    words = vocabulary.load("hri")
    # These two are in the test fold: the weights have learnt from each of them with others only.
    pair = (one for one in catalogue.load("sbu", public("sbu")) if one.tags["set"] == "s01s02")
    hug = in_vocabulary(next(one for one in pair if one.label == "hug"), "sbu", words, pairs=True)
    assert hug is not None
    write_recording(replayable(replace(hug, label=None)), tmp_path / "hug")
    write_recording(made(), tmp_path / "gesture")
    bags = [load_bag(tmp_path / name) for name in ("hug", "gesture")]
    made_of = Pretrained(pair_weights="pairs", gestures=str(gestures), device="cpu")
    runs, results = evaluate.evaluate(bags, made_of, rate=1.0)
    if any(run.counters.get("skipped_slots") for run in runs):
        pytest.skip("the machine is too busy to infer at every slot")
    assert results["warnings"] == []
    assert {(one.person, one.label) for one in found_actions(runs[0])} >= {("1", "hug"), ("2", "hug")}
    assert MINE in {one.label for one in found_actions(runs[1])}


def test_weights_are_loaded_once_for_all_joint_sets(gestures: Path, monkeypatch) -> None:
    loaded, loads = [], load.load
    monkeypatch.setattr(load, "load", lambda name, *given, **more: loaded.append(name) or loads(name, *given, **more))
    streams = Pretrained(gestures=str(gestures), device="cpu").streams(["kinect_v2_25", "coco_17", "smpl_24"])
    assert loaded == ["default", "hri"]
    assert len({id(stream.gestures.known.detector) for stream in streams.values()}) == 1
