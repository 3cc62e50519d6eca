"""``usdrl-bag view``: a recording for the Rerun viewer, with skeletons, true and detected actions and scores.

The extra ``rerun`` (rerun-sdk) writes it: ``rerun my_bag/view.rrd`` shows it, or the viewer on the web.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from usdrl_model.errors.shown import LINE, MESSAGE, cut
from usdrl_model.metrics.events import Detection
from usdrl_model.plots.timeline import COLOURS
from usdrl_model.skeleton.recording_gaps import Shortened
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import PARENTS
from usdrl_ros.bags.observed import Observed, SeenPerson, add_replay, observe, replayable

if TYPE_CHECKING:
    import rerun

NAME = "view.rrd"
RATE = 30.0
"""Frames a second of the skeletons, at most."""
STALE = 0.6
"""Seconds after the last frame of somebody until they are gone, as on the page of ``report``."""
LEAST_SCORE = 0.1
"""Classes that never reach it have no line."""
NOTHING = (150, 150, 150)
"""Colour of somebody who does nothing."""


def add_view(command: argparse.ArgumentParser) -> None:
    """Add the options that ``view_bag`` reads."""
    add_replay(command, f"recording to write (default: {NAME} beside the messages)")


def view_bag(arguments: argparse.Namespace) -> None:
    """Replay a bag and write the recording.

    Raises:
        ModuleNotFoundError: Rerun is not installed; it is looked for before the work.
        BagError, ValueError, OSError: as ``report.report_bag``.
    """
    import rerun  # noqa: F401

    bag, stream, out = replayable(arguments, NAME)
    write_recording(observe(bag, stream, RATE), out)
    print(f"{cut(out, MESSAGE)}: rerun {cut(out, MESSAGE)} shows it")


def write_recording(seen: Observed, path: Path) -> None:
    """Write a Rerun recording; timelines ``time`` (seconds, long gaps shortened) and ``stamp``.

    Raises:
        ModuleNotFoundError: Rerun is not installed.
        OSError: the file cannot be written.
    """
    import rerun

    bag = seen.run.bag
    time = bag.time()
    used = [segment.label for segment in seen.truth] + [action.label for action in seen.told]
    labels = list(dict.fromkeys([*used, *seen.labels]))
    colours = {label: _rgb(COLOURS[index % len(COLOURS)]) for index, label in enumerate(labels)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:  # whole, or not there
        partial = Path(folder) / path.name
        recording = rerun.RecordingStream("usdrl", recording_id=f"usdrl {bag.name}", send_properties=False)
        recording.save(partial, default_blueprint=_blueprint(seen.people))
        recording.log("people", rerun.ViewCoordinates.RIGHT_HAND_Y_UP, static=True)
        for person in seen.people:
            told = [action for action in seen.told if action.person == person.id]
            _skeletons(recording, person, told, colours, time)
            _scores(recording, person, seen.labels, colours, time)
            for kind, actions in (
                ("truth", [one for one in seen.truth if one.person == person.id]),
                ("detected", told),
            ):
                _actions(recording, kind, person.id, actions, colours, time)
        recording.flush()
        recording.disconnect()
        os.replace(partial, path)


def _skeletons(
    recording: rerun.RecordingStream, person: SeenPerson, told: Sequence[Detection],
    colours: dict[str, tuple[int, int, int]], time: Shortened,
) -> None:  # fmt: skip
    """The bones of every frame, in the colour of what the person does, with the label at the head."""
    import rerun

    where = _entity("people", person.id)
    parents = np.array(PARENTS)
    stamps = person.stamps.tolist()
    for stamp, following, joints in zip(stamps, [*stamps[1:], np.inf], person.joints, strict=True):
        doing = next((action.label for action in reversed(told) if action.start <= stamp <= action.end), None)
        there = np.isfinite(joints).all(axis=1)
        bones = np.flatnonzero(there & there[parents] & (parents != np.arange(len(parents))))
        _at(recording, stamp, time)
        if not len(bones):
            recording.log(where, rerun.Clear(recursive=True))
            continue
        colour = colours[doing] if doing else NOTHING
        strips = np.stack([joints[bones], joints[parents[bones]]], axis=1)
        recording.log(f"{where}/bones", rerun.LineStrips3D(strips, colors=[colour], radii=0.012))
        top = joints[np.nanargmax(np.where(there, joints[:, 1], -np.inf))] + np.array([0.0, 0.15, 0.0], np.float32)
        text = cut(f"{person.id}: {doing}" if doing else person.id, LINE)
        recording.log(f"{where}/label", rerun.Points3D([top], colors=[colour], radii=0.01, labels=[text]))
        if following > stamp + STALE:  # the viewer would keep who has gone
            _at(recording, stamp + STALE, time)
            recording.log(where, rerun.Clear(recursive=True))


def _scores(
    recording: rerun.RecordingStream, person: SeenPerson, labels: Sequence[str],
    colours: dict[str, tuple[int, int, int]], time: Shortened,
) -> None:  # fmt: skip
    """A line a class over time."""
    import rerun

    if not len(person.scored):
        return
    times = _columns(person.scored, time)
    for column in np.flatnonzero(person.scores.max(axis=0) >= LEAST_SCORE):
        where = _entity("scores", person.id, labels[column])
        line = rerun.SeriesLines(colors=[colours[labels[column]]], names=[cut(labels[column], LINE)])
        recording.log(where, line, static=True)
        recording.send_columns(where, times, rerun.Scalars.columns(scalars=person.scores[:, column].astype(float)))


def _actions(
    recording: rerun.RecordingStream, kind: str, person: str, actions: Sequence[Segment | Detection],
    colours: dict[str, tuple[int, int, int]], time: Shortened,
) -> None:  # fmt: skip
    """Steps of 0 and 1 a label, and a line of text where an action begins."""
    import rerun

    for label in dict.fromkeys(one.label for one in actions):
        where = _entity("actions", person, kind, label)
        line = rerun.SeriesLines(colors=[colours[label]], names=[cut(f"{label} ({kind})", LINE)])
        recording.log(where, line, static=True)
        mine = [one for one in actions if one.label == label]
        stamps = np.array([stamp for one in mine for stamp in (one.start, one.start, one.end, one.end)])
        values = np.array([0.0, 1.0, 1.0, 0.0] * len(mine))
        recording.send_columns(where, _columns(stamps, time), rerun.Scalars.columns(scalars=values))
    for one in actions:
        _at(recording, one.start, time)
        text = cut(f"{person}: {one.label}, {one.end - one.start:.1f} s ({kind})", LINE)
        recording.log(_entity("log", kind), rerun.TextLog(text, color=colours[one.label]))


def _blueprint(people: Sequence[SeenPerson]) -> Any:
    """Skeletons to the left; to the right actions and scores of everybody, and the log."""
    import rerun.blueprint as views

    lines: list[Any] = []
    for person in people:
        for kind in ("actions", "scores"):
            title = cut(f"{kind} of {person.id}", LINE)
            lines.append(views.TimeSeriesView(origin=_entity(kind, person.id), name=title))
    log = views.TextLogView(origin="log", name="what began")
    stage = views.Spatial3DView(origin="people", name="people")
    return views.Blueprint(views.Horizontal(stage, views.Vertical(*lines, log), column_shares=[2, 3]))


def _at(recording: rerun.RecordingStream, stamp: float, time: Shortened) -> None:
    recording.set_time("time", duration=time.at(stamp))
    recording.set_time("stamp", timestamp=stamp)


def _columns(stamps: np.ndarray, time: Shortened) -> list[Any]:
    import rerun

    seconds = [time.at(stamp) for stamp in stamps.tolist()]
    return [rerun.TimeColumn("time", duration=seconds), rerun.TimeColumn("stamp", timestamp=stamps)]


def _entity(*parts: str) -> str:
    """Path of an entity; parts are foreign names."""
    import rerun

    return rerun.new_entity_path([cut(part, LINE) for part in parts])


def _rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of "#rrggbb"."""
    found = re.fullmatch(r"#(..)(..)(..)", colour)
    assert found is not None, colour
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue
