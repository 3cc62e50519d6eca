"""What a detector is trained on: sources of labelled windows, mixed in fixed shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from usdrl_model.data import catalogue
from usdrl_model.data.stored_set import INDEX
from usdrl_model.network.detector import BACKGROUND, DetectorConfig
from usdrl_model.simulation.faults import random_faults
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.windows.cut import Windows, cut, stretches, whole

PERFORMER = "performer"
"""Name of the source that needs no files: simulated people."""
PERFORMER_TOPOLOGIES = ("kinect_v2_25", "kinect_v1_20", "k4abt_32", "coco_17")
"""Trackers that simulated people are seen by, in turn."""
CLIP_MARGIN = 0.15
"""Share of a labelled clip, at each end, in which people still rest; it is background."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """One source and how much of every batch comes from it."""

    name: str
    """A data set (``datasets.catalogue``), read from the folder of its name, or "performer"."""
    share: float = 1.0
    """Of the windows of a batch, relative to the other sources."""
    subjects: tuple[str, ...] = ()
    """People to train on; the others are for validation and for the test."""
    labels: dict[str, str] = field(default_factory=dict)
    """Label of the data set -> label of the detector; empty where they are the same. Clips of labels that are not
    listed are left out, so list as "none" what is certainly nothing the detector knows."""
    window: Literal["sliding", "clip"] = "sliding"
    """Windows that slide over what was recorded, as live, or one that is the whole labelled clip, for recognition."""
    minutes: int = 0
    """Simulated minutes of one person (performer only)."""

    def __post_init__(self) -> None:
        """Refuse a source that gives nothing."""
        if self.share <= 0.0:
            raise ValueError(f"{self.name}: share: expected more than 0, got {self.share}")
        if (self.name == PERFORMER) != (self.minutes > 0):
            raise ValueError(f"{self.name}: minutes are for the performer, and only for it (got {self.minutes})")
        if (self.name == PERFORMER) == bool(self.subjects):
            raise ValueError(f"{self.name}: subjects: name the people to train on; the performer has none")


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


def recordings(source: SourceConfig, data: Path, seed: int) -> list[Recording]:
    """The labelled recordings of a source, of all of its people.

    Args:
        source: which.
        data: folder that holds a folder for each data set.
        seed: for the performer.

    Raises:
        ValueError: unknown data set, malformed files, or a store in their place.
        FileNotFoundError: the data set is not there.
    """
    if source.name == PERFORMER:
        return _performances(source.minutes, seed)
    folder = data / source.name
    if (folder / INDEX).is_file():
        raise ValueError(f"{folder} is a set of a store: expected a folder with the files that it was imported from")
    found = catalogue.load(source.name, folder)
    if not source.labels:
        return list(found)
    return [_relabelled(recording, source) for recording in found if _listed(recording, source)]


def mix(
    sources: Sequence[SourceConfig], given: Sequence[Sequence[Recording]], detector: DetectorConfig, *,
    max_gap: float, stride: int,
) -> Mixture:  # fmt: skip
    """Windows of the training people of all sources.

    Args:
        sources: at least one.
        given: ``recordings`` of each.
        detector: labels, rate and length of the windows.
        max_gap: seconds, see ``training_windows.stretches``.
        stride: frames between the ends of two windows.

    Raises:
        ValueError: no sources, a subject that no recording has, or a label that the detector has not.
    """
    if not sources:
        raise ValueError("sources: nothing to train on; name a data set and its people in the configuration")
    parts = []
    for source, available in zip(sources, given, strict=True):
        chosen = [recording for recording in available if not source.subjects or recording.subject in source.subjects]
        absent = set(source.subjects) - {recording.subject for recording in chosen}
        if absent:
            there = sorted({recording.subject or "?" for recording in available})
            raise ValueError(f"{source.name}: subjects {sorted(absent)} have no recording; there are {there}")
        parts.append(windows_of(source, chosen, detector, max_gap=max_gap, stride=stride))
    windows = Windows(*(torch.cat([getattr(part, name) for part in parts]) for name in ("x", "y", "seen")))
    shares = torch.cat(
        [torch.full((len(part),), source.share / len(part)) for source, part in zip(sources, parts, strict=True)]
    ).double()
    return Mixture(windows, shares / shares.sum())


def windows_of(
    source: SourceConfig, chosen: Sequence[Recording], detector: DetectorConfig, *, max_gap: float, stride: int
) -> Windows:
    """Windows of some recordings of a source; see ``mix`` for the arguments and errors."""
    shape = detector.encoder.window
    if source.window == "clip":
        return whole(chosen, detector.labels, shape)
    found = [
        stretch for recording in chosen for stretch in stretches(recording, detector.labels, detector.rate, max_gap)
    ]
    return cut(found, shape, stride)


def _listed(recording: Recording, source: SourceConfig) -> bool:
    shown = {recording.label} if recording.label else {segment.label for segment in recording.segments}
    return shown <= source.labels.keys()


def _relabelled(recording: Recording, source: SourceConfig) -> Recording:
    """The recording in the detector's labels; the label of a clip becomes a segment between its margins."""
    segments = recording.segments
    label = source.labels[recording.label] if recording.label else None
    if recording.label and recording.frames and source.window == "sliding":
        first, last = recording.frames[0].stamp, recording.frames[-1].stamp
        margin = CLIP_MARGIN * (last - first)
        people = {person.id for frame in recording.frames for person in frame.people}
        segments = tuple(Segment(person, recording.label, first + margin, last - margin) for person in sorted(people))
    renamed = (dataclasses.replace(segment, label=source.labels[segment.label]) for segment in segments)
    kept = tuple(segment for segment in renamed if segment.label != BACKGROUND)
    return dataclasses.replace(recording, segments=kept, label=label)


def _performances(minutes: int, seed: int) -> list[Recording]:
    """One simulated person a minute, each seen by another tracker."""
    found = []
    for index in range(minutes):
        rng = np.random.default_rng([seed, index])
        performance = PerformanceConfig(
            scripts=(random_script(rng, 60.0),),
            rate=float(rng.uniform(8.0, 30.0)),
            topology=PERFORMER_TOPOLOGIES[index % len(PERFORMER_TOPOLOGIES)],
            faults=random_faults(rng),
        )
        found.append(simulate(performance, seed=index))
    return found
