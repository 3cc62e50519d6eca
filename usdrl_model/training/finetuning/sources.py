"""Training data of a detector: sources of labelled windows, mixed in fixed shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from usdrl_model.data import catalogue, protocols
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.data.compose_pairs import streams
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.scene_labels import of_everybody
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.network.detector_config import BACKGROUND_LABEL, DetectorConfig
from usdrl_model.simulation.script import ACTIONS
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, in_doubt
from usdrl_model.training.finetuning import relabelling
from usdrl_model.training.performers import meetings, performances
from usdrl_model.windows.cut import Windows, clip_classes, cut, whole
from usdrl_model.windows.tracklets import tracklets

POINT_SURE, POINT_DOUBT = 1.2, 4.0
"""Seconds about a point that stands for an action: those that show it, and those of which nobody knows the class
(``benchmarks/point_labels.py`` compares widths, on people who are trained on)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """One source and how much of every batch comes from it."""

    name: str
    """A set of the store, or "performer"."""
    share: float = 1.0
    """Of the windows of a batch, relative to the other sources."""
    subjects: tuple[str, ...] = ()
    """People to train on; the others are for validation and for the test."""
    split: str = ""
    """Recordings to train on, as ``Store.select`` takes it: "cross_subject/train", or "standard/train" for every one of
    a set of one's own. With ``subjects``, both conditions hold."""
    labels: dict[str, str] = field(default_factory=dict)
    """Label of the data set -> label of the detector; empty where they are the same. A recording that shows a label
    which is not listed is left out as a whole, so list every label of the set, as "none" what is certainly nothing the
    detector knows. A run with a ``vocabulary`` needs none."""
    complete: bool = True
    """Whether everything that people do is labelled; otherwise frames without a label are ``AMBIGUOUS``, not
    background: nothing is learnt from them, and what is found there is no false alarm."""
    compose: bool = False
    """Lay the trimmed clips of each person into streams, with standing still and transitions between them
    (``data.compose``)."""
    window: Literal["sliding", "clip"] = "sliding"
    """Windows that slide over what was recorded, as live, or one that is the whole labelled clip, for recognition."""
    minutes: int = 0
    """Simulated minutes (performer only): of one person, or for a detector of pairs of two who meet."""

    def __post_init__(self) -> None:
        """Refuse a source without data."""
        if self.share <= 0.0:
            raise ValueError(f"{self.name}: share: expected more than 0, got {self.share}")
        if (self.name == PERFORMER) != (self.minutes > 0):
            raise ValueError(f"{self.name}: minutes are for the performer, and only for it (got {self.minutes})")
        if (self.name == PERFORMER) == bool(self.subjects or self.split):
            raise ValueError(
                f"{self.name}: name the people to train on (subjects), or the recordings (split: standard/train);"
                " the performer has neither"
            )

        if self.compose and self.window == "clip":
            raise ValueError(f"{self.name}: compose: streams are for window: sliding")

    def trains_on(self, recording: protocols.Described) -> bool:
        """Whether the recording is one to train on; ValueError if the set has no such split."""
        if self.subjects and recording.subject not in self.subjects:
            return False
        return not self.split or protocols.Split.of(self.name, self.split).has(recording)


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


def open_store(sources: Sequence[SourceConfig], data: Path | None) -> Store | None:
    """The store that sources are read from; None where all of them are simulated.

    Args:
        sources: what is read from it.
        data: a store, one of its sets, or a packed file.

    Raises:
        ValueError: a set is not there (the message has the command that imports it), or the store is damaged.
    """
    names = [source.name for source in sources if source.name != PERFORMER]
    if not names:
        return None
    if data is None:
        raise ValueError(f"--data: expected a store that holds {', '.join(names)}")
    if not data.exists():
        raise ValueError(f"--data {data}: no such store")
    try:
        store = Store.open(data)
    except FileNotFoundError:  # an empty store, or a folder of official files
        store = Store([])
    for name in names:
        if name not in store.sets:
            kind = catalogue.kind(name)
            named = "" if kind == name else f" --name {name}"
            official = next((folder for folder in (data / name, data) if folder.name == name and folder.is_dir()), None)
            target = data if store.sets else "STORE"
            paths = f"FOLDER{named} --store {target}" if official is None else f"{official}{named} --store STORE"
            raise ValueError(f"{data}: expected a store with the set {name}: usdrl data import {kind} {paths}")
    return store


def training_part(source: SourceConfig, store: Store) -> Store:
    """The clips of a store that a source trains on; errors as ``Store.select``."""
    return store.select(sets=[source.name], subjects=source.subjects or None, split=source.split or None)


def recordings(
    source: SourceConfig, store: Store | None, seed: int,
    vocabulary: Vocabulary | None = None, detector: DetectorConfig | None = None,
) -> list[Recording]:  # fmt: skip
    """The labelled recordings of a source, of all of its people, in the detector's labels.

    Args:
        source: which.
        store: holds the set (``open_store``); the performer needs none.
        seed: for the performer.
        vocabulary: says what the set's labels are, of sources without ``labels``.
        detector: whose labels are kept, with a vocabulary; the others are background. Simulated people do
            what it knows.

    Raises:
        ValueError: the store is damaged, there is none, the vocabulary or the source names labels that the set has not,
            or its joints are in a picture and the detector needs depth.
    """
    pairs = detector is not None and detector.encoder.people > 1
    if source.name == PERFORMER and pairs:
        found: Iterable[Recording] = meetings(source.minutes, seed)
    elif source.name == PERFORMER:
        known = ACTIONS if detector is None else tuple(label for label in ACTIONS if label in detector.labels)
        acts = () if vocabulary is None else tuple(vocabulary.labels)
        found = performances(source.minutes, seed, labels=known or ACTIONS, without=set(acts) - set(ACTIONS))
    elif store is None:
        raise ValueError(f"{source.name}: expected a store that holds it, got none")
    else:
        chosen, sliding = store.select(sets=[source.name]), source.window == "sliding"
        if sliding and detector is not None and not detector.encoder.flat and chosen.select(flat=True).sets:
            raise ValueError(
                f"{source.name}: joints are in a picture, and this detector refuses such ones live: leave it out,"
                " or set detector.encoder.flat: true"
            )
        if source.labels:
            own = (of_everybody(one, source.name) for one in relabelling.listed(source.name, chosen, source.labels))
            both = ((one, relabelling.relabelled(one, source.labels, sliding=sliding)) for one in own)
            return [_doubted(in_doubt(new, POINT_SURE, POINT_DOUBT), source, old.segments) for old, new in both]
        if vocabulary is not None:
            vocabulary.check(source.name, chosen.labels)
            found = chosen.recordings()
        else:
            found = (of_everybody(one, source.name) for one in chosen.recordings())
        if vocabulary is None and sliding and not source.compose:  # streams are made of whole clips
            found = map(relabelling.as_segments, found)
    if vocabulary is None or source.name not in vocabulary.instants:  # those say how long an instant's action is
        found = (in_doubt(recording, POINT_SURE, POINT_DOUBT) for recording in found)
    if vocabulary is None or detector is None:
        return [_doubted(recording, source, recording.segments) for recording in found]
    kept = []
    for recording in found:
        named = in_vocabulary(recording, source.name, vocabulary, pairs=pairs)
        if named is None or (source.window == "clip" and named.label in (None, AMBIGUOUS)):
            continue
        kept.append(_doubted(_known(named, detector.labels), source, recording.segments))
    return kept


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
        ValueError: no sources, a subject that no recording has, or a label that the detector has not.
    """
    if not sources:
        raise ValueError("sources: nothing to train on; name a data set and its people in the configuration")
    parts = []
    for source, available in zip(sources, given, strict=True):
        chosen = [recording for recording in available if source.trains_on(recording)]
        absent = set(source.subjects) - {recording.subject for recording in chosen}
        if absent:
            there = sorted({recording.subject or "?" for recording in available})
            raise ValueError(f"{source.name}: subjects {sorted(absent)} have no recording; there are {there}")
        parts.append(windows_of(source, chosen, detector, max_gap=max_gap, stride=stride, seed=seed))
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
    laid = streams(chosen, seed, pairs=detector.encoder.people > 1) if source.compose else chosen
    found = [
        tracklet for recording in laid for tracklet in tracklets(recording, detector.labels, detector.rate, max_gap)
    ]
    return cut(found, shape, stride)


def _known(recording: Recording, labels: Sequence[str]) -> Recording:
    """The recording with the labels that the detector has; others are background."""
    kept = tuple(segment for segment in recording.segments if segment.label in (*labels, AMBIGUOUS))
    unknown = recording.label is not None and recording.label not in (*labels, AMBIGUOUS)
    return dataclasses.replace(recording, segments=kept, label=BACKGROUND_LABEL if unknown else recording.label)


def _doubted(recording: Recording, source: SourceConfig, own: Sequence[Segment]) -> Recording:
    """Of a source that is not completely labelled: every stretch without a label is ``AMBIGUOUS``.

    Args:
        recording: in the detector's labels.
        source: says whether it is completely labelled.
        own: segments in the labels of the set. Some are none of the detector's actions: background, without a doubt.
    """
    if source.complete or not recording.frames or recording.label == BACKGROUND_LABEL:
        return recording
    if source.compose and recording.label is not None and not recording.segments:
        return recording  # its label is what it shows: the stream says when
    told = sorted((*recording.segments, *own), key=lambda one: one.start)
    gaps = []
    for person in sorted({person.id for frame in recording.frames for person in frame.people}):
        end = recording.frames[0].stamp
        for segment in told:
            if segment.person == person:
                gaps.append(Segment(person, AMBIGUOUS, end, segment.start))
                end = max(end, segment.end)
        gaps.append(Segment(person, AMBIGUOUS, end, recording.frames[-1].stamp))
    between = (gap for gap in gaps if gap.end > gap.start)
    return dataclasses.replace(recording, segments=(*recording.segments, *between))
