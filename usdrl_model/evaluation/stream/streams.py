"""A whole set as streams with their truth in the labels of a vocabulary, and the same in a mirror."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from usdrl_model.data.compose import compose
from usdrl_model.data.in_vocabulary import in_vocabulary
from usdrl_model.data.store import Store
from usdrl_model.data.vocabulary import Vocabulary
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.person import Person
from usdrl_model.skeleton.recording import Recording, in_canonical_joints
from usdrl_model.skeleton.topology import MIRRORED

_MIRROR = np.array([-1.0, 1.0, 1.0])


def length(recording: Recording) -> float:
    """Seconds from the first to the last frame, without gaps."""
    return recording_gaps.seconds(np.array([frame.stamp for frame in recording.frames]))


def shown(recordings: Iterable[Recording], vocabulary: Vocabulary) -> set[str]:
    """The labels of a vocabulary that recordings show."""
    return {segment.label for one in recordings for segment in one.segments} & vocabulary.labels.keys()


def mirrored(recording: Recording, vocabulary: Vocabulary) -> Recording:
    """The recording as a mirror shows it: left is right, in joints and labels.

    Raises:
        ValueError: as ``in_canonical_joints``.
    """
    recording = in_canonical_joints(recording)

    def turned(person: Person) -> Person:
        confidence = None if person.confidence is None else np.asarray(person.confidence)[list(MIRRORED)]
        return dataclasses.replace(
            person, joints=np.asarray(person.joints)[list(MIRRORED)] * _MIRROR, confidence=confidence
        )

    frames = tuple(
        dataclasses.replace(
            frame, people=tuple(map(turned, frame.people)), sensor=(-frame.sensor[0], frame.sensor[1], frame.sensor[2])
        )
        for frame in recording.frames
    )
    segments = tuple(
        dataclasses.replace(segment, label=vocabulary.mirrored(segment.label)) for segment in recording.segments
    )
    return dataclasses.replace(recording, frames=frames, segments=segments)


def of(store: Store, vocabulary: Vocabulary, seed: int, minutes: float = 0.0) -> list[Recording]:
    """Recordings of one set as streams in the labels of a vocabulary; trimmed clips are laid one after another.

    A continuous recording that shows no action of the vocabulary stays, too: everything said of it is a false alarm.

    Args:
        store: of one set.
        vocabulary: in whose labels the truth is.
        seed: of the composition.
        minutes: so much is taken from all over the set, by a hash of the names, before clips are laid into streams;
            0: everything.

    Raises:
        ValueError: the vocabulary names labels that the set has not.
    """
    (name,) = store.sets
    vocabulary.check(name, store.labels)
    order = sorted(range(len(store)), key=lambda row: hashlib.sha256(store.describe(row).name.encode()).digest())
    chosen: list[Recording] = []
    seconds = 0.0
    for row in order:
        if minutes and seconds >= 60.0 * minutes:
            break
        found = in_vocabulary(store.recording(row), name, vocabulary)
        if found is not None and found.frames:
            chosen.append(found)
            seconds += length(found)
    return list(compose(chosen, seed))
