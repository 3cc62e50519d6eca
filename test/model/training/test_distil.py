"""Distillation: a student learns a teacher's features, and says whose."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_pretraining import ALONE, ENCODER, RUN, change, losses

from usdrl_model.checkpoints.pretrained_models import find_encoder, load_encoder
from usdrl_model.data.store import Store
from usdrl_model.network.presets import cost
from usdrl_model.training.pretraining import run_data, train
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.distil import Student
from usdrl_model.training.pretraining.meter import Meter, forward_flops, training_flops


@pytest.fixture(scope="module")
def teacher(store: Path, pool: ClipPool, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Weights, which the tests leave as they are."""
    out = tmp_path_factory.mktemp("teacher")
    train.train_and_save(RUN, Store.open(store), pool, out, ALONE, command="teach")
    return str(out / "weights")


def test_a_student_comes_nearer_to_its_teacher_and_names_its_data(
    store: Path, pool: ClipPool, teacher: str, tmp_path: Path
) -> None:
    clips = Store.open(store)
    smaller = dataclasses.replace(ENCODER, hidden=16, frames=ENCODER.frames // 2)
    run = change(RUN, encoder=smaller, teacher=teacher, steps=40, batch_size=20, learning_rate=3e-3)
    train.train_and_save(run, clips, pool, tmp_path / "student", ALONE, command="learn")
    found = losses(tmp_path / "student")
    for term in ("clip features", "frame features"):
        assert np.mean(found[term][-5:]) < 0.9 * np.mean(found[term][:5]), term
    assert load_encoder(tmp_path / "student/weights").config == smaller
    made = find_encoder(tmp_path / "student/weights").config.provenance
    assert (made.start, made.teacher) == ("", teacher)
    card = (tmp_path / "student/weights/README.md").read_text(encoding="utf-8")
    assert "Its teacher was the model" in card and "It started from" not in card
    assert made.sets == run_data.provenance(RUN, clips, "").sets
    assert made.complete


@pytest.mark.usefixtures("operations_counted")
def test_the_work_of_the_teacher_is_counted(
    pool: ClipPool, teacher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[float] = []

    class Kept(Meter):
        def __init__(self, clips: int, flops: float, *more: float) -> None:
            counted.append(flops)
            super().__init__(clips, flops, *more)

    monkeypatch.setattr(train, "Meter", Kept)
    run = change(RUN, encoder=dataclasses.replace(ENCODER, frames=ENCODER.frames // 2), teacher=teacher, steps=1)
    train.train(run, pool, tmp_path / "student", ALONE)
    student = training_flops(lambda: Student(run.encoder, ENCODER), run.encoder)
    forward, published = forward_flops(ENCODER), cost(ENCODER)[1]
    assert counted == [run.batch_size * run.views.count * (student + forward)]
    assert 0.8 * published < forward <= published


def test_a_student_whose_windows_mean_something_else_is_refused(pool: ClipPool, teacher: str, tmp_path: Path) -> None:
    masked = dataclasses.replace(ENCODER, masked=True)
    run = change(RUN, encoder=masked, teacher=teacher)
    with pytest.raises(ValueError, match=r"encoder\.masked: expected that of the teacher"):
        train.train(run, pool, tmp_path / "student", ALONE)
    spatial = change(
        RUN, encoder=dataclasses.replace(ENCODER, streams=("spatial",), stem_kernel=0), teacher=run.teacher
    )
    with pytest.raises(ValueError, match="need the temporal one"):
        train.train(spatial, pool, tmp_path / "student2", ALONE)
