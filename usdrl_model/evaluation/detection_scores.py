"""Scores of a detector: of the online pipeline on continuous recordings, or of single clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.evaluation.predict import predict
from usdrl_model.files.documents import finite
from usdrl_model.metrics import events as event_metrics
from usdrl_model.metrics import segment_scores
from usdrl_model.network.detector import Detector
from usdrl_model.network.device import one_thread
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton import judged_time, segments
from usdrl_model.skeleton.recording import Recording
from usdrl_model.windows.cut import Windows

BATCH = 64
"""Batch size in clips."""


def detection(weights: detector_file.LoadedDetector, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Score the online pipeline on recordings: frame accuracy and F1 of segments and of events.

    What is said while the truth is ambiguous counts neither for nor against it. Frames are those of each person. A
    score is None where there was nothing to be scored; recordings without frames are left out.
    """
    truth, predicted, scored = [], [], []
    for recording in recordings:
        if not recording.frames:
            continue
        stream = ActionStream(weights, topology=recording.topology)
        with one_thread():
            found = event_metrics.judged(predict(recording, stream).actions, recording.segments)
        stamps = np.array([frame.stamp for frame in recording.frames])
        labels, there = weights.config.detector.labels, _seen(recording)
        for person, seen in there.items():
            true, known = segments.known_frame_labels(_of(person, recording.segments), seen, labels)
            truth.append(true[known])
            predicted.append(segments.frame_labels(_of(person, found), seen, labels)[known])
        clear = [one for one in recording.segments if one.label != segments.AMBIGUOUS]
        judged = judged_time.seconds(stamps, there, recording.segments)
        scored.append(event_metrics.ScoredRecording(truth=clear, detections=found, duration=judged))
    events_scores = event_metrics.score_events(scored)
    return {
        "frame_accuracy": finite(segment_scores.frame_accuracy(truth, predicted)),
        "segment_f1": {
            str(iou): finite(segment_scores.segment_counts(truth, predicted, iou).f1)
            for iou in segment_scores.IOU_THRESHOLDS
        },
        **events_scores.to_dict(),
    }


def _of(person: str, actions: Sequence[Any]) -> list[Any]:
    return [action for action in actions if action.person == person]


def _seen(recording: Recording) -> dict[str, np.ndarray]:
    """Person -> stamps at which they are there; all stamps for the only one, and for whom the labels alone name."""
    stamps = np.array([frame.stamp for frame in recording.frames])
    people = {person.id for frame in recording.frames for person in frame.people}
    there = {
        one: np.array([frame.stamp for frame in recording.frames if any(person.id == one for person in frame.people)])
        for one in sorted(people)
    }
    if len(people) == 1:
        there = dict.fromkeys(there, stamps)
    return dict.fromkeys((segment.person for segment in recording.segments), stamps) | there


def summary(scores: dict[str, Any]) -> str:
    """The result of ``detection`` or ``recognition`` in one line."""
    if "clip_accuracy" in scores:
        return f"{100 * scores['clip_accuracy']:.1f} % of {scores['clips']} clips recognised"
    segment = "/".join(_percent(value) for value in scores["segment_f1"].values())
    event = "/".join(_percent(counts["f1"]) for counts in scores["overall"].values())
    delay, alarms = scores["onset_delay"], scores["false_alarms_per_hour"]
    told = "-" if delay["median"] is None else f"{delay['median']:.2f} s (p90 {delay['p90']:.2f})"
    return (
        f"frame accuracy {_percent(scores['frame_accuracy'])}, segment F1@10/25/50 {segment}, event F1 {event},"
        f" onset delay {told}, {'-' if alarms is None else f'{alarms:.0f}'} false alarms/h"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def recognition(detector: Detector, clips: Windows) -> dict[str, Any]:
    """Accuracy of the recognition head on clips (``cut.whole``), overall and per label."""
    device = next(detector.parameters()).device
    answers = []
    with torch.inference_mode():
        for part in clips.x.split(BATCH):
            answers.append(detector(part.to(device)).clip.argmax(dim=1).cpu())
    truth = clips.y[:, 0]
    right = torch.cat(answers) == truth
    return {
        "clip_accuracy": float(right.double().mean()),
        "clips": len(clips),
        "per_label": {
            label: float(right[truth == index].double().mean())
            for index, label in enumerate(detector.config.labels)
            if (truth == index).any()
        },
    }
