"""The methods of the clip tasks: an encoder fine-tuned, from scratch, or frozen; and the baselines beside it.

All have the signature of a baseline (``baselines.Fit``): windows and classes in, a function from windows to scores out.

Letters: N windows, T frames, M people, V joints, D features, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model import config, finetune, probe
from usdrl_model.baselines import CLIP_BASELINES, Classifier, Fit
from usdrl_model.baselines.contract import among_present
from usdrl_model.detector import BACKGROUND
from usdrl_model.encoder import DSTE, STTR, build_encoder
from usdrl_model.encoder_config import EncoderConfig
from usdrl_model.finetune_config import FinetuneConfig
from usdrl_model.tasks.benchmark import Head, Task
from usdrl_model.tasks.propagation import propagate
from usdrl_model.tasks.weights import Pretrained
from usdrl_model.training_data import Mixture
from usdrl_model.training_windows import Windows
from usdrl_model.whitening import Whitening

FINE_TUNED, FROM_SCRATCH = "fine-tuned", "from scratch"
PROPAGATED = "fine-tuned, labels propagated"
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
NAMES: tuple[str, ...] = (*(name for names in HEADS.values() for name in names), PROPAGATED, *CLIP_BASELINES)
OF_WEIGHTS = (PROPAGATED, FINE_TUNED, LINEAR, NEAREST, LINEAR_WHITENED, NEAREST_WHITENED)
"""Methods that need weights."""
_BASELINES: Mapping[Task, tuple[str, ...]] = {
    "retrieval": ("1-NN Euclid", "1-NN DTW"),
    # DTW against every truncated copy of every clip takes longer than everything else together.
    "early_prediction": tuple(name for name in CLIP_BASELINES if name != "1-NN DTW"),
}
"""Baselines of a task; all of them where it is not listed."""
_PENALTY = 0.1
"""Of a linear layer on whitened features, which have length 1; see ``probe.PENALTY``."""
FeatureHead = Callable[[Tensor, Tensor, int], Classifier]
"""Features (N, D), classes (N,) and their number -> what scores features."""
_SETTLED = (LINEAR, NEAREST, LINEAR_WHITENED, NEAREST_WHITENED, "1-NN Euclid", "1-NN DTW", "logistic regression")
"""Methods in which nothing is random."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """A way to tell clips apart."""

    name: str
    fit: Fit
    shape: EncoderConfig
    """T and M of its windows."""
    depends: Mapping[str, str]
    """What its scores depend on besides the benchmark and the seed, as hashes and names."""

    @property
    def takes_unlabelled(self) -> bool:
        """``fit`` also takes training clips without a label, of class ``UNLABELLED``."""
        return self.name == PROPAGATED

    @property
    def seeded(self) -> bool:
        """Another seed gives another classifier."""
        return self.name not in _SETTLED


def usual(task: Task, heads: Iterable[Head], weights: Pretrained | None) -> tuple[str, ...]:
    """Names of the methods of a task: those of its heads, as far as the weights are there, and the baselines."""
    of_model = [name for head, names in HEADS.items() if head in heads for name in names]
    if task == "semi_supervised" and FINE_TUNED in of_model:
        of_model.insert(0, PROPAGATED)
    able = [name for name in of_model if weights is not None or name not in OF_WEIGHTS]
    return (*able, *_BASELINES.get(task, tuple(CLIP_BASELINES)))


def build(
    names: Sequence[str],
    *,
    weights: Pretrained | None,
    recipe: FinetuneConfig,
    people: int,
    causal: bool,
    device: torch.device,
) -> list[Method]:
    """Methods by name.

    Args:
        names: of ``NAMES``.
        weights: None where no method needs any.
        recipe: how a detector is trained, and without weights its encoder. Classes, data and start are filled in.
        people: M of the benchmark; that of the weights, where there are any, for everything but the baselines.
        causal: no frame of the encoder sees a later one.
        device: where to train and to score.

    Raises:
        ValueError: an unknown name, a method without the weights that it needs, weights of another skeleton, or a
            recipe that says itself what is filled in.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise ValueError(f"unknown methods {unknown}; there are {', '.join(map(repr, NAMES))}")
    if weights is None and (lacking := [name for name in names if name in OF_WEIGHTS]):
        raise ValueError(f"methods {lacking} need weights: give --weights, or leave them out")
    if weights is not None:
        weights.check_joints()
    recipe.check_open()
    of_benchmark = dataclasses.replace(recipe.detector.encoder, people=people)
    shape = dataclasses.replace(of_benchmark if weights is None else weights.shape, causal=causal)
    plain = dataclasses.replace(shape, people=people)
    windows = {"windows": f"{plain.frames} x {people}"}
    known = _of_model(weights, _filled_in(recipe, shape), device)
    return [
        known[name]
        if name in known
        else Method(name=name, fit=_on(device, CLIP_BASELINES[name]), shape=plain, depends=windows)
        for name in names
    ]


def fit_detector(run: FinetuneConfig, device: torch.device) -> Fit:
    """Train a detector with a recognition head by a configuration in which data and classes are missing."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        return _trained(run, device, windows, y, torch.ones(len(y)), classes, seed)

    return among_present(fit)


def fit_propagated(run: FinetuneConfig, encoder: DSTE | STTR, device: torch.device) -> Fit:
    """As ``fit_detector``, but frozen features carry labels to clips without one; the surer, the more often drawn."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        frozen = encoder.to(device)
        features = probe.features(frozen, windows)
        guessed, sure = propagate(Whitening.of(features)(features), y, classes)
        return _trained(run, device, windows, guessed, sure, classes, seed)

    return fit


def _trained(
    run: FinetuneConfig, device: torch.device, windows: Tensor, y: Tensor, share: Tensor, classes: int, seed: int
) -> Classifier:
    """Train on windows (N, T, M, V, 3) of classes ``y`` (N,), drawn in proportion to ``share`` (N,)."""
    labels = (BACKGROUND, *map(str, range(classes)))
    this = dataclasses.replace(run, detector=dataclasses.replace(run.detector, labels=labels), seed=seed)
    frames = windows.shape[1]
    given = Windows(windows, (y + 1)[:, None].repeat(1, frames), torch.ones(len(y), frames, dtype=torch.bool))
    with TemporaryDirectory() as out:
        mixture = Mixture(given, share.double() / share.double().sum())
        detector = finetune.train(this, mixture, Path(out), device=device).to(device)

    @torch.inference_mode()
    def classify(windows: Tensor) -> Tensor:
        logits = [detector(part.to(device)).clip[:, 1:] for part in windows.split(probe.BATCH)]
        return torch.cat(logits).to(windows.device)

    return classify


def fit_frozen(encoder: Callable[[int], DSTE | STTR], head: FeatureHead, device: torch.device) -> Fit:
    """Learn a head on features (N, D) of an encoder that does not learn; the seed may decide the encoder."""

    def fit(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        frozen = encoder(seed).to(device)
        classify = head(probe.features(frozen, windows), y, classes)
        return lambda windows: classify(probe.features(frozen, windows))

    return among_present(fit)


def nearest(features: Tensor, y: Tensor, classes: int) -> Classifier:
    """The score of a class is the largest cosine to one of its training clips, of features (N, D)."""
    train = F.normalize(features, dim=1)

    def classify(features: Tensor) -> Tensor:
        cosine = F.normalize(features, dim=1) @ train.T
        best = cosine.new_full((len(cosine), classes), -torch.inf)
        return best.scatter_reduce(1, y.expand(len(cosine), -1), cosine, "amax")

    return classify


def linear_on_unit(features: Tensor, y: Tensor, classes: int) -> Classifier:
    """Logistic regression on features (N, D) of length 1, as they are."""
    weight, bias = probe.fit(features.double(), y, classes, _PENALTY)
    return lambda test: test.double() @ weight + bias


def whitened(head: FeatureHead) -> FeatureHead:
    """A head on features that are whitened as those of the training clips are."""

    def learn(features: Tensor, y: Tensor, classes: int) -> Classifier:
        whiten = Whitening.of(features)
        classify = head(whiten(features), y, classes)
        return lambda test: classify(whiten(test))

    return learn


def _on(device: torch.device, fit: Fit) -> Fit:
    """A baseline works where its windows are."""

    def moved(windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Classifier:
        return fit(windows.to(device), y, classes, seed=seed)

    return moved


def _filled_in(recipe: FinetuneConfig, shape: EncoderConfig) -> FinetuneConfig:
    return dataclasses.replace(recipe, detector=dataclasses.replace(recipe.detector, encoder=shape), seed=0)


def _of_model(weights: Pretrained | None, run: FinetuneConfig, device: torch.device) -> dict[str, Method]:
    """The methods that have an encoder, by name; those of weights only where there are any."""
    shape = run.detector.encoder
    projectors = weights.projectors if weights is not None else None
    trained = {"recipe": config.content_hash(run)}
    encoder = {"encoder": config.content_hash(shape)}
    start = {**encoder, "projectors": str(projectors)}

    def untrained(seed: int) -> DSTE | STTR:
        return probe.untrained(shape, projectors, seed)

    def method(name: str, fit: Fit, depends: Mapping[str, str]) -> Method:
        return Method(name=name, fit=fit, shape=shape, depends=depends)

    methods = [
        method(FROM_SCRATCH, fit_detector(run, device), trained),
        method(LINEAR_UNTRAINED, fit_frozen(untrained, probe.linear_layer, device), start),
        method(NEAREST_UNTRAINED, fit_frozen(untrained, nearest, device), start),
        method(LINEAR_WHITENED_UNTRAINED, fit_frozen(untrained, whitened(linear_on_unit), device), start),
        method(NEAREST_WHITENED_UNTRAINED, fit_frozen(untrained, whitened(nearest), device), start),
    ]
    if weights is not None:
        known = {"weights": weights.hash}
        started = dataclasses.replace(run, start=weights.path)

        def pretrained(seed: int) -> DSTE | STTR:
            encoder = build_encoder(shape)
            encoder.load_state_dict(weights.encoder.state_dict())
            return encoder.eval()

        methods += [
            method(PROPAGATED, fit_propagated(started, pretrained(0), device), {**trained, **known}),
            method(FINE_TUNED, fit_detector(started, device), {**trained, **known}),
            method(LINEAR, fit_frozen(pretrained, probe.linear_layer, device), {**encoder, **known}),
            method(NEAREST, fit_frozen(pretrained, nearest, device), {**encoder, **known}),
            method(LINEAR_WHITENED, fit_frozen(pretrained, whitened(linear_on_unit), device), {**encoder, **known}),
            method(NEAREST_WHITENED, fit_frozen(pretrained, whitened(nearest), device), {**encoder, **known}),
        ]
    return {one.name: one for one in methods}
