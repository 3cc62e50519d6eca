"""Recordings of a set in the labels of a detector: by a table of the run, ``SourceConfig.labels``, or as they are."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from usdrl_model.data.active_span import who_moves
from usdrl_model.data.clip_index import ClipIndex
from usdrl_model.data.store import Store
from usdrl_model.errors.nearest import hint
from usdrl_model.errors.shown import NAME, cut, shown
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

CLIP_MARGIN = 0.15
"""Share of a labelled clip at each end that counts as background, because people still rest."""

_LOG = logging.getLogger(__name__)


def listed(name: str, store: Store, labels: Mapping[str, str]) -> Iterator[Recording]:
    """The recordings of a set all of whose labels are in the table; the log says how many others are left out.

    What is ``AMBIGUOUS`` needs no place in it.

    Args:
        name: of the set.
        store: its recordings.
        labels: of the set -> of the detector.

    Raises:
        ValueError: a label that the set has not (the message says the nearest), or no recording is left.
    """
    for label in labels:
        if label not in store.labels:
            there = f"{hint(label, store.labels)} It has {cut(', '.join(store.labels), NAME)}"
            raise ValueError(f"{name}: labels: no recording shows {shown(label)}{there}")
    others: Counter[str] = Counter()
    kept = []
    for index in range(len(store)):
        unknown = _shown(store.describe(index)) - {*labels, AMBIGUOUS}
        others.update(unknown)
        if not unknown:
            kept.append(index)
    if others:
        names = cut(", ".join(sorted(others)), NAME)
        if not kept:
            raise ValueError(
                f"{name}: 0 of {len(store)} recordings left: all of them show something that labels does not list"
                f" ({names}); list every label of the set, as {BACKGROUND_LABEL} what the detector does not know"
            )
        left_out = f"{len(store) - len(kept)} of {len(store)} recordings are left out"
        _LOG.warning(f"{name}: {left_out}, because labels does not list what they show: {names}")
    return (store.recording(index) for index in kept)


def relabelled(recording: Recording, labels: Mapping[str, str]) -> Recording:
    """The recording in the detector's labels; ``labels`` has all of its own, label of the set -> of the detector."""
    labels = {AMBIGUOUS: AMBIGUOUS, **labels}
    label = labels[recording.label] if recording.label else None
    return dataclasses.replace(recording, segments=renamed_segments(recording.segments, labels), label=label)


def renamed_segments(segments: Iterable[Segment], labels: Mapping[str, str]) -> tuple[Segment, ...]:
    """The segments by the names of a table that has all of theirs; those that are background by it are none."""
    renamed = (dataclasses.replace(segment, label=labels[segment.label]) for segment in segments)
    return tuple(segment for segment in renamed if segment.label != BACKGROUND_LABEL)


def as_segments(recording: Recording) -> Recording:
    """The recording in its own labels; the label of a clip that has no segments is one between its margins.

    Somebody who stands still while another moves may have nothing to do with it: ``AMBIGUOUS``.
    """
    label = recording.whole_label
    if label is None or label == BACKGROUND_LABEL or not recording.frames:
        return recording
    first, last = recording.frames[0].stamp, recording.frames[-1].stamp
    margin = CLIP_MARGIN * (last - first)
    people = sorted({person.id for frame in recording.frames for person in frame.people})
    still = _bystanders(recording) if len(people) > 1 else ()
    segments = (
        Segment(person, AMBIGUOUS if person in still else label, first + margin, last - margin) for person in people
    )
    return dataclasses.replace(recording, segments=tuple(segments))


def _bystanders(recording: Recording) -> set[str]:
    """Those who stand still while somebody else moves."""
    clip = Clip.of(recording)
    moving = who_moves(clip)
    return {person for person, moves in zip(clip.people, moving, strict=True) if any(moving) and not moves}


def _shown(clip: ClipIndex) -> set[str]:
    return {*([clip.label] if clip.label else []), *(segment.label for segment in clip.segments)}
