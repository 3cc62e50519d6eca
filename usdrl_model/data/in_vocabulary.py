"""Recordings in the labels of a vocabulary, whatever a set labels: clips, segments, or one instant of a gesture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from usdrl_model.data.acting import acting
from usdrl_model.data.active_span import active_span, upright_again, who_moves
from usdrl_model.data.face_to_face import face_to_face
from usdrl_model.data.scene_labels import of_everybody
from usdrl_model.data.vocabulary import NONE, OTHER, Vocabulary
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

ONE_OF = "one_of"
"""Tag of a recording of which one person is left, perhaps not the one whom ``subject`` names: of how many."""
MARGIN = 0.4
"""Seconds before and after a gesture of which one instant is labelled that are ambiguous."""


def in_vocabulary(
    recording: Recording, dataset: str, vocabulary: Vocabulary, *, pairs: bool = False
) -> Recording | None:
    """A recording of a data set in the labels of a vocabulary.

    Segments are what the vocabulary names, and ``AMBIGUOUS``; everything else is background. A trimmed clip has one for
    each of its people, while they move, and its label is "none" where that is no action of the vocabulary; it is
    ambiguous for those who move far less than another. Where a clip has segments of its own, they count and not its
    label: they say who does what when.

    Args:
        recording: in the set's own labels.
        dataset: name of the set.
        vocabulary: says what they are.
        pairs: in the actions of two people: both do what ``pairs`` names, and one of them what one does to the other.

    Returns:
        None where nobody knows what the recording shows.
    """
    if pairs and dataset in vocabulary.face_to_face:
        recording = face_to_face(recording)
    recording = of_everybody(recording, dataset)
    label = recording.whole_label
    if label is None and not recording.segments:
        label = vocabulary.content(dataset, recording.name)
        if label is None:
            return None
    labels = tuple(vocabulary.between if pairs else vocabulary.labels)
    if label is None:
        found = (
            changed for segment in recording.segments for changed in _changed(segment, dataset, vocabulary, pairs=pairs)
        )
        return replace(recording, segments=tuple(found), labels=labels, label=None)
    meaning = vocabulary.of(dataset, label, pairs=pairs)
    if pairs:
        segments = tuple(_between(recording, dataset, meaning, vocabulary))
        return replace(recording, segments=segments, labels=labels, label=NONE if meaning == OTHER else meaning)
    if meaning not in (OTHER, AMBIGUOUS) and dataset in vocabulary.either:
        actor = acting(Clip.of(recording))
        if actor is None:
            meaning = AMBIGUOUS
        else:
            recording = _alone(recording, actor)
    two = vocabulary.stooping.get(dataset, {}).get(label, ())
    segments = () if meaning == OTHER else tuple(_while_moving(recording, (meaning, *two)))
    return replace(recording, segments=segments, labels=labels, label=NONE if meaning == OTHER else meaning)


def _changed(segment: Segment, dataset: str, vocabulary: Vocabulary, *, pairs: bool) -> Iterator[Segment]:
    """What a segment of the set is in the vocabulary: nothing, itself by another name, or the time about an instant."""
    meaning = vocabulary.of(dataset, segment.label, pairs=pairs)
    if meaning == OTHER:
        return
    extent = vocabulary.instants.get(dataset, {}).get(segment.label)
    if extent is None:
        yield replace(segment, label=meaning)
        return
    start, end = segment.start + extent.start, segment.end + extent.end
    yield Segment(segment.person, AMBIGUOUS, start - MARGIN, start)
    yield Segment(segment.person, meaning, start, end)
    yield Segment(segment.person, AMBIGUOUS, end, end + MARGIN)


def _while_moving(recording: Recording, labels: tuple[str, ...]) -> Iterator[Segment]:
    """What everybody in a clip does: one label, or an ambiguous one and the two actions that follow each other.

    What somebody does who moves far less than another is ambiguous.
    """
    clip = Clip.of(recording)
    label, *two = labels
    moves = who_moves(clip)
    for place, person in enumerate(clip.people):
        span = active_span(clip, place)
        risen = upright_again(clip, place) if two and moves[place] else None
        if span is not None and risen is not None and span[0] < risen < span[1]:
            yield Segment(person, two[0], span[0], risen)
            yield Segment(person, two[1], risen, span[1])
        elif label == AMBIGUOUS:
            yield Segment(person, label, float(clip.stamps[0]), float(clip.stamps[-1]))
        elif span is not None:
            yield Segment(person, label if moves[place] else AMBIGUOUS, *span)


def _between(recording: Recording, dataset: str, meaning: str, vocabulary: Vocabulary) -> Iterator[Segment]:
    """What two people in a clip do: both the same, while one of them moves, or one does it to the other.

    Alone, nobody does anything to another, however much it looks like it: ambiguous.
    """
    if meaning == OTHER:
        return
    clip = Clip.of(recording)
    towards = meaning in vocabulary.labels
    actor = acting(clip) if towards and dataset in vocabulary.either else None
    if meaning == AMBIGUOUS or (towards and actor is None):
        for person in clip.people:
            yield Segment(person, AMBIGUOUS, float(clip.stamps[0]), float(clip.stamps[-1]))
        return
    spans = [active_span(clip, place) for place in range(len(clip.people))]
    if actor is not None:
        spans = [span if place == actor else None for place, span in enumerate(spans)]
    moving = [span for span in spans if span is not None]
    if moving:
        start, end = min(start for start, _ in moving), max(end for _, end in moving)
        for person in clip.people if actor is None else (clip.people[actor],):
            yield Segment(person, meaning, start, end)


def _alone(recording: Recording, place: int) -> Recording:
    """The recording with one of its people only."""
    people = Clip.of(recording).people
    person = people[place]
    frames = (
        replace(frame, people=tuple(one for one in frame.people if one.id == person)) for frame in recording.frames
    )
    return replace(recording, frames=tuple(frames), tags={**recording.tags, ONE_OF: str(len(people))})
