"""Training of a detector on labelled recordings, and its score on held-out people.

    usdrl finetune --config config/finetune_utkinect10.yaml --data ../shared/data --out runs/utkinect10

A run folder holds ``training.pt`` (everything that ``--resume`` needs, replaced atomically), ``loss.csv``, ``loss.png``
and, at the end, the weights folder ``weights/``. Stop it at any time; ``--resume`` goes on with the next step as if
nothing had happened (bit-identical on the CPU).
"""

from __future__ import annotations

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
from usdrl_model.recording import Recording
from usdrl_model.run_state import RunState, schedule, write_losses
from usdrl_model.stream import ActionStream
from usdrl_model.stream_config import StreamConfig
from usdrl_model.training_data import Mixture, SourceConfig

CLIP_SHARE = 0.25
"""Share of a window that an action must fill to be what the window as a whole shows."""
RECENT = 0.375
"""Share of a window, from its newest frame back, that ``FinetuneConfig.recent_weight`` is for."""
SAVE_EVERY = 200
"""Steps between two states that ``--resume`` can start from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinetuneConfig:
    """A whole run; ``config/finetune_*.yaml`` maps onto it one to one."""

    detector: DetectorConfig
    stream: StreamConfig = field(default_factory=StreamConfig)
    """Goes into the weights as what they work best with."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    sources: tuple[SourceConfig, ...]
    """Labelled recordings to train on."""
    validation_subjects: tuple[str, ...] = ()
    """People of the first source to score on afterwards; none of the test people, which are for the end."""
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
    recent_weight: float = 3.0
    """Weight of the newest ``RECENT`` share of a window beside the rest: a live decision is made on those frames."""
    average: float = 0.99
    """Decay of the exponential average of the weights, which is what is kept."""
    stride: int = 2
    """Frames between the ends of two training windows."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a run that cannot start."""
        if not self.sources:
            raise ValueError("sources: nothing to train on")
        shared = set(self.sources[0].subjects) & set(self.validation_subjects)
        if shared:
            raise ValueError(f"subjects {sorted(shared)} are both trained on and in validation_subjects")
        if self.batch < 2:
            raise ValueError(f"batch: expected 2 or more (batch normalisation), got {self.batch}")


def train(run: FinetuneConfig, mixture: Mixture, out: Path, *, device: torch.device, resume: bool = False) -> Detector:
    """Train a detector and return the averaged one, in evaluation mode.

    Args:
        run: the configuration.
        mixture: what to train on (``training_data.mix``).
        out: run folder; made where missing.
        device: where to train.
        resume: go on from ``training.pt`` of ``out``.

    Raises:
        FileExistsError: ``out`` holds a run already and ``resume`` is off.
        FileNotFoundError: ``resume`` without a run in ``out``.
        ValueError: the run in ``out`` has another configuration.
        FloatingPointError: the loss is no longer finite; the last state that was stays in ``out``.
    """
    trainer = _Trainer(run, mixture, out, device)
    trainer.state.check(resume)
    if resume:
        trainer.restore()
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

    def __init__(self, run: FinetuneConfig, mixture: Mixture, out: Path, device: torch.device) -> None:
        torch.manual_seed(run.seed)
        self.run, self.out, self.device = run, out, device
        self.state = RunState(out, config.content_hash(run))
        self.mixture = mixture.to(device)
        self.generator = torch.Generator(device).manual_seed(run.seed)
        self.model = Detector(run.detector).to(device)
        self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(run.average), use_buffers=True)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0.0, weight_decay=run.weight_decay)
        self.class_weights = _class_weights(mixture, len(run.detector.labels), run.class_balance).to(device)
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
                    f"loss {loss} at step {step}: lower learning_rate; {self.state.path} keeps the last good state"
                )
            self.losses.append(loss)
            progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if (step + 1) % SAVE_EVERY == 0 or step + 1 == self.run.steps:
                self.state.save(self._contents())
        write_losses({"training loss": self.losses}, self.out)

    def result(self) -> Detector:
        detector = Detector(self.run.detector)
        detector.load_state_dict(self.average.module.state_dict())
        return detector.eval()

    def _step(self, step: int) -> float:
        run = self.run
        batch = self.mixture.windows[self.mixture.draw(run.batch, self.generator)]
        x, y, seen = augment(batch.x, batch.y, batch.seen, run.augment, self.generator)
        scores = self.model(x)
        loss = self._dense_loss(scores.frames, y, seen) + run.clip_weight * F.cross_entropy(
            scores.clip, clip_classes(y, seen, len(run.detector.labels)), label_smoothing=run.label_smoothing
        )
        for group in self.optimiser.param_groups:
            group["lr"] = run.learning_rate * schedule(step, run.steps, run.warm_up)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.model)
        return float(loss.detach())

    def _dense_loss(self, logits: Tensor, y: Tensor, seen: Tensor) -> Tensor:
        """Weighted mean over the frames that were seen; logits (N, T, K), y and seen (N, T)."""
        frames = y.shape[1]
        recent = torch.ones(frames, device=self.device)
        recent[frames - round(RECENT * frames) :] = self.run.recent_weight
        weights = (self.class_weights[y] * recent)[seen]
        losses = F.cross_entropy(logits[seen], y[seen], label_smoothing=self.run.label_smoothing, reduction="none")
        return (weights * losses).sum() / weights.sum()

    def _contents(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "losses": self.losses,
        }

    def restore(self) -> None:
        state = self.state.load()
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


def _class_weights(mixture: Mixture, classes: int, power: float) -> Tensor:
    """(K,) rarer classes weigh more; the mean weight of a frame is 1. A class that never occurs weighs nothing."""
    windows = mixture.windows
    drawn = mixture.probability[:, None].expand_as(windows.y)[windows.seen]
    counts = torch.bincount(windows.y[windows.seen], weights=drawn, minlength=classes)
    weights = torch.where(counts > 0, (counts.sum() / counts.clamp(min=1e-12)) ** power, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()
