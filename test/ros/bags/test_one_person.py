"""Where labels and bag have one person each, every command takes them for the same, whatever they are called."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_model.data.store import Store
from usdrl_model.skeleton.segments import Segment
from usdrl_model.windows.tracklets import tracklets
from usdrl_ros.bags import evaluate
from usdrl_ros.bags.command import main
from usdrl_ros.bags.labels import load_truth
from usdrl_ros.bags.write import write_recording


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Of person 1, whom the labels call anna."""
    waving = acted()
    segments = tuple(replace(segment, person="anna") for segment in waving.segments)
    write_recording(replace(waving, segments=segments), tmp_path / "bag")
    return tmp_path / "bag"


def test_a_store_learns_what_they_do(bag: Path, tmp_path: Path) -> None:
    assert main(["store", str(tmp_path / "stores"), str(bag)]) == 0
    (person,) = tracklets(Store.open(tmp_path / "stores").recording(0), ("none", "wave"), 10.0, 1.0)
    assert (person.labels == 1).sum() == pytest.approx(20, abs=2), "two seconds of waving"


def test_truth_and_detections_of_the_results_are_of_one_person(bag: Path, tmp_path: Path, monkeypatch) -> None:
    drawn = []
    monkeypatch.setattr(evaluate, "draw_timeline", lambda path, rows, labels, **_: drawn.extend(rows))
    assert evaluate.main([str(bag), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    (result,) = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["bags"]
    assert {one["person"] for one in (*result["truth"], *result["detections"])} == {"1"}
    assert result["scores"]["events"]["overall"]["0.1"]["tp"] == 1
    assert [(row.name, len(row.actions)) for row in drawn] == [("1 truth", 1), ("1 detected", 1)]


@pytest.mark.parametrize("name", ["1", "anna", ""])
def test_a_second_annotator_may_use_either_name(bag: Path, tmp_path: Path, capsys, name: str) -> None:
    (first,) = load_truth(bag).segments
    table = tmp_path / "table.csv"
    table.write_text(f"person,label,start,end\n{name},wave,0.1,0.6\n", encoding="utf-8")
    add = ["label", str(bag), str(table), "--relative", "--add"]
    assert main(add) == main(add) == 0
    kept, *new = load_truth(bag).segments
    assert kept == first
    assert {one.person for one in new} == {"anna"}, "the name of the labels that were there"
    assert evaluate.main([str(bag), "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    assert "in no message" not in said(capsys)
    asked = ["label", str(bag), str(table), "--relative", *(["--person", name] if name else []), "--replace"]
    assert main(asked) == 0
    (one,) = load_truth(bag).segments
    assert one == Segment("anna", "wave", one.start, one.end)


def test_nobody_else_is_meant(bag: Path, tmp_path: Path, capsys) -> None:
    table = tmp_path / "table.csv"
    table.write_text("person,label,start,end\nbob,wave,0.1,0.6\n", encoding="utf-8")
    assert main(["label", str(bag), str(table), "--relative", "--add"]) == 1
    assert "person 'bob': the bag has 1" in said(capsys)
