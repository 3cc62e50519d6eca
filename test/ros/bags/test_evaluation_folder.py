"""The folder of an evaluation: what is in it of each bag, and that results of other weights are not overwritten."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_ros.bags import evaluate
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
