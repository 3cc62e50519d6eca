"""The methods of the task "stream", as values: a detector that is trained, or given, and baselines on the same windows.

>>> METHODS["fine-tuned"].needs_weights, METHODS["TCN"].needs_weights
(True, False)

Letters: N windows, T frames, M people, V joints, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from usdrl_model.checkpoints import detector_file, stored_model
from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig, LoadedDetector
from usdrl_model.checkpoints.pretrained_models import FREE
from usdrl_model.data.store import Store
from usdrl_model.evaluation.baselines.contract import Classifier, FitFrames, on
from usdrl_model.evaluation.baselines.frame_wise import frame_wise
from usdrl_model.evaluation.baselines.nearest import fit_dtw
from usdrl_model.evaluation.baselines.networks import fit_cnn, fit_gru
from usdrl_model.evaluation.baselines.tcn import fit_tcn
from usdrl_model.evaluation.calibrate import calibrate, with_thresholds
from usdrl_model.evaluation.calibration import CalibrationConfig
from usdrl_model.evaluation.networks import Init, Method
from usdrl_model.evaluation.pretrained import Pretrained
from usdrl_model.inference import load
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.detector import Scores
from usdrl_model.training.finetuning import init_from, run_data, train
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.training.hidden import HiddenConfig
from usdrl_model.training.run_folder import begun


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Material:
    """What a method is made of."""

    run: FinetuneConfig | None
    """Training without the set that is left out; None for a method that trains nothing."""
    calibration: CalibrationConfig | None
    """Choice of thresholds without that set; None: those of the training."""
    store: Store
    """With the sources of both."""
    weights: Pretrained | None
    """To start from, or a detector."""
    examples: int
    """Windows of a baseline."""
    folder: Path
    """Of detectors; one is taken from there where it was trained before."""
    device: torch.device

    @property
    def training(self) -> tuple[FinetuneConfig, Mixture]:
        """The run and its windows; ValueError where there is nothing to train on."""
        if self.run is None:
            raise ValueError("expected how to train a detector, got nothing")
        return self.run, run_data.mixture(self.run, run_data.recordings(self.run, self.store))


class StreamMethod(Method, Protocol):
    """A method that gives a detector for ``ActionStream``."""

    @property
    def trains(self) -> bool:
        """Whether it learns from the other sets, with a seed; otherwise it is a detector already."""

    @property
    def streaming(self) -> bool:
        """Whether it is trained as a streaming detector is, whatever the weights."""

    def weights_hash(self, weights: Pretrained) -> str:
        """Of what it takes from weights.

        Raises:
            ValueError: they are not what it needs.
        """

    def detector(self, material: Material) -> LoadedDetector:
        """Train it; errors as of the training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A detector of this package."""

    init: Init = "pretrained"
    streaming: bool = False
    fusion: ClassVar[bool] = False
    trains: ClassVar[bool] = True

    @property
    def title(self) -> str:
        """As in tables and after ``--methods``."""
        if self.streaming:
            return "streaming"
        return "fine-tuned" if self.init == "pretrained" else "from scratch"

    @property
    def needs_weights(self) -> bool:
        """Where it starts from them."""
        return self.init == "pretrained"

    def weights_hash(self, weights: Pretrained) -> str:
        """Of the encoder."""
        return weights.hash

    def detector(self, material: Material) -> LoadedDetector:
        """Train it, or go on, or take the one that was trained."""
        weights, calibrated = material.folder / "weights", material.folder / "calibrated"
        if not stored_model.finished(weights):
            run, mixture = material.training
            made = init_from.provenance(run, material.store, "usdrl benchmark, stream")
            detector = train.train(run, mixture, material.folder, device=material.device, resume=begun(material.folder))
            detector_file.save(weights, detector, run.stream, made)
        if material.calibration is None:
            return load.load(weights, str(material.device))
        if not stored_model.finished(calibrated):
            found = calibrate(detector_file.load(weights, "cpu"), material.calibration, material.store)
            detector_file.save(calibrated, found.detector, found.stream, found.provenance)
        return load.load(calibrated, str(material.device))


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """The weights themselves, which are a detector."""

    title: ClassVar[str] = "as it is"
    needs_weights: ClassVar[bool] = True
    fusion: ClassVar[bool] = False
    trains: ClassVar[bool] = False
    streaming: ClassVar[bool] = False

    def weights_hash(self, weights: Pretrained) -> str:
        """Of the whole detector: its tensors, and its thresholds too."""
        if not detector_file.is_detector(weights.path):
            raise ValueError(f"{weights.path}: expected a detector, got an encoder: take the method fine-tuned")
        return detector_file.load(weights.path, "cpu").hash

    def detector(self, material: Material) -> LoadedDetector:
        """Load it."""
        if material.weights is None:
            raise ValueError("expected a detector, got no weights: give --weights")
        return load.load(material.weights.path, str(material.device))


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """A method without an encoder, trained on the windows of the detector."""

    title: str
    learn: FitFrames
    most: int | None = None
    """Windows at most: nearest neighbours compare with each of them."""
    needs_weights: ClassVar[bool] = False
    fusion: ClassVar[bool] = False
    trains: ClassVar[bool] = True
    streaming: ClassVar[bool] = False

    def weights_hash(self, weights: Pretrained) -> str:
        """It takes nothing from them."""
        return ""

    def detector(self, material: Material) -> LoadedDetector:
        """Train it on windows drawn as the detector draws them."""
        run, mixture = material.training
        count = min(material.examples, self.most or material.examples)
        rows = mixture.draw(count, torch.Generator().manual_seed(run.seed))
        windows = mixture.windows[rows.unique()]
        classify = on(material.device, self.learn)(windows, len(run.detector.labels), seed=run.seed)
        made = DetectorFileConfig(detector=run.detector, stream=run.stream)
        network = Answering(classify).eval()
        loaded = LoadedDetector(name=self.title, path=Path(self.title), sha256="", detector=network, config=made)
        return with_thresholds(loaded, material.calibration, material.store) if material.calibration else loaded


class Answering(nn.Module):
    """A classifier of frames, called as a ``Detector`` is."""

    def __init__(self, classify: Classifier) -> None:
        super().__init__()
        self._classify = classify

    def forward(self, x: Tensor) -> Scores:
        """Score windows (N, T, M, V, 3)."""
        frames = self._classify(x)
        return Scores(frames=frames, clip=frames.mean(dim=1))


_ALL: tuple[StreamMethod, ...] = (
    Trained(),
    Trained(init="random"),
    Trained(init="random", streaming=True),
    Given(),
    Baseline(title="TCN", learn=fit_tcn),
    Baseline(title="1D-CNN", learn=frame_wise(fit_cnn)),
    Baseline(title="biGRU", learn=frame_wise(fit_gru)),
    Baseline(title="1-NN DTW", learn=frame_wise(fit_dtw, calibrated=True), most=500),
)
METHODS: Mapping[str, StreamMethod] = {one.title: one for one in _ALL}
"""Every method by its title."""


def usual(weights: int) -> tuple[StreamMethod, ...]:
    """The methods of the task: fine-tuning only where there are weights, and a detector as it is where asked for."""
    return tuple(one for one in _ALL if one.trains and (weights or not one.needs_weights))


def started(run: FinetuneConfig, method: StreamMethod, weights: Pretrained | None) -> FinetuneConfig:
    """The training of a method: from weights, with their encoder, or from random ones.

    Raises:
        ValueError: weights are missing, or a baseline would need a mask.
    """
    encoder = run.detector.encoder
    if not method.needs_weights:
        if isinstance(method, Baseline):
            if run.detector.streaming or encoder.flat:
                raise ValueError(
                    f"{method.title}: baselines know no missing joints: take a recipe of windows in space"
                    " (detector=finetune_hri.yaml), or leave them out (--methods)"
                )
            encoder = dataclasses.replace(encoder, masked=False)
        return dataclasses.replace(_with_encoder(run, encoder), init_from="", teacher="")
    if weights is None:
        raise ValueError(f"{method.title}: expected pretrained weights, got none: give --weights")
    own = {name: getattr(encoder, name) for name in FREE}
    return dataclasses.replace(_with_encoder(run, dataclasses.replace(weights.shape, **own)), init_from=weights.path)


def _with_encoder(run: FinetuneConfig, encoder: EncoderConfig) -> FinetuneConfig:
    """The run with an encoder; from one without a mask, nothing is hidden."""
    hidden = run.augment.hidden if encoder.masked else HiddenConfig()
    return dataclasses.replace(
        run,
        detector=dataclasses.replace(run.detector, encoder=encoder),
        augment=dataclasses.replace(run.augment, hidden=hidden),
    )
