"""One click an action instead of its begin and end: what a linear layer on frozen features still learns.

python benchmarks/point_labels.py --data ../shared/data/utkinect

Segments of the people of UTKinect who are trained on become points, somewhere in the middle half of each action. A
layer is trained on the frames of three people and scored on those of the two others; the people of the test stay out.
Rows: whole segments; points made so many seconds long, everything else background (``segments.widened``); points made
``sure`` seconds long, with doubt around them (``segments.in_doubt``, what ``usdrl finetune`` does).
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from usdrl_model.checkpoints.pretrained_models import find_encoder, load_encoder
from usdrl_model.data.importers import utkinect
from usdrl_model.events.posterior import EDGE_WEIGHT, hann
from usdrl_model.files.markdown import table
from usdrl_model.metrics.segment_scores import frame_accuracy, macro_frame_f1
from usdrl_model.network.detector_config import BACKGROUND_LABEL
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import in_doubt, widened
from usdrl_model.training.linear_layer import linear_weights
from usdrl_model.windows.cut import ending_at
from usdrl_model.windows.tracklets import UNKNOWN, Tracklet, tracklets

TRAIN, TEST = ("01", "03", "05"), ("07", "09")
RATE, MAX_GAP = 10.0, 1.0
WIDTHS = (0.8, 1.2, 2.0)
SURE, DOUBT = (0.4, 0.8, 1.2), (2.0, 4.0)


def clicked(recording: Recording, generator: np.random.Generator) -> Recording:
    """The recording with a point for every segment, in its middle half."""
    points = []
    for one in recording.segments:
        stamp = one.start + (one.end - one.start) * generator.uniform(0.25, 0.75)
        points.append(dataclasses.replace(one, start=stamp, end=stamp))
    return dataclasses.replace(recording, segments=tuple(points))


def frame_features(encoder: torch.nn.Module, tracklet: Tracklet, everybody: Sequence[Tracklet]) -> np.ndarray:
    """(L, D) dense features of every frame, the weighted mean over the windows that hold it."""
    shape = encoder.config.window
    stops = range(tracklet.start + shape.frames // 2, tracklet.stop + shape.frames // 2, shape.frames // 4)
    ends = sorted({min(end, tracklet.stop - 1) for end in stops} or {tracklet.stop - 1})
    with torch.no_grad():
        dense = encoder.dense(encoder(ending_at(tracklet, everybody, ends, shape).x)).numpy()
    weight = hann(shape.frames) + EDGE_WEIGHT
    total, weights = np.zeros((len(tracklet.labels), dense.shape[2])), np.zeros(len(tracklet.labels))
    for end, rows in zip(ends, dense, strict=True):
        places = np.arange(end - shape.frames + 1, end + 1) - tracklet.start
        inside = (places >= 0) & (places < len(total))
        total[places[inside]] += weight[inside, None] * rows[inside]
        weights[places[inside]] += weight[inside]
    return total / weights[:, None]


def main() -> None:
    """Print the table."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--data", type=Path, required=True, help="official files of UTKinect-Action3D")
    command.add_argument("--encoder", default="foundation", help="whose features (default: foundation)")
    options = command.parse_args()
    torch.set_num_threads(1)
    encoder = load_encoder(options.encoder, find_encoder(options.encoder).config.encoder).eval()
    recordings = [one for one in utkinect.load(options.data) if one.subject in TRAIN + TEST]
    classes = (BACKGROUND_LABEL, *recordings[0].labels)
    points = {one.name: clicked(one, np.random.default_rng(place)) for place, one in enumerate(recordings)}

    def cut(one: Recording) -> list[Tracklet]:
        return tracklets(one, classes, RATE, MAX_GAP)

    features, truth = {}, {}
    for one in recordings:
        people = cut(one)
        features[one.name] = np.concatenate([frame_features(encoder, person, people) for person in people])
        truth[one.name] = np.concatenate([person.labels for person in people])
    learnt = [one for one in recordings if one.subject in TRAIN]
    asked = [one for one in recordings if one.subject in TEST]

    def row(name: str, labelled: Callable[[Recording], Recording]) -> list[str]:
        y = np.concatenate([person.labels for one in learnt for person in cut(labelled(one))])
        x = np.concatenate([features[one.name] for one in learnt])[y != UNKNOWN]
        y = y[y != UNKNOWN]
        weight, bias = linear_weights(torch.from_numpy(x), torch.from_numpy(y), len(classes))
        found = [(features[one.name] @ weight.numpy() + bias.numpy()).argmax(axis=1) for one in asked]
        true = [truth[one.name] for one in asked]
        done = np.concatenate(true) > 0
        hit = (np.concatenate(found) == np.concatenate(true))[done].mean()
        numbers = (frame_accuracy(true, found), macro_frame_f1(true, found), hit)
        return [name, *(f"{100 * value:.1f}" for value in numbers)]

    rows = [row("segments", lambda one: one)]
    for width in WIDTHS:
        rows.append(row(f"points, {width:g} s", lambda one, w=width: widened(points[one.name], w / 2)))
    for sure in SURE:
        for doubt in DOUBT:
            name = f"points, {sure:g} s sure, {doubt:g} s in doubt"
            rows.append(row(name, lambda one, s=sure, d=doubt: in_doubt(points[one.name], s, d)))
    print(table(["labels", "frame accuracy", "frame F1, mean over classes", "frames of actions found"], rows))


if __name__ == "__main__":
    main()
