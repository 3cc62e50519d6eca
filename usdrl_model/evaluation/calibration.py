"""Calibration of a detector on people whom it was not trained on: how sure it may be, and from when it should speak.

Two things are set. One temperature a head, by which its logits are divided, so that a score of 0.8 is right in four of
five cases (Guo and others 2017). And a threshold a label: those that find the most actions within a budget of false
alarms for all labels together. Posteriors do not depend on thresholds, so recordings are played once; labels do not
depend on each other, so each has a curve of recall over false alarms, and one price of a false alarm picks a point on
every curve. A label has few examples here, all of them together have many: each stays near the one threshold that keeps
the budget for all, which holds better on sets that were not looked at (docs/ablations.md).

Letters: L frames, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.config import at_least
from usdrl_model.evaluation.played import Played
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventConfig
from usdrl_model.network.detector import Detector
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, known_frame_labels
from usdrl_model.training.finetuning.init_from import trained_on
from usdrl_model.training.finetuning.objective import RECENT, delayed
from usdrl_model.training.finetuning.source_config import SourceConfig
from usdrl_model.windows.cut import Windows, clip_classes
from usdrl_model.windows.tracklets import UNKNOWN

BATCH = 256
BINS = 15
"""Of the expected calibration error (the usual number)."""
TEMPERATURES = np.geomspace(0.2, 5.0, 100)
PRICES = np.geomspace(1e-4, 10.0, 60)
"""Recall that one false alarm an hour may cost; the lowest price that keeps the budget is taken."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationConfig:
    """``config/calibrate_*.yaml``: whom to calibrate on, and what is asked for."""

    sources: tuple[SourceConfig, ...]
    """Recordings of people whom the detector was not trained on; all of them count, none has a ``share``."""
    vocabulary: str = ""
    """Says what their labels are, as ``FinetuneConfig.vocabulary``; empty: they are those of the detector."""
    false_alarms: float = 15.0
    """Budget: an hour, of all labels together."""
    spread: int = 2
    """So many places in ``thresholds`` a label may be from the threshold that all of them could share."""
    thresholds: tuple[float, ...] = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    """That are tried; the last one is for labels that no one shows."""

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen from."""
        at_least(self, {"false_alarms": 0.0, "spread": 0})
        if not self.sources or not self.thresholds or sorted(self.thresholds) != list(self.thresholds):
            raise ValueError("expected sources, and thresholds in rising order")
        if weighted := [source.name for source in self.sources if source.share != 1.0]:
            raise ValueError(
                f"sources: share of {weighted[0]}: everybody counts by how long they are seen: leave it out, and name"
                " more people or fewer (subjects)"
            )
        if not 0.0 < self.thresholds[0] <= self.thresholds[-1] <= 1.0:
            raise ValueError(f"thresholds: expected scores in (0, 1], got {list(self.thresholds)}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What a label does at one threshold."""

    threshold: float
    recall: float
    """Share of the true segments that a detection overlaps; 0 without any."""
    false_alarms: float
    """An hour in which people can be judged: detections that overlap neither a true segment nor an ambiguous one."""


def check_unseen(config: CalibrationConfig, made: Provenance) -> None:
    """ValueError where a detector was trained on people whom it is to be calibrated on, or may have been."""
    for place, source in enumerate(config.sources):
        both = trained_on(made, source.name, source.subjects)
        if not source.subjects or both:
            raise ValueError(
                f"sources[{place}].subjects: expected people of {source.name} whom the detector was not trained on,"
                f" got {', '.join(both or source.subjects) or 'no names'}: name others, or train it without them"
            )


def check_thresholds(config: CalibrationConfig, events: EventConfig) -> None:
    """ValueError where a threshold that is tried is below the score at which the detector ends an action."""
    if config.thresholds[0] < events.off_threshold:
        raise ValueError(
            f"thresholds: expected scores from the detector's off_threshold ({events.off_threshold:g}) on, got"
            f" {config.thresholds[0]:g}: leave out what is below"
        )


def curve(played: Sequence[Played], label: str, index: int, events: EventConfig, tried: Sequence[float]) -> list[Point]:
    """Recall and false alarms of one label, class ``index``, at every threshold."""
    hours = sum(each.hours for each in played)
    points = []
    for threshold in tried:
        config = dataclasses.replace(events, on_threshold=threshold, label_on_threshold={})
        truths = hits = wrong = 0
        for each in played:
            segments = each.recording.segments
            spans = [
                (person, *span) for person, stamps, scores in each.tracks
                for span in _detections(stamps, scores[:, index], label, config)
            ]  # fmt: skip
            mine = [segment for segment in segments if segment.label == label]
            truths += len(mine)
            hits += sum(any(_meet(segment, span) for span in spans) for segment in mine)
            excused = [segment for segment in segments if segment.label in (label, AMBIGUOUS)]
            wrong += sum(not any(_meet(segment, span) for segment in excused) for span in spans)
        points.append(
            Point(
                threshold=threshold,
                recall=hits / truths if truths else 0.0,
                false_alarms=wrong / hours if wrong else 0.0,
            )
        )
    return points


def choose(curves: Mapping[str, Sequence[Point]], budget: float, spread: int) -> dict[str, Point]:
    """A point of every curve: together the highest recall whose false alarms an hour are within the budget.

    Where no point is within it, the highest thresholds.

    Args:
        curves: label -> its points at the same thresholds, or one point where there is no choice.
        budget: false alarms an hour of all labels.
        spread: places that a label may be from the lowest threshold at which all of them keep the budget.
    """
    places = range(max(map(len, curves.values())))
    within = (k for k in places if sum(_at(points, k).false_alarms for points in curves.values()) <= budget)
    shared = next(within, places[-1])
    near = {label: points[max(0, shared - spread) : shared + spread + 1] or points for label, points in curves.items()}
    middle = {label: _at(points, shared).threshold for label, points in curves.items()}
    for price in PRICES:
        chosen = {label: _best(points, price, middle[label]) for label, points in near.items()}
        if sum(point.false_alarms for point in chosen.values()) <= budget:
            return chosen
    return {label: points[-1] for label, points in curves.items()}


def _at(points: Sequence[Point], place: int) -> Point:
    return points[min(place, len(points) - 1)]


def _best(points: Sequence[Point], price: float, middle: float) -> Point:
    """Of points of the same worth the one nearest to the threshold of all."""
    worth = [point.recall - price * point.false_alarms for point in points]
    equal = [point for point, one in zip(points, worth, strict=True) if one >= max(worth) - 1e-9]
    return min(equal, key=lambda point: abs(point.threshold - middle))


def temperatures(detector: Detector, windows: Windows) -> tuple[float, float]:
    """Of the dense head on the newest frames of windows, and of the recognition head: those of the highest likelihood.

    Args:
        detector: as trained, in evaluation mode.
        windows: of people whom it was not trained on.

    Returns:
        The temperature of the recognition head is 1, it stays as it is, where of no window enough is known.

    Raises:
        ValueError: of no newest frame of a window the class is known.
    """
    frames, clips = [], []
    with torch.inference_mode():
        for part in windows.x.split(BATCH):
            scores = detector(part)
            frames.append(scores.frames)
            clips.append(scores.clip)
    recent = round(RECENT * windows.y.shape[1])
    seen = delayed(windows.seen, detector.config.delay)[:, -recent:]
    newest = torch.cat(frames)[:, -recent:][seen]
    shown = clip_classes(windows.y, windows.seen, len(detector.config.labels))
    known = shown != UNKNOWN
    if not seen.any():
        raise ValueError("sources: nobody knows what people do in any frame: there is nothing to calibrate on")
    dense = _temperature(newest, windows.y[:, -recent:][seen])
    return dense, _temperature(torch.cat(clips)[known], shown[known]) if known.any() else 1.0


@torch.no_grad()
def cool(detector: Detector, dense: float, recognition: float) -> None:
    """Divide the logits of a detector by temperatures: its heads change."""
    for head, temperature in ((detector.dense, dense), (detector.recognition, recognition)):
        head.weight.div_(temperature)
        head.bias.div_(temperature)


def calibration_error(played: Sequence[Played], labels: Sequence[str]) -> float:
    """Expected calibration error of the best class of every frame whose truth is known, in 15 bins."""
    sure, right = [], []
    for each in played:
        for person, stamps, scores in each.tracks:
            mine = [one for one in each.recording.segments if one.person == person]
            truth, known = known_frame_labels(mine, stamps, labels)
            sure.append(scores.max(axis=1)[known])
            right.append((scores.argmax(axis=1) == truth)[known])
    confidence, correct = np.concatenate(sure), np.concatenate(right)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(confidence[bins == one].sum() - correct[bins == one].sum()) for one in range(BINS)]
    return float(sum(gaps) / len(confidence))


def thresholds(played: Sequence[Played], weights: LoadedDetector, config: CalibrationConfig) -> dict[str, Point]:
    """The point of every label within the budget of ``config``."""
    labels, events = weights.config.detector.labels, weights.config.stream.events
    shown = {segment.label for each in played for segment in each.recording.segments}
    curves = {
        label: curve(played, label, index, events, config.thresholds if label in shown else config.thresholds[-1:])
        for index, label in enumerate(labels)
        if label != BACKGROUND_LABEL
    }
    return choose(curves, config.false_alarms, config.spread)


def _temperature(logits: Tensor, truth: Tensor) -> float:
    return min(TEMPERATURES.tolist(), key=lambda each: float(F.cross_entropy(logits / each, truth)))


def _detections(stamps: np.ndarray, scores: np.ndarray, label: str, config: EventConfig) -> list[tuple[float, float]]:
    """(start, end) of every detection in the scores (L,) of one label and track."""
    if np.nanmax(scores, initial=0.0) < config.on_threshold:
        return []
    machine = ActionMachine((BACKGROUND_LABEL, label), config)
    edges: list[Edge] = []
    for time, score in zip(stamps.tolist(), scores.tolist(), strict=True):
        edges += machine.step(time, np.array([0.0, score]))
    edges += machine.close("offset")
    return [(edge.onset, edge.offset) for edge in edges if edge.offset is not None]


def _meet(segment: Segment, span: tuple[str, float, float]) -> bool:
    person, start, end = span
    return segment.person == person and segment.start <= end and start <= segment.end
