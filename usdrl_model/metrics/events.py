"""Scores of detected actions as events: F1, onset delay, false alarms.

These decide how useful a detector is on a robot. Frame by frame and segment by segment is in ``segment_scores``.

    >>> truth = [Segment("1", "wave", 1.0, 3.0)]
    >>> found = [Detection(person="1", label="wave", start=1.2, end=3.0, decided=1.7)]
    >>> scores = score_events([ScoredRecording(truth=truth, detections=found, duration=10.0)])
    >>> scores.overall[0.5].f1, round(scores.onset_delay.median, 3)
    (1.0, 0.7)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from usdrl_model.events.onset_offset import Event
from usdrl_model.files.documents import finite
from usdrl_model.metrics.segment_scores import IOU_THRESHOLDS, Counts, match_segments, ratio
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

DELAY_IOU = 0.1
"""Smallest IoU of an event and a true segment at which their onsets are compared."""
SECONDS_AN_HOUR = 3600.0


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
    """Truth and detections of one recording, whose people have the same ids on both sides."""

    truth: Sequence[Segment]
    detections: Sequence[Detection]
    duration: float
    """Seconds that false alarms are counted in: those in which people can be judged (``skeleton.judged_time``); of the
    task ``stream``, which has a protocol of its own, the whole recording."""


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
        return {"median": finite(self.median), "p90": finite(self.p90), "count": self.count}


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
    false_alarms_by_label: Mapping[str, int]
    """Label -> how many of its detections overlap no true segment of their label and person, most first; of labels that
    have any."""
    hours: float
    """Of all recordings (``ScoredRecording.duration``)."""

    @property
    def false_alarms(self) -> int:
        """Detections that overlap no true segment of their label and person."""
        return sum(self.false_alarms_by_label.values())

    @property
    def false_alarms_per_hour(self) -> float:
        """Of all labels."""
        return ratio(self.false_alarms, self.hours)

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
            "false_alarms_per_hour": finite(self.false_alarms_per_hour),
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
    alarms: Counter[str] = Counter()
    seconds = 0.0
    for recording in recordings:
        seconds += recording.duration
        for truth, found in _by_person_and_label(recording):
            label = (truth or found)[0].label
            by_iou = per_label.setdefault(label, dict.fromkeys(ious, Counts()))
            true_spans, found_spans = _spans(truth), _spans(found)
            for iou in ious:
                hits = len(match_segments(true_spans, found_spans, iou))
                by_iou[iou] += Counts(hits, len(found) - hits, len(truth) - hits)
            for place, index in match_segments(true_spans, found_spans, DELAY_IOU):
                errors.append(found[index].start - truth[place].start)
                decided = found[index].decided
                if decided is not None:
                    delays.append(decided - truth[place].start)
            alarms.update(
                label
                for event in found
                if not any(true.start <= event.end and event.start <= true.end for true in truth)
            )
    return EventScores(
        overall={iou: sum((by_iou[iou] for by_iou in per_label.values()), Counts()) for iou in ious},
        per_label=dict(sorted(per_label.items())),
        onset_delay=Spread.of(delays),
        onset_error=Spread.of(errors),
        false_alarms_by_label=dict(alarms.most_common()),
        hours=seconds / SECONDS_AN_HOUR,
    )


def judged(found: Iterable[Detection], truth: Sequence[Segment]) -> list[Detection]:
    """The detections that can be right or wrong: all but those made while what their person does is ``AMBIGUOUS``.

    Args:
        found: what a detector said.
        truth: with its ambiguous segments; a detection that also meets a true action of its label is judged.
    """

    def excused(one: Detection) -> bool:
        met = {s.label for s in truth if s.person == one.person and s.start <= one.end and one.start <= s.end}
        return AMBIGUOUS in met and one.label not in met

    return [one for one in found if not excused(one)]


def _spans(actions: Sequence[Segment] | Sequence[Detection]) -> list[tuple[int | str, float, float]]:
    return [(action.label, action.start, action.end) for action in actions]


def _by_person_and_label(recording: ScoredRecording) -> list[tuple[list[Segment], list[Detection]]]:
    """Truth and detections that may match each other."""
    groups: dict[tuple[str, str], tuple[list[Segment], list[Detection]]] = {}
    for segment in recording.truth:
        groups.setdefault((segment.person, segment.label), ([], []))[0].append(segment)
    for found in recording.detections:
        groups.setdefault((found.person, found.label), ([], []))[1].append(found)
    return list(groups.values())
