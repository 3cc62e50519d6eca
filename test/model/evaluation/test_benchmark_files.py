"""Benchmarks: every file is sound, and what is wrong with one or with its data is said before anything is trained."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.paths import DATA, ROOT

from usdrl_model.data import catalogue
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import benchmark_table
from usdrl_model.evaluation.benchmark import TASKS, available, folder, load
from usdrl_model.evaluation.benchmark_store import classes, open_benchmark
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

CAN_BE_HERE = ("utd_mhad", "msraction3d", "msraction3d_as", "sbu", "utkinect", "utkinect_leave_one_out", "cmu_mocap")
"""Benchmarks on sets that are imported within a few seconds."""
MINE = """
name: mine
title: My benchmark
data: utkinect
protocol: cross_subject
people: 1
tasks:
  few_shot: {metric: accuracy, heads: [nearest], settings: [1, 3]}
  segmentation: {metric: f1@50, heads: [dense]}
"""


def recording(name: str, subject: str, label: str | None = None, *segments: Segment) -> Recording:
    frames = tuple(SkeletonFrame(t / 10, (Person("1", np.full((20, 3), 0.5)),)) for t in range(4))
    return Recording(
        name, "kinect_v1_20", frames, segments, labels=("walk", "wave", "clap"), subject=subject, label=label
    )


def stored(path: Path, *recordings: Recording, data: str = "utkinect") -> Path:
    """A store of one set."""
    write_set(path / "stores", data, recordings)
    return path / "stores"


def mine(path: Path, change: str = "", to: str = "", called: str = "mine") -> Path:
    """A benchmark file of a user, with one change."""
    assert change in MINE
    file = path / f"{called}.yaml"
    file.write_text(MINE.replace(change, to) if change else MINE, encoding="utf-8")
    return file


def wave(start: float = 0.0, end: float = 0.2) -> Segment:
    return Segment("1", "wave", start, end)


@pytest.mark.parametrize("name", available())
def test_every_file_is_a_benchmark_whose_numbers_say_where_they_come_from(name: str) -> None:
    benchmark = load(name)
    assert benchmark.title and benchmark.data in catalogue.SETS
    for task, settings in benchmark.tasks.items():
        assert task in TASKS and benchmark.task(task) == settings
        assert all(one.note and one.method and 0 < one.value <= 100 for one in settings.published)


def test_the_benchmarks_of_the_paper_and_of_the_open_sets_are_there() -> None:
    paper = {f"ntu60_{p}" for p in ("xsub", "xview")} | {f"ntu120_{p}" for p in ("xsub", "xset")}
    paper |= {f"ntu60_2d_{p}" for p in ("xsub", "xview")} | {f"ntu120_2d_{p}" for p in ("xsub", "xset")}
    paper |= {f"pku_mmd_{phase}_{p}" for phase in (1, 2) for p in ("xsub", "xview")} | {"uav_human_v1", "uav_human_v2"}
    opened = {*CAN_BE_HERE, "msrc12", "nuisi", "jhmdb2d", "nw_ucla", "bandai_namco"}
    assert set(available()) == paper | opened
    assert {task for name in available() for task in load(name).tasks} == set(TASKS)


@pytest.mark.parametrize(
    ("name", "task", "method", "value"),
    [
        ("ntu60_xsub", "recognition", "USDRL DSTE (AAAI), J", 85.2),
        ("ntu60_xview", "recognition", "USDRL DSTE (AAAI), J", 91.7),
        ("ntu120_xsub", "recognition", "USDRL DSTE (AAAI), J", 76.6),
        ("ntu120_xset", "recognition", "USDRL DSTE (AAAI), J", 78.1),
        ("pku_mmd_2_xsub", "recognition", "USDRL DSTE (AAAI), J", 54.4),
        ("pku_mmd_2_xsub", "segmentation", "USDRL", 67.5),
        ("pku_mmd_2_xsub", "transfer", "UmURL", 59.7),
        ("pku_mmd_1_xsub", "detection", "USDRL DSTE", 75.7),
        ("ntu60_xsub", "early_prediction", "USDRL DSTE", 25.5),
    ],
)
def test_headline_numbers(name: str, task: str, method: str, value: float) -> None:
    assert (method, value) in [(one.method, one.value) for one in load(name).task(task).published]


def test_what_a_benchmark_says() -> None:
    assert load("utd_mhad").splits == ("cross_subject",)
    assert load("sbu").splits == tuple(f"five_fold/{n}" for n in range(1, 6))
    assert load("sbu").people == 2
    assert load("utd_mhad").target_sets == ("utd_mhad",)
    assert set(load("ntu60_xsub").target_sets) == {"ntu60", "ntu120", "ntu60_2d", "ntu120_2d"}
    assert load("msrc12").task("detection").metric == "action_point_f1"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: load("utd_mhat"), "unknown benchmark 'utd_mhat'; did you mean 'utd_mhad'?"),
        (lambda: load("../utd_mhad"), "unknown benchmark"),
        (lambda: load("utd_mhad").task("few_shots"), "unknown task 'few_shots'; did you mean 'few_shot'?"),
        (
            lambda: load("msrc12").task("retrieval"),
            "benchmark msrc12 has no task retrieval; it has transfer, few_shot, detection",
        ),
        (lambda: open_benchmark(load("msrc12"), ".", "retrieval"), "benchmark msrc12 has no task retrieval"),
    ],
)
def test_unknown_names(ask, message: str) -> None:
    with pytest.raises(ValueError) as error:
        ask()
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "to", "message"),
    [
        ("people:", "peple:", "unknown key; did you mean 'people'?"),
        ("metric:", "metrik:", "tasks.few_shot.metrik: unknown key; did you mean 'metric'?"),
        ("few_shot", "few_shots", "'few_shot'"),
        ("utkinect", "utkinekt", "unknown data set 'utkinekt'; did you mean 'utkinect'?"),
        ("cross_subject", "cross_view", "utkinect has no protocol 'cross_view'; it has cross_subject"),
        ("people: 1", "people: 0", "people: expected at least 1, got 0"),
        ("settings: [1, 3]", "settings: []", "tasks.few_shot.settings: expected examples a class, got none"),
        ("settings: [1, 3]", "settings: [0, 3]", "expected examples a class above 0"),
        ("settings: [1, 3]", "settings: [1, 2.5]", "tasks.few_shot.settings: expected whole numbers, got [1.0, 2.5]"),
        ("few_shot", "semi_supervised", "expected shares of the labels above 0 and up to 1, got [1.0, 3.0]"),
        ("few_shot", "retrieval", "tasks.retrieval.settings: expected none"),
        ("[nearest]", "[]", "tasks.few_shot.heads: expected some of"),
        ("[nearest]", "[dense]", "dense is for detection, segmentation, stream"),
        ("[dense]", "[linear]", "tasks.segmentation.heads: expected [dense], got ['linear']"),
        ("f1@50", "f1@5", "tasks.segmentation: unknown metric 'f1@5'; did you mean 'f1@50'?"),
        (
            "[1, 3]",
            '[1], published: [{method: A, value: 9.0, setting: "3", note: b}]',
            "expected one of ['1'], got '3'",
        ),
        ("name: mine", "name: yours", "name: expected mine, as the file is called, got yours"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, change: str, to: str, message: str) -> None:
    file = mine(tmp_path, change, to)
    with pytest.raises(ValueError) as error:
        load(file)
    assert message in str(error.value) and str(file) in str(error.value)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    assert load(mine(tmp_path)).task("few_shot").settings == (1.0, 3.0)
    assert load(str(mine(tmp_path))).title == "My benchmark"
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "other.yaml")


@pytest.mark.parametrize("name", available())
def test_absent_data_says_where_to_get_it_its_terms_and_how_to_import_it(tmp_path: Path, name: str) -> None:
    benchmark = load(name)
    other = "sbu" if benchmark.data != "sbu" else "utkinect"
    store = stored(tmp_path, recording("a", "01"), data=other)
    source = catalogue.info(benchmark.data)
    for path, found in (
        (store, f"no set {benchmark.data} there, only {other}"),
        (store / other, f"only {other}"),
        (tmp_path / "nowhere", "no such store"),
        (ROOT / "test", "no set of a store there"),
    ):
        with pytest.raises(FileNotFoundError) as error:
            open_benchmark(benchmark, path)
        message = str(error.value)
        assert str(path) in message and found in message
        assert source.where in message and str(source.terms) in message
        to = store if path == store / other else path
        assert message.endswith(f"usdrl data import {benchmark.data} PATH --store {to}")


@pytest.mark.parametrize(("subjects", "part"), [(("01", "03"), "test"), (("02", "04"), "train")])
def test_an_empty_part(tmp_path: Path, subjects: tuple[str, ...], part: str) -> None:
    store = stored(tmp_path, *(recording(f"r{subject}", subject, "wave") for subject in subjects))
    with pytest.raises(ValueError, match=f"split cross_subject: none of the 2 recordings .* is in the {part} part"):
        open_benchmark(load("utkinect"), store)


def test_a_part_without_labels(tmp_path: Path) -> None:
    store = stored(tmp_path, recording("a", "01", None, wave()), recording("b", "02"))
    with pytest.raises(ValueError, match="the 1 recordings of the test part have no labels"):
        open_benchmark(load("utkinect"), store)


def test_a_class_that_is_tested_but_not_trained(tmp_path: Path) -> None:
    both = recording("b", "02", None, wave(), Segment("1", "clap", 0.2, 0.3))
    store = stored(tmp_path, recording("a", "01", None, wave()), both)
    with pytest.raises(ValueError, match="split cross_subject: tested, but in no recording to train on: clap;"):
        open_benchmark(load("utkinect"), store)


def test_a_class_that_is_never_tested_is_mentioned(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = recording("a", "01", None, wave(), Segment("1", "clap", 0.2, 0.3))
    store = stored(tmp_path, both, recording("b", "02", None, wave()))
    with caplog.at_level(logging.WARNING):
        opened = open_benchmark(load("utkinect"), store)
    assert "benchmark utkinect: trained, but never tested: clap" in caplog.text
    assert classes(opened) == ("wave", "clap")


def test_a_task_needs_its_kind_of_labels(tmp_path: Path) -> None:
    clips = stored(tmp_path / "clips", recording("a", "01", "wave"), recording("b", "02", "wave"))
    assert classes(open_benchmark(load("utkinect"), clips, "recognition"), "recognition") == ("wave",)
    with pytest.raises(ValueError, match="the train part have no segments"):
        open_benchmark(load("utkinect"), clips, "detection")
    both = stored(tmp_path / "both", recording("a", "01", "walk", wave()), recording("b", "02", "walk", wave()))
    assert classes(open_benchmark(load("utkinect"), both, "recognition"), "recognition") == ("wave",)
    instants = [recording(name, subject, None, wave(0.1, 0.1)) for name, subject in (("a", "01"), ("b", "02"))]
    points = stored(tmp_path / "points", *instants)
    assert classes(open_benchmark(load("utkinect"), points, "detection"), "detection") == ("wave",)
    with pytest.raises(ValueError, match="no labelled clips or segments"):
        open_benchmark(load("utkinect"), points, "recognition")


def test_only_the_chosen_subjects_take_part(tmp_path: Path) -> None:
    everybody = [recording(f"r{subject}", subject, "wave") for subject in ("01", "02", "03")]
    store = stored(tmp_path, *everybody)
    chosen = open_benchmark(load(mine(tmp_path, "people: 1", 'people: 1\nsubjects: ["01", "02"]')), store)
    assert {chosen.describe(index).subject for index in range(len(chosen))} == {"01", "02"}
    with pytest.raises(ValueError, match="no subjects"):
        open_benchmark(load(mine(tmp_path, "people: 1", 'people: 1\nsubjects: ["77"]')), store)


def test_a_fold_that_the_data_does_not_have(tmp_path: Path) -> None:
    store = stored(tmp_path, recording("a", "01", "wave"), recording("b", "02", "wave"))
    benchmark = load(mine(tmp_path, "cross_subject", "leave_one_subject_out/07"))
    with pytest.raises(ValueError, match="no fold '07' .* There are: 01, 02"):
        open_benchmark(benchmark, store)


def test_an_installed_package_finds_its_benchmarks_in_share(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3" / "site-packages"
    shutil.copytree(
        ROOT / "usdrl_model",
        site / "usdrl_model",
        ignore=shutil.ignore_patterns("__pycache__", "weights", "pretrained"),
    )
    code = "from usdrl_model.evaluation import benchmark; print(benchmark.load('sbu').data, benchmark.folder())"
    run = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(site)}, "capture_output": True, "text": True}
    without = subprocess.run([sys.executable, "-c", code], **run)
    assert "no config/benchmarks" in without.stderr
    share = tmp_path / "share" / "usdrl_ros" / "config" / "benchmarks"
    shutil.copytree(folder(), share)
    assert subprocess.run([sys.executable, "-c", code], **run).stdout.split() == ["sbu", str(share)]


def test_the_page_has_the_table_of_all_benchmarks() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert benchmark_table.page(page) == page, "docs/benchmarks.md is out of date: run make pages"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the small public sets that are on this machine."""
    store = tmp_path_factory.mktemp("stores")
    for name in sorted({load(name).data for name in CAN_BE_HERE}):
        if (DATA / name).is_dir():
            write_set(store, name, catalogue.load(name, DATA / name))
    return store


@pytest.mark.parametrize("name", CAN_BE_HERE)
def test_public_sets_have_what_their_benchmarks_need(real: Path, name: str) -> None:
    benchmark = load(name)
    if not (real / benchmark.data).is_dir():
        pytest.skip(f"the recordings of {benchmark.data} are not here")
    for task in benchmark.tasks:
        assert len(open_benchmark(benchmark, real, task)) > 1
