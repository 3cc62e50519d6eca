"""What events on streams are worth: recall of shared labels, false alarms an hour, how late an onset is told.

A label is shared where the detector has it and the set shows it. A detection counts as in ``metrics.events``, but for
one while the truth is ``AMBIGUOUS``: it is neither right nor wrong.

Times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from usdrl_model.metrics.events import DELAY_IOU, Detection, EventScores, ScoredRecording, judged, score_events
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

RECALL, FALSE_ALARMS = "stream_recall", "false_alarms_per_hour"
DELAY, DELAY_P90 = "onset_delay_median", "onset_delay_p90"
MIRRORED, SIDES = "mirrored_recall", "sides_apart"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A stream, and what a detector said of it."""

    truth: tuple[Segment, ...]
    """In the labels of a vocabulary, and ``AMBIGUOUS``."""
    detections: tuple[Detection, ...]
    duration: float


def events(heard: Iterable[Heard], shared: Iterable[str]) -> EventScores:
    """Counts of shared labels, and false alarms of all labels of the detector."""
    labels = set(shared)
    return score_events((_recording(one, labels) for one in heard), ious=(DELAY_IOU,))


def summary(straight: EventScores, mirrored: EventScores | None = None) -> dict[str, float]:
    """Scores of a cell, recall in percent as the mean over labels; what cannot be measured is left out.

    Args:
        straight: of the streams as they are.
        mirrored: of the same streams in a mirror.
    """
    found = {
        RECALL: recall(straight),
        FALSE_ALARMS: straight.false_alarms_per_hour,
        DELAY: straight.onset_delay.median,
        DELAY_P90: straight.onset_delay.p90,
    }
    if mirrored is not None:
        found |= {MIRRORED: recall(mirrored), SIDES: abs(recall(mirrored) - recall(straight))}
    return {name: value for name, value in found.items() if math.isfinite(value)}


def recall(scores: EventScores) -> float:
    """Percent of the true actions of a label that are detected, mean over labels; nan without any."""
    shares = [
        counts[DELAY_IOU].recall for counts in scores.per_label.values() if counts[DELAY_IOU].tp + counts[DELAY_IOU].fn
    ]
    return 100.0 * math.fsum(shares) / len(shares) if shares else math.nan


def details(scores: EventScores) -> dict[str, Any]:
    """What each label adds: how often it was true and found, and its false alarms."""
    counts = {label: by_iou[DELAY_IOU] for label, by_iou in scores.per_label.items()}
    return {
        "hours": scores.hours,
        "actions": {label: {"true": one.tp + one.fn, "found": one.tp} for label, one in counts.items()},
        "false_alarms": dict(scores.false_alarms_by_label),
    }


def _recording(heard: Heard, shared: set[str]) -> ScoredRecording:
    known = [segment for segment in heard.truth if segment.label in shared or segment.label == AMBIGUOUS]
    return ScoredRecording(
        truth=[segment for segment in known if segment.label != AMBIGUOUS],
        detections=judged(heard.detections, known),
        duration=heard.duration,
    )
