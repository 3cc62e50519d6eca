"""What the training of a detector minimises: the labels of frames and windows, and what a teacher says of frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from usdrl_model.training.finetuning.config import FinetuneConfig
from usdrl_model.training.finetuning.mixture import Mixture
from usdrl_model.training.finetuning.teacher import Teacher
from usdrl_model.windows.cut import clip_classes
from usdrl_model.windows.tracklets import UNKNOWN

RECENT = 0.375
"""Share of a window, its newest frames, weighted by ``FinetuneConfig.recent_weight``."""


class Objective:
    """The loss of a run.

    Args:
        run: the configuration.
        mixture: whose classes are counted, for their weights.
        device: of the training.

    Raises:
        ValueError: as ``Teacher``, or of no frame the class is known.
    """

    def __init__(self, run: FinetuneConfig, mixture: Mixture, device: torch.device) -> None:
        self.run = run
        self.class_weights = _class_weights(mixture, run).to(device)
        self.teacher = Teacher(run.teacher, run.detector, device) if run.teacher else None

    def __call__(self, model: nn.Module, x: Tensor, y: Tensor, seen: Tensor) -> Tensor:
        """The loss of windows (N, T, M, V, 3) with classes y and seen (N, T)."""
        scores, run = model(x), self.run
        clips = clip_classes(y, seen, len(run.detector.labels))
        told = delayed(seen, run.detector.delay)
        dense = self._labels(scores.frames, y, told)
        if self.teacher is not None:
            says = self.teacher(x)
            newest = slice(-says.shape[1], None)
            taught = self._teaching(scores.frames[:, newest], says, told[:, newest])
            dense = (1.0 - run.teacher_weight) * dense + run.teacher_weight * taught
        return dense + run.clip_weight * self._clips(scores.clip, clips)

    def _labels(self, logits: Tensor, y: Tensor, told: Tensor) -> Tensor:
        """Cross entropy, the weighted mean over the frames that count; logits (N, T, K), y and told (N, T)."""
        weights = (self.class_weights[y] * self._recent(logits))[told]
        losses = F.cross_entropy(logits[told], y[told], label_smoothing=self.run.label_smoothing, reduction="none")
        return _mean(losses, weights)

    def _clips(self, logits: Tensor, clips: Tensor) -> Tensor:
        """Cross entropy, the mean over the windows of which something is known; logits (N, K), clips (N,)."""
        known = clips != UNKNOWN
        losses = F.cross_entropy(logits[known], clips[known], label_smoothing=self.run.label_smoothing, reduction="sum")
        return losses / known.sum().clamp(min=1)

    def _teaching(self, logits: Tensor, says: Tensor, told: Tensor) -> Tensor:
        """Cross entropy to the teacher's probabilities (N, T', K)."""
        weights = self._recent(logits).expand_as(told)[told]
        losses = F.cross_entropy(logits[told], says[told], reduction="none")
        return _mean(losses, weights)

    def _recent(self, logits: Tensor) -> Tensor:
        """(T,) weights of the frames of a window."""
        frames = logits.shape[1]
        recent = logits.new_ones(frames)
        recent[frames - round(RECENT * frames) :] = self.run.recent_weight
        return recent


def delayed(seen: Tensor, delay: int) -> Tensor:
    """(N, T) frames that count, of ``seen``: the frame ``delay`` later, which tells of them, is seen, too."""
    if not delay:
        return seen
    told = torch.zeros_like(seen)
    told[:, :-delay] = seen[:, :-delay] & seen[:, delay:]
    return told


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of losses (F,); 0 where nothing counts, as of a batch of windows of which nothing is known."""
    return (weights * losses).sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


def _class_weights(mixture: Mixture, run: FinetuneConfig) -> Tensor:
    """(K,) rarer classes weigh more; the mean weight of a frame is 1. A class that never occurs weighs nothing.

    One that occurs in a mirror alone is as frequent as there.

    Raises:
        ValueError: of no frame the class is known.
    """
    windows = mixture.windows
    if not windows.seen.any():
        raise ValueError("sources: nobody knows what people do in any frame: there is nothing to learn")
    drawn = mixture.probability[:, None].expand_as(windows.y)[windows.seen]
    counts = torch.bincount(windows.y[windows.seen], weights=drawn, minlength=len(run.detector.labels))
    turned = torch.tensor(run.mirror_classes, device=counts.device)
    mirrored = run.augment.mirror * torch.zeros_like(counts).index_add(0, turned, counts)
    counts = torch.where(counts > 0, counts, mirrored)
    weights = torch.where(counts > 0, (counts.sum() / counts.clamp(min=1e-12)) ** run.class_balance, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()
