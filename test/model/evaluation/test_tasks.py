"""Tasks on clips: what is trained and scored on what, cells, stopping and going on."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.small_benchmark import (
    BENCHMARK,
    ENCODER,
    LABELS,
    Spy,
    named,
    networks,
    recording,
    sbu,
    weights,
)

import usdrl_model
from usdrl_model.checkpoints import code_version
from usdrl_model.checkpoints.code_version import CodeVersion
from usdrl_model.data.labelled_clips import labelled
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation.benchmark import TaskSettings
from usdrl_model.evaluation.benchmark_store import open_benchmark
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.clips import methods
from usdrl_model.evaluation.clips.fit_and_score import CUT_OFF, fit_and_score
from usdrl_model.evaluation.result import ALL, Cell, made_with
from usdrl_model.skeleton.person import Person

CELL = Cell(task="recognition", benchmark="b", method="1-NN", seed=0, scores={ALL: {"accuracy": 50.0}}, seconds=1.0)
KEY = {"task": "recognition", "benchmark": "b", "method": "1-NN", "seed": 0, "weights": "x"}


def test_a_cell_is_found_under_its_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = Cells(tmp_path / "cells")
    assert cells.get(KEY) is None
    cells.put(KEY, CELL)
    assert cells.get(KEY) == CELL
    assert cells.get({**KEY, "weights": "y"}) is None
    (path,) = cells.folder.iterdir()
    monkeypatch.setattr(code_version, "current", lambda: CodeVersion(version="0.1.0", hash="0" * 16))
    other = Cells(cells.folder)
    assert other.get(KEY) is None, "a number of other code under this one"
    other.put(KEY, dataclasses.replace(CELL, scores={ALL: {"accuracy": 60.0}}, code=code_version.current()))
    assert other.get(KEY).code.hash == "0" * 16
    assert cells.get(KEY) == CELL
    assert path in cells.folder.iterdir()


def test_a_cell_says_which_code_made_it_and_when(tmp_path: Path) -> None:
    cells = Cells(tmp_path)
    cells.put(KEY, CELL)
    (path,) = tmp_path.iterdir()
    stored = json.loads(path.read_text())
    assert stored["key"]["code"] == stored["cell"]["code"]["hash"] == code_version.current().hash
    assert stored["cell"]["code"]["version"] == usdrl_model.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored["cell"]["date"])


def test_cells_of_different_code_are_not_mixed() -> None:
    old = dataclasses.replace(CELL, seed=1, code=CodeVersion(version="0.1.0", commit="abc", hash="0" * 16))
    assert made_with([CELL, dataclasses.replace(CELL, date="2026-01-02")]) == (CELL.code, f"2026-01-02 to {CELL.date}")
    assert made_with([old]) == (old.code, CELL.date)
    with pytest.raises(ValueError, match=r"made by the same code, got 1 by .*; 1 by .*commit abc, code 00"):
        made_with([CELL, old])


def test_a_damaged_cell_is_named(tmp_path: Path) -> None:
    cells = Cells(tmp_path)
    cells.put(KEY, CELL)
    (path,) = tmp_path.iterdir()
    for text in ("{", "[]", '{"cell": {}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"{path.name}.*delete it"):
            cells.get(KEY)


@pytest.mark.parametrize(
    ("change", "message"), [({"scores": {}}, "without scores"), ({"scores": {ALL: {"a": float("nan")}}}, "a of all")]
)
def test_cells_without_numbers_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CELL, **change)


# Windows -------------------------------------------------------------------------------------------------------------


def test_nothing_of_a_clip_that_is_cut_off_comes_from_later(tmp_path: Path) -> None:
    known = recording("a", "up", "1")
    person = Person("0", known.frames[0].people[0].joints @ np.diag([-1.0, 1.0, -1.0]))
    turned = tuple(dataclasses.replace(frame, people=(person,)) for frame in known.frames[8:])
    other = dataclasses.replace(known, name="b", frames=known.frames[:8] + turned)
    write_set(tmp_path, "made", [known, other])
    half = labelled(Store.open(tmp_path), ENCODER.window, "made", lambda: 0.5)
    assert torch.equal(*half.windows)
    whole = labelled(Store.open(tmp_path), ENCODER.window, "made")
    assert not torch.allclose(*whole.windows)
    assert (whole.names, whole.subjects, len(whole)) == (("a", "b"), ("1", "1"), 2)


# What is fitted and scored -------------------------------------------------------------------------------------------


def test_scores_confusion_and_classes(store: Store, tmp_path: Path) -> None:
    (cell,) = fit_and_score(
        BENCHMARK, "recognition", store, [Spy(1).method], networks(), seeds=[0], cells=Cells(tmp_path)
    )
    assert cell.labels == LABELS
    assert cell.scores[ALL] == pytest.approx({"accuracy": 100 / 3, "macro_accuracy": 100 / 3})
    assert cell.details["confusion"][ALL] == [[0, 4, 0]] * 3
    fold = cell.details["folds"][ALL]["cross_subject"]
    assert (fold["train"], fold["test"]) == (12, 12)


def test_draws_follow_the_setting_and_the_seed(store: Store, tmp_path: Path) -> None:
    for task, sizes in {"semi_supervised": [3, 6], "few_shot": [3, 9]}.items():
        spy = Spy(0, seeded=False)
        found = fit_and_score(BENCHMARK, task, store, [spy.method], networks(), seeds=[0, 1], cells=Cells(tmp_path))
        assert [cell.seed for cell in found] == [0, 1]  # nothing random in the method, but in its draw
        assert [len(windows) for windows, _ in spy.fitted] == sizes * 2
        smaller, larger = (windows for windows, _ in spy.fitted[:2])
        assert all(any(torch.equal(one, other) for other in larger) for one in smaller)
        assert list(found[0].scores) == [f"{setting:g}" for setting in BENCHMARK.tasks[task].settings]


def test_a_draw_that_cannot_be_made_stops_before_training(store: Store, tmp_path: Path) -> None:
    many = TaskSettings(metric="accuracy", heads=("nearest",), settings=(1, 50))
    wrong = dataclasses.replace(BENCHMARK, tasks={"few_shot": many})
    spy = Spy(0)
    with pytest.raises(ValueError, match="50 examples of every class.*ask for fewer"):
        fit_and_score(wrong, "few_shot", store, [spy.method], networks(), seeds=[0], cells=Cells(tmp_path))
    assert not spy.fitted


def test_methods_in_which_nothing_is_random_run_once(store: Store, tmp_path: Path) -> None:
    found = fit_and_score(
        BENCHMARK, "retrieval", store, named("1-NN Euclid"), networks(), seeds=[0, 1, 2], cells=Cells(tmp_path)
    )
    assert [(cell.method, cell.seed) for cell in found] == [("1-NN Euclid", 0)]


def test_early_prediction_trains_on_whole_and_cut_clips_and_is_asked_at_every_share(
    store: Store, tmp_path: Path
) -> None:
    spy = Spy(0)
    (cell,) = fit_and_score(
        BENCHMARK, "early_prediction", store, [spy.method], networks(), seeds=[0], cells=Cells(tmp_path)
    )
    ((windows, y),) = spy.fitted
    whole = labelled(store.select(split="cross_subject/train"), ENCODER.window, "")
    assert torch.equal(windows[: len(whole)], whole.windows)
    assert len(windows) == len(y) == len(whole) * (1 + CUT_OFF)
    assert list(cell.scores) == ["0.2", "1"]
    assert cell.details["folds"]["1"]["cross_subject"]["train"] == len(whole)  # each counts once
    early, late = spy.asked
    test = store.select(split="cross_subject/test")
    assert torch.equal(early, labelled(test, ENCODER.window, "", lambda: 0.2).windows)
    assert torch.equal(late, labelled(test, ENCODER.window, "").windows)


def test_folds_are_fitted_one_by_one_and_scored_together(tmp_path: Path) -> None:
    benchmark = dataclasses.replace(
        BENCHMARK, data="sbu", protocol="five_fold", folds=tuple(f"five_fold/{n}" for n in range(1, 6)), people=2
    )
    store = open_benchmark(benchmark, sbu(tmp_path / "stores"))
    spy = Spy(2)
    (cell,) = fit_and_score(
        benchmark, "recognition", store, [spy.method], networks(people=2), seeds=[0], cells=Cells(tmp_path)
    )
    assert [len(windows) for windows, _ in spy.fitted] == [24, 30, 30, 30, 30]
    assert cell.details["confusion"][ALL] == [[0, 0, 12]] * 3
    assert [fold["test"] for fold in cell.details["folds"][ALL].values()] == [12, 6, 6, 6, 6]
    assert spy.fitted[0][0].shape[1:] == (16, 2, 25, 3)
    assert spy.fitted[0][0][:, :, 1].any()


@pytest.mark.parametrize("task", BENCHMARK.tasks)
def test_every_task_finds_classes_that_differ_in_the_pose(store: Store, tmp_path: Path, task: str) -> None:
    bone = dataclasses.replace(ENCODER, modalities=("bone",))
    given = [weights(tmp_path / "joints"), weights(tmp_path / "bones", bone)]
    asked = BENCHMARK.task(task)
    benchmark = dataclasses.replace(BENCHMARK, tasks={task: dataclasses.replace(asked, settings=asked.settings[-1:])})
    usual = methods.usual(task, asked.heads, 2)
    assert any(method.fusion for method in usual)
    cheap = [method for method in usual if method not in (methods.CNN, methods.GRU, methods.DTW)]
    found = fit_and_score(
        benchmark, task, store, cheap, networks(*given, causal=task == "early_prediction"),
        seeds=[0], cells=Cells(tmp_path / "cells"),
    )  # fmt: skip
    assert [cell.method for cell in found] == [method.title for method in cheap]
    for cell in found:
        (scores,) = cell.scores.values()
        assert scores["accuracy"] == 100.0, cell.method
