"""Training of a detector on labelled recordings, and its score on held-out people.

    usdrl finetune --config config/finetune_utkinect10.yaml --data ../shared/data --out runs/utkinect10

A run folder holds ``training.pt`` (everything that ``--resume`` needs, replaced atomically), ``loss.csv``, ``loss.png``
and, at the end, the weights folder ``weights/``. Stop it at any time; ``--resume`` goes on with the next step as if
nothing had happened (bit-identical on the CPU).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from usdrl_model import checkpoint, config, metrics
from usdrl_model.augment import AugmentConfig, augment
from usdrl_model.detector import Detector, DetectorConfig
from usdrl_model.performer import PerformanceConfig, random_faults, random_script, simulate
from usdrl_model.recording import Recording
from usdrl_model.stream import ActionStream
from usdrl_model.stream_config import StreamConfig
from usdrl_model.training_windows import Windows, cut, stretches

CLIP_SHARE = 0.25
"""Share of a window that an action must fill to be what the window as a whole shows."""
PERFORMER_TOPOLOGIES = ("kinect_v2_25", "kinect_v1_20", "k4abt_32", "coco_17")
"""Trackers that simulated people are seen by, in turn."""
SAVE_EVERY = 200
"""Steps between two states that ``--resume`` can start from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneConfig:
    """A whole run; ``config/finetune_*.yaml`` maps onto it one to one."""

    detector: DetectorConfig
    stream: StreamConfig = field(default_factory=StreamConfig)
    """Goes into the weights as what they work best with."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    subjects: tuple[str, ...]
    """People of the data set to train on."""
    validation_subjects: tuple[str, ...] = ()
    """People of the data set to score on afterwards; none of the test people, which are for the end."""
    performances: int = 0
    """Simulated minutes of one person that are added (``usdrl_model.performer``)."""
    steps: int = 600
    batch: int = 32
    """Windows a step."""
    learning_rate: float = 2.5e-3
    """At its peak, after the warm-up; then a cosine down to 0."""
    weight_decay: float = 0.05
    warm_up: float = 0.05
    """Share of the steps."""
    label_smoothing: float = 0.1
    class_balance: float = 0.3
    """Classes weigh (1 / frequency) to this power; 0 leaves them as frequent as they are."""
    clip_weight: float = 0.2
    """Weight of the recognition head's loss beside the dense head's."""
    average: float = 0.99
    """Decay of the exponential average of the weights, which is what is kept."""
    stride: int = 2
    """Frames between the ends of two training windows."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a run that cannot start."""
        shared = set(self.subjects) & set(self.validation_subjects)
        if shared:
            raise ValueError(f"subjects {sorted(shared)} are in both subjects and validation_subjects")
        if not self.subjects and not self.performances:
            raise ValueError("nothing to train on: name subjects or performances")
        if self.batch < 2:
            raise ValueError(f"batch: expected 2 or more (batch normalisation), got {self.batch}")


def training_windows(run: FinetuneConfig, recordings: Sequence[Recording]) -> Windows:
    """Windows of the run's subjects and of the performer.

    Raises:
        ValueError: a subject that no recording has.
    """
    chosen = [recording for recording in recordings if recording.subject in run.subjects]
    absent = set(run.subjects) - {recording.subject for recording in chosen}
    if absent:
        raise ValueError(
            f"subjects {sorted(absent)} have no recording;"
            f" there are {sorted({recording.subject or '?' for recording in recordings})}"
        )
    chosen += _performances(run)
    found = [
        stretch
        for recording in chosen
        for stretch in stretches(recording, run.detector.labels, run.detector.rate, run.stream.max_gap)
    ]
    return cut(found, run.detector.encoder.frames, run.stride)


def train(run: FinetuneConfig, windows: Windows, out: Path, *, device: torch.device, resume: bool = False) -> Detector:
    """Train a detector and return the averaged one, in evaluation mode.

    Args:
        run: the configuration.
        windows: of ``training_windows``.
        out: run folder; made where missing.
        device: where to train.
        resume: go on from ``training.pt`` of ``out``.

    Raises:
        FileExistsError: ``out`` holds a run already and ``resume`` is off.
        FileNotFoundError: ``resume`` without a run in ``out``.
        ValueError: the run in ``out`` has another configuration.
        FloatingPointError: the loss is no longer finite; the last state that was stays in ``out``.
    """
    trainer = _Trainer(run, windows, out, device)
    if resume:
        trainer.restore()
    elif trainer.path.exists():
        raise FileExistsError(f"{out} holds a run already: go on with --resume, or choose another folder")
    trainer.go()
    return trainer.result()


def evaluate(weights: checkpoint.Weights, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Score the online pipeline on recordings: frame accuracy and F1 of segments and of events."""
    truth, predicted, scored = [], [], []
    for recording in recordings:
        stream = ActionStream(weights, topology=recording.topology)
        events = [event for frame in recording.frames for event in stream.push(frame)] + stream.finish()
        stamps = np.array([frame.stamp for frame in recording.frames])
        found = metrics.detections(events, float(stamps[-1]))
        labels = weights.config.detector.labels
        truth.append(metrics.frame_labels(recording.segments, stamps, labels))
        predicted.append(metrics.frame_labels(found, stamps, labels))
        scored.append(
            metrics.ScoredRecording(truth=recording.segments, detections=found, duration=float(stamps[-1] - stamps[0]))
        )
    events_scores = metrics.score_events(scored)
    return {
        "frame_accuracy": metrics.frame_accuracy(truth, predicted),
        "segment_f1": {str(iou): metrics.segment_counts(truth, predicted, iou).f1 for iou in metrics.IOU_THRESHOLDS},
        **events_scores.to_dict(),
    }


def summary(scores: dict[str, Any]) -> str:
    """One line of what ``evaluate`` gives."""
    segment = "/".join(f"{100 * value:.1f}" for value in scores["segment_f1"].values())
    event = "/".join(f"{100 * counts['f1']:.1f}" for counts in scores["overall"].values())
    delay = scores["onset_delay"]
    return (
        f"frame accuracy {100 * scores['frame_accuracy']:.1f}, segment F1@10/25/50 {segment}, event F1 {event},"
        f" onset delay {delay['median']} s (p90 {delay['p90']}), {scores['false_alarms_per_hour']:.0f} false alarms/h"
    )


class _Trainer:
    """State of a run: what a step changes, and how it is saved and restored."""

    def __init__(self, run: FinetuneConfig, windows: Windows, out: Path, device: torch.device) -> None:
        torch.manual_seed(run.seed)
        self.run, self.out, self.device = run, out, device
        self.path = out / "training.pt"
        self.windows = Windows(windows.x.to(device), windows.y.to(device), windows.seen.to(device))
        self.generator = torch.Generator(device).manual_seed(run.seed)
        self.model = Detector(run.detector).to(device)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(run.average), use_buffers=True)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0.0, weight_decay=run.weight_decay)
        self.class_weights = _class_weights(windows, len(run.detector.labels), run.class_balance).to(device)
        self.losses: list[float] = []

    def go(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        self.model.train()
        progress = tqdm(
            range(len(self.losses), self.run.steps), initial=len(self.losses), total=self.run.steps, unit="step"
        )
        for step in progress:
            loss = self._step(step)
            if not np.isfinite(loss):
                raise FloatingPointError(
                    f"loss {loss} at step {step}: lower learning_rate; {self.path} keeps the last good state"
                )
            self.losses.append(loss)
            progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == self.run.steps:
                self._save()
        _draw_losses(self.losses, self.out)

    def result(self) -> Detector:
        detector = Detector(self.run.detector)
        detector.load_state_dict(self.average.module.state_dict())
        return detector.eval()

    def _step(self, step: int) -> float:
        run = self.run
        rows = torch.randint(len(self.windows), (run.batch,), generator=self.generator, device=self.device)
        batch = self.windows[rows]
        x, y, seen = augment(batch.x, batch.y, batch.seen, run.augment, self.generator)
        scores = self.model(x)
        loss = F.cross_entropy(
            scores.frames[seen], y[seen], weight=self.class_weights, label_smoothing=run.label_smoothing
        ) + run.clip_weight * F.cross_entropy(
            scores.clip, clip_classes(y, seen, len(run.detector.labels)), label_smoothing=run.label_smoothing
        )
        for group in self.optimiser.param_groups:
            group["lr"] = run.learning_rate * _schedule(step, run.steps, run.warm_up)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.model)
        return float(loss.detach())

    def _state(self) -> dict[str, Any]:
        return {
            "config": config.content_hash(self.run),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "losses": self.losses,
        }

    def _save(self) -> None:
        partial = self.path.with_suffix(".partial")
        torch.save(self._state(), partial)
        os.replace(partial, self.path)

    def restore(self) -> None:
        if not self.path.exists():
            raise FileNotFoundError(f"{self.path}: no run to resume")
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        if state["config"] != config.content_hash(self.run):
            raise ValueError(f"{self.path} was made with another configuration: use that one, or another folder")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["torch"].cpu())
        self.losses = list(state["losses"])


def clip_classes(y: Tensor, seen: Tensor, classes: int) -> Tensor:
    """(N,) what each window shows: its longest action, or background where none fills ``CLIP_SHARE`` of it."""
    counts = F.one_hot(y, classes).masked_fill(~seen[:, :, None], 0).sum(dim=1)
    longest, action = counts[:, 1:].max(dim=1)
    return torch.where(longest >= CLIP_SHARE * seen.sum(dim=1), action + 1, 0)


def _performances(run: FinetuneConfig) -> list[Recording]:
    """One simulated person a minute, each seen by another tracker."""
    recordings = []
    for index in range(run.performances):
        rng = np.random.default_rng([run.seed, index])
        performance = PerformanceConfig(
            scripts=(random_script(rng, 60.0),),
            rate=float(rng.uniform(8.0, 30.0)),
            topology=PERFORMER_TOPOLOGIES[index % len(PERFORMER_TOPOLOGIES)],
            faults=random_faults(rng),
        )
        recordings.append(simulate(performance, seed=index))
    return recordings


def _class_weights(windows: Windows, classes: int, power: float) -> Tensor:
    """(K,) rarer classes weigh more; the mean weight of a frame is 1. A class that never occurs weighs nothing."""
    counts = torch.bincount(windows.y[windows.seen], minlength=classes).double()
    weights = torch.where(counts > 0, (counts.sum() / counts.clamp(min=1.0)) ** power, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


def _schedule(step: int, steps: int, warm_up: float) -> float:
    return float(min(1.0, (step + 1) / max(1.0, warm_up * steps)) * 0.5 * (1.0 + np.cos(np.pi * step / steps)))


def _draw_losses(losses: Sequence[float], out: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    with (out / "loss.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("step", "loss"), *enumerate(losses)])
    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot(losses, linewidth=0.4, alpha=0.5)
    smooth = np.convolve(losses, np.ones(25) / 25, mode="valid") if len(losses) >= 25 else np.asarray(losses)
    axes.plot(np.arange(len(smooth)) + (len(losses) - len(smooth)) / 2, smooth)
    axes.set(xlabel="step", ylabel="training loss")
    figure.savefig(out / "loss.png", dpi=120)
    pyplot.close(figure)
