"""Scores of replayed bags, pooled, as JSON and Markdown.

Times are rounded to microseconds before they are compared, like those in the live node's JSON, so that offline and live
scores agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from usdrl_model.checkpoints import provenance
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.config import from_dict
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files.documents import finite
from usdrl_model.files.markdown import table
from usdrl_model.metrics.events import Detection, ScoredRecording, detections, judged, score_events
from usdrl_model.metrics.segment_scores import IOU_THRESHOLDS, frame_accuracy, macro_frame_f1, segment_counts
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton import judged_time
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment, frame_labels, known_frame_labels
from usdrl_ros.bags.labelled_bag import BagRun, LabelledBag
from usdrl_ros.wire import STAMP_DIGITS

BESIDE = ("pair_weights", "gesture_weights")
"""Weights that may run beside those of the actions."""


def found_actions(run: BagRun) -> list[Detection]:
    """The detected actions of a run, of every label; those still open at the end of the bag end there."""
    events = [
        replace(
            event,
            onset=_micro(event.onset),
            offset=None if event.offset is None else _micro(event.offset),
            stamp=_micro(event.stamp),
        )
        for event in run.events
    ]
    return detections(events, _micro(max(frame.stamp for frame in run.bag.frames)))


def judges(bag: LabelledBag, known: Collection[str] | None) -> bool:
    """Whether anything is annotated in a bag that a detector knows: without it nothing that is said there can be wrong.

    Args:
        bag: with its labels, also of what does not occur.
        known: labels that the detector tells; None: every one.
    """
    return any(known is None or label in known for label in bag.truth.labels)


def score_runs(runs: Sequence[BagRun], known: Collection[str] | None = None) -> dict[str, Any]:
    """Scores pooled over bags, ready for JSON.

    Detections of labels that are not annotated in a bag are left out and counted; those made while the truth is
    ``AMBIGUOUS`` are neither right nor wrong, as are such frames. Of a bag of which ``judges`` is false, time counts
    for no false alarm and frames for no accuracy.

    Args:
        runs: of the bags.
        known: labels that the detector tells; None: every one.
    """
    scored: list[ScoredRecording] = []
    of_every_label: list[ScoredRecording] = []
    frames: list[tuple[np.ndarray, np.ndarray]] = []
    judged_frames: list[tuple[np.ndarray, np.ndarray]] = []
    not_judged: Counter[str] = Counter()
    for run in runs:
        truth = [_rounded(segment) for segment in run.bag.truth.segments]
        every_one = found_actions(run)
        not_judged.update(action.label for action in every_one if action.label not in run.bag.truth.labels)
        every_one = judged(every_one, truth)
        found = [action for action in every_one if action.label in run.bag.truth.labels]
        clear = [segment for segment in truth if segment.label != AMBIGUOUS]
        presence = {who: np.round(there, STAMP_DIGITS) for who, there in run.bag.presence().items()}
        every = np.round(np.sort([frame.stamp for frame in run.bag.frames]), STAMP_DIGITS)
        duration = judged_time.seconds(every, presence, truth)
        told = judges(run.bag, known)
        scored.append(ScoredRecording(truth=clear, detections=found, duration=duration if told else 0.0))
        of_every_label.append(ScoredRecording(truth=clear, detections=every_one, duration=duration))
        labels = (BACKGROUND_LABEL, *run.bag.truth.labels)
        for person, stamps in presence.items():
            classes, clear_ones = known_frame_labels([s for s in truth if s.person == person], stamps, labels)
            guesses = frame_labels([s for s in found if s.person == person], stamps, labels)
            frames.append((classes[clear_ones], guesses[clear_ones]))
            judged_frames += frames[-1:] if told else []
    events, of_all = score_events(scored), score_events(of_every_label)
    segments = {iou: segment_counts(*_unzipped(frames), iou) for iou in IOU_THRESHOLDS}
    true_frames, found_frames = _unzipped(judged_frames)
    return {
        "events": events.to_dict(),
        "segments": {f"f1@{round(iou * 100)}": counts.to_dict() for iou, counts in segments.items()},
        "frames": {
            "count": sum(len(frames) for frames in true_frames),
            "accuracy": finite(frame_accuracy(true_frames, found_frames)),
            "macro_f1": finite(macro_frame_f1(true_frames, found_frames)),
        },
        "detections_not_judged": dict(not_judged),
        "false_alarms_of_every_label": {
            "count": of_all.false_alarms,
            "per_hour": finite(of_all.false_alarms_per_hour),
            "hours": of_all.hours,
        },
        "latency": latency_scores([latency for run in runs for latency in run.latencies]),
    }


def latency_scores(latencies: Sequence[float]) -> dict[str, float | int] | None:
    """Median and 95th percentile in milliseconds; None without measurements."""
    if not latencies:
        return None
    p50, p95 = np.percentile(latencies, [50, 95]) * 1000.0
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2), "count": len(latencies)}


def describe_run(run: BagRun, known: Collection[str] | None = None) -> dict[str, Any]:
    """One bag of the results: its content, the detections and its scores, ready for JSON; ``known`` as above."""
    return {
        "name": run.bag.name,
        "frames": len(run.bag.frames),
        "duration": run.bag.duration,
        "refused": run.bag.refused,
        "counters": run.counters,
        "lost_messages": run.lost_messages,
        "truth": [asdict(segment) for segment in run.bag.truth.segments],
        "detections": [asdict(action) for action in found_actions(run)],
        "scores": score_runs([run], known),
    }


def markdown(results: dict[str, Any]) -> str:
    """The results as a Markdown page.

    Args:
        results: of ``evaluate.evaluate``.
    """
    scores = results["scores"]
    events = scores["events"]
    thresholds = list(events["overall"])
    model = results["model"]
    trained = [
        f"The {name} were trained on: {provenance.summary(from_dict(Provenance, results[f'{name}_provenance']))}."
        for name in ("weights", *BESIDE)
        if f"{name}_provenance" in results
    ]
    minutes = sum(bag["duration"] for bag in results["bags"]) / 60.0
    lines = [
        "# Evaluation of labelled bags",
        "",
        f"{len(results['bags'])} bag(s), {minutes:.1f} min, {results['mode']}"
        + (f" at rate {results['rate']:g}" if results["mode"] == "live" else "")
        + f"; weights {model['weights']} ({model['hash']}) on {model['device']};"
        + "".join(f" {name} {model[name]};" for name in (*BESIDE, "gestures") if name in model)
        + f" look-ahead {results['stream']['look_ahead']:g} s;"
        f" version {results['version']}, commit {results['commit'] or 'unknown'}.",
        "",
        " ".join([*trained, "Scores on training data say nothing about other people.", *_names(results)]),
        "",
        table(["", *(f"IoU {iou}" for iou in thresholds)], by_threshold(scores)),
        "",
        table(["", ""], overall(scores)),
        "",
        table(["action", "true", *(f"F1 at IoU {iou}" for iou in thresholds)], _by_action(scores)),
    ]
    if len(results["bags"]) > 1:
        heads = ["bag", "true", *(f"event F1 at IoU {iou}" for iou in thresholds), "false alarms", "frame accuracy"]
        lines += ["", table(heads, _by_bag(results["bags"]))]
    lines += ["", *(f"**{warning}**" for warning in results["warnings"])]
    return "\n".join(lines).rstrip() + "\n"


def describe_scores(scores: dict[str, Any]) -> list[list[str]]:
    """Scores of ``score_runs`` as rows of a name and a text, for people."""
    events = " / ".join(percent(counts["f1"]) for counts in scores["events"]["overall"].values())
    thresholds = " / ".join(scores["events"]["overall"])
    return [[f"event F1 at IoU {thresholds}", events], *overall(scores)]


def _names(results: dict[str, Any]) -> list[str]:
    """What labels of the bags were taken for, if a table said so."""
    pairs = ", ".join(f"{own} is {label}" for own, label in results["label_names"].items())
    return [f"By the table of labels {cut(pairs, LINE)}."] if pairs else []


def by_threshold(scores: dict[str, Any]) -> list[list[str]]:
    """Rows of a name and a text an IoU, for people."""
    counted = scores["events"]["overall"]
    rows = [
        [f"event {name}", *(percent(counts[key]) for counts in counted.values())]
        for name, key in (("F1", "f1"), ("precision", "precision"), ("recall", "recall"))
    ]
    segments = [percent(counts["f1"]) for counts in scores["segments"].values()]
    return [*rows, ["segment F1 (of frame labels)", *segments]]


def overall(scores: dict[str, Any]) -> list[list[str]]:
    """Rows of a name and a text, of scores that have no IoU."""
    events, frames = scores["events"], scores["frames"]
    rows = [
        ["onset delay, median / p90", _seconds(events["onset_delay"])],
        ["onset error, median / p90", _seconds(events["onset_error"])],
        ["false alarms an hour", f"{_number(events['false_alarms_per_hour'], 1)} ({events['false_alarms']})"],
        ["frame accuracy", f"{percent(frames['accuracy'])} of {frames['count']} frames"],
        ["frame F1, mean over classes", percent(frames["macro_f1"])],
    ]
    if latency := scores["latency"]:
        rows.append(["latency, p50 / p95", f"{latency['p50_ms']:.1f} / {latency['p95_ms']:.1f} ms"])
    if ignored := scores["detections_not_judged"]:
        names = ", ".join(f"{label} {count}" for label, count in ignored.items())
        rows.append(["detections of labels without annotation", names])
        every = scores["false_alarms_of_every_label"]
        rows.append(["false alarms an hour if those are", f"{_number(every['per_hour'], 1)} ({every['count']})"])
    return rows


def _by_action(scores: dict[str, Any]) -> list[list[object]]:
    rows: list[list[object]] = []
    for label, by_iou in scores["events"]["per_label"].items():
        first = next(iter(by_iou.values()))
        rows.append([label, first["tp"] + first["fn"], *(percent(counts["f1"]) for counts in by_iou.values())])
    return rows


def _by_bag(bags: Sequence[dict[str, Any]]) -> list[list[object]]:
    rows: list[list[object]] = []
    for bag in bags:
        events, frames = bag["scores"]["events"], bag["scores"]["frames"]
        counts = list(events["overall"].values())
        found = [percent(one["f1"]) for one in counts]
        true = counts[0]["tp"] + counts[0]["fn"]
        rows.append([bag["name"], true, *found, events["false_alarms"], percent(frames["accuracy"])])
    return rows


def _unzipped(frames: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [true for true, _ in frames], [found for _, found in frames]


def _rounded(segment: Segment) -> Segment:
    return replace(segment, start=_micro(segment.start), end=_micro(segment.end))


def _micro(seconds: float) -> float:
    return round(seconds, STAMP_DIGITS)


def percent(value: float | None) -> str:
    """A share for people; "-" where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _seconds(spread: dict[str, float | None]) -> str:
    return f"{_number(spread['median'], 2)} / {_number(spread['p90'], 2)} s"
