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

from usdrl_model import config
from usdrl_model.evaluation.baselines import FRAME_BASELINES, Classifier, FitFrames
from usdrl_model.evaluation.clips.fitting import filled_in, on
from usdrl_model.evaluation.clips.methods import FINE_TUNED, FROM_SCRATCH, check_fusion
from usdrl_model.evaluation.fusion import FUSED, fuse, numbered, streams
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.evaluation.recordings.config import ContinuousConfig
from usdrl_model.evaluation.recordings.frame_scores import Cut
from usdrl_model.network.detector import BACKGROUND_LABEL
from usdrl_model.training.finetuning import train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.sources import Mixture
from usdrl_model.windows.cut import Windows

WITH_TCN = ", with TCN"
"""End of the names of methods that ask a detector and a temporal convolutional network together: one looks at a window
as a whole, the other at what is near, and they err in different places (docs/ablations.md)."""
_WAYS = ("", FUSED, WITH_TCN)
NAMES: tuple[str, ...] = (*(name + way for name in (FINE_TUNED, FROM_SCRATCH) for way in _WAYS), *FRAME_BASELINES)
OF_WEIGHTS: tuple[str, ...] = tuple(FINE_TUNED + way for way in _WAYS)
"""Methods that need weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameMethod:
    """A way to tell frames apart."""

    name: str
    fit: FitFrames
    cut: Cut
    """Of its windows."""
    depends: Mapping[str, str]
    """What its scores depend on besides data, windows and seed, as hashes."""


def usual(weights: Sequence[Pretrained]) -> tuple[str, ...]:
    """Names of the methods; fine-tuning only where there are weights, and fused ones where there are several."""
    able = [name for name in NAMES if weights or name not in OF_WEIGHTS]
    return tuple(name for name in able if len(weights) > 1 or not name.endswith(FUSED))


def build(
    names: Sequence[str],
    *,
    weights: Sequence[Pretrained],
    settings: ContinuousConfig,
    people: int,
    device: torch.device,
) -> list[FrameMethod]:
    """Methods by name.

    Args:
        names: of ``NAMES``.
        weights: as ``methods.build`` takes them.
        settings: with the recipe, whose encoder is that of the weights where there are any.
        people: M of the benchmark; that of the weights, where there are any, for everything but the baselines.
        device: where to train and to score.

    Raises:
        ValueError: an unknown name, fine-tuning without weights, weights of another skeleton or, to be fused, of other
            windows.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"unknown methods {unknown}; there are {', '.join(map(repr, NAMES))}")
    if not weights and (lacking := [name for name in names if name in OF_WEIGHTS]):
        raise ValueError(f"methods {lacking} need weights: give --weights, or leave them out")
    check_fusion(names, weights)
    for one in weights:
        one.check_joints()
    recipe = settings.recipe
    plain = dataclasses.replace(recipe.detector.encoder, people=people)
    shapes = [one.shape for one in weights] or [plain]
    runs = [filled_in(recipe, shape) for shape in shapes]
    apart = runs if weights else [filled_in(recipe, shape) for shape in streams(plain)]
    cut = settings.cut(shapes[0].window)
    known: dict[str, FrameMethod] = {}

    tcn = on(device, FRAME_BASELINES["TCN"])

    def add(name: str, chosen: Sequence[FinetuneConfig], depends: Mapping[str, str]) -> None:
        beside = [tcn] if name.endswith(WITH_TCN) else []
        fit = fuse([*(fit_detector(run, device) for run in chosen), *beside])
        known[name] = FrameMethod(name=name, fit=fit, cut=cut, depends=depends)

    for way, chosen, start in (
        ("", runs[:1], weights[:1]), (FUSED, apart, weights), (WITH_TCN, runs[:1], weights[:1]),
    ):  # fmt: skip
        trained = numbered("recipe", map(config.content_hash, chosen))
        add(FROM_SCRATCH + way, chosen, trained)
        if start:
            started = [dataclasses.replace(run, init_from=one.path) for run, one in zip(chosen, start, strict=True)]
            add(FINE_TUNED + way, started, {**trained, **numbered("weights", [one.hash for one in start])})
    of_baseline = settings.cut(dataclasses.replace(shapes[0].window, people=people))
    for name, baseline in FRAME_BASELINES.items():
        known[name] = FrameMethod(name=name, fit=on(device, baseline), cut=of_baseline, depends={})
    return [known[name] for name in names]


def fit_detector(run: FinetuneConfig, device: torch.device) -> FitFrames:
    """Train a detector by a configuration in which data and classes are missing."""

    def fit(windows: Windows, classes: int, *, seed: int) -> Classifier:
        labels = (BACKGROUND_LABEL, *map(str, range(1, classes)))
        this = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=labels), seed=seed)
        alike = torch.full((len(windows),), 1.0 / len(windows), dtype=torch.float64)
        with TemporaryDirectory() as out:
            detector = train.train(this, Mixture(windows, alike), Path(out), device=device).to(device)

        def classify(windows: Tensor) -> Tensor:
            frames: Tensor = detector(windows.to(device)).frames
            return frames.to(windows.device)

        return classify

    return fit
