"""The folder of an evaluation: what is in it of each bag, and that results of other weights are not overwritten."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_ros.bags import evaluate, replays
from usdrl_ros.bags.labels import load_truth, save_truth
from usdrl_ros.bags.write import write_recording


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_bag_of_a_few_frames_in_which_nobody_does_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = replace(acted(), segments=(), frames=acted().frames[:3])
    write_recording(few, tmp_path / "bag")
    assert evaluate.main([str(tmp_path / "bag"), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    assert "**bag: 0.2 s are too short for an action to be told.**" in said(capsys)


def test_each_bag_has_scores_and_other_weights_another_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recording(acted(), tmp_path / "bags" / "long")
    write_recording(acted(1.0), tmp_path / "bags" / "short")
    asked = [str(tmp_path / "bags"), "--device", "cpu", "--out"]
    assert evaluate.main([*asked, str(tmp_path / "out")]) == 0
    told = said(capsys)
    rows = {row.split(" | ")[0]: row.split(" | ")[1:] for row in told.splitlines() if row.startswith("| ")}
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for bag in results["bags"]:
        scores = bag["scores"]
        assert scores["frames"]["count"] == bag["frames"]
        shown = rows[f"| {bag['name']}"]
        assert (shown[0], shown[4]) == ("1", str(scores["events"]["false_alarms"]))
        assert shown[5] == f"{100 * scores['frames']['accuracy']:.1f} % |"
    assert sum(bag["scores"]["frames"]["count"] for bag in results["bags"]) == results["scores"]["frames"]["count"]

    before = (tmp_path / "out" / "results.json").read_bytes()
    assert evaluate.main([*asked, str(tmp_path / "out"), "--weights", "hri"]) == 1
    assert "has the results of other weights ('hri_streaming')" in said(capsys)
    assert (tmp_path / "out" / "results.json").read_bytes() == before
    shutil.rmtree(tmp_path / "bags" / "long")
    assert evaluate.main([*asked, str(tmp_path / "other"), "--weights", "hri"]) == 0
    assert "| bag | true |" not in said(capsys), "one bag is all of them"
    assert evaluate.main([*asked, str(tmp_path / "out")]) == 0


@pytest.mark.parametrize(("kind", "anew"), [("geometry_msgs/msg/PoseArray", 1), ("sensor_msgs/msg/PointCloud2", 0)])
def test_a_kept_replay_is_of_the_person_of_the_labels(tmp_path: Path, monkeypatch, kind: str, anew: int) -> None:
    """Who is in a message without ids follows from the labels; who has an id is not replayed for other labels."""
    write_recording(acted(), tmp_path / "bag", message_type=kind)
    asked = [str(tmp_path / "bag"), "--device", "cpu", "--out"]
    assert evaluate.main([*asked, str(tmp_path / "out")]) == 0
    nobody = replace(load_truth(tmp_path / "bag"), segments=())
    save_truth(nobody, tmp_path / "bag")
    whole, replayed = replays.replay, []
    monkeypatch.setattr(replays, "replay", lambda bag, *others: replayed.append(bag.name) or whole(bag, *others))
    assert evaluate.main([*asked, str(tmp_path / "out")]) == 0
    assert len(replayed) == anew
    assert evaluate.main([*asked, str(tmp_path / "anew")]) == 0
    kept, new = ((tmp_path / name / "results.json").read_text(encoding="utf-8") for name in ("out", "anew"))
    assert json.loads(kept) == json.loads(new)


def test_several_weights_are_put_side_by_side(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(acted(), tmp_path / "bags" / "long")
    write_recording(replace(acted(1.0), segments=()), tmp_path / "bags" / "short")
    asked = [str(tmp_path / "bags"), "--device", "cpu", "--weights", "hri"]
    assert evaluate.main([*asked, "--out", str(tmp_path / "alone")]) == 0
    both = [*asked, "--weights", "default", "--out", str(tmp_path / "both")]
    capsys.readouterr()
    assert evaluate.main(both) == 0
    page = (tmp_path / "both" / "comparison.md").read_text(encoding="utf-8")
    assert page in said(capsys)

    alone = json.loads((tmp_path / "alone" / "results.json").read_text(encoding="utf-8"))
    there = {
        name: json.loads((tmp_path / "both" / name / "results.json").read_text(encoding="utf-8"))
        for name in ("hri", "hri_streaming")
    }
    assert there["hri"] == alone
    compared = json.loads((tmp_path / "both" / "comparison.json").read_text(encoding="utf-8"))["weights"]
    assert list(compared) == ["hri", "hri_streaming"], "in the order in which they are given"
    for name, one in there.items():
        assert compared[name]["sha256"] == one["weights_sha256"]
        assert compared[name]["scores"] == one["scores"]
        assert compared[name]["bags"] == {bag["name"]: bag["scores"] for bag in one["bags"]}
    rows = {row[0]: row[1:] for line in page.splitlines() if len(row := line.strip("| ").split(" | ")) > 2}
    assert rows["action"] == ["true", "hri: F1", "hri_streaming: F1"]
    alarms = [one["scores"]["events"]["false_alarms"] for one in there.values()]
    assert [cell.split(" ")[-1] for cell in rows["false alarms an hour"]] == [f"({count})" for count in alarms]
    by_bag = [bag["scores"]["events"]["false_alarms"] for one in there.values() for bag in one["bags"][1:]]
    assert (rows["short"][0], [int(cell) for cell in rows["short"][2::2]]) == ("0", by_bag)

    replayed = []
    monkeypatch.setattr(replays, "replay", lambda bag, *others: replayed.append(bag.name))
    assert evaluate.main(both) == 0 and replayed == [], "what is finished is not replayed"
    assert evaluate.main([*both, "--weights", "hri_streaming"]) == 1
    assert "two are called hri_streaming: choose a name, --weights NAME=hri_streaming" in said(capsys)
    assert evaluate.main([*both, "--weights", "replays=hri"]) == 1
    assert "results cannot be in a folder replays: choose a name" in said(capsys)
    assert evaluate.main([*both, "--weights", "again=hri_streaming"]) == 0 and replayed == []
    assert (
        json.loads((tmp_path / "both" / "again" / "results.json").read_text(encoding="utf-8")) == there["hri_streaming"]
    )
