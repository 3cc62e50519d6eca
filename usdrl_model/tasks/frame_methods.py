"""The methods of the tasks on whole recordings: a detector fine-tuned or from scratch, and the baselines beside it.

All have the signature of a baseline (``baselines.FitFrames``): windows in, a function from windows to scores out.

Letters: N windows, T frames, M people, V joints, K classes (background first).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from usdrl_model import config, finetune
from usdrl_model.baselines import FRAME_BASELINES, Classifier, FitFrames
from usdrl_model.detector import BACKGROUND
from usdrl_model.finetune_config import FinetuneConfig
from usdrl_model.tasks.continuous_config import ContinuousConfig
from usdrl_model.tasks.frame_scores import Cut
from usdrl_model.tasks.methods import FINE_TUNED, FROM_SCRATCH
from usdrl_model.tasks.weights import Pretrained
from usdrl_model.training_data import Mixture
from usdrl_model.training_windows import Windows

NAMES: tuple[str, ...] = (FINE_TUNED, FROM_SCRATCH, *FRAME_BASELINES)


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameMethod:
    """A way to tell frames apart."""

    name: str
    fit: FitFrames
    cut: Cut
    """Of its windows."""
    depends: Mapping[str, str]
    """What its scores depend on besides data, windows and seed, as hashes."""


def usual(weights: Pretrained | None) -> tuple[str, ...]:
    """Names of the methods; fine-tuning only where there are weights."""
    return NAMES if weights is not None else tuple(name for name in NAMES if name != FINE_TUNED)


def build(
    names: Sequence[str], *, weights: Pretrained | None, settings: ContinuousConfig, people: int, device: torch.device
) -> list[FrameMethod]:
    """Methods by name.

    Args:
        names: of ``NAMES``.
        weights: None where no method needs any.
        settings: with the recipe, whose encoder is that of the weights where there are any.
        people: M of the benchmark; that of the weights, where there are any, for everything but the baselines.
        device: where to train and to score.

    Raises:
        ValueError: an unknown name, fine-tuning without weights, or weights of another skeleton.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"unknown methods {unknown}; there are {', '.join(map(repr, NAMES))}")
    if weights is None and FINE_TUNED in names:
        raise ValueError(f"method {FINE_TUNED!r} needs weights: give --weights, or leave it out")
    if weights is not None:
        weights.check_joints()
    recipe = settings.recipe
    plain = dataclasses.replace(recipe.detector.encoder, people=people)
    shape = plain if weights is None else weights.shape
    run = dataclasses.replace(recipe, detector=dataclasses.replace(recipe.detector, encoder=shape), seed=0)
    trained = {"recipe": config.content_hash(run)}
    methods = {
        FROM_SCRATCH: FrameMethod(
            name=FROM_SCRATCH, fit=fit_detector(run, device), cut=settings.cut(shape), depends=trained
        )
    }
    if weights is not None:
        started = fit_detector(dataclasses.replace(run, start=weights.path), device)
        methods[FINE_TUNED] = FrameMethod(
            name=FINE_TUNED, fit=started, cut=settings.cut(shape), depends={**trained, "weights": weights.hash}
        )
    for name, fit in FRAME_BASELINES.items():
        cut = settings.cut(dataclasses.replace(plain, frames=shape.frames))
        methods[name] = FrameMethod(name=name, fit=_on(device, fit), cut=cut, depends={})
    return [methods[name] for name in names]


def fit_detector(run: FinetuneConfig, device: torch.device) -> FitFrames:
    """Train a detector by a configuration in which data and classes are missing."""

    def fit(windows: Windows, classes: int, *, seed: int) -> Classifier:
        labels = (BACKGROUND, *map(str, range(1, classes)))
        this = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=labels), seed=seed)
        alike = torch.full((len(windows),), 1.0 / len(windows), dtype=torch.float64)
        with TemporaryDirectory() as out:
            detector = finetune.train(this, Mixture(windows, alike), Path(out), device=device).to(device)

        def classify(windows: Tensor) -> Tensor:
            frames: Tensor = detector(windows.to(device)).frames
            return frames.to(windows.device)

        return classify

    return fit


def _on(device: torch.device, fit: FitFrames) -> FitFrames:
    """A baseline works where its windows are."""

    def moved(windows: Windows, classes: int, *, seed: int) -> Classifier:
        return fit(windows.to(device), classes, seed=seed)

    return moved
