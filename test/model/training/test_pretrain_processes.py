"""Pretraining that is killed goes on bit-identically, and two processes do what one does."""

import dataclasses
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.paths import HELPERS, ROOT
from helpers.tiny_pretraining import ALONE, ENCODER, RUN, assert_same, change, command, losses

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.cli import main
from usdrl_model.data.store import Store
from usdrl_model.training.pretraining import train
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.losses import Decorrelation, LossConfig
from usdrl_model.training.pretraining.nearest_neighbours import NeighbourConfig

IN_TURN = str(HELPERS / "in_turn.py")


DIES = """
import os, signal, sys, torch
from usdrl_model.cli import main

torch.set_num_threads(int(sys.argv[1]))
replace = os.replace

def die(source, target):
    if target.name == "training.pt" and target.with_name("training.previous.pt").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

os.replace = die
sys.exit(main.main(sys.argv[2:]))
"""
"""A process that is killed while it saves for the second time. No fork: the threads of torch do not survive one."""


def test_a_run_that_was_killed_while_saving_goes_on_bit_identical(store: Path, pool: ClipPool, tmp_path: Path) -> None:
    run = change(RUN, neighbours=NeighbourConfig(weight=1.0, start=0.1))
    out, threads = tmp_path / "cut", str(torch.get_num_threads())
    killed = subprocess.run([sys.executable, "-c", DIES, threads, *command(store, out, run)[2:]], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in out.glob("*training*.pt")] == ["training.previous.pt"]

    assert main.main(command(store, out, run, "--resume")[2:]) == 0
    whole = train.train(run, pool, tmp_path / "whole", ALONE)
    assert_same(USDRL.from_pretrained(out / "weights"), whole)
    assert losses(out) == losses(tmp_path / "whole")


@pytest.fixture(scope="module")
def teacher(store: Path, pool: ClipPool, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("teacher")
    train.train_and_save(change(RUN, steps=2), Store.open(store), pool, out, ALONE, command="teach")
    return str(out / "weights")


# What is dropped differs between processes.
TOGETHER = change(RUN, encoder=dataclasses.replace(ENCODER, drop_path=0.0), steps=4, batch_size=8, accumulate=2)
SHARED = {
    "decorrelation": change(TOGETHER, loss=LossConfig(decorrelation=Decorrelation(cross_correlation=1e-3))),
    # Not with decorrelation, which leaves a shift of all features open: Adam follows the rounding of its gradient.
    "neighbours": change(
        TOGETHER, loss=LossConfig(objective="infonce"), neighbours=NeighbourConfig(weight=1.0, start=0.5)
    ),
    "teacher": TOGETHER,
}


@pytest.fixture(scope="module")
def runs(teacher: str) -> dict[str, PretrainConfig]:
    return {**SHARED, "teacher": change(TOGETHER, teacher=teacher)}


@pytest.fixture(scope="module")
def two(store: Path, runs: dict[str, PretrainConfig], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes leave of all runs."""
    out = tmp_path_factory.mktemp("two")
    commands = [shlex.join(command(store, out / name, run)[2:]) for name, run in runs.items()]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", IN_TURN, *commands]
    done = subprocess.run(
        [sys.executable, *launch], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("name", SHARED)
def test_two_processes_are_as_good_as_one(
    pool: ClipPool, runs: dict[str, PretrainConfig], two: Path, tmp_path: Path, name: str
) -> None:
    train.train(runs[name], pool, tmp_path, ALONE)
    alone, shared = losses(tmp_path), losses(two / name)
    for term in alone:
        rtol = 1e-4 if term == "gradient norm" else 1e-5
        np.testing.assert_allclose(shared[term], alone[term], rtol=rtol, err_msg=term)
