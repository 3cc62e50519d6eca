"""Posteriors of every frame of the test recordings -> what a cell holds: scores in percent, and what pictures need.

Segmentation and detection look at the same decoded segments. Detection also scores the proposals of the protocol of
PKU-MMD, all runs of frames with a probability above 0.02, nothing smoothed: that is what published numbers stand for.

Letters: G frames of the grid, K classes (background first), P proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from usdrl_model.evaluation.recordings import instants
from usdrl_model.evaluation.recordings.instants import Instants
from usdrl_model.evaluation.recordings.smoothing import DecodingConfig, decode
from usdrl_model.evaluation.recordings.video import Video
from usdrl_model.evaluation.result import ALL
from usdrl_model.metrics import average_precision, pku_mmd, segment_scores
from usdrl_model.metrics.action_points import ActionPoint, score_points
from usdrl_model.skeleton.segments import BACKGROUND, Segment

IOU = pku_mmd.THETA
"""Of precision-recall curves and average precision."""
POINTS = 100
"""Points of a precision-recall curve that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """A recording of the test with what a method says of it."""

    video: Video
    posterior: np.ndarray
    """(G, K)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Part of a ``result.Cell``."""

    scores: dict[str, float]
    """Metric -> percent."""
    details: dict[str, Any]


def segmentation(predicted: Sequence[Predicted], labels: Sequence[str], config: DecodingConfig) -> Outcome:
    """Frame accuracy, macro frame F1, Edit and segment F1 on the recordings' own frames.

    Args:
        predicted: every recording of the test.
        labels: K names, background first.
        config: of decoding.
    """
    decoded = [decode(one.posterior, one.video.rate, config) for one in predicted]
    truth, found = _known_frames(predicted, decoded)
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (np.concatenate(truth), np.concatenate(found)), 1)
    scores = {
        "frame_accuracy": 100.0 * segment_scores.frame_accuracy(truth, found),
        "frame_f1": 100.0 * segment_scores.macro_frame_f1(truth, found),
        "edit": segment_scores.edit_score(truth, found),
        **_segment_f1(truth, found),
    }
    return Outcome(
        scores, {"confusion": {ALL: confusion.tolist()}, "timelines": _timelines(predicted, decoded, labels)}
    )


def detection(predicted: Sequence[Predicted], labels: Sequence[str], config: DecodingConfig) -> Outcome:
    """Average precision of proposals and of decoded segments by the protocol of PKU-MMD, segment mAP, segment F1.

    Arguments as ``segmentation``. Names of metrics of the decoded segments begin with "decoded", except segment F1.
    """
    decoded = [decode(one.posterior, one.video.rate, config) for one in predicted]
    names = [one.video.name for one in predicted]
    true_rows = [_true_rows(one.video.segments, labels) for one in predicted]
    truth = dict(zip(names, true_rows, strict=True))
    runs = [_judged(_runs(one, classes), one.video, labels) for one, classes in zip(predicted, decoded, strict=True)]
    proposed = [_judged(pku_mmd.proposals(one.posterior), one.video, labels) for one in predicted]
    actions = len(labels) - 1
    scores = {}
    for prefix, rows in (("", proposed), ("decoded_", runs)):
        of_pku = pku_mmd.score(truth, dict(zip(names, rows, strict=True)), theta=IOU, actions=actions)
        scores[f"{prefix}mAP_action"] = 100.0 * of_pku.map_action
        scores[f"{prefix}mAP_video"] = 100.0 * of_pku.map_video
        scores[f"{prefix}pku_f1"] = 100.0 * of_pku.f1
    scores["decoded_segment_mAP"] = 100.0 * average_precision.segment_map(true_rows, runs, (IOU,))[IOU]
    scores |= _segment_f1(*_known_frames(predicted, decoded))
    curves = {}
    for action, curve in average_precision.precision_recall(true_rows, runs, IOU).items():
        kept = np.unique(np.linspace(0, len(curve.recall) - 1, POINTS).round().astype(int)) if len(curve.recall) else []
        curves[labels[action]] = {"precision": curve.precision[kept].tolist(), "recall": curve.recall[kept].tolist()}
    return Outcome(scores, {"precision_recall": curves, "timelines": _timelines(predicted, decoded, labels)})


def action_points(
    predicted: Sequence[Predicted],
    found: Sequence[Instants],
    detected: Sequence[Sequence[ActionPoint]],
    labels: Sequence[str],
) -> Outcome:
    """Precision, recall and F1 of instants, the mean over the classes.

    Args:
        predicted: every recording of the test.
        found: the instants of each, whatever the threshold.
        detected: those above the threshold, which was chosen without the test.
        labels: K names, background first.
    """
    at = score_points([(one.truth, points) for one, points in zip(found, detected, strict=True)])
    swept = [instants.scores_at(found, height).per_label for height in instants.THRESHOLDS]
    curves = {}
    for label in labels[1:]:
        counts = [per_label[label] for per_label in swept if label in per_label]
        if any(one.tp + one.fn for one in counts):  # of one that nothing finds, an empty curve: it counts 0 in the mean
            told = [one for one in counts if one.tp + one.fp]
            curves[label] = {"precision": [one.precision for one in told], "recall": [one.recall for one in told]}
    timelines = []
    for one, points, above in zip(predicted, found, detected, strict=True):
        begin = float(one.video.stamps[0])
        sides = {
            name: [[point.label, point.stamp - begin, point.stamp - begin] for point in side]
            for name, side in (("truth", points.truth), ("found", above))
        }
        timelines.append({"name": one.video.name, "end": float(one.video.stamps[-1]) - begin, **sides})
    scores = {
        "action_point_f1": 100.0 * at.mean_f1,
        "action_point_precision": 100.0 * at.mean_precision,
        "action_point_recall": 100.0 * at.mean_recall,
    }
    return Outcome(scores, {"precision_recall": curves, "timelines": timelines})


def _known_frames(
    predicted: Sequence[Predicted], decoded: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """True and decoded classes of the recordings' own frames, without those of which nobody can say the class."""
    truth, found = [], []
    for one, classes in zip(predicted, decoded, strict=True):
        video, mine = one.video, classes[one.video.nearest]
        for action, first, stop in segment_scores.label_runs(mine):
            part = slice(first, stop)
            if not video.known[part].all() and not (video.truth[part] == action).any():
                mine[part] = BACKGROUND  # neither right nor wrong as a whole, as ``Video.excused``
        truth.append(video.truth[video.known])
        found.append(mine[video.known])
    return truth, found


def _segment_f1(truth: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> dict[str, float]:
    return {
        f"f1@{round(100 * iou)}": 100.0 * segment_scores.segment_counts(truth, found, iou).f1
        for iou in segment_scores.IOU_THRESHOLDS
    }


def _true_rows(segments: Sequence[Segment], labels: Sequence[str]) -> np.ndarray:
    """(P, 4) class, start, end in seconds, 1."""
    rows = [(labels.index(segment.label), segment.start, segment.end, 1.0) for segment in segments]
    return np.array(rows, np.float64).reshape(-1, 4)


def _runs(one: Predicted, classes: np.ndarray) -> np.ndarray:
    """(P, 4) class, first frame, one past the last frame, mean posterior of the decoded segments."""
    runs = segment_scores.label_runs(classes)
    rows = [(action, first, stop, one.posterior[first:stop, action].mean()) for action, first, stop in runs]
    return np.array(rows, np.float64).reshape(-1, 4)


def _judged(rows: np.ndarray, video: Video, labels: Sequence[str]) -> np.ndarray:
    """The rows that are right or wrong, with frames of the grid in seconds."""
    rows = np.column_stack([rows[:, 0], video.seconds(rows[:, 1:3]), rows[:, 3]])
    if video.known.all():
        return rows
    return rows[[not video.excused(labels[int(action)], start, end) for action, start, end, _ in rows]]


def _timelines(
    predicted: Sequence[Predicted], decoded: Sequence[np.ndarray], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """What ``pictures`` draws: seconds from the beginning of each recording."""
    timelines = []
    for one, classes in zip(predicted, decoded, strict=True):
        begin, end = float(one.video.stamps[0]), float(one.video.stamps[-1])
        found = []
        for action, *edges in segment_scores.label_runs(classes):
            first, stop = (one.video.seconds(np.array(edges)).clip(begin, end) - begin).tolist()
            found.append([labels[action], first, stop])
        truth = [[segment.label, segment.start - begin, segment.end - begin] for segment in one.video.segments]
        timelines.append({"name": one.video.name, "end": end - begin, "truth": truth, "found": found})
    return timelines
