"""Makes the background of a detector, which enrolled gestures are compared with, from many recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures.background import Background, identity
from usdrl_model.inference import load
from usdrl_model.simulation.script import random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS
from usdrl_model.windows.cut import ending_at
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import MIN_FRAMES, Tracklet, tracklets

UNKNOWN = -1
"""Class of windows of which nobody knows what they show."""
STEP = 2.0
"""Seconds between two windows of a recording whose class is unknown."""
POINT = 1.0
"""Seconds from a labelled instant to the end of the window that shows it."""
MINUTES = 40
"""Of simulated people, where there are no recordings."""
NEGATIVES = 2000
"""Windows that are kept: half a megabyte."""
MOST = 6000
"""Windows that are looked at."""
TOGETHER = 64
"""Windows of one call of the network."""


def make(detector: LoadedDetector, recordings: Iterable[tuple[str, Recording]], seed: int = 0) -> Background:
    """The background of a detector.

    Args:
        detector: loaded for inference.
        recordings: name of the data set and recording; labels of clips and of segments are used.
        seed: of the choice of windows.

    Raises:
        ValueError: too few windows.
    """
    classes: dict[tuple[str, str], int] = {}
    config = detector.config
    rate, shape, max_gap = config.detector.rate, config.detector.encoder.window, config.stream.max_gap
    found, shown = [], []
    for name, recording in recordings:
        for x, label in windows(recording, rate, shape, max_gap):
            found.append(x)
            shown.append(UNKNOWN if label is None else classes.setdefault((name, label), len(classes)))
    draw = np.random.default_rng(seed)
    chosen = draw.permutation(len(found))[:MOST]
    if not len(chosen):
        raise ValueError("no recording shows a person for long enough: no background")
    batches = [chosen[at : at + TOGETHER] for at in range(0, len(chosen), TOGETHER)]
    features = np.concatenate([load.features(detector, np.stack([found[row] for row in rows])) for rows in batches])
    made = Background.of(identity(detector), features, [shown[row] for row in chosen])
    return dataclasses.replace(made, negatives=made.negatives[:NEGATIVES])


def simulated(minutes: int = MINUTES) -> Iterator[tuple[str, Recording]]:
    """Recordings of simulated people, for ``make``: another one for each minute."""
    for seed in range(minutes):
        script = random_script(np.random.default_rng(seed), 60.0)
        yield "performer", simulate(PerformanceConfig(scripts=(script,)), seed)


def windows(
    recording: Recording, rate: float, shape: WindowShape, max_gap: float
) -> Iterator[tuple[np.ndarray, str | None]]:
    """Windows (T, M, V, 3) of a recording as they are live, and what each shows.

    Args:
        recording: a clip with a label and no segments gives one window, at its end; others one for each segment, and
            one every ``STEP`` seconds.
        rate: frames a second.
        shape: of the windows.
        max_gap: seconds without a person that part two tracklets.
    """
    there = tracklets(dataclasses.replace(recording, segments=()), (), rate, max_gap)
    for tracklet in there:
        ends = _ends(tracklet, recording, rate)
        if ends:
            x = ending_at(tracklet, there, [end for end, _ in ends], shape).x.numpy()
            yield from zip(x, [label for _, label in ends], strict=True)


def _ends(tracklet: Tracklet, recording: Recording, rate: float) -> Sequence[tuple[int, str | None]]:
    """Last frame of each window, and what it shows."""
    first, last = tracklet.start + MIN_FRAMES - 1, tracklet.stop - 1
    if recording.whole_label is not None:
        return [(last, _known(recording.whole_label))]
    ends: list[tuple[int, str | None]] = []
    for segment in recording.segments:
        if segment.person == tracklet.person and round(segment.start * rate) <= last:  # others are of a later tracklet
            stop = segment.end + (POINT if segment.end == segment.start else 0.0)
            ends.append((min(round(stop * rate), last), _known(segment.label)))
    ends += [(end, None) for end in range(first, last + 1, max(1, round(STEP * rate)))]
    return [(end, label) for end, label in ends if first <= end <= last]


def _known(label: str) -> str | None:
    """A label; None where nobody can say what is shown."""
    return None if label == AMBIGUOUS else label
