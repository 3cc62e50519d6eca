"""How good detected actions are: frame by frame, segment by segment, and event by event with their delays.

Three views, because they fail differently. Frame accuracy is blind to one long action broken into ten pieces; segment
F1 (the ``F1@10/25/50`` of temporal segmentation) sees that but knows neither seconds nor people; event scores are what
a robot feels: how many actions were found, how late, and how often it was called for nothing.

A ratio of 0 to 0 is ``nan`` (nothing was there to be measured) and ``None`` in ``to_dict``.

    >>> truth = [Segment("1", "wave", 1.0, 3.0)]
    >>> found = [Detection(person="7", label="wave", start=1.2, end=3.0, decided=1.7)]
    >>> scores = score_events([ScoredRecording(truth=truth, detections=found, duration=10.0)])
    >>> scores.overall[0.5].f1, round(scores.onset_delay.median, 3)
    (1.0, 0.7)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from usdrl_model.events import Event
from usdrl_model.recording import Segment

BACKGROUND = 0
"""Index of the background class in every array of frame labels."""
IOU_THRESHOLDS = (0.1, 0.25, 0.5)
"""Thresholds of the temporal segmentation literature."""
DELAY_IOU = 0.1
"""An event overlapping the truth this much has seen the action: its onset can be compared."""
SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives, and the ratios made of them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of what was found that is true: tp / (tp + fp)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of what is true that was found: tp / (tp + fn)."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def to_dict(self) -> dict[str, float | int | None]:
        """Counts and ratios, ready for JSON."""
        ratios = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn} | {name: _json(value) for name, value in ratios.items()}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _json(value: float) -> float | None:
    return None if math.isnan(value) else value


def frame_labels(segments: Iterable[Segment | Detection], stamps: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The class of every stamp; where segments overlap, the one that starts latest wins.

    Args:
        segments: actions of ONE person.
        stamps: (T,) seconds, any order.
        labels: class names, background first.

    Returns:
        (T,) int64 indices into ``labels``.

    Raises:
        ValueError: a segment's label is not in ``labels``.
    """
    stamps = np.asarray(stamps, dtype=np.float64)
    indices = np.full(stamps.shape, BACKGROUND, dtype=np.int64)
    for segment in sorted(segments, key=lambda segment: segment.start):
        if segment.label not in labels:
            raise ValueError(f"segment label {segment.label!r} is not one of {', '.join(labels)}: drop or rename it")
        indices[(stamps >= segment.start) & (stamps <= segment.end)] = list(labels).index(segment.label)
    return indices


def frame_accuracy(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> float:
    """Share of right frames, pooled over all videos, background included. ``truth`` and ``predicted``: (T,) each."""
    true, guess = _pooled(truth, predicted)
    return _ratio(int((true == guess).sum()), true.size)


def macro_frame_f1(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> float:
    """Mean of the frame F1 of all classes (background too) that occur in the truth or in the prediction, pooled."""
    true, guess = _pooled(truth, predicted)
    classes = np.union1d(true, guess)
    scores = []
    for index in classes:
        hits = int(((true == index) & (guess == index)).sum())
        scores.append(Counts(hits, int((guess == index).sum()) - hits, int((true == index).sum()) - hits).f1)
    return float(np.mean(scores)) if scores else math.nan


def _pooled(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All videos in one array a side; ValueError where the two sides differ in videos or in frames."""
    _same_videos(truth, predicted)
    empty = [np.zeros(0, dtype=np.int64)]
    return np.concatenate([*truth, *empty]), np.concatenate([*predicted, *empty])


def _same_videos(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> None:
    sizes = [len(video) for video in truth], [len(video) for video in predicted]
    if sizes[0] != sizes[1]:
        raise ValueError(f"expected as many predicted as true frames in every video, got {sizes[1]} for {sizes[0]}")


def label_runs(labels: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of equal frames that are not background, as (class, first frame, one past the last frame)."""
    labels = np.asarray(labels)
    if not labels.size:
        return []
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), labels.size]
    runs = [(int(labels[first]), first, stop) for first, stop in itertools.pairwise(edges)]
    return [run for run in runs if run[0] != BACKGROUND]


def segment_counts(truth: Sequence[np.ndarray], predicted: Sequence[np.ndarray], iou: float) -> Counts:
    """Segment hits pooled over videos; ``segment_counts(...).f1`` is the literature's ``F1@k`` for ``iou = k / 100``.

    Every predicted run picks the true run of its class with the largest intersection over union (in frames) and hits it
    if that is at least ``iou``; a true run is hit once, every further prediction of it is false. Unlike the widespread
    script, the last run of a video keeps its last frame.
    """
    _same_videos(truth, predicted)
    total = Counts()
    for true, guess in zip(truth, predicted, strict=True):
        true_runs, guessed_runs = label_runs(true), label_runs(guess)
        pairs = _match(true_runs, guessed_runs, iou)
        total += Counts(len(pairs), len(guessed_runs) - len(pairs), len(true_runs) - len(pairs))
    return total


def _match(
    truth: Sequence[tuple[int | str, float, float]], found: Sequence[tuple[int | str, float, float]], iou: float
) -> list[tuple[int, int]]:
    """Pairs (index of truth, index of found). Earlier finds come first, so the order of the input does not matter."""
    hits: dict[int, int] = {}
    for index in sorted(range(len(found)), key=lambda index: found[index][1:]):
        rivals = [(_iou(true, found[index]), -true[1], place) for place, true in enumerate(truth)]
        best, _, place = max((rival for rival in rivals if truth[rival[2]][0] == found[index][0]), default=(-1.0, 0, 0))
        if best >= iou and place not in hits:
            hits[place] = index
    return sorted(hits.items())


def _iou(first: tuple[int | str, float, float], second: tuple[int | str, float, float]) -> float:
    """Intersection over hull of two (class, start, end): the usual IoU where they overlap, negative where not."""
    hull = max(first[2], second[2]) - min(first[1], second[1])
    return (min(first[2], second[2]) - max(first[1], second[1])) / hull if hull > 0 else 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """One detected action: an onset event and its end in one."""

    person: str
    label: str
    start: float
    """Onset, dated back; stamp in seconds."""
    end: float
    decided: float | None = None
    """Stamp at which the onset was published; None where it is not known."""


def detections(events: Iterable[Event], end: float) -> list[Detection]:
    """Join onset events with their offset (or lost) events.

    Args:
        events: of one stream, in the order of their ``seq``.
        end: last stamp of the recording: where actions end that never got an offset.

    Raises:
        ValueError: an end without its onset, or a second onset before the end.
    """
    open_ones: dict[tuple[str, str], Detection] = {}
    closed: list[Detection] = []
    for event in events:
        who, label = key = (event.person, event.label)
        begun = open_ones.pop(key, None)
        if (event.kind == "onset") != (begun is None):
            state = "no onset before it" if begun is None else "an onset before it that never ended"
            raise ValueError(
                f"event {event.seq}, {event.kind} of {label!r} of person {who}, has {state}: pass all events"
            )
        if begun is None:
            open_ones[key] = Detection(person=who, label=label, start=event.onset, end=end, decided=event.stamp)
        else:
            closed.append(replace(begun, end=event.stamp if event.offset is None else event.offset))
    return sorted([*closed, *open_ones.values()], key=lambda found: (found.start, found.person, found.label))


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredRecording:
    """Truth and detections of one recording. With one person on each side, their ids need not be the same."""

    truth: Sequence[Segment]
    detections: Sequence[Detection]
    duration: float
    """Seconds from the first to the last frame, for the rate of false alarms."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 90th percentile of a set of times, in seconds; nan when it is empty."""

    median: float
    p90: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Spread of ``values``."""
        if not len(values):
            return cls(math.nan, math.nan, 0)
        return cls(float(np.median(values)), float(np.percentile(values, 90)), len(values))

    def to_dict(self) -> dict[str, float | int | None]:
        """Ready for JSON."""
        return {"median": _json(self.median), "p90": _json(self.p90), "count": self.count}


@dataclass(frozen=True, kw_only=True, slots=True)
class EventScores:
    """Scores of detected actions, pooled over recordings and people."""

    overall: dict[float, Counts]
    """IoU threshold -> counts over all labels."""
    per_label: dict[str, dict[float, Counts]]
    """Label -> IoU threshold -> counts; every label of the truth and of the detections, sorted."""
    onset_delay: Spread
    """Decision stamp minus true onset, of events that match at ``DELAY_IOU``: how late a robot learns of it."""
    onset_error: Spread
    """Dated-back onset minus true onset, of the same events; its sign is kept."""
    false_alarms: int
    """Detections that overlap no true segment of their label and person."""
    false_alarms_per_hour: float
    hours: float
    """Length of all recordings."""

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON; thresholds become keys such as ``"0.5"``."""
        return {
            "overall": {str(iou): counts.to_dict() for iou, counts in self.overall.items()},
            "per_label": {
                label: {str(iou): counts.to_dict() for iou, counts in by_iou.items()}
                for label, by_iou in self.per_label.items()
            },
            "onset_delay": self.onset_delay.to_dict(),
            "onset_error": self.onset_error.to_dict(),
            "false_alarms": self.false_alarms,
            "false_alarms_per_hour": _json(self.false_alarms_per_hour),
            "hours": self.hours,
        }


def score_events(recordings: Iterable[ScoredRecording], ious: Sequence[float] = IOU_THRESHOLDS) -> EventScores:
    """Score detected actions against the truth, by the rule of ``segment_counts`` on intervals in seconds, a person.

    Args:
        recordings: truth and detections of each recording; both may be empty.
        ious: thresholds at which hits are counted.
    """
    per_label: dict[str, dict[float, Counts]] = {}
    delays: list[float] = []
    errors: list[float] = []
    false_alarms = 0
    seconds = 0.0
    for recording in recordings:
        seconds += recording.duration
        for truth, found in _by_person_and_label(recording):
            label = (truth or found)[0].label
            by_iou = per_label.setdefault(label, dict.fromkeys(ious, Counts()))
            true_spans, found_spans = _spans(truth), _spans(found)
            for iou in ious:
                hits = len(_match(true_spans, found_spans, iou))
                by_iou[iou] += Counts(hits, len(found) - hits, len(truth) - hits)
            for place, index in _match(true_spans, found_spans, DELAY_IOU):
                errors.append(found[index].start - truth[place].start)
                decided = found[index].decided
                if decided is not None:
                    delays.append(decided - truth[place].start)
            false_alarms += sum(
                not any(true.start <= event.end and event.start <= true.end for true in truth) for event in found
            )
    hours = seconds / SECONDS_AN_HOUR
    return EventScores(
        overall={iou: sum((by_iou[iou] for by_iou in per_label.values()), Counts()) for iou in ious},
        per_label=dict(sorted(per_label.items())),
        onset_delay=Spread.of(delays),
        onset_error=Spread.of(errors),
        false_alarms=false_alarms,
        false_alarms_per_hour=_ratio(false_alarms, hours),
        hours=hours,
    )


def _spans(actions: Sequence[Segment] | Sequence[Detection]) -> list[tuple[int | str, float, float]]:
    return [(action.label, action.start, action.end) for action in actions]


def _by_person_and_label(recording: ScoredRecording) -> list[tuple[list[Segment], list[Detection]]]:
    """Truth and detections that may match each other."""
    people = {segment.person for segment in recording.truth}, {found.person for found in recording.detections}
    same_person = len(people[0]) == len(people[1]) == 1
    groups: dict[tuple[str, str], tuple[list[Segment], list[Detection]]] = {}
    for segment in recording.truth:
        groups.setdefault(("" if same_person else segment.person, segment.label), ([], []))[0].append(segment)
    for found in recording.detections:
        groups.setdefault(("" if same_person else found.person, found.label), ([], []))[1].append(found)
    return list(groups.values())
