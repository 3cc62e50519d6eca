"""How well the moment of a gesture is found: precision, recall and F1 of action points (MSRC-12).

The truth is one instant a gesture, the action point, at which a system should react. A found point is a hit when it
lies within a tolerance of an action point of its label in the same recording that nothing else has hit; each action
point is hit once, every further point near it is a false one. Points are paired in the order of time, the earliest free
action point first: no other pairing has more hits, and confidences play no part.

The description that comes with MSRC-12 says that an action point is when a gesture "should be detected", and nothing of
scores. The tolerance of 0.333 s, to both sides, is that of S. Fothergill and others (CHI 2012), who score every gesture
and the mean of all, with other people in the test than in the training.

    >>> truth = [ActionPoint("duck", 2.0), ActionPoint("duck", 5.0), ActionPoint("kick", 9.0)]
    >>> found = [ActionPoint("duck", 2.3), ActionPoint("duck", 2.1), ActionPoint("kick", 9.4)]
    >>> scores = score_points([(truth, found)])
    >>> scores.overall.f1, scores.per_label["duck"].f1, scores.mean_f1
    (0.3333333333333333, 0.5, 0.25)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from usdrl_model.files.documents import finite
from usdrl_model.metrics.segment_scores import Counts

TOLERANCE = 0.333
"""Seconds around the action point within which a detection counts in the published protocol."""


@dataclass(frozen=True, slots=True)
class ActionPoint:
    """One instant, true or predicted."""

    label: str
    stamp: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class PointScores:
    """Hits, false points and missed ones, pooled over recordings."""

    per_label: Mapping[str, Counts]
    """Every label of the truth and of the found points, sorted."""

    @property
    def overall(self) -> Counts:
        """All labels pooled."""
        return sum(self.per_label.values(), Counts())

    @property
    def mean_precision(self) -> float:
        """Mean over the labels that occur in the truth; one that is never found counts 0."""
        return self._mean([0.0 if math.isnan(counts.precision) else counts.precision for counts in self._true()])

    @property
    def mean_recall(self) -> float:
        """Mean over the labels that occur in the truth."""
        return self._mean([counts.recall for counts in self._true()])

    @property
    def mean_f1(self) -> float:
        """Mean over the labels that occur in the truth."""
        return self._mean([counts.f1 for counts in self._true()])

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "overall": self.overall.to_dict(),
            "mean": {
                "precision": finite(self.mean_precision),
                "recall": finite(self.mean_recall),
                "f1": finite(self.mean_f1),
            },
            "per_label": {label: counts.to_dict() for label, counts in self.per_label.items()},
        }

    def _true(self) -> list[Counts]:
        return [counts for counts in self.per_label.values() if counts.tp + counts.fn]

    @staticmethod
    def _mean(values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else math.nan


def score_points(
    recordings: Iterable[tuple[Sequence[ActionPoint], Sequence[ActionPoint]]], tolerance: float = TOLERANCE
) -> PointScores:
    """Score found points.

    Args:
        recordings: (true points, found points) of each, both in any order and possibly empty.
        tolerance: seconds before and after an action point in which a found point hits it, both ends included.

    Raises:
        ValueError: a tolerance that is not positive, or a stamp that is not finite.
    """
    if not tolerance > 0.0:
        raise ValueError(f"expected a tolerance of more than 0 s, got {tolerance}")
    per_label: dict[str, Counts] = {}
    for truth, found in recordings:
        for label in {point.label for point in (*truth, *found)}:
            true, guessed = _stamps(truth, label), _stamps(found, label)
            hits = _hits(true, guessed, tolerance)
            counts = Counts(hits, len(guessed) - hits, len(true) - hits)
            per_label[label] = per_label.get(label, Counts()) + counts
    return PointScores(dict(sorted(per_label.items())))


def _stamps(points: Sequence[ActionPoint], label: str) -> list[float]:
    """Stamps of a label, rising."""
    stamps = sorted(point.stamp for point in points if point.label == label)
    if not all(map(math.isfinite, stamps)):
        raise ValueError(f"{label}: expected finite stamps in seconds, got {stamps}")
    return stamps


def _hits(true: Sequence[float], guessed: Sequence[float], tolerance: float) -> int:
    """Number of pairs; both sides rise."""
    hits = place = 0
    for stamp in guessed:
        while place < len(true) and stamp - true[place] > tolerance:
            place += 1
        if place < len(true) and true[place] - stamp <= tolerance:
            hits += 1
            place += 1
    return hits
