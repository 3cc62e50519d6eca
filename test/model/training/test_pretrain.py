"""Pretraining: runs that go on bit-identically, on one process or two, and end with a message instead of nonsense."""

import dataclasses
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.clips import clip
from helpers.paths import ROOT
from helpers.streaming import ENCODER as STREAMING
from helpers.tiny_pretraining import (
    ALONE,
    CPU,
    ENCODER,
    RUN,
    assert_same,
    change,
    command,
    losses,
    recording,
)

from usdrl_model import config
from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.cli import main
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.presets import cost
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining import run_data, train, updates
from usdrl_model.training.pretraining.batches import Feeder
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import DataConfig, PretrainConfig
from usdrl_model.training.pretraining.loss_log import CollapseError
from usdrl_model.training.pretraining.losses import Decorrelation, LossConfig
from usdrl_model.training.pretraining.meter import Meter, peak_flops, training_flops
from usdrl_model.training.pretraining.views import ViewConfig
from usdrl_model.training.run_folder import RunState

MODALITIES = dataclasses.replace(ENCODER, modalities=("joint", "bone", "motion"))


@pytest.mark.usefixtures("losses_drawn", "operations_counted")
def test_it_learns_and_leaves_weights_numbers_and_a_picture(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = change(RUN, steps=30, batch_size=20, learning_rate=3e-3)
    assert main.main(command(store, out, run)[2:]) == 0
    found = losses(out)
    assert np.mean(found["loss"][-5:]) < 0.9 * np.mean(found["loss"][:3])
    terms = np.add(found["similarity"], found["variance_autocovariance"])
    np.testing.assert_allclose(found["loss"], terms, rtol=1e-5)
    assert (out / "loss.png").stat().st_size > 5000
    model = USDRL.from_pretrained(out / "weights")
    assert model.backbone.config == ENCODER
    assert model.projectors == RUN.projectors


@pytest.mark.parametrize("change_of", [
    {"loss": LossConfig(objective="vicreg")},
    {"loss": LossConfig(objective="infonce")},
    {"loss": LossConfig(decorrelation=Decorrelation(cross_correlation=1e-3))},
    {"accumulate": 2, "batch_size": 16, "max_grad_norm": 1.0},
    {"precision": "bfloat16"},
    {"optimiser": "adam", "warmup_fraction": 0.0, "lr_milestone": 0.5},
    {"encoder": MODALITIES},
    {"encoder": MODALITIES, "modal_views": "all"},
    {"encoder": EncoderConfig(hidden=16, frames=16, architecture="sttr", people=1)},
    {"encoder": STREAMING},
    {"data": DataConfig(on_device=False)},
    {"views": ViewConfig(count=2, crop=0.1, shortest_crop=8, corrupted_joints=15, shear=1.0)},
], ids=lambda changes: "-".join(changes))  # fmt: skip
def test_every_kind_of_run_goes(pool: ClipPool, tmp_path: Path, change_of: dict) -> None:
    run = change(RUN, **({"steps": 3} | change_of))
    model = train.train(run, pool, tmp_path, ALONE)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert losses(tmp_path)["step"] == [0, 1, 2]


def test_one_pass_over_the_clips_holds_each_once(pool: ClipPool) -> None:
    feeder = Feeder(change(RUN, batch_size=10, steps=4), pool, ALONE)
    seen = [set(feeder.clips(step, 0).tolist()) for step in range(4)]
    assert seen[0] | seen[1] == seen[2] | seen[3] == set(range(20))
    assert seen[0] not in (seen[2], seen[3])


def test_clips_in_host_memory_give_the_same_run(pool: ClipPool, tmp_path: Path) -> None:
    models = [
        train.train(change(RUN, steps=3, data=DataConfig(on_device=resident)), pool, tmp_path / str(resident), ALONE)
        for resident in (True, False)
    ]
    assert_same(*models)


def test_a_full_disk_stops_the_run_and_keeps_the_state_before(pool: ClipPool, tmp_path: Path) -> None:
    state = RunState(tmp_path, {"settings": "hash"})
    state.save({"step": 1, "numbers": torch.zeros(1000)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(OSError, match="the state before is intact; make room"):
            state.save({"step": 2, "numbers": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert state.load()["step"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["training.pt"]


def test_a_run_on_a_full_disk_says_so(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = command(store, tmp_path / "run", RUN)[2:]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        assert main.main(arguments) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in capsys.readouterr().err


def test_a_diverging_run_says_why_and_keeps_the_last_good_state(
    store: Path, pool: ClipPool, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run = change(RUN, steps=60, save_every=2, learning_rate=1e30, warmup_fraction=0.5, optimiser="adam")
    out = tmp_path / "run"
    assert main.main(command(store, out, run)[2:]) == 1
    assert "lower learning_rate" in capsys.readouterr().err
    found = losses(out)
    state = train.run_state(run, pool, out).load() if (out / "training.pt").exists() else None
    assert state is None or all(values.isfinite().all() for values in state["losses"].values())
    assert len(found["loss"]) < 60


def test_a_broken_step_is_never_saved(pool: ClipPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = updates.update

    def broken(run: PretrainConfig, number: int, *more: object) -> dict[str, torch.Tensor]:
        numbers = step(run, number, *more)
        return numbers | {"similarity": numbers["similarity"] * float("nan" if number == 7 else 1.0)}

    monkeypatch.setattr(updates, "update", broken)
    with pytest.raises(CollapseError, match="step 7: similarity not finite"):
        train.train(RUN, pool, tmp_path, ALONE)
    assert train.run_state(RUN, pool, tmp_path).load()["step"] == 5
    assert len(losses(tmp_path)["loss"]) == 8


def test_a_run_without_the_terms_that_keep_features_apart_is_stopped(pool: ClipPool, tmp_path: Path) -> None:
    alone = LossConfig(decorrelation=Decorrelation(variance_autocovariance=0.0))
    run = change(RUN, loss=alone, steps=300, learning_rate=0.03, save_every=300)
    with pytest.raises(CollapseError, match="features of all clips have become the same .*similarity"):
        train.train(run, pool, tmp_path, ALONE)


def test_runs_are_not_overwritten_nor_resumed_with_other_settings(pool: ClipPool, tmp_path: Path) -> None:
    run = change(RUN, steps=1)
    train.train(run, pool, tmp_path, ALONE)
    with pytest.raises(FileExistsError, match="--resume"):
        train.train(run, pool, tmp_path, ALONE)
    with pytest.raises(ValueError, match="other settings"):
        train.train(change(run, seed=1), pool, tmp_path, ALONE, resume=True)
    with pytest.raises(ValueError, match="other data"):
        other = ClipPool.of([clip(20, seed=seed) for seed in range(20)], 1, 10.0)
        train.train(run, other, tmp_path, ALONE, resume=True)
    again = train.train(run, pool, tmp_path, ALONE, resume=True)
    assert losses(tmp_path)["step"] == [0]
    assert all(parameter.isfinite().all() for parameter in again.parameters())
    with pytest.raises(FileNotFoundError, match="no run to resume"):
        train.train(run, pool, tmp_path / "nothing", ALONE, resume=True)


def test_weights_of_a_run_whose_states_were_deleted_stay(store: Path, pool: ClipPool, tmp_path: Path) -> None:
    out, run, clips = tmp_path / "run", change(RUN, steps=1), Store.open(store)
    train.train_and_save(run, clips, pool, out, ALONE, command="first")
    for state in out.glob("training*.pt"):
        state.unlink()
    before = (out / "weights/model.safetensors").read_bytes()
    with pytest.raises(FileExistsError, match="weights of a run that is at its end: choose another folder"):
        train.train_and_save(change(run, seed=1), clips, pool, out, ALONE, command="second")
    assert (out / "weights/model.safetensors").read_bytes() == before


def test_views_of_one_modality_each_and_an_anchor_of_all() -> None:
    run = change(RUN, encoder=MODALITIES)
    shares = updates.shares(run, torch.zeros(4, 2, 16, 1, 25, 3))
    thirds = [1 / 3] * 3
    expected = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], thirds, thirds]
    torch.testing.assert_close(shares, torch.tensor(expected))
    assert updates.shares(change(run, modal_views="all"), torch.zeros(4, 2, 16, 1, 25, 3)) is None
    assert updates.shares(RUN, torch.zeros(4, 2, 16, 1, 25, 3)) is None


def test_shares_choose_among_the_embeddings() -> None:
    torch.manual_seed(0)
    model = USDRL(MODALITIES).eval()
    x = torch.randn(3, 16, 1, 25, 3)
    thirds = torch.full((3, 3), 1 / 3)
    for grain, z in model(x).items():
        torch.testing.assert_close(model(x, thirds)[grain], z)
    plain = USDRL(ENCODER).eval()
    plain.load_state_dict(model.state_dict(), strict=False)
    only_joints = torch.tensor([[1.0, 0.0, 0.0]]).expand(3, -1)
    for grain, z in plain(x).items():
        torch.testing.assert_close(model(x, only_joints)[grain], z)
        assert not torch.allclose(model(x)[grain], z)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 1}, "2 clips or more in each part .* got 1 in 1"),
        ({"batch_size": 8, "accumulate": 8}, "got 8 in 8 parts"),
        ({"batch_size": 9, "accumulate": 2}, "multiple of accumulate"),
        ({"steps": 0}, "1 or more"),
        ({"warmup_fraction": 1.0}, "warmup_fraction"),
        ({"encoder": dataclasses.replace(ENCODER, joints=17)}, "25 canonical joints"),
        ({"encoder": MODALITIES, "views": ViewConfig(count=3)}, "one view more, got 3"),
    ],
)
def test_pretraining_that_cannot_start_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change(RUN, **changes)


def test_batches_that_do_not_fit_are_refused(pool: ClipPool, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 20 clips"):
        train.train(change(RUN, batch_size=21), pool, tmp_path, ALONE)
    with pytest.raises(ValueError, match="multiple of the 3 processes"):
        Feeder(RUN, pool, Processes(0, 3, CPU))


def test_the_command_of_pretraining_names_what_is_wrong(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    good = command(store, tmp_path / "run", RUN)[2:]
    few = tmp_path / "few"
    write_set(few, "made", [recording(0)])
    cases = [
        ([*good, "stepz=3"], "unknown key; did you mean 'steps'"),
        ([*good, "data.sets=[nothing]"], "no sets"),
        (command(few, tmp_path / "run", RUN)[2:], "two clips or more"),
        (command(tmp_path / "empty", tmp_path / "run", RUN)[2:], "no set of a store there"),
        ([*good, "--resume"], "no run to resume"),
    ]
    for arguments, message in cases:
        assert main.main(arguments) == 1
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("pretrain_*.yaml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_valid(path: Path) -> None:
    run = config.load(PretrainConfig, path)
    assert run.loss.objective == ("infonce" if path.stem == "pretrain_mild" else "decorrelation")


@pytest.mark.parametrize(
    ("name", "cross_correlation", "joints"), [("official_aaai", 1e-3, 25), ("official_tpami", 0.0, 17)]
)
def test_the_official_configurations_are_as_published(name: str, cross_correlation: float, joints: int) -> None:
    run = config.load(PretrainConfig, ROOT / "config" / f"pretrain_{name}.yaml")
    assert run.encoder == EncoderConfig()
    assert run.loss == LossConfig(decorrelation=Decorrelation(cross_correlation=cross_correlation))
    off = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)
    assert run.views == ViewConfig(
        crop=0.1, time_warp=0.0, corrupted_joints=15, corruptible_joints=joints, shear=1.0, augment=off
    )


def test_the_meter_counts_the_operations_of_training() -> None:
    forward = cost(ENCODER)[1]
    assert 2.5 * forward < training_flops(lambda: USDRL(ENCODER, RUN.projectors), ENCODER) < 4.0 * forward
    assert peak_flops(CPU, torch.float32) > 1e9
    meter = Meter(clips=8, flops=100.0, peak=1e3, waited=7.0)
    time.sleep(0.1)
    figures = meter.read(5, waited=7.05)
    assert 0.0 < figures["clips/s"] <= 400.0
    assert figures["MFU"] == pytest.approx(figures["clips/s"] / 8 * 100.0 / 1e3)
    assert 0.0 < figures["waiting"] <= 0.5


def test_the_wait_for_the_first_batch_is_before_the_run(
    pool: ClipPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Feeder):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.waited = 1000.0

    monkeypatch.setattr(train, "Feeder", Late)
    read: list[float] = []
    train.train(
        change(RUN, steps=2), pool, tmp_path, ALONE, report=lambda step, numbers: read.append(numbers["waiting"])
    )
    assert read[0] <= 1.0


def test_simulated_people_are_learnt_from_too(store: Path) -> None:
    run = change(RUN, data=dataclasses.replace(RUN.data, performer_minutes=2))
    clips = run_data.chosen(run, Store.open(store))
    assert len(run_data.pool_of(run, clips)) > len(run_data.pool_of(RUN, clips))
    made = run_data.provenance(run, clips, "usdrl pretrain").data[-1]
    assert (made.set, made.minutes, made.stage, made.terms_kind) == ("performer", 2, "pretraining", "free")
    assert "performer" not in run_data.provenance(RUN, clips, "usdrl pretrain").sets


def test_clips_in_a_picture_are_not_among_those_in_space(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = [tuple(dataclasses.replace(frame, flat=True) for frame in recording(seed).frames) for seed in (0, 1)]
    pictures = [dataclasses.replace(recording(seed), frames=frames[seed]) for seed in (0, 1)]
    write_set(tmp_path, "pictures", [*pictures, recording(2)])
    both = Store.open(store, tmp_path)
    everything = run_data.chosen(RUN, both)
    assert not any(clip.flat for clip in everything)
    assert len(everything) == 21
    assert "left out, since their joints are in a picture: pictures" in caplog.text
    with pytest.raises(ValueError, match="joints of pictures are in a picture, views are of those in space"):
        run_data.chosen(change(RUN, data=DataConfig(sets=("made", "pictures"), split=None)), both)
