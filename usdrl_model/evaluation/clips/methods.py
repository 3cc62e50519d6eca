"""The methods of the clip tasks, as values: an encoder trained, or frozen with a head, and the baselines.

Frozen dataclasses that are fitted and predict, of three kinds: a detector that is trained (from pretrained weights or
from random ones), a head on the features of an encoder that does not learn, and the baselines. Titles in tables and
after ``--methods`` follow from the fields:

>>> Trained(propagation=True, fusion=True).title
'fine-tuned, labels propagated, fused'
>>> METHODS["linear, whitened"] == Frozen(head="linear", whitening=True)
True

Letters: N windows, T frames, M people, V joints, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from torch import Tensor

from usdrl_model import config
from usdrl_model.evaluation import probe
from usdrl_model.evaluation.baselines.contract import Fit, Fitted, on
from usdrl_model.evaluation.baselines.linear import fit_logistic
from usdrl_model.evaluation.baselines.nearest import fit_dtw, fit_euclid
from usdrl_model.evaluation.baselines.networks import fit_cnn, fit_gru
from usdrl_model.evaluation.benchmark import Head, Task
from usdrl_model.evaluation.clips import fitting
from usdrl_model.evaluation.clips.fitting import FeatureHead
from usdrl_model.evaluation.fusion import fuse
from usdrl_model.evaluation.networks import Init, Method, Network, Networks, hashes, numbered, recipes, titled
from usdrl_model.network.dste import Encoder
from usdrl_model.training import linear_layer
from usdrl_model.windows.shape import WindowShape


class ClipMethod(Method, Protocol):
    """A method that classifies clips."""

    @property
    def seeded(self) -> bool:
        """Whether the seed changes the classifier."""

    @property
    def takes_unlabelled(self) -> bool:
        """``fit`` also takes training clips without a label, of class ``UNLABELLED``."""

    def window(self, networks: Networks) -> WindowShape:
        """T and M of the windows that it takes."""

    def depends(self, networks: Networks) -> dict[str, str]:
        """What its scores depend on besides the benchmark and the seed, as hashes and names."""

    def fit(self, networks: Networks, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Fitted:
        """Learn from windows (N, T, M, V, 3) with classes y (N,) int64 of 0 to ``classes`` - 1; nothing is written.

        Raises:
            ValueError: no windows, other shapes, a class that is out of range, or weights that are missing.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A detector whose recognition head names the action; the encoder learns too."""

    init: Init = "pretrained"
    propagation: bool = False
    """Unlabelled clips get labels from their neighbours (``propagation``)."""
    with_scratch: bool = False
    """Average with two detectors trained from random weights, one on twice the frames: they make other errors than the
    pretrained one (docs/ablations.md)."""
    fusion: bool = False
    """Train a detector for each of several encoders, and average their predictions (``fusion``)."""
    seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ValueError for combinations that cannot be fitted."""
        if (self.propagation or self.with_scratch) and (self.init == "random" or self.propagation == self.with_scratch):
            raise ValueError("expected one of propagation and with_scratch, and of a pretrained encoder")

    @property
    def title(self) -> str:
        """As in tables and after ``--methods``."""
        name = "fine-tuned" if self.init == "pretrained" else "from scratch"
        ways = {"labels propagated": self.propagation, "with scratch": self.with_scratch, "fused": self.fusion}
        return titled(name, ways)

    @property
    def needs_weights(self) -> bool:
        """Where it starts from them."""
        return self.init == "pretrained"

    @property
    def takes_unlabelled(self) -> bool:
        """Where labels are propagated."""
        return self.propagation

    def window(self, networks: Networks) -> WindowShape:
        """T and M of its windows."""
        frames = networks.from_scratch()[-1].detector.encoder.frames if self.with_scratch else networks.window.frames
        return dataclasses.replace(networks.window, frames=frames)

    def depends(self, networks: Networks) -> dict[str, str]:
        """Hashes of recipes, encoders and weights."""
        asked = networks.asked(self.fusion)
        return {
            **recipes(one.run for one in asked),
            **(hashes(asked) if self.needs_weights else {}),
            **(recipes(networks.from_scratch(), "beside") if self.with_scratch else {}),
        }

    def fit(self, networks: Networks, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Fitted:
        """Learn from windows (N, T, M, V, 3) with classes y (N,), see ``ClipMethod``."""
        asked, device = networks.asked(self.fusion), networks.device
        runs = [one.started if self.needs_weights else one.run for one in asked]
        if self.propagation:
            encoders = [one.pretrained() for one in asked]
            return Fitted(fitting.fit_propagated(runs, encoders, device)(windows, y, classes, seed=seed))
        fits = [fitting.fit_detector(run, device) for run in runs]
        if self.with_scratch:
            runs += networks.from_scratch()
            fits = [fitting.resized(fitting.fit_detector(run, device), run.detector.encoder.frames) for run in runs]
        return Fitted(fuse(fits)(windows, y, classes, seed=seed))


@dataclass(frozen=True, kw_only=True, slots=True)
class Frozen:
    """A head on the features of an encoder that does not learn."""

    head: Literal["linear", "nearest"]
    whitening: bool = False
    """Whiten the features by the statistics of the training clips (``whitening``)."""
    init: Init = "pretrained"
    """Of the encoder; random: the control."""
    fusion: bool = False
    """Fit a head for each of several encoders, and average their predictions (``fusion``)."""
    takes_unlabelled: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """As in tables and after ``--methods``."""
        name = "linear" if self.head == "linear" else "1-NN"
        ways = {"whitened": self.whitening, "untrained": self.init == "random", "fused": self.fusion}
        return titled(name, ways)

    @property
    def needs_weights(self) -> bool:
        """Where it starts from them."""
        return self.init == "pretrained"

    @property
    def seeded(self) -> bool:
        """Where the encoder is random."""
        return self.init == "random"

    def window(self, networks: Networks) -> WindowShape:
        """T of the encoder, and its M, or all people of the benchmark for an encoder of one."""
        return networks.each_person if networks.shape.people == 1 else networks.window

    def depends(self, networks: Networks) -> dict[str, str]:
        """Hashes of recipes, encoders and weights."""
        asked = networks.asked(self.fusion)
        encoder = numbered("encoder", (config.content_hash(one.shape) for one in asked))
        projectors = numbered("projectors", (str(one.weights and one.weights.projectors) for one in asked))
        several = {"windows": str(self.window(networks))} if networks.people > 1 else {}
        return {**encoder, **several, **(projectors if self.init == "random" else hashes(asked))}

    def fit(self, networks: Networks, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Fitted:
        """Learn from windows (N, T, M, V, 3) with classes y (N,), see ``ClipMethod``."""
        encoders = [self._encoder(one, seed) for one in networks.asked(self.fusion)]
        fits = [fitting.fit_frozen(one, self._head, networks.device) for one in encoders]
        return Fitted(fuse(fits)(windows, y, classes, seed=seed))

    @property
    def _head(self) -> FeatureHead:
        if self.head == "nearest":
            return fitting.whitened(fitting.nearest) if self.whitening else fitting.nearest
        return fitting.whitened(fitting.linear_on_unit) if self.whitening else linear_layer.linear_layer

    def _encoder(self, one: Network, seed: int) -> Encoder:
        if self.init == "pretrained":
            return one.pretrained()
        return probe.untrained(one.shape, one.weights.projectors if one.weights else None, seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """A method without an encoder."""

    title: str
    learn: Fit
    seeded: bool = False
    """Whether the seed changes the classifier."""
    needs_weights: ClassVar[bool] = False
    takes_unlabelled: ClassVar[bool] = False
    fusion: ClassVar[bool] = False

    def window(self, networks: Networks) -> WindowShape:
        """T of the networks, and all people of the benchmark."""
        return networks.whole

    def depends(self, networks: Networks) -> dict[str, str]:
        """The shape of the windows alone."""
        return {"windows": str(networks.whole)}

    def fit(self, networks: Networks, windows: Tensor, y: Tensor, classes: int, *, seed: int) -> Fitted:
        """Learn from windows (N, T, M, V, 3) with classes y (N,), see ``ClipMethod``."""
        return Fitted(on(networks.device, self.learn)(windows, y, classes, seed=seed))


EUCLID, DTW = Baseline(title="1-NN Euclid", learn=fit_euclid), Baseline(title="1-NN DTW", learn=fit_dtw)
LOGISTIC = Baseline(title="logistic regression", learn=fit_logistic)
CNN, GRU = Baseline(title="1D-CNN", learn=fit_cnn, seeded=True), Baseline(title="biGRU", learn=fit_gru, seeded=True)
BASELINES = (EUCLID, DTW, LOGISTIC, CNN, GRU)
_BASELINES: Mapping[Task, tuple[Baseline, ...]] = {
    "retrieval": (EUCLID, DTW),
    # DTW against every truncated copy of every clip takes longer than everything else together.
    "early_prediction": (EUCLID, LOGISTIC, CNN, GRU),
}
"""Baselines of a task; all of them where it is not listed."""
_CONTROLLED: tuple[Init, ...] = ("pretrained", "random")
HEADS: Mapping[Head, tuple[Trained | Frozen, ...]] = {
    "finetune": tuple(Trained(init=init) for init in _CONTROLLED),
    "linear": tuple(Frozen(head="linear", whitening=w, init=init) for w in (False, True) for init in _CONTROLLED),
    "nearest": tuple(Frozen(head="nearest", whitening=w, init=init) for w in (False, True) for init in _CONTROLLED),
}
"""Head of a benchmark -> its methods, each with its control (random weights)."""
_ALONE: tuple[Trained | Frozen, ...] = (
    *(one for methods in HEADS.values() for one in methods),
    Trained(propagation=True),
    Trained(with_scratch=True),
)
METHODS: Mapping[str, ClipMethod] = {
    one.title: one for one in (*_ALONE, *(dataclasses.replace(one, fusion=True) for one in _ALONE), *BASELINES)
}
"""Every method by its title."""


def usual(task: Task, heads: Iterable[Head], weights: int) -> tuple[ClipMethod, ...]:
    """The methods of a task: those of its heads, as far as there are weights, and the baselines.

    Args:
        task: a task on clips.
        heads: of the benchmark.
        weights: how many there are; fused methods need two or more.
    """
    chosen = [one for head, methods in HEADS.items() if head in heads for one in methods]
    if task == "semi_supervised" and Trained() in chosen:
        chosen.insert(0, Trained(propagation=True))
    if weights > 1:
        chosen = [each for one in chosen for each in (one, dataclasses.replace(one, fusion=True))]
    return (*(one for one in chosen if weights or not one.needs_weights), *_BASELINES.get(task, BASELINES))
