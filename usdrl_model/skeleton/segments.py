"""Labelled segments of time, and the one way from them to the class of every frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

BACKGROUND = 0
"""Index of the background class in every array of frame labels."""
AMBIGUOUS = "ambiguous"
"""Label of a segment in which nobody can say which class it shows: not learnt from, and not counted."""

_MISSING = frozenset({"", "nan", "none", "null", "<na>", "nat", "n/a"})


def is_missing(text: str) -> bool:
    """Whether a text is what programs write for no value: nothing, ``nan``, ``None``, ``NULL``, ``<NA>``."""
    return text.strip().lower() in _MISSING


class Interval(Protocol):
    """A labelled interval of time: ``Segment``, or a detection of the metrics."""

    @property
    def label(self) -> str:
        """Name of its class."""

    @property
    def start(self) -> float:
        """First stamp, seconds."""

    @property
    def end(self) -> float:
        """Last stamp, seconds."""


AnyInterval = TypeVar("AnyInterval", bound=Interval)


def in_order(segments: Iterable[AnyInterval]) -> list[AnyInterval]:
    """Sort segments by priority, lowest first: a frame in several segments has the class of the last of them.

    The segment that starts latest wins; of those that start together, the shortest; of equal ones, the last by name.
    """
    return sorted(segments, key=lambda segment: (segment.start, -segment.end, segment.label))


def frame_labels(segments: Iterable[Interval], stamps: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Class of every stamp; used wherever segments become frames (training, scores, stores, bags, pictures).

    A segment holds both of its ends. Where segments overlap, the one that starts latest wins (``in_order``).

    Args:
        segments: actions of one person, or of a scene that counts as one person.
        stamps: (T,) seconds, any order.
        labels: class names, background first.

    Returns:
        (T,) int64 indices into ``labels``.

    Raises:
        ValueError: a segment's label is not in ``labels``.
    """
    stamps = np.asarray(stamps, dtype=np.float64)
    indices = np.full(stamps.shape, BACKGROUND, dtype=np.int64)
    for segment in in_order(segments):
        if segment.label not in labels:
            raise ValueError(f"segment label {segment.label!r} is not one of {', '.join(labels)}: drop or rename it")
        indices[(stamps >= segment.start) & (stamps <= segment.end)] = list(labels).index(segment.label)
    return indices


def known_frame_labels(
    segments: Iterable[Interval], stamps: np.ndarray, labels: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """``frame_labels`` of segments of which some are ``AMBIGUOUS``, and which frames can be judged.

    What one segment is sure of, no other one doubts: ambiguous segments hide background alone.

    Returns:
        (T,) int64 indices into ``labels``, and (T,) bool, False where only ambiguous segments are.

    Raises:
        ValueError: another segment's label is not in ``labels``.
    """
    stamps = np.asarray(stamps, dtype=np.float64)
    clear: list[Interval] = []
    doubtful = np.zeros(stamps.shape, dtype=bool)
    for segment in segments:
        if segment.label == AMBIGUOUS:
            doubtful |= (stamps >= segment.start) & (stamps <= segment.end)
        else:
            clear.append(segment)
    classes = frame_labels(clear, stamps, labels)
    return classes, ~doubtful | (classes != BACKGROUND)


@dataclass(frozen=True, slots=True)
class Segment:
    """One action of one person, ``start`` <= time <= ``end``, both stamps in seconds."""

    person: str
    label: str
    start: float
    end: float


class Segmented(Protocol):
    """A dataclass with segments: a ``Recording`` or a ``Clip``."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Who did what when."""


AnySegmented = TypeVar("AnySegmented", bound=Segmented)


def widened(segmented: AnySegmented, half_width: float) -> AnySegmented:
    """The same with instants made ``2 * half_width`` seconds long; other segments as they are."""
    segments = tuple(
        dataclasses.replace(segment, start=segment.start - half_width, end=segment.end + half_width)
        if segment.start == segment.end
        else segment
        for segment in segmented.segments
    )
    changed: Any = segmented
    widened: AnySegmented = dataclasses.replace(changed, segments=segments)
    return widened


def in_doubt(segmented: AnySegmented, sure: float, doubt: float) -> AnySegmented:
    """The same with instants that stand for whole actions made ``sure`` seconds long, and ``AMBIGUOUS`` around that.

    Where an action begins and ends is not known of an instant, so that the frames around it say nothing: neither what
    is done nor that nothing is.

    Args:
        segmented: a recording or clip; segments that are no instants stay as they are.
        sure: seconds, the instant in their middle, that show the action.
        doubt: seconds, the instant in their middle, outside of which it has certainly ended.
    """
    found: list[Segment] = []
    for one in segmented.segments:
        if one.start != one.end:
            found.append(one)
            continue
        edges = [one.start - doubt / 2, one.start - sure / 2, one.start + sure / 2, one.start + doubt / 2]
        for label, start, end in zip((AMBIGUOUS, one.label, AMBIGUOUS), edges, edges[1:], strict=False):
            found.append(dataclasses.replace(one, label=label, start=start, end=end))
    changed: Any = segmented
    doubtful: AnySegmented = dataclasses.replace(changed, segments=tuple(found))
    return doubtful
