"""``usdrl-bag report``: one page of HTML about a bag, which needs nothing but a browser.

It shows moving skeletons, true and detected actions, the scores of every class, and the latency where a node's output
was recorded; and it takes labels by clicks (``usdrl-bag label`` reads them).
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.errors.shown import LINE, MESSAGE, cut
from usdrl_model.files.atomic_file import write_text
from usdrl_model.metrics.events import Detection, detections
from usdrl_model.online.pretrained import describe
from usdrl_model.online.stream import ActionStream
from usdrl_model.plots.timeline import COLOURS, readable_on
from usdrl_model.skeleton.recording_gaps import Shortened
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import PARENTS
from usdrl_ros.bags.label_names import OPTION
from usdrl_ros.bags.labelled_bag import LabelledBag
from usdrl_ros.bags.observed import Observed, SeenPerson, add_replay, observe, replayable
from usdrl_ros.bags.recorded_output import RecordedOutput, recorded_output
from usdrl_ros.bags.report_page import page
from usdrl_ros.bags.scores import describe_scores, latency_scores, score_runs

Action = Segment | Detection

RATE = 15.0
"""Frames a second of the skeletons, at most."""
MOST_FRAMES = 24_000
"""Frames of all people together; longer bags have fewer a second. A frame takes 200 bytes of the page."""
MOST_SCORES = 4_000
"""Scores of a class along time; longer bags show the highest of several frames."""
LEAST_SCORE = 0.1
"""A class that never reaches it is left out: it would be a line along the axis."""
MOST_PEOPLE = 40
"""People of whom the page shows more than a note: those with actions first, then those who stay longest."""
MISSING, LARGEST = -32768, 32767
"""In the place of a coordinate where a joint is invalid; and the largest of those that are valid."""
FINEST = 1e-3
"""Metres of a step of coordinates; larger only where somebody goes farther than ``LARGEST`` of them reach."""
NAME = "report.html"


def add_report(command: argparse.ArgumentParser) -> None:
    """Add the options that ``report_bag`` reads."""
    add_replay(command, f"page to write (default: {NAME} beside the messages of the bag)")


def report_bag(arguments: argparse.Namespace) -> None:
    """Replay a bag and write the page; errors as ``predict.predict_bag``, and OSError where it cannot be written."""
    bag, stream, out = replayable(arguments, NAME)
    note = f"{OPTION}: every action here, and a click, has the label of the weights" if arguments.label_names else ""
    write_report(bag, stream, out, note)
    print(f"{cut(out, MESSAGE)}: open it in a browser")


def write_report(bag: LabelledBag, stream: ActionStream, out: Path, note: str = "") -> None:
    """Replay a bag and write its page, with a note of one's own; OSError where it cannot be written."""
    seen = observe(bag, stream, frame_rate(bag))
    write_text(out, page(document(seen, recorded_output(bag), describe(stream), note)))


def frame_rate(bag: LabelledBag) -> float:
    """Frames a second of everybody, so that all of them fit the page."""
    people = sum(len(stamps) for stamps in bag.presence().values()) / max(1, len(bag.frames))
    return min(RATE, MOST_FRAMES / max(1.0, people * bag.time().end))


def document(seen: Observed, recorded: RecordedOutput, model: dict[str, str], note: str = "") -> dict[str, Any]:
    """What the page shows, as plain values; times are seconds of ``LabelledBag.time``.

    Args:
        seen: the replay.
        recorded: what a node published while the bag was recorded.
        model: ``pretrained.describe`` of the stream.
        note: to be read above what was found out about the bag.
    """
    bag, time = seen.run.bag, seen.run.bag.time()
    notes = [note] + [finding.text for finding in bag.findings] + bag.warnings() + [recorded.trouble]
    live: Sequence[Action] = ()
    try:
        live = detections(recorded.events, max(frame.stamp for frame in bag.frames))
    except ValueError:
        notes.append("the recorded events are not complete: only the actions of the replay are shown")
    rows: dict[str, Sequence[Action]] = {"truth": seen.truth, "detected": seen.told, "live": live}
    shown = [one.label for actions in rows.values() for one in actions]
    labels = list(dict.fromkeys([*shown, *bag.truth.labels, *seen.known]))
    people, hidden = _chosen(seen)
    if hidden:
        notes.append(f"{hidden} more people, who do nothing or are seen for a moment, are left out")
    return {
        "name": cut(bag.name, LINE),
        "topic": cut(bag.truth.topic, LINE),
        "frames": len(bag.frames),
        "duration": time.end,
        "pieces": time.pieces(),
        "model": {name: cut(value, LINE) for name, value in model.items()},
        "notes": [cut(note, LINE) for note in notes if note],
        "parents": list(PARENTS),
        "labels": [{"name": cut(label, LINE), **_colours(index)} for index, label in enumerate(labels)],
        "people": [
            {
                "id": cut(person.id, LINE),
                **_skeletons(person, time),
                **_scores(person, seen.labels, labels, time),
                "rows": {
                    name: [
                        [labels.index(one.label), time.at(one.start), time.at(one.end)]
                        for one in actions
                        if one.person == person.id
                    ]
                    for name, actions in rows.items()
                },
            }
            for person in people
        ],
        "latency": _latency(recorded.latencies),
        "scores": _score_rows(seen),
    }


def _chosen(seen: Observed) -> tuple[list[SeenPerson], int]:
    """The people to show, in the order of their ids, and how many others there are."""
    acting = {segment.person for segment in seen.truth} | {action.person for action in seen.told}
    order = sorted(seen.people, key=lambda person: (person.id not in acting, -len(person.stamps)))
    return sorted(order[:MOST_PEOPLE], key=lambda one: (len(one.id), one.id)), len(order[MOST_PEOPLE:])


def _skeletons(person: SeenPerson, time: Shortened) -> dict[str, Any]:
    valid = np.isfinite(person.joints).all(axis=2)
    seen = person.joints[valid].astype(np.float64) if valid.any() else np.zeros((1, 3))
    origin = (seen.min(axis=0) + seen.max(axis=0)) / 2.0
    step = max(FINEST, float(np.ptp(seen, axis=0).max()) / 2.0 / LARGEST)
    steps = np.full(person.joints.shape, MISSING, "<i2")
    steps[valid] = ((seen - origin) / step).round() if valid.any() else MISSING
    seconds = np.array([time.at(stamp) for stamp in person.stamps.tolist()], "<f4")
    return {"times": _packed(seconds), "joints": _packed(steps), "origin": origin.tolist(), "step": step}


def _scores(person: SeenPerson, known: Sequence[str], labels: Sequence[str], time: Shortened) -> dict[str, Any]:
    """Scores of the classes that ever matter, 0 to 255; of a long bag the highest of every few frames."""
    together = -(-len(person.scored) // MOST_SCORES) or 1
    starts = np.arange(0, len(person.scored), together)
    best = np.maximum.reduceat(person.scores, starts) if len(starts) else person.scores
    classes = np.flatnonzero((best >= LEAST_SCORE).any(axis=0))
    values = (best[:, classes].T * 255.0).round().astype(np.uint8)
    seconds = np.array([time.at(stamp) for stamp in person.scored[starts].tolist()], "<f4")
    return {
        "classes": [labels.index(known[index]) for index in classes],
        "scored": _packed(seconds),
        "scores": _packed(values),
    }


def _latency(seconds: Sequence[float]) -> dict[str, Any] | None:
    if not seconds:
        return None
    values = np.array(seconds) * 1e3
    low, high = 0.0, max(10.0, float(np.percentile(values, 99)) * 1.2)
    counts, edges = np.histogram(np.clip(values, low, high), bins=30, range=(low, high))
    return {**(latency_scores(seconds) or {}), "counts": counts.tolist(), "edges": edges.round(3).tolist()}


def _score_rows(seen: Observed) -> list[list[str]]:
    if not any(segment.end > segment.start for segment in seen.truth):
        return []
    return describe_scores(score_runs([seen.run], seen.known))


def _colours(index: int) -> dict[str, str]:
    colour = COLOURS[index % len(COLOURS)]
    return {"colour": colour, "ink": readable_on(colour)}


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
