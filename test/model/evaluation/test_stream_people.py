"""The task "stream": the people whom a detector is scored on are new to it."""

import dataclasses
from pathlib import Path

import pytest
from helpers.left_out import LEFT_OUT, detector, protocol, scored
from helpers.trimmed import trimmed

from usdrl_model import config
from usdrl_model.data.store_writer import write_set
from usdrl_model.data.vocabulary import Label, Vocabulary
from usdrl_model.evaluation.benchmark import Benchmark
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.stream.fit_and_score import check_unseen
from usdrl_model.evaluation.stream.methods import METHODS


def test_a_detector_that_knows_the_set_is_refused(left_out: Path, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d", "utd_mhad"))
    with pytest.raises(ValueError, match="was trained on utd_mhad, which must be new to it"):
        scored(tmp_path, [METHODS["as it is"]], protocol(tmp_path), given)


def test_a_detector_of_the_training_part_is_scored_on_the_test_part(left_out: Path, tmp_path: Path) -> None:
    def run(*subjects: str) -> Cell:
        given = Pretrained.open(detector(tmp_path / "".join(subjects), "utd_mhad", subjects=subjects))
        (cell,) = scored(tmp_path, [METHODS["as it is"]], protocol(tmp_path, people="test"), given)
        return cell

    assert run("1").details["actions"]["wave"]["true"] == 1
    with pytest.raises(ValueError, match="know only cross_subject/train, .* was trained on 2"):
        run("1", "2")
    with pytest.raises(ValueError, match=r"was trained on utd_mhad \(all of it\)"):
        run()


@pytest.fixture
def folded(tmp_path: Path) -> Benchmark:
    """One of two people in turn; the first waves once, the second twice."""
    clips = [
        dataclasses.replace(trimmed("wave", who), name=f"{who}{take}")
        for who, take in (("1", "a"), ("2", "a"), ("2", "b"))
    ]
    write_set(tmp_path / "stores", "utkinect", clips)
    wave = Label(description="A hand", sources={"utkinect": ("wave",)})
    config.dump(Vocabulary(labels={"wave": wave}), tmp_path / "words.yaml")
    folds = ("leave_one_subject_out/1", "leave_one_subject_out/2")
    return dataclasses.replace(LEFT_OUT, data="utkinect", protocol="leave_one_subject_out", folds=folds)


def test_the_test_part_of_another_fold_is_another_cell(folded: Benchmark, tmp_path: Path) -> None:
    given = Pretrained.open(detector(tmp_path / "given", "msraction3d"))
    turned = dataclasses.replace(folded, folds=folded.folds[::-1])
    asked = protocol(tmp_path, people="test", mirrored=False)
    waves = []
    for benchmark in (folded, turned):
        (cell,) = scored(tmp_path, [METHODS["as it is"]], asked, given, benchmark=benchmark)
        waves.append(cell.details["actions"]["wave"]["true"])
    assert waves == [1, 2]


def test_only_the_fold_that_is_scored_has_to_be_new_to_a_detector(folded: Benchmark, tmp_path: Path) -> None:
    asked = protocol(tmp_path, people="test")
    split = f"{folded.folds[0]}/train"
    given = Pretrained.open(detector(tmp_path / "given", "utkinect", subjects=("2",), split=split))
    check_unseen(given, folded, tmp_path / "stores", asked)
    with pytest.raises(ValueError, match="know only leave_one_subject_out/2/train, .* was trained on 2"):
        check_unseen(given, dataclasses.replace(folded, folds=folded.folds[::-1]), tmp_path / "stores", asked)
