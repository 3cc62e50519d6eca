"""Bags whose labels have other names than those of the weights: a table says which is which."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said
from helpers.paths import ROOT

from usdrl_model.skeleton.recording import Recording
from usdrl_ros.bags import command, evaluate, label_names
from usdrl_ros.bags.errors import BagError
from usdrl_ros.bags.gathered import usable
from usdrl_ros.bags.write import write_recording

PAGE = (ROOT / "docs" / "bags.md").read_text(encoding="utf-8")


def called(name: str, others: tuple[str, ...] = ()) -> Recording:
    """Somebody who waves, of whom the labels call that otherwise."""
    waving = acted()
    segments = tuple(replace(segment, label=name) for segment in waving.segments)
    return replace(waving, labels=(name, *others), segments=segments)


def example() -> str:
    """The table of the page."""
    return re.search(r"^```yaml\n(hello: .*?)^```", PAGE, re.DOTALL | re.MULTILINE)[1]


def test_the_example_of_the_page(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    line = re.search(r"^usdrl-evaluate-bag (.*--label-names.*)$", PAGE, re.MULTILINE)[1]
    write_recording(called("hello", ("stretching",)), tmp_path / "bags" / "one")
    write_recording(acted(), tmp_path / "bags" / "two")
    (tmp_path / "names.yaml").write_text(example(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert evaluate.main([*line.split(), "--device", "cpu"]) == 0
    told = said(capsys)
    assert "By the table of labels hello is wave, applause is clap, stretching is none, fidgeting is ambiguous." in told
    results = json.loads(Path("out/ours/results.json").read_text(encoding="utf-8"))
    first, second = results["bags"]
    assert first["scores"] == second["scores"] and list(first["scores"]["events"]["per_label"]) == ["wave"]
    assert first["scores"]["events"]["overall"]["0.1"]["tp"] == 1
    assert results["label_names"]["hello"] == "wave"
    assert results["warnings"] == [
        "--label-names: no bag has a label 'applause'.",
        "--label-names: no bag has a label 'fidgeting'.",
    ]
    assert "label: hello" in (tmp_path / "bags" / "one" / "labels.yaml").read_text(encoding="utf-8")


def test_labels_that_go_over_into_each_other_and_become_one_are_one_action(tmp_path: Path) -> None:
    waving = acted()
    (wave,) = waving.segments
    middle = 0.5 * (wave.start + wave.end)
    halves = (replace(wave, label="left", end=middle), replace(wave, label="right", start=middle))
    write_recording(replace(waving, labels=("left", "right"), segments=halves), tmp_path / "bag")
    bag = usable([tmp_path / "bag"])[0][0]
    (one,) = label_names.renamed(bag, {"left": "wave", "right": "wave"}).truth.segments
    assert (one.label, one.start, one.end) == ("wave", wave.start, wave.end)
    assert len(label_names.renamed(bag, {"left": "wave", "right": "clap"}).truth.segments) == 2
    twice = (halves[0], replace(halves[1], label="left"))
    write_recording(replace(waving, labels=("left", "right"), segments=twice), tmp_path / "twice")
    again = label_names.renamed(usable([tmp_path / "twice"])[0][0], {"left": "wave", "right": "wave"})
    assert len(again.truth.segments) == 2, "as whoever labelled it has it"


def test_what_is_ambiguous_stays_so(tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text("ambiguous: wave", encoding="utf-8")
    with pytest.raises(BagError, match="ambiguous is neither right nor wrong by any name"):
        label_names.load(tmp_path / "names.yaml", ["wave"])


def test_what_is_left_out_by_a_table_is_background_or_nothing(tmp_path: Path) -> None:
    write_recording(called("hello", ("wave",)), tmp_path / "bag")
    false_alarms = {}
    for label in ("none", "ambiguous"):
        (tmp_path / "names.yaml").write_text(f"hello: {label}", encoding="utf-8")
        asked = [str(tmp_path / "bag"), "--label-names", str(tmp_path / "names.yaml"), "--device", "cpu"]
        assert evaluate.main([*asked, "--out", str(tmp_path / "out")]) == 0
        results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
        false_alarms[label] = results["scores"]["events"]["false_alarms"]
        assert results["warnings"] == []
    assert false_alarms == {"none": 1, "ambiguous": 0}


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("hello: wvae", "hello: the weights have no label 'wvae'; did you mean 'wave'?"),
        ("hello: 3", "in quotes where YAML reads them as something else, got 'hello': 3"),
        ("hello", "expected a table, such as hello: wave, got 'hello'"),
        ("helo: wave", "no bag has a label 'helo'; did you mean 'hello'?"),
    ],
)
def test_tables_that_are_mistyped(tmp_path: Path, table: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_recording(called("hello"), tmp_path / "bag")
    (tmp_path / "names.yaml").write_text(table, encoding="utf-8")
    names = ["--label-names", str(tmp_path / "names.yaml"), "--device", "cpu"]
    wrong = 0 if "helo" in table else 1
    assert evaluate.main([str(tmp_path / "bag"), *names, "--out", str(tmp_path / "out")]) == wrong
    assert text in said(capsys)
    assert command.main(["report", str(tmp_path / "bag"), *names]) == wrong
    assert text in said(capsys)


def test_the_page_of_a_bag_shows_the_labels_of_the_weights(tmp_path: Path) -> None:
    write_recording(called("hello"), tmp_path / "bag")
    (tmp_path / "names.yaml").write_text(example(), encoding="utf-8")
    assert command.main(["report", str(tmp_path / "bag"), "--label-names", str(tmp_path / "names.yaml")]) == 0
    page = (tmp_path / "bag" / "report.html").read_text(encoding="utf-8")
    assert "hello" not in page
    assert "--label-names: every action here, and a click, has the label of the weights" in page
