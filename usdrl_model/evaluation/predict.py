"""What people do in unlabelled recordings: events as the node would publish them, as JSON and as a picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usdrl_model.events.onset_offset import Event
from usdrl_model.files.suffix import suffix
from usdrl_model.metrics.events import Detection, detections
from usdrl_model.online.rising_frames import rising
from usdrl_model.online.stream import ActionStream
from usdrl_model.plots import clip as clip_plot
from usdrl_model.plots.timeline import Row, draw_timeline
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

SCHEMA = "usdrl.predictions/1"
PICTURES = (".png", ".svg", ".pdf", *clip_plot.FORMATS)
"""Endings of the files that ``draw`` writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What the online pipeline said of one recording."""

    recording: Recording
    events: tuple[Event, ...]
    actions: tuple[Detection, ...]
    """The same, an onset and its end in one, in the order of their onsets."""
    states: tuple[Detection, ...]
    """States by geometry (``usdrl_model.states``), from when to when they held, in the order of their starts."""


def predict(recording: Recording, stream: ActionStream) -> Prediction:
    """Push every frame of a recording through a stream of its topology, which forgets what it knew.

    Raises:
        ValueError: a recording without a frame.
    """
    if not recording.frames:
        raise ValueError(f"{recording.name}: expected frames, got none")
    stream.reset(anew=True)
    events: list[Event] = []
    states: dict[tuple[float, str, str], Detection] = {}
    for frame in recording.frames:
        events += stream.push(frame)
        state = stream.state()
        for person in state.people:
            for held in person.states.active:
                states[held.since, person.id, held.name] = Detection(
                    person=person.id, label=held.name, start=held.since, end=state.stamp
                )
    events += stream.finish()
    return Prediction(
        recording=recording,
        events=tuple(events),
        actions=tuple(detections(events, recording.frames[-1].stamp)),
        states=tuple(states[key] for key in sorted(states)),
    )


def document(predictions: Sequence[Prediction], model: dict[str, str]) -> dict[str, Any]:
    """Predictions as plain values for JSON; ``model``: ``pretrained.describe``. Times are stamps in seconds."""
    return {
        "schema": SCHEMA,
        "model": model,
        "recordings": [
            {
                "name": one.recording.name,
                "start": one.recording.frames[0].stamp,
                "end": one.recording.frames[-1].stamp,
                "actions": [dataclasses.asdict(action) for action in one.actions],
                "events": [dataclasses.asdict(event) for event in one.events],
                "states": [
                    {"person": held.person, "label": held.label, "start": held.start, "end": held.end}
                    for held in one.states
                ],
            }
            for one in predictions
        ],
    }


def lines(prediction: Prediction) -> list[str]:
    """One line an action: from when to when (seconds from the first frame), who, what."""
    first = prediction.recording.frames[0].stamp
    return [
        f"{action.start - first:8.2f} {action.end - first:8.2f}  {action.person}  {action.label}"
        for action in prediction.actions
    ]


def check_picture(path: Path) -> None:
    """Refuse a picture that ``draw`` cannot write; ValueError names the endings."""
    if suffix(path) not in PICTURES:
        raise ValueError(f"{path}: expected a name that ends with {', '.join(PICTURES)}")


def draw(prediction: Prediction, path: Path, seconds: float) -> None:
    """Save a picture by the ending of its name: a timeline, or (``.gif``, ``.mp4``) people who move under their labels.

    Args:
        prediction: of one recording.
        path: the file to write.
        seconds: an animation's length at most.

    Raises:
        ValueError: an ending that nothing can write, or nobody to draw.
    """
    recording = dataclasses.replace(prediction.recording, frames=rising(prediction.recording.frames))
    if suffix(path) in clip_plot.FORMATS:
        said = tuple(Segment(one.person, one.label, one.start, one.end) for one in prediction.actions)
        clip = Clip.of(dataclasses.replace(recording, segments=said, label=None))
        clip_plot.animate(clip, path, seconds)
        return
    first, last = recording.frames[0].stamp, recording.frames[-1].stamp
    people = sorted({person.id for frame in recording.frames for person in frame.people}, key=lambda id: (len(id), id))
    rows = [Row(person, [action for action in prediction.actions if action.person == person]) for person in people]
    labels = list(dict.fromkeys(action.label for action in prediction.actions))
    draw_timeline(path, rows, labels, start=first, end=last, title=recording.name, group=1)
