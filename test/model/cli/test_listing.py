"""``usdrl list``: what helps to choose, in one line each."""

import json

import pytest

from usdrl_model.checkpoints import shipped
from usdrl_model.cli import main


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main.main(["list", *words]) == 0
    return capsys.readouterr().out


def test_weights_are_a_table_of_what_helps_to_choose(capsys: pytest.CaptureFixture[str]) -> None:
    text = listed(capsys, "weights")
    head, *lines = text.splitlines()
    assert head.split() == ["name", "kind", "labels", "input", "delay", "size", "terms"]
    assert [line.split()[0] for line in lines] == [one.name for one in shipped.registry()]
    assert max(map(len, lines)) < 100, "a line of a terminal"
    assert all(line[head.index(column) - 1] == " " for line in lines for column in head.split()[1:]), "columns are even"

    found = json.loads(listed(capsys, "weights", "--json"))
    assert found["hri_streaming"] == {
        "kind": "detector",
        "labels": "18",
        "input": "space, one person",
        "delay": "0.2 s",
        "size": "1.0 MB",
        "terms": "research",
    }
    assert (found["hri_2d"]["input"], found["pairs"]["input"]) == ("picture, one person", "space, 2 people")
    assert {name for name, one in found.items() if one["terms"] == "products"} == {"free", "free_streaming", "free_128"}
    assert (found["foundation"]["kind"], found["foundation"]["labels"]) == ("encoder", "-")


def test_what_has_one_description_stays_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(listed(capsys, "topologies", "--json"))["kinect_v2_25"] == "25 joints"
    assert "kinect_v2_25" in listed(capsys, "topologies")


def test_methods_say_of_which_tasks_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(listed(capsys, "methods", "--json"))
    assert found["fine-tuned"] == "clips, whole recordings, live streams"
    assert found["as it is"] == found["streaming"] == "live streams"
    assert found["1-NN"] == "clips"
