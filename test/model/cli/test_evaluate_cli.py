"""usdrl evaluate: what it writes, going on, errors."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.small_benchmark import (
    BENCHMARK,
    ENCODER,
    RECIPE,
    utd,
    weights,
)

from usdrl_model import config
from usdrl_model.cli import main
from usdrl_model.data.store import Store
from usdrl_model.evaluation import evaluate
from usdrl_model.evaluation.clips import fitting
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import ALL
from usdrl_model.network.detector import Detector
from usdrl_model.training.finetuning.config import FinetuneConfig


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(utd(tmp_path / "stores"))


def command(tmp_path: Path, task: str, given: str | Sequence[str], *more: str) -> list[str]:
    config.dump(BENCHMARK, tmp_path / "made.yaml")
    config.dump(RECIPE, tmp_path / "recipe.yaml")
    return [
        "evaluate", "--task", task, "--benchmark", str(tmp_path / "made.yaml"),
        "--weights", *([given] if isinstance(given, str) else given),
        "--data", str(tmp_path / "stores"), "--out", str(tmp_path / "out"), "--recipe", str(tmp_path / "recipe.yaml"),
        "--device", "cpu", "--threads", "1", *more,
    ]  # fmt: skip


def test_the_command_writes_prints_and_goes_on_where_it_was_stopped(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = command(
        tmp_path, "recognition", str(weights(tmp_path / "weights")),
        "--methods", "from scratch", "linear", "logistic regression", "--seeds", "0", "1",
    )  # fmt: skip
    trained: list[int] = []
    train = fitting.finetune.fit

    def counted(run: FinetuneConfig, *arguments: object, **named: object) -> Detector:
        trained.append(run.seed)
        if trained == [0, 1]:
            raise KeyboardInterrupt
        return train(run, *arguments, **named)

    monkeypatch.setattr(fitting.finetune, "fit", counted)
    with pytest.raises(KeyboardInterrupt):
        main.main(words)
    assert main.main(words) == 1
    assert "holds results already: go on with --resume" in capsys.readouterr().err
    assert main.main([*words, "--resume"]) == 0
    assert trained == [0, 1, 1]
    page = capsys.readouterr().out
    assert page.strip() == (tmp_path / "out" / "result.md").read_text(encoding="utf-8").strip()
    assert "made on msraction3d; sbu" in page
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    found = {row["method"]: (row["seeds"], row["scores"][ALL]["accuracy"]["mean"]) for row in result["table"]}
    assert found == {"from scratch": ([0, 1], 100.0), "linear": ([0], 100.0), "logistic regression": ([0], 100.0)}
    assert list((tmp_path / "out").glob("*.png"))
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 4


def test_the_command_fuses_several_weights(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bone = dataclasses.replace(ENCODER, modalities=("bone",))
    given = [str(weights(tmp_path / "joints")), str(weights(tmp_path / "bones", bone))]
    assert main.main(command(tmp_path, "retrieval", given, "--methods", "1-NN", "1-NN, fused")) == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert [row["method"] for row in result["table"]] == ["1-NN", "1-NN, fused"]
    assert capsys.readouterr().out.count("made on msraction3d; sbu") == 2


def test_weights_with_fewer_people_are_said(store: Store, tmp_path: Path) -> None:
    benchmark = dataclasses.replace(BENCHMARK, people=2)
    said = evaluate.described(Pretrained.open(weights(tmp_path)), benchmark, store)
    assert "they see 1 of 2 people" in said


def test_the_command_says_what_is_wrong(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        ("transfer", str(weights(tmp_path / "seen", sets="utd_mhad, sbu"))): "was trained on utd_mhad",
        ("transfer", "none"): "transfer needs weights",
        ("recogniton", "none"): "did you mean 'recognition'",
        ("detection", "none"): "has no task detection",
        ("recognition", str(tmp_path / "nowhere")): "nowhere",
    }
    for (task, chosen), message in cases.items():
        assert main.main(command(tmp_path, task, chosen)) == 1
        said = capsys.readouterr().err
        assert said.startswith("usdrl evaluate: ")
        assert message in said
    assert not (tmp_path / "out").exists()


def test_the_recipe_can_be_changed(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb, *rest = command(tmp_path, "recognition", "none", "--methods", "1-NN Euclid", "--seeds", "0")
    assert main.main([verb, "batch=4", *rest]) == 1
    assert "batch: unknown key; did you mean 'batch_size'?" in capsys.readouterr().err
    assert main.main([verb, "steps=7", *rest]) == 0
    about = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert "steps=7" in json.dumps(about)
    capsys.readouterr()
