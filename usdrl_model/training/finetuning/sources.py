"""The recordings of a source, in the labels of a detector."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from usdrl_model.data import catalogue
from usdrl_model.data.catalogue import PERFORMER
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.scene_labels import of_everybody
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.network.detector_config import BACKGROUND_LABEL, DetectorConfig
from usdrl_model.simulation.encounter import LABELS as TOGETHER
from usdrl_model.simulation.script import ACTIONS
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, in_doubt
from usdrl_model.training.finetuning import relabelling
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.training.performers import meetings, performances

POINT_SURE, POINT_DOUBT = 1.2, 4.0
"""Seconds about a point that stands for an action: those that show it, and those of which nobody knows the class
(``benchmarks/point_labels.py`` compares widths, on people who are trained on)."""


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
    source: SourceConfig, store: Store | None, seed: int, detector: DetectorConfig, vocabulary: Vocabulary | None = None
) -> list[Recording]:
    """The labelled recordings of a source, of all of its people, in the detector's labels.

    Args:
        source: which.
        store: holds the set (``open_store``); the performer needs none.
        seed: for the performer.
        detector: whose labels are kept, with a vocabulary; the others are background. Simulated people do
            what it knows.
        vocabulary: says what the set's labels are, of sources without ``labels``; without one they are the detector's.

    Raises:
        ValueError: the store is damaged, there is none, the vocabulary or the source names labels that the set has not,
            or its joints are in a picture and the detector needs depth.
    """
    if source.name == PERFORMER:
        if vocabulary is not None:
            vocabulary.check(PERFORMER, (*ACTIONS, *TOGETHER))
        found: Iterable[Recording] = _simulated(source.minutes, seed, detector, vocabulary)
        if vocabulary is None:
            told = _as_it_is(_known(one, detector.labels) for one in found)
        else:
            told = _by_vocabulary(found, source, detector, vocabulary)
        return [_doubted(new, source, own) for new, own in told]
    if store is None:
        raise ValueError(f"{source.name}: expected a store that holds it, got none")
    chosen, sliding = store.select(sets=[source.name]), source.window == "sliding"
    if sliding and not detector.encoder.flat and chosen.select(flat=True).sets:
        raise ValueError(
            f"{source.name}: joints are in a picture, and this detector refuses such ones live: leave it out,"
            " or set detector.encoder.flat: true"
        )
    if vocabulary is not None and not source.labels:
        vocabulary.check(source.name, chosen.labels)
        told = _by_vocabulary(chosen.recordings(), source, detector, vocabulary)
    else:
        told = _by_list(source, chosen) if source.labels else _as_it_is(_of_everybody(chosen.recordings(), source))
        if sliding:
            told = ((_over_time(new, own, source), own) for new, own in told)
        else:
            told = ((new, own) for new, own in told if new.label != AMBIGUOUS)
    return [_doubted(new, source, own) for new, own in told]


_Told = Iterator[tuple[Recording, Sequence[Segment]]]
"""Recordings in the labels of the detector, each with its segments in those of its set."""


def _simulated(minutes: int, seed: int, detector: DetectorConfig, vocabulary: Vocabulary | None) -> Iterable[Recording]:
    """People who do what the detector knows, or two who meet; nobody does unlabelled what it has a class for."""
    if detector.encoder.people > 1:
        return meetings(minutes, seed, without=set(detector.labels) - set(TOGETHER))

    def named(act: str) -> str:
        return act if vocabulary is None else vocabulary.of(PERFORMER, act)

    known = tuple(act for act in ACTIONS if named(act) in detector.labels)
    acts = {*detector.labels, *(() if vocabulary is None else vocabulary.labels)}
    return performances(minutes, seed, labels=known or ACTIONS, without=acts - set(ACTIONS))


def _as_it_is(found: Iterable[Recording]) -> _Told:
    """Labels of the set are those of the detector."""
    for recording in map(_in_doubt, found):
        yield recording, recording.segments


def _by_list(source: SourceConfig, chosen: Store) -> _Told:
    """Labels are what the table of the source says."""
    for recording in _of_everybody(relabelling.listed(source.name, chosen, source.labels), source):
        yield _in_doubt(relabelling.relabelled(recording, source.labels)), recording.segments


def _by_vocabulary(
    found: Iterable[Recording], source: SourceConfig, detector: DetectorConfig, vocabulary: Vocabulary
) -> _Told:
    """Labels are what the vocabulary says; of what nobody knows nothing is left."""
    for each in found:
        # A set with instants says in the vocabulary how long an instant's action is.
        recording = each if source.name in vocabulary.instants else _in_doubt(each)
        named = in_vocabulary(recording, source.name, vocabulary, pairs=detector.encoder.people > 1)
        if named is None or (source.window == "clip" and named.label in (None, AMBIGUOUS)):
            continue
        yield _known(named, detector.labels), recording.segments


def _of_everybody(found: Iterable[Recording], source: SourceConfig) -> Iterator[Recording]:
    return (of_everybody(recording, source.name) for recording in found)


def _over_time(recording: Recording, own: Sequence[Segment], source: SourceConfig) -> Recording:
    """The recording as windows that slide over it need it; streams are made of whole clips.

    Segments in the labels of the set, ``own``, count instead of its label, also where none of them is an action of the
    detector.
    """
    counted = dataclasses.replace(recording, label=None if own else recording.label)
    return counted if source.compose else relabelling.as_segments(counted)


def _in_doubt(recording: Recording) -> Recording:
    return in_doubt(recording, POINT_SURE, POINT_DOUBT)


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
    if source.compose and recording.whole_label is not None:
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
