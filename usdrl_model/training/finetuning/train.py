"""Training of a detector on labelled recordings: a linear probe, the last layers, or everything.

    usdrl finetune --config config/finetune_streaming.yaml --data stores --out runs/streaming

A run folder holds ``training.pt`` (what ``--resume`` needs) and the one before it, ``loss.csv``, ``loss.png``
and, at the end, the weights folder ``weights/``. Stop it at any time; ``--resume`` goes on from the last state as if
nothing had happened (bit-identical on the CPU).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from usdrl_model import config
from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.pretrained_models import find_encoder
from usdrl_model.checkpoints.state_dict import tensors_hash
from usdrl_model.network.detector import Detector
from usdrl_model.progress import progress
from usdrl_model.training import linear_layer
from usdrl_model.training.augment import augment
from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.init_from import start_encoder
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.training.finetuning.objective import Objective
from usdrl_model.training.run_folder import SETTINGS, RunState, schedule, write_losses
from usdrl_model.windows.cut import Windows, clip_classes
from usdrl_model.windows.tracklets import UNKNOWN
from usdrl_model.windows.window import normalise

VALIDATION_BATCH = 256
"""Batch size of the validation."""
SAVE_EVERY = 200
"""Steps between two states that ``--resume`` can start from; the end of a run is one, too."""


def train(
    run: FinetuneConfig,
    mixture: Mixture,
    out: Path,
    *,
    device: torch.device,
    resume: bool = False,
    validation: Windows | None = None,
) -> Detector:
    """Train a detector and return the averaged one, in evaluation mode.

    Args:
        run: the configuration.
        mixture: what to train on (``run_data.mixture``).
        out: run folder; made where missing.
        device: where to train.
        resume: go on from ``training.pt`` of ``out``.
        validation: of people who are not trained on; needed for early stopping.

    Raises:
        FileExistsError: ``out`` holds a run already and ``resume`` is off.
        FileNotFoundError: ``resume`` without a run in ``out``.
        BlockingIOError: another process trains in ``out``.
        ValueError: the run in ``out`` has another configuration, data, initial weights or teacher, its states are
            damaged, or ``init_from`` does not fit the encoder.
        FloatingPointError: the loss is no longer finite; the last state that was stays in ``out``.
    """
    state = run_state(run, mixture, validation, out)
    trainer = _Trainer(run, mixture, device, validation, state)
    with state.alone(resume):
        if resume:
            trainer.restore(state.load())
        else:
            trainer.begin()
        trainer.go()
        write_losses({"training loss": trainer.losses}, out)
    return trainer.result()


def fit(run: FinetuneConfig, mixture: Mixture, *, device: torch.device) -> Detector:
    """As ``train``, without a run folder: nothing is written, and nothing can be resumed."""
    trainer = _Trainer(run, mixture, device)
    trainer.begin()
    trainer.go()
    return trainer.result()


def check_early(run: FinetuneConfig, out: Path, resume: bool) -> None:
    """Refuse a folder in which a run can neither begin nor go on, before its data are read; errors as ``train``."""
    RunState(out, _decided_by(run), config.to_dict(run)).check_early(resume)


def run_state(run: FinetuneConfig, mixture: Mixture, validation: Windows | None, out: Path) -> RunState:
    """The state in a run folder, which belongs to a configuration, to windows, and to the weights that it names."""
    parts = [mixture.windows, *([validation] if validation is not None else [])]
    data = tensors_hash(mixture.probability, *(getattr(part, name) for part in parts for name in ("x", "y", "seen")))
    return RunState(out, {**_decided_by(run), "data": data}, config.to_dict(run))


def _decided_by(run: FinetuneConfig) -> dict[str, str]:
    """Hashes of what decides a run besides its data."""
    made_of = {SETTINGS: config.content_hash(run)}
    if run.init_from:
        made_of["weights in init_from"] = find_encoder(run.init_from).hash
    if run.teacher:
        made_of["weights of the teacher"] = detector_file.load(run.teacher, "cpu").hash
    return made_of


class _Trainer:
    """State of a run: what a step changes, and how it is saved and restored."""

    def __init__(
        self,
        run: FinetuneConfig,
        mixture: Mixture,
        device: torch.device,
        validation: Windows | None = None,
        state: RunState | None = None,
    ) -> None:
        torch.manual_seed(run.seed)
        self.run, self.device, self.state = run, device, state
        self.mixture = mixture.to(device)
        self.generator = torch.Generator(device).manual_seed(run.seed)
        self.validation = validation
        self.model = Detector(run.detector)
        if run.init_from:
            self.model.encoder.load_state_dict(start_encoder(run).state_dict())
        self.model.to(device)
        self.frozen = freeze(self.model, run.train)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(run.ema_decay), use_buffers=True)
        self.optimiser = torch.optim.AdamW(_groups(self.model, run), lr=0.0, weight_decay=run.weight_decay)
        self.objective = Objective(run, mixture, device)
        self.losses: list[float] = []
        self.looks: list[float] = []
        """Validation losses so far."""
        self.best: dict[str, Tensor] | None = None
        """The averaged weights of the best look, with early stopping."""

    def begin(self) -> None:
        """The first weights of the recognition head."""
        if self.run.init_from and self.run.head == "linear":
            start_head(self.model, self.mixture)

    def go(self) -> None:
        self.model.train()
        for module in self.frozen:
            module.eval()
        done, run = len(self.losses), self.run
        # leave=None: the bar stays unless it is below another one, of a command that trains many detectors.
        bar = progress(range(done, run.steps), initial=done, total=run.steps, unit="step", leave=None)
        for step in bar:
            if self._stopped():
                break
            loss = self._step(step)
            if not np.isfinite(loss):
                kept = f"; {self.state.path} keeps the last good state" if self.state else ""
                raise FloatingPointError(f"loss {loss} at step {step}: lower learning_rate{kept}")
            self.losses.append(loss)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if self.validation is not None and (step + 1) % run.validate_every == 0:
                self._look(self.validation)
            if self.state and ((step + 1) % SAVE_EVERY == 0 or step + 1 == run.steps or self._stopped()):
                self.state.save(self._contents())

    def result(self) -> Detector:
        detector = Detector(self.run.detector)
        detector.load_state_dict(self.best or self.average.module.state_dict())
        return detector.eval()

    def _step(self, step: int) -> float:
        run = self.run
        batch = self.mixture.windows[self.mixture.draw(run.batch_size, self.generator)]
        shape = run.detector.encoder.window
        x, y, seen = augment(
            batch.x, batch.y, batch.seen, run.augment, shape, self.generator, run.mirror_classes, run.backward_classes
        )
        loss = self.objective(self.model, x, y, seen)
        for group in self.optimiser.param_groups:
            group["lr"] = group["share"] * run.learning_rate * schedule(step, run.steps, run.warmup_fraction)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.model)
        return float(loss.detach())

    def _stopped(self) -> bool:
        """True after ``patience`` validations in a row without improvement."""
        patience = self.run.patience
        return 0 < patience < len(self.looks) and min(self.looks[-patience:]) > min(self.looks[:-patience])

    def _look(self, validation: Windows) -> None:
        """Record the validation loss, and the weights if it is the best so far."""
        model = self.average.module.eval()
        batches = torch.arange(len(validation)).split(VALIDATION_BATCH)
        with torch.no_grad():
            losses = [
                float(self.objective(model, part.x, part.y, part.seen))
                for rows in batches
                for part in [validation[rows].to(self.device)]
            ]
        self.looks.append(float(np.average(losses, weights=list(map(len, batches)))))  # the last one is smaller
        if self.run.patience and self.looks[-1] == min(self.looks):
            self.best = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def _contents(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "losses": self.losses,
            "looks": self.looks,
            "best": self.best,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["torch"].cpu())
        self.losses, self.looks, self.best = list(state["losses"]), list(state["looks"]), state["best"]


def start_head(detector: Detector, mixture: Mixture) -> None:
    """Make the recognition head the linear layer that tells the windows apart by the encoder's features best.

    Windows count as often as they are drawn. A class of which there is none begins as the least likely one everywhere.
    """
    encoder, head = detector.encoder.eval(), detector.recognition
    y = clip_classes(mixture.windows.y, mixture.windows.seen, len(detector.config.labels))
    known = torch.nonzero(y != UNKNOWN)[:, 0]
    if not len(known):
        return
    windows, y = mixture.windows[known], y[known]
    present, among = y.unique(return_inverse=True)
    shape, drawn = encoder.config.window, mixture.probability[known]
    x = normalise(windows.x, shape.centre, masked=True, flat=True) if shape.flat else windows.x
    features, counts = linear_layer.features(encoder, x), drawn / drawn.sum() * len(windows)
    weight, bias = linear_layer.linear_weights(features, among, len(present), counts)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(bias.min())
        head.weight[present], head.bias[present] = weight.T.to(head.weight), bias.to(head.bias)


def freeze(detector: Detector, train: str) -> list[torch.nn.Module]:
    """Disable gradients of frozen parameters (``FinetuneConfig.train``); return the fully frozen modules."""
    deepest = {"all": math.inf, "last": 1, "heads": 0}[train]
    for name, parameter in detector.named_parameters():
        parameter.requires_grad_(_depth(name) <= deepest)
    return [module for name, module in detector.named_modules() if name.startswith("encoder.") and _frozen(module)]


def _frozen(module: torch.nn.Module) -> bool:
    """A module without parameters, such as ``DropPath``, is frozen with the one around it alone."""
    learnt = [parameter.requires_grad for parameter in module.parameters()]
    return bool(learnt) and not any(learnt)


def _depth(name: str) -> int:
    """Layers between a parameter and the heads: 0 for the heads, 1 for the last layer, 3 for the embedding."""
    if not name.startswith("encoder."):
        return 0
    if re.search(r"_tr1\.|_tr\.layers\.1\.", name):
        return 1
    return 2 if re.search(r"_tr\.", name) else 3


def _groups(detector: Detector, run: FinetuneConfig) -> list[dict[str, Any]]:
    """Trainable parameters by depth, each group with its share of the learning rate."""
    groups: dict[int, list[torch.nn.Parameter]] = {}
    for name, parameter in detector.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(_depth(name), []).append(parameter)
    encoder = run.encoder_lr_scale if run.init_from else 1.0
    return [
        {"params": parameters, "share": run.layer_decay**depth * (encoder if depth else 1.0)}
        for depth, parameters in sorted(groups.items())
    ]
