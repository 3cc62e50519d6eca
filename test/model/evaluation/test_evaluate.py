"""One task of one benchmark with given weights: what of them is used as it is, and what is refused."""

import dataclasses
from pathlib import Path

import pytest
from helpers.small_benchmark import BENCHMARK, CPU, ENCODER, RECIPE, utd, weights
from helpers.streaming import ENCODER as STREAMING_ENCODER

from usdrl_model import config
from usdrl_model.checkpoints import detector_file, hub, official
from usdrl_model.cli import main
from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark import Task, TaskSettings
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.evaluate import described, evaluate
from usdrl_model.evaluation.networks import Networks
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.suite_file import Evaluation
from usdrl_model.network.config import EncoderConfig


def scored(tmp_path: Path, shape: EncoderConfig, task: Task, *titles: str) -> list[Cell]:
    config.dump(dataclasses.replace(RECIPE, steps=2), tmp_path / "recipe.yaml")
    found, _ = evaluate(
        BENCHMARK,
        task,
        weights=[Pretrained.open(weights(tmp_path / "weights", shape))],
        data=utd(tmp_path / "stores"),
        cells=Cells(tmp_path / "cells"),
        device=CPU,
        titles=titles,
        seeds=[0],
        recipe=tmp_path / "recipe.yaml",
    )
    return found


def test_weights_of_a_streaming_detector_tell_clips_apart(tmp_path: Path) -> None:
    found = scored(tmp_path, STREAMING_ENCODER, "recognition", "linear", "1-NN", "fine-tuned")
    assert [cell.method for cell in found] == ["linear", "1-NN", "fine-tuned"]


@pytest.mark.parametrize("form", ["official", "converted", "own"])
def test_windows_that_official_weights_do_not_know_are_told_of(
    form: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = weights(tmp_path / "weights", EncoderConfig(hidden=16))
    official.write(tmp_path / "official.pth.tar", hub.find(own))
    given = {"official": tmp_path / "official.pth.tar", "converted": tmp_path / "converted", "own": own}
    assert main.main(["convert", str(given["official"]), str(given["converted"])]) == 0
    _, about = evaluate(
        BENCHMARK, "retrieval", weights=[Pretrained.open(given[form])], data=utd(tmp_path / "stores"),
        cells=Cells(tmp_path / "cells"), device=CPU, titles=["1-NN"], seeds=[0],
    )  # fmt: skip
    told = "weights of an official checkpoint see other windows here"
    assert (told in about["weights"], told in caplog.text) == ((form != "own",) * 2)


def test_a_detector_starts_from_the_weights_of_one(tmp_path: Path) -> None:
    live = dataclasses.replace(BENCHMARK, tasks={"stream": TaskSettings(metric="stream_recall", heads=("dense",))})
    given = Pretrained.open(weights(tmp_path / "weights"))
    with pytest.raises(ValueError, match="stream: expected weights of one encoder or detector, got 2"):
        evaluate(
            live, "stream", weights=[given, given], data=utd(tmp_path / "stores"), cells=Cells(tmp_path / "cells"),
            device=CPU,
        )  # fmt: skip
    with pytest.raises(ValueError, match="expected weights of one encoder or detector, got 2"):
        Evaluation(benchmark="sbu", task="stream", weights=("one", "other")).checked(live)


@pytest.mark.parametrize(
    ("task", "causal", "expected"),
    [
        ("recognition", True, True),
        ("recognition", False, False),
        ("early_prediction", False, True),
    ],
)
def test_an_encoder_stays_as_it_is_but_for_early_prediction(
    task: Task, causal: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    check = Networks.check
    monkeypatch.setattr(
        Networks, "check", lambda self, methods: (asked.append(self.shape.causal), check(self, methods))
    )
    scored(tmp_path, dataclasses.replace(ENCODER, causal=causal), task, "1-NN")
    assert asked == [expected]


def test_weights_of_a_detector_are_named_as_the_node_names_them(tmp_path: Path) -> None:
    node = detector_file.load("default", "cpu").describe()
    told = described(Pretrained.open("default"), BENCHMARK, Store.open(utd(tmp_path / "stores")))
    assert told.startswith(f"{node['weights']} ({node['hash']}), ")
