"""What weights for joints in a picture are worth on people of sets with depth, before cameras that never were.

The test people of a set are filmed by a camera that stands still: in front of them as the sensor stood, or anywhere
around. Every joint of COCO is a little off, some are not found, and nothing outside of the picture is. What the stream
then says is scored as by the task "stream" (docs/unseen.md); beside it, weights that see the joints in space::

    python benchmarks/in_picture.py --data stores --weights hri_2d --beside hri --minutes 10
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from usdrl_model.data import vocabulary
from usdrl_model.data.store import Store
from usdrl_model.evaluation.predict import predict
from usdrl_model.evaluation.stream import scores, streams
from usdrl_model.evaluation.stream.scores import Heard
from usdrl_model.files import markdown
from usdrl_model.inference.load import load
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording, in_canonical_joints
from usdrl_model.skeleton.topology import topology
from usdrl_model.windows.picture import DISTANCE, HEIGHT

SEES = topology("coco_17")
SPLITS = {"utkinect": "cross_subject/test", "msrc12": "held_out_persons/test", "utd_mhad": "cross_subject/test",
          "jhmdb2d": "split_1/test"}  # fmt: skip
FLAT = ("jhmdb2d",)
"""Sets whose joints are in pictures already."""
FOCAL = HEIGHT
"""Focal length, in heights of the picture: a vertical field of view of 53 degrees."""
OFF, LOST = 0.015, 0.05
"""Standard deviation of a joint, metres on the person, and the share of joints that are not found, in runs."""
CAMERAS = {"in front": (0.0, 0.0), "anywhere": (1.3, 0.3)}
"""Radians of yaw and pitch, uniform in +- that."""


def filmed(recording: Recording, camera: str, rng: np.random.Generator) -> Recording:
    """A recording of one or more people as joints of COCO in a picture."""
    recording = in_canonical_joints(recording)
    bodies = [np.asarray(person.joints, np.float64) for frame in recording.frames for person in frame.people]
    middle = np.nanmedian([np.nanmedian(body, axis=0) for body in bodies], axis=0)
    yaw, pitch = (reach * rng.uniform(-1.0, 1.0) for reach in CAMERAS[camera])
    facing = math.atan2(middle[0], middle[2]) if camera == "in front" else 0.0
    turn = _about_x(pitch) @ _about_y(yaw - facing)
    away = rng.uniform(2.2, 4.0)
    lost = {}
    frames = []
    for frame in recording.frames:
        people = []
        for person in frame.people:
            joints = SEES.fit @ np.asarray(person.joints, np.float64)
            seen = (joints - middle) @ turn.T + (0.0, 0.0, away) + rng.normal(0.0, OFF, joints.shape)
            chance = rng.random(len(joints))
            gone = lost.get(person.id, np.zeros(len(joints), bool))
            gone = lost[person.id] = np.where(gone, chance > 0.2, chance < 0.2 * LOST)  # runs of five frames
            places = np.full(seen.shape, DISTANCE)
            places[:, :2] = seen[:, :2] / np.maximum(seen[:, 2:], 0.2) * FOCAL
            outside = (np.abs(places[:, 1]) > HEIGHT / 2) | (np.abs(places[:, 0]) > HEIGHT * 2 / 3) | (seen[:, 2] < 0.2)
            places[outside | gone] = np.nan
            people.append(Person(person.id, places, judged=True))
        frames.append(SkeletonFrame(frame.stamp, tuple(people), flat=True))
    return replace(recording, frames=tuple(frames), topology=SEES.name)


def flat(recording: Recording) -> Recording:
    """A recording in a picture that says so."""
    return replace(recording, frames=tuple(replace(frame, flat=True) for frame in recording.frames))


def score(recordings: Sequence[Recording], weights: str, words: vocabulary.Vocabulary) -> list[str]:
    """Recall, false alarms and delays of weights."""
    loaded = load(weights, "cpu")
    heard = [
        Heard(
            truth=one.segments,
            detections=predict(one, ActionStream(loaded, topology=one.topology)).actions,
            duration=streams.length(one),
        )
        for one in recordings
    ]
    shared = streams.shown(recordings, words) & set(loaded.config.detector.labels)
    found = scores.events(heard, shared)
    told = found.onset_delay
    each = {label: counts[scores.DELAY_IOU] for label, counts in found.per_label.items()}
    by_label = ", ".join(f"{label} {one.tp}/{one.tp + one.fn}" for label, one in each.items() if one.tp + one.fn)
    return [f"{scores.recall(found):.1f} %", f"{found.false_alarms_per_hour:.0f}", f"{told.median:.1f} s",
            f"{60 * found.hours:.1f}", by_label]  # fmt: skip


def _about_y(angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def _about_x(angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])


def main(arguments: Sequence[str] | None = None) -> int:
    """Score and print."""
    parser = argparse.ArgumentParser(
        description="Scores of weights for joints in a picture.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="store with the sets")
    parser.add_argument("--weights", default="hri_2d", help="weights without depth")
    parser.add_argument("--beside", default="hri", help="weights that see the joints in space; empty: none")
    parser.add_argument("--sets", nargs="+", default=list(SPLITS), choices=SPLITS, help="which sets")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each set, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the cameras")
    options = parser.parse_args(arguments)
    words, rows = vocabulary.load("hri"), []
    for name in options.sets:
        store = Store.open(options.data).select(sets=[name], split=SPLITS[name])
        given = streams.of(store, words, options.seed, options.minutes)
        if name in FLAT:
            rows.append(
                [name, options.weights, "as it is", *score([flat(one) for one in given], options.weights, words)]
            )
            continue
        if options.beside:
            rows.append([name, options.beside, "in space", *score(given, options.beside, words)])
        for camera in CAMERAS:
            rng = np.random.default_rng(options.seed)
            made = [filmed(one, camera, rng) for one in given]
            rows.append([name, options.weights, camera, *score(made, options.weights, words)])
    head = [
        "test people of",
        "weights",
        "camera",
        "recall",
        "false alarms/h",
        "onset told after",
        "minutes",
        "by label",
    ]
    print(markdown.table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
