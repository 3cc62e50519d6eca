"""Tiny pretraining runs for the tests: a store of random clips, a configuration, and what a run leaves."""

import csv
import dataclasses
from pathlib import Path

import torch

from helpers.clips import clip
from usdrl_model import config
from usdrl_model.data.store_writer import write_set
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.projectors import ProjectorConfig
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining.config import DataConfig, PretrainConfig
from usdrl_model.training.pretraining.views import ViewConfig

CPU = torch.device("cpu")
ALONE = Processes(0, 1, CPU)
ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, velocity=True, stem_kernel=3, mlp_residual=True)
RUN = PretrainConfig(
    encoder=ENCODER,
    projectors=ProjectorConfig(hidden=16, stream=8, instance=8),
    views=ViewConfig(shortest_crop=8),
    data=DataConfig(split=None),
    steps=12,
    batch_size=8,
    save_every=5,
)


def make_store(folder: Path) -> Path:
    """A store of 20 clips of one person."""
    write_set(folder, "made", (recording(seed) for seed in range(20)))
    return folder


def recording(seed: int) -> Recording:
    made = clip(20 + seed, seed=seed)
    frames = zip(made.stamps.tolist(), made.joints[:, 0], strict=True)
    return Recording(
        str(seed), "kinect_v2_25", tuple(SkeletonFrame(stamp, (Person("0", joints),)) for stamp, joints in frames)
    )


def change(run: PretrainConfig, **changes: object) -> PretrainConfig:
    return dataclasses.replace(run, **changes)


def losses(out: Path) -> dict[str, list[float]]:
    with (out / "loss.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def assert_same(model: torch.nn.Module, other: torch.nn.Module) -> None:
    for (name, tensor), expected in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(tensor, expected), name


def command(store: Path, out: Path, run: PretrainConfig, *more: str) -> list[str]:
    path = out.with_suffix(".yaml")
    config.dump(run, path)
    places = ["--config", str(path), "--data", str(store), "--out", str(out), "--device", "cpu", "--threads", "1"]
    return ["-m", "usdrl_model.cli.main", "pretrain", *places, *more]
