"""Training windows of a detector: those of all sources, drawn in fixed shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from usdrl_model.data.compose_pairs import streams
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.skeleton.recording import Recording
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.windows.cut import Windows, clip_classes, cut, whole
from usdrl_model.windows.tracklets import tracklets


@dataclass(frozen=True, slots=True)
class Mixture:
    """Windows of all sources, and the probability with which each is drawn."""

    windows: Windows
    probability: Tensor
    """(N,) float64; adds up to 1."""

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Rows of ``count`` windows, with replacement."""
        return torch.multinomial(self.probability, count, replacement=True, generator=generator)

    def to(self, device: torch.device) -> Mixture:
        """The same on another device."""
        return Mixture(self.windows.to(device), self.probability.to(device))


def mix(
    sources: Sequence[SourceConfig], given: Sequence[Sequence[Recording]], detector: DetectorConfig, *,
    max_gap: float, stride: int, seed: int = 0, label_balance: float = 0.0,
) -> Mixture:  # fmt: skip
    """Windows of the training people of all sources.

    Args:
        sources: at least one.
        given: ``recordings`` of each.
        detector: labels, rate and length of the windows.
        max_gap: seconds, see ``tracklets.tracklets``.
        stride: frames between the ends of two windows.
        seed: of the order in which clips are composed.
        label_balance: see ``FinetuneConfig``.

    Raises:
        ValueError: no sources, one without recordings to train on, a subject that no recording has, or a label that the
            detector has not.
    """
    if not sources:
        raise ValueError("sources: nothing to train on; name a data set and its people in the configuration")
    parts = []
    for source, available in zip(sources, given, strict=True):
        chosen = [recording for recording in available if source.trains_on(recording)]
        absent = set(source.subjects) - {recording.subject for recording in chosen}
        if absent:
            there = sorted({recording.subject or "?" for recording in available})
            where = f" in {source.split}" if source.split else ""
            raise ValueError(f"{source.name}: subjects {sorted(absent)} have no recording{where}; there are {there}")
        if not chosen:
            raise ValueError(
                f"{source.name}: split {source.split} has none of its {len(available)} labelled recordings: nothing to"
                " train on"
            )
        try:
            parts.append(windows_of(source, chosen, detector, max_gap=max_gap, stride=stride, seed=seed))
        except ValueError as error:
            raise ValueError(f"{source.name}: {error}") from None
    windows = Windows.joined(parts)
    classes = len(detector.labels)
    shares = torch.cat(
        [source.share * _balanced(part, classes, label_balance) for source, part in zip(sources, parts, strict=True)]
    )
    return Mixture(windows, shares / shares.sum())


def _balanced(windows: Windows, classes: int, power: float) -> Tensor:
    """(N,) float64, adds up to 1: windows of the rarer labels of a source are drawn more often."""
    shown = clip_classes(windows.y, windows.seen, classes).clamp(min=0)  # unknown ones, as background
    weights = torch.bincount(shown, minlength=classes).double()[shown] ** -power
    return weights / weights.sum()


def windows_of(
    source: SourceConfig, chosen: Sequence[Recording], detector: DetectorConfig, *,
    max_gap: float, stride: int, seed: int = 0,
) -> Windows:  # fmt: skip
    """Windows of some recordings of a source; see ``mix`` for the arguments and errors."""
    shape = detector.encoder.window
    if source.window == "clip":
        return whole(chosen, detector.labels, shape)
    shown = laid(source, chosen, detector, seed)
    found = [
        tracklet for recording in shown for tracklet in tracklets(recording, detector.labels, detector.rate, max_gap)
    ]
    return cut(found, shape, stride)


def laid(
    source: SourceConfig, chosen: Sequence[Recording], detector: DetectorConfig, seed: int = 0
) -> Sequence[Recording]:
    """Recordings of a source as a detector sees them live: streams of trimmed clips where it says ``compose``."""
    if not source.compose:
        return chosen
    return list(streams(chosen, seed, pairs=detector.encoder.people > 1))
