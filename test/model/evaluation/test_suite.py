"""A whole table of results from a file: pretraining, evaluation, going on, the page."""

import dataclasses
import logging
from collections import Counter
from pathlib import Path

import pytest
from helpers.small_benchmark import BENCHMARK, CPU, ENCODER, RECIPE, utd

from usdrl_model import config
from usdrl_model.checkpoints import code_version
from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.cli import main
from usdrl_model.cli.benchmark import BEGIN, END
from usdrl_model.data.stored_set import StoredSet
from usdrl_model.evaluation import suite, suite_file
from usdrl_model.evaluation.suite_file import Evaluation, Pretraining, Suite
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.skeleton.clip import Clip
from usdrl_model.training.pretraining.config import DataConfig, PretrainConfig
from usdrl_model.training.pretraining.views import ViewConfig

PRETRAINING = PretrainConfig(
    encoder=ENCODER,
    projectors=ProjectorConfig(hidden=16, stream=8, instance=8),
    views=ViewConfig(count=2, shortest_crop=8),
    data=DataConfig(sets=("utd_mhad",)),
    steps=3,
    batch_size=4,
)


@pytest.fixture
def made(tmp_path: Path) -> Suite:
    config.dump(PRETRAINING, tmp_path / "pretrain.yaml")
    config.dump(RECIPE, tmp_path / "recipe.yaml")
    config.dump(BENCHMARK, tmp_path / "made.yaml")
    utd(tmp_path / "stores")
    common = {"benchmark": str(tmp_path / "made.yaml"), "weights": ("tiny",)}
    return Suite(
        seeds=(0, 1),
        pretraining={"tiny": Pretraining(config=str(tmp_path / "pretrain.yaml"))},
        evaluations=(
            Evaluation(task="retrieval", methods=("1-NN", "1-NN Euclid"), **common),
            Evaluation(
                task="recognition", methods=("fine-tuned", "linear"), recipe=str(tmp_path / "recipe.yaml"), **common
            ),
        ),
    )


def test_every_seed_is_a_pretraining_of_its_own_and_nothing_is_done_twice(made: Suite, tmp_path: Path) -> None:
    run = lambda: suite.run(made, tmp_path / "stores", tmp_path / "out", CPU)  # noqa: E731
    results = run()
    assert sorted(path.name for path in (tmp_path / "out" / "pretraining").iterdir()) == ["tiny-0", "tiny-1"]
    methods = [[(cell.method, cell.seed) for cell in cells] for _, _, cells in results]
    assert methods[0] == [("1-NN", 0), ("1-NN", 1), ("1-NN Euclid", 0)]
    assert sorted(methods[1]) == [("fine-tuned", 0), ("fine-tuned", 1), ("linear", 0), ("linear", 1)]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()}
    again = run()
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert [cells for *_, cells in again] == [cells for *_, cells in results]


def test_recordings_are_read_once_for_all_pretrainings_and_once_for_all_tasks(
    made: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read: Counter[int] = Counter()
    clip = StoredSet.clip

    def counted(stored: StoredSet, index: int) -> Clip:
        read[index] += 1
        return clip(stored, index)

    monkeypatch.setattr(StoredSet, "clip", counted)
    caplog.set_level(logging.INFO)
    suite.run(made, tmp_path / "stores", tmp_path / "out", CPU)
    assert max(read.values()) == 2
    assert sum("content of" in line for line in caplog.messages) == 1


def test_a_suite_goes_on_where_a_model_was_being_written(made: Suite, tmp_path: Path) -> None:
    run = lambda: suite.run(made, tmp_path / "stores", tmp_path / "out", CPU)  # noqa: E731
    results = run()
    weights = tmp_path / "out" / "pretraining" / "tiny-0" / "weights"
    before = (weights / "model.safetensors").read_bytes()
    for file in weights.iterdir():
        file.unlink()
    again = run()
    assert (weights / "model.safetensors").read_bytes() == before
    assert [cells for *_, cells in again] == [cells for *_, cells in results]


def test_a_page_does_not_mix_code(
    made: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.dump(made.only([f"{tmp_path / 'made.yaml'}/retrieval"]), tmp_path / "suite.yaml")
    arguments = [
        "benchmark", "--suite", str(tmp_path / "suite.yaml"), "--data", str(tmp_path / "stores"),
        "--out", str(tmp_path / "out"), "--device", "cpu", "--threads", "1",
    ]  # fmt: skip
    assert main.main(arguments) == 0
    assert f"Made by {code_version.current()};" in capsys.readouterr().out
    before = set((tmp_path / "out" / "cells").iterdir())

    other = CodeVersion(version="0.1.0", commit="abc", hash="0" * 16)
    first = code_version.current()
    monkeypatch.setattr(code_version, "current", lambda: other)
    assert main.main([*arguments, "--resume"]) == 1
    said = capsys.readouterr().err
    assert f"tiny-0/weights and 1 more: pretrained by {first}; what runs is {other}" in said
    assert "--keep-pretrained" in said
    assert set((tmp_path / "out" / "cells").iterdir()) == before
    assert main.main([*arguments, "--resume", "--keep-pretrained"]) == 0
    page = capsys.readouterr().out
    assert f"Made by {other};" in page
    assert f"The pretrained models are older: made by {first}." in page
    assert len(set((tmp_path / "out" / "cells").iterdir()) - before) == 3, "all cells are made again"


def test_the_command_writes_the_marked_part_of_a_page(made: Suite, tmp_path: Path) -> None:
    config.dump(made, tmp_path / "suite.yaml")
    page = tmp_path / "page.md"
    arguments = [
        "benchmark", "--suite", str(tmp_path / "suite.yaml"), "--data", str(tmp_path / "stores"),
        "--out", str(tmp_path / "out"), "--page", str(page), "--device", "cpu", "--threads", "1",
        "--only", f"{tmp_path / 'made.yaml'}/retrieval",
    ]  # fmt: skip
    page.write_text("no markers", encoding="utf-8")
    assert main.main(arguments) == 1
    assert not (tmp_path / "out").exists(), "work was done before the page was looked at"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert main.main(arguments) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.rstrip().endswith("after")
    assert "1-NN Euclid" in text
    assert "old" not in text


def test_what_cannot_be_run_is_refused_before_anything_is_trained(made: Suite, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown suite 'opn'; did you mean 'open'\? Known: open"):
        suite_file.load("opn")
    with pytest.raises(ValueError, match=r"\['other'\] are not among"):
        Suite(evaluations=(Evaluation(benchmark="utd_mhad", task="retrieval", weights=("other",)),))
    one = next(iter(made.pretraining.values()))
    own = {"first": dataclasses.replace(one, teacher="first")}
    with pytest.raises(ValueError, match="an order in which they can begin, got first before first"):
        dataclasses.replace(made, pretraining={**made.pretraining, **own})
    each_other = {"first": dataclasses.replace(one, init_from="second"), "second": own["first"]}
    with pytest.raises(ValueError, match="got (first before second before first|second before first before second)"):
        dataclasses.replace(made, pretraining={**made.pretraining, **each_other})
    with pytest.raises(ValueError, match="transfer needs some, made on other sets"):
        Suite(evaluations=(Evaluation(benchmark="utd_mhad", task="transfer", methods=("from scratch",)),))
    with pytest.raises(ValueError, match="not in the suite: "):
        made.only(["utd_mhad/retrieval"])
    with pytest.raises(FileNotFoundError, match="usdrl data import"):
        suite.run(made, tmp_path / "nowhere", tmp_path / "out", CPU)
    assert not (tmp_path / "out").exists()


def test_the_open_suite_names_files_that_are_there() -> None:
    opened = suite_file.load("open")
    assert {"recognition", "retrieval", "semi_supervised", "transfer", "few_shot", "detection", "segmentation",
            "early_prediction", "recognition_2d"} == {one.task for one in opened.evaluations}  # fmt: skip
    assert {run.load(0).seed for run in opened.pretraining.values()} == {0}
    assert not {"utd_mhad", "msraction3d"} & set(opened.pretraining["elsewhere"].load(0).data.sets)


def test_evaluations_of_one_task_of_one_benchmark_are_one_table(made: Suite, tmp_path: Path) -> None:
    first = made.evaluations[0]
    apart = [dataclasses.replace(first, methods=(name,)) for name in ("1-NN Euclid", "1-NN")]
    ((_, task, cells),) = suite.run(
        dataclasses.replace(made, seeds=(0,), evaluations=tuple(apart)), tmp_path / "stores", tmp_path / "out", CPU
    )
    assert (task, [cell.method for cell in cells]) == ("retrieval", ["1-NN Euclid", "1-NN"])
