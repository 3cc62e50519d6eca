"""``kill -9`` in imports, pretraining and fine-tuning: what is on the disk is whole, and runs go on bit for bit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import kills
from abuse_report import Options, Row
from helpers.tiny_finetuning import RUN as FINETUNE
from helpers.tiny_pretraining import RUN as PRETRAIN
from helpers.tiny_pretraining import make_store

from usdrl_model import config
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.training.finetuning.source_config import SourceConfig

CHAIN = 10
"""Kills of one run at most; then it ends, and another one begins."""
STRIDES = 4
"""A run gets this part of its work done before it is killed, at most."""
PATIENCE = 300.0
"""Seconds for a run that nobody kills."""
RESULTS = ("weights/model.safetensors", "loss.csv")
"""Files of a run folder that must be the same, as far as the run writes them."""
SAVE_OFTEN = """import sys
from usdrl_model.cli import main
from usdrl_model.training.finetuning import train
train.SAVE_EVERY = 5
sys.exit(main.main())
"""


@dataclass(frozen=True, slots=True)
class Training:
    """A command that trains for some seconds, without the folder it writes."""

    name: str
    command: Sequence[str]

    def start(self, out: Path, resume: bool) -> subprocess.Popen[str]:
        """The process; it writes to ``out``."""
        command = [sys.executable, *self.command, "--out", str(out), "--device", "cpu", "--threads", "1"]
        return subprocess.Popen(
            [*command, *(["--resume"] if resume else [])],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip


def run(options: Options) -> Iterator[Row]:
    """A row for each kind of work."""
    with tempfile.TemporaryDirectory() as folder:
        yield _imports(options, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        for training in (_pretraining(Path(folder)), _finetuning(Path(folder))):
            yield _trainings(training, options, Path(folder))


def _imports(options: Options, folder: Path) -> Row:
    found = kills.imports(options.kills, folder, options.seed)
    bad = [f"{what} ({count} times)" for what, count in found.items() if what not in ("first", "second")]
    good = found["first"] + found["second"]
    return Row(
        what="`kill -9` in `usdrl data import --replace`",
        tried=found.total(),
        good=good,
        measured="the set before or the new one, whole",
        failures=[f"repeat with --only kills --seed {options.seed}: {text}" for text in bad],
    )


def _pretraining(folder: Path) -> Training:
    config.dump(replace(PRETRAIN, steps=40, save_every=2), folder / "pretrain.yaml")
    store = make_store(folder / "stores")
    return Training(
        "pretrain",
        ["-m", "usdrl_model.cli.main", "pretrain", "--config", str(folder / "pretrain.yaml"), "--data", str(store)],
    )


def _finetuning(folder: Path) -> Training:
    sources = (SourceConfig(name=PERFORMER, minutes=1),)
    detector = replace(FINETUNE.detector, labels=("none", "wave", "clap"))
    config.dump(replace(FINETUNE, steps=60, sources=sources, detector=detector), folder / "finetune.yaml")
    return Training("finetune", ["-c", SAVE_OFTEN, "finetune", "--config", str(folder / "finetune.yaml")])


def _trainings(training: Training, options: Options, folder: Path) -> Row:
    """Kill runs at random moments, let them go on, and compare what they end with."""
    chance = random.Random(f"{training.name} {options.seed}")
    whole = folder / f"{training.name}.whole"
    start_up, whole_time = _undisturbed(training, whole)
    killed, chain, number, bad = 0, 0, 0, list[str]()
    while killed < options.kills or chain:
        out = folder / f"{training.name}.{number}"
        moment = start_up * chance.uniform(0.7, 1.0) + chance.uniform(0.0, (whole_time - start_up) / STRIDES)
        child = training.start(out, resume=(out / "training.pt").exists() or (out / "training.previous.pt").exists())
        if killed < options.kills and chain < CHAIN:
            try:
                child.wait(moment)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
                killed, chain = killed + 1, chain + 1
                continue
        said = child.communicate(timeout=PATIENCE)[1]
        wrong = _differences(whole, out)
        if child.returncode or "damaged" in said or wrong:
            bad.append(
                f"repeat with --only kills --seed {options.seed}: run {number}, killed {chain} times, ended with"
                f" {child.returncode}; other than undisturbed: {', '.join(wrong) or 'nothing'}\n{said[-2000:]}"
            )
        number, chain = number + 1, 0
    return Row(
        what=f"`kill -9` in `usdrl {training.name}`",
        tried=killed,
        good=killed if not bad else 0,
        measured=f"{number} runs, resumed after every kill, end with the weights and losses of one that was left alone,"
        " bit for bit",
        failures=bad,
    )


def _undisturbed(training: Training, out: Path) -> tuple[float, float]:
    """Seconds until it first saves, and until it ends."""
    began = time.monotonic()
    with training.start(out, resume=False) as child:
        while not (out / "training.pt").exists() and child.poll() is None:
            time.sleep(0.01)
        start_up = time.monotonic() - began
        said = child.communicate(timeout=PATIENCE)[1]
    if child.returncode:
        raise RuntimeError(f"{training.name} ended with {child.returncode}: {said}")
    return start_up, time.monotonic() - began


def _differences(whole: Path, out: Path) -> list[str]:
    return [
        name
        for name in RESULTS
        if (whole / name).exists()
        and (not (out / name).exists() or (whole / name).read_bytes() != (out / name).read_bytes())
    ]
