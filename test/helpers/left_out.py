"""A set that is left out of everything, and detectors that are scored on it."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch

from helpers.small_benchmark import BENCHMARK, CPU
from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.provenance import DataUsed, Provenance
from usdrl_model.data.vocabulary import Label, Vocabulary
from usdrl_model.evaluation.benchmark import Benchmark, TaskSettings
from usdrl_model.evaluation.calibration import CalibrationConfig
from usdrl_model.evaluation.cells import Cells
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.result import Cell
from usdrl_model.evaluation.stream.fit_and_score import fit_and_score
from usdrl_model.evaluation.stream.methods import StreamMethod
from usdrl_model.evaluation.stream.protocol import StreamProtocol
from usdrl_model.events.config import StreamConfig
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.source_config import SourceConfig

ENCODER = EncoderConfig(hidden=16, heads=2, people=1, frames=16, streams=("temporal",), velocity=True)
LEFT_OUT = dataclasses.replace(
    BENCHMARK,
    name="left_out",
    data="utd_mhad",
    tasks={"stream": TaskSettings(metric="stream_recall", heads=("dense",))},
)
WORDS = Vocabulary(
    labels={
        "wave": Label(description="A hand", sources={"utd_mhad": ("wave",), "msraction3d": ("wave",)}),
        "swipe_left": Label(description="To the left", sources={"utd_mhad": ("clap",)}, mirror="swipe_right"),
        "swipe_right": Label(description="To the right", sources={"msraction3d": ("clap",)}, mirror="swipe_left"),
    }
)


def protocol(tmp_path: Path, **changes: object) -> StreamProtocol:
    asked = StreamProtocol(
        vocabulary=str(tmp_path / "words.yaml"), detector=str(tmp_path / "finetune.yaml"), calibration=""
    )
    return dataclasses.replace(asked, **changes)  # type: ignore[arg-type]


def detector(folder: Path, *sets: str, subjects: tuple[str, ...] = (), split: str = "") -> Path:
    torch.manual_seed(0)
    shape = DetectorConfig(labels=("none", "wave"), encoder=ENCODER, rate=10.0)
    made = Provenance(data=tuple(DataUsed(set=name, subjects=subjects, split=split) for name in sets), complete=True)
    detector_file.save(folder, Detector(shape).eval(), StreamConfig(look_ahead=0.2, smoothing=0.0), made)
    return folder


def trained_on(tmp_path: Path) -> StreamProtocol:
    """One person of each set to train on, the other to choose thresholds on."""
    run = FinetuneConfig(
        vocabulary=str(tmp_path / "words.yaml"),
        detector=DetectorConfig(labels=("none",), encoder=ENCODER, rate=10.0),
        stream=StreamConfig(look_ahead=0.2, smoothing=0.0),
        augment=AugmentConfig(mirror=0.5),
        sources=(
            SourceConfig(name="utd_mhad", subjects=("1",), compose=True),
            SourceConfig(name="msraction3d", subjects=("01",), compose=True),
        ),
        steps=3,
        batch_size=4,
    )
    chosen = CalibrationConfig(
        vocabulary=run.vocabulary,
        sources=(
            SourceConfig(name="utd_mhad", subjects=("2",), compose=True),
            SourceConfig(name="msraction3d", subjects=("02",), compose=True),
        ),
    )
    config.dump(run, tmp_path / "finetune.yaml")
    config.dump(chosen, tmp_path / "calibrate.yaml")
    return protocol(tmp_path, calibration=str(tmp_path / "calibrate.yaml"), examples=40, mirrored=False)


def scored(
    tmp_path: Path,
    methods: Sequence[StreamMethod],
    asked: StreamProtocol,
    weights: Pretrained | None,
    *,
    benchmark: Benchmark = LEFT_OUT,
    seeds: Sequence[int] = (0,),
) -> list[Cell]:
    """What methods make of the set that is left out; detectors and results are kept in ``tmp_path / "out"``."""
    cells, data = Cells(tmp_path / "out" / "cells"), tmp_path / "stores"
    return fit_and_score(
        benchmark, data, methods, weights=weights, protocol=asked, seeds=seeds, cells=cells, device=CPU
    )
