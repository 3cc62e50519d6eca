"""The methods of the clip tasks by name: an encoder fine-tuned, from scratch, or frozen; and the baselines beside it.

Those of an encoder also exist "fused": several encoders, each trained by itself, asked together (``fusion``). What is
fine-tuned also exists "with scratch": beside two detectors that begin at random, of which one sees every clip at twice
the frames. They have learned nothing but these clips, the encoder knows other people: they err in different places
(docs/ablations.md).

Letters: T frames, M people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from usdrl_model import config
from usdrl_model.evaluation import probe
from usdrl_model.evaluation.baselines import CLIP_BASELINES, Fit
from usdrl_model.evaluation.benchmark import Head, Task
from usdrl_model.evaluation.clips import fitting
from usdrl_model.evaluation.clips.fitting import FeatureHead, linear_on_unit, nearest, whitened
from usdrl_model.evaluation.fusion import FUSED, check_alike, fuse, numbered, streams
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.network.config import MAX_FRAMES, EncoderConfig
from usdrl_model.network.dste import DSTE, build_encoder
from usdrl_model.network.sttr import STTR
from usdrl_model.training import linear_layer
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.windows.shape import WindowShape

FINE_TUNED, FROM_SCRATCH = "fine-tuned", "from scratch"
PROPAGATED, WITH_SCRATCH = "fine-tuned, labels propagated", "fine-tuned, with scratch"
LINEAR, NEAREST = "linear", "1-NN"
LINEAR_UNTRAINED, NEAREST_UNTRAINED = "linear, untrained", "1-NN, untrained"
LINEAR_WHITENED, NEAREST_WHITENED = "linear, whitened", "1-NN, whitened"
LINEAR_WHITENED_UNTRAINED, NEAREST_WHITENED_UNTRAINED = "linear, whitened, untrained", "1-NN, whitened, untrained"
HEADS: Mapping[Head, tuple[str, ...]] = {
    "finetune": (FINE_TUNED, FROM_SCRATCH),
    "linear": (LINEAR, LINEAR_UNTRAINED, LINEAR_WHITENED, LINEAR_WHITENED_UNTRAINED),
    "nearest": (NEAREST, NEAREST_UNTRAINED, NEAREST_WHITENED, NEAREST_WHITENED_UNTRAINED),
}
"""What a benchmark puts on the encoder -> the methods that do it, each with its control."""
_OF_MODEL = (*(name for names in HEADS.values() for name in names), PROPAGATED, WITH_SCRATCH)
NAMES: tuple[str, ...] = (*_OF_MODEL, *(name + FUSED for name in _OF_MODEL), *CLIP_BASELINES)
_PRETRAINED = (PROPAGATED, FINE_TUNED, WITH_SCRATCH, LINEAR, NEAREST, LINEAR_WHITENED, NEAREST_WHITENED)
OF_WEIGHTS: tuple[str, ...] = (*_PRETRAINED, *(name + FUSED for name in _PRETRAINED))
"""Methods that need weights."""
_BASELINES: Mapping[Task, tuple[str, ...]] = {
    "retrieval": ("1-NN Euclid", "1-NN DTW"),
    # DTW against every truncated copy of every clip takes longer than everything else together.
    "early_prediction": tuple(name for name in CLIP_BASELINES if name != "1-NN DTW"),
}
"""Baselines of a task; all of them where it is not listed."""
_SETTLED = (LINEAR, NEAREST, LINEAR_WHITENED, NEAREST_WHITENED, "1-NN Euclid", "1-NN DTW", "logistic regression")
"""Methods in which nothing is random."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """A way to tell clips apart."""

    name: str
    fit: Fit
    shape: WindowShape
    """Of its windows."""
    depends: Mapping[str, str]
    """What its scores depend on besides the benchmark and the seed, as hashes and names."""

    @property
    def takes_unlabelled(self) -> bool:
        """``fit`` also takes training clips without a label, of class ``UNLABELLED``."""
        return self.name.removesuffix(FUSED) == PROPAGATED

    @property
    def seeded(self) -> bool:
        """Another seed gives another classifier."""
        return self.name.removesuffix(FUSED) not in _SETTLED


def usual(task: Task, heads: Iterable[Head], weights: Sequence[Pretrained]) -> tuple[str, ...]:
    """Names of the methods of a task: those of its heads, as far as the weights are there, and the baselines."""
    of_model = [name for head, names in HEADS.items() if head in heads for name in names]
    if task == "semi_supervised" and FINE_TUNED in of_model:
        of_model.insert(0, PROPAGATED)
    if len(weights) > 1:
        of_model = [name for one in of_model for name in (one, one + FUSED)]
    able = [name for name in of_model if weights or name not in OF_WEIGHTS]
    return (*able, *_BASELINES.get(task, tuple(CLIP_BASELINES)))


def build(
    names: Sequence[str],
    *,
    weights: Sequence[Pretrained],
    recipe: FinetuneConfig,
    people: int,
    causal: bool,
    device: torch.device,
) -> list[Method]:
    """Methods by name.

    Args:
        names: of ``NAMES``.
        weights: none where no method needs any. Methods that are fused ask all of them, or without any three encoders,
            for joints, bones and motion; the others ask the first.
        recipe: how a detector is trained, and without weights its encoder. Classes, data and start are filled in.
        people: M of the benchmark; that of the weights, where there are any, for everything but the baselines.
        causal: no frame of the encoder sees a later one.
        device: where to train and to score.

    Raises:
        ValueError: an unknown name, a method without the weights that it needs, weights of another skeleton or, to be
            fused, of other windows, or a recipe that says itself what is filled in.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"unknown methods {unknown}; there are {', '.join(map(repr, NAMES))}")
    if not weights and (lacking := [name for name in names if name in OF_WEIGHTS]):
        raise ValueError(f"methods {lacking} need weights: give --weights, or leave them out")
    check_fusion(names, weights)
    for one in weights:
        one.check_joints()
    recipe.check_open()
    shapes = [one.shape for one in weights] or [dataclasses.replace(recipe.detector.encoder, people=people)]
    runs = [fitting.filled_in(recipe, dataclasses.replace(shape, causal=causal)) for shape in shapes]
    shape = runs[0].detector.encoder
    apart = runs if weights else [fitting.filled_in(recipe, one) for one in streams(shape)]
    own = dataclasses.replace(recipe.detector.encoder, people=shape.people, causal=causal, centre=shape.centre)
    lengths = dict.fromkeys((shape.frames, min(2 * shape.frames, MAX_FRAMES)))  # each once
    beside = [fitting.filled_in(recipe, dataclasses.replace(own, frames=frames)) for frames in lengths]
    known = _of_model(weights[:1], runs[:1], beside, device)
    if any(name.endswith(FUSED) for name in names):
        known |= _of_model(weights, apart, beside, device)
    plain = dataclasses.replace(shape, people=people)
    windows = {"windows": str(plain.window)}
    return [
        known[name]
        if name in known
        else Method(name=name, fit=fitting.on(device, CLIP_BASELINES[name]), shape=plain.window, depends=windows)
        for name in names
    ]


def check_fusion(names: Iterable[str], weights: Sequence[Pretrained]) -> None:
    """Refuse to fuse one, or what takes different windows; ValueError."""
    if fused := [name for name in names if name.endswith(FUSED)]:
        if len(weights) == 1:
            raise ValueError(f"methods {fused} ask several networks: give --weights of each, for example joints, bones")
        check_alike([one.shape for one in weights])


def _of_model(
    weights: Sequence[Pretrained],
    runs: Sequence[FinetuneConfig],
    beside: Sequence[FinetuneConfig],
    device: torch.device,
) -> dict[str, Method]:
    """The methods of one encoder, or fused of several, by name; those of weights only where there are any.

    ``beside`` are the detectors from scratch that are asked with what is fine-tuned; the last has the longest windows.
    """
    shapes = [run.detector.encoder for run in runs]
    trained = numbered("recipe", map(config.content_hash, runs))
    encoder = numbered("encoder", map(config.content_hash, shapes))
    projectors = [one.projectors for one in weights] or [None] * len(runs)
    start = {**encoder, **numbered("projectors", map(str, projectors))}
    untrained = [partial(probe.untrained, *one) for one in zip(shapes, projectors, strict=True)]
    methods: dict[str, Method] = {}

    def add(name: str, fit: Fit, depends: Mapping[str, str], shape: EncoderConfig = shapes[0]) -> None:
        full = name + FUSED if len(runs) > 1 else name
        methods[full] = Method(name=full, fit=fit, shape=shape.window, depends=depends)

    def frozen(encoders: Iterable[Callable[[int], DSTE | STTR]], head: FeatureHead) -> Fit:
        return fuse([fitting.fit_frozen(one, head, device) for one in encoders])

    add(FROM_SCRATCH, fuse([fitting.fit_detector(run, device) for run in runs]), trained)
    add(LINEAR_UNTRAINED, frozen(untrained, linear_layer.linear_layer), start)
    add(NEAREST_UNTRAINED, frozen(untrained, nearest), start)
    add(LINEAR_WHITENED_UNTRAINED, frozen(untrained, whitened(linear_on_unit)), start)
    add(NEAREST_WHITENED_UNTRAINED, frozen(untrained, whitened(nearest)), start)
    if weights:
        known = numbered("weights", [one.hash for one in weights])
        started = [dataclasses.replace(run, init_from=one.path) for run, one in zip(runs, weights, strict=True)]
        pretrained = [_pretrained(one, shape) for one, shape in zip(weights, shapes, strict=True)]
        same = [lambda _, one=one: one for one in pretrained]
        add(PROPAGATED, fitting.fit_propagated(started, pretrained, device), {**trained, **known})
        tuned = [fitting.fit_detector(run, device) for run in started]
        add(FINE_TUNED, fuse(tuned), {**trained, **known})
        scratch = [fitting.fit_detector(run, device) for run in beside]
        frames = [run.detector.encoder.frames for run in (*runs, *beside)]
        all_of_them = fuse([fitting.resized(*one) for one in zip((*tuned, *scratch), frames, strict=True)])
        depends = {**trained, **known, **numbered("beside", map(config.content_hash, beside))}
        add(WITH_SCRATCH, all_of_them, depends, beside[-1].detector.encoder)
        add(LINEAR, frozen(same, linear_layer.linear_layer), {**encoder, **known})
        add(NEAREST, frozen(same, nearest), {**encoder, **known})
        add(LINEAR_WHITENED, frozen(same, whitened(linear_on_unit)), {**encoder, **known})
        add(NEAREST_WHITENED, frozen(same, whitened(nearest)), {**encoder, **known})
    return methods


def _pretrained(weights: Pretrained, shape: EncoderConfig) -> DSTE | STTR:
    """The encoder, perhaps causal now."""
    encoder = build_encoder(shape)
    encoder.load_state_dict(weights.encoder.state_dict())
    return encoder.eval()
