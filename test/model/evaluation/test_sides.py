"""Actions of the left and of the right in an evaluation: what training may mirror."""

import dataclasses
from pathlib import Path

import pytest
from helpers.people import pose
from helpers.small_benchmark import BENCHMARK, CPU, RECIPE

from usdrl_model import config
from usdrl_model.data.store_writer import write_set
from usdrl_model.evaluation import benchmark as benchmarks
from usdrl_model.evaluation.benchmark import Benchmark
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.evaluate import evaluate
from usdrl_model.evaluation.recordings import config as continuous
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import MIRRORED
from usdrl_model.training.augment import AugmentConfig

LABELS = ("left_up", "right_up")


def clips() -> list[Recording]:
    """Four people, of whom two train, raise either hand."""
    made = []
    for subject in "1234":
        for take in range(4):
            for label in LABELS:
                bodies = [pose(row / 30 + ord(subject) + 7 * take, True) for row in range(16)]
                if label == "left_up":
                    bodies = [(body * (-1.0, 1.0, 1.0))[list(MIRRORED)] for body in bodies]
                seen = tuple(SkeletonFrame(row / 30, (Person("1", body),)) for row, body in enumerate(bodies))
                name = f"{label}{subject}{take}"
                made.append(Recording(name, "kinect_v2_25", seen, labels=LABELS, label=label, subject=subject))
    return made


def scored(benchmark: Benchmark, folder: Path) -> float:
    """Accuracy of a detector whose recipe mirrors every second view."""
    augment = AugmentConfig(yaw=0.1, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0, mirror=0.5)
    config.dump(dataclasses.replace(RECIPE, steps=80, augment=augment), folder / "recipe.yaml")
    write_set(folder / "stores", "utd_mhad", clips())
    ((cell,), _) = evaluate(
        benchmark, "recognition", weights=[], data=folder / "stores", cells=Cells(folder / "cells"), device=CPU,
        titles=["from scratch"], seeds=[0], recipe=folder / "recipe.yaml",
    )  # fmt: skip
    return cell.scores["all"]["accuracy"]


def test_nothing_is_mirrored_where_a_label_may_name_a_side(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert scored(BENCHMARK, tmp_path / "apart") > 95.0
    assert "sides: false" in caplog.text


def test_a_benchmark_says_that_its_labels_name_no_side(tmp_path: Path) -> None:
    assert scored(dataclasses.replace(BENCHMARK, sides=False), tmp_path / "alike") < 80.0


@pytest.mark.parametrize("name", benchmarks.available())
def test_benchmarks_whose_recipe_mirrors_have_no_labels_that_name_a_side(name: str) -> None:
    benchmark = benchmarks.load(name)
    on_recordings = bool({"detection", "segmentation"} & set(benchmark.tasks))
    mirrors = on_recordings and continuous.of(benchmark.data).recipe.augment.mirror > 0.0
    assert benchmark.sides == (not mirrors), "their printed results are of mirrored views"
