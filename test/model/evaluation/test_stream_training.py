"""The task "stream": detectors that are trained for it have learnt nothing from the set that is left out."""

import dataclasses
from pathlib import Path

import pytest
import torch
from helpers.left_out import ENCODER, scored, trained_on
from helpers.small_benchmark import CPU
from helpers.streaming import ENCODER as STREAMING_ENCODER

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines.frame_wise import frame_wise
from usdrl_model.evaluation.baselines.nearest import fit_euclid
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.stream.methods import METHODS, Baseline, Material
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.windows.picture import planar


def test_the_set_is_neither_in_training_nor_in_the_choice_of_thresholds(left_out: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    baseline = Baseline(title="1-NN", learn=frame_wise(fit_euclid))
    cells = scored(tmp_path, [METHODS["from scratch"], baseline], asked, None)
    assert [cell.method for cell in cells] == ["from scratch", "1-NN"]
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    made = detector_file.load(folder / "calibrated", "cpu").config
    assert [(one.set, one.stage, one.subjects) for one in made.provenance.data] == [
        ("msraction3d", "training", ("01",)),
        ("msraction3d", "calibration", ("02",)),
    ]
    assert made.detector.labels == ("none", "wave", "swipe_left", "swipe_right"), "what the other set and mirrors show"
    assert set(made.stream.events.label_on_threshold) == {"wave", "swipe_left", "swipe_right"}


@pytest.mark.parametrize("part", ["weights", "calibrated"])
def test_an_evaluation_goes_on_where_a_detector_was_being_written(left_out: Path, tmp_path: Path, part: str) -> None:
    asked = trained_on(tmp_path)
    (cell,) = scored(tmp_path, [METHODS["from scratch"]], asked, None)
    (path,) = (tmp_path / "out" / "cells").glob("*.json")
    path.unlink()
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    (folder / part / "config.json").unlink()
    (again,) = scored(tmp_path, [METHODS["from scratch"]], asked, None)
    assert again.scores == cell.scores
    assert (folder / part / "config.json").is_file()


def test_nothing_is_trained_where_one_of_the_methods_cannot_start(left_out: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fine-tuned: expected pretrained weights, got none"):
        scored(tmp_path, [METHODS["from scratch"], METHODS["fine-tuned"]], trained_on(tmp_path), None)
    assert not (tmp_path / "out").exists()


def test_a_detector_of_pictures_is_trained_on_windows_with_depth(tmp_path: Path) -> None:
    encoder = dataclasses.replace(ENCODER, masked=True, flat=True)
    run = FinetuneConfig(
        detector=DetectorConfig(labels=("none", "wave"), encoder=encoder, rate=10.0),
        augment=AugmentConfig(yaw=0.0, tilt=0.0),
        sources=(SourceConfig(name="performer", minutes=1),),
    )
    given = Material(run=run, calibration=None, store=Store([]), weights=None, examples=1, folder=tmp_path, device=CPU)
    _, mixture = given.training
    assert not planar(mixture.windows.x).any(), "every step takes pictures of its own"


def test_weights_of_a_conformer_are_fine_tuned_as_a_streaming_detector(left_out: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    shape = DetectorConfig(labels=("none",), encoder=STREAMING_ENCODER, rate=10.0, delay=2)
    config.dump(dataclasses.replace(run, detector=shape), tmp_path / "streaming.yaml")
    torch.manual_seed(0)
    USDRL(STREAMING_ENCODER).save_pretrained(tmp_path / "given", Provenance(complete=True))
    streaming = dataclasses.replace(asked, streaming=str(tmp_path / "streaming.yaml"))
    (cell,) = scored(tmp_path, [METHODS["fine-tuned"]], streaming, Pretrained.open(tmp_path / "given"))
    assert cell.method == "fine-tuned"
    (folder,) = (tmp_path / "out" / "detectors").iterdir()
    made = detector_file.load(folder / "calibrated", "cpu").config
    assert (made.detector.streaming, made.detector.delay) == (True, 2)
    assert made.provenance.start == str(tmp_path / "given")


def test_baselines_of_a_streaming_recipe_are_refused_before_anything_is_trained(left_out: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    shape = DetectorConfig(labels=("none",), encoder=STREAMING_ENCODER, rate=10.0, delay=2)
    config.dump(dataclasses.replace(run, detector=shape), tmp_path / "finetune.yaml")
    with pytest.raises(ValueError, match="TCN: baselines know no missing joints: take a recipe of windows in space"):
        scored(tmp_path, [METHODS["from scratch"], METHODS["TCN"]], asked, None)
    assert not (tmp_path / "out").exists()


def test_without_any_other_set_there_is_nothing_to_train_on(left_out: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    with pytest.raises(ValueError, match="sources: nothing is left without utd_mhad, msraction3d"):
        asked.training(("utd_mhad", "msraction3d"), 0)
    with pytest.raises(ValueError, match="sources: nothing is left"):
        asked.calibrating(("utd_mhad", "msraction3d"))


def test_another_teacher_of_the_same_path_makes_another_cell(left_out: Path, tmp_path: Path) -> None:
    asked = trained_on(tmp_path)
    run = config.load(FinetuneConfig, tmp_path / "finetune.yaml")
    teacher = tmp_path / "teacher"
    shape = DetectorConfig(labels=("none", "wave", "swipe_left", "swipe_right"), encoder=ENCODER, rate=10.0)
    config.dump(dataclasses.replace(run, teacher=str(teacher)), tmp_path / "finetune.yaml")
    torch.manual_seed(0)
    USDRL(ENCODER).save_pretrained(tmp_path / "given", Provenance(complete=True))
    for seed in (0, 1):
        torch.manual_seed(seed)
        detector_file.save(teacher, Detector(shape).eval(), run.stream, Provenance(complete=True))
        scored(tmp_path, [METHODS["fine-tuned"]], asked, Pretrained.open(tmp_path / "given"))
    assert len(list((tmp_path / "out" / "cells").iterdir())) == 2
    assert len(list((tmp_path / "out" / "detectors").iterdir())) == 2
