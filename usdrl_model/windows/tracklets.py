"""Recordings -> tracklets: each person without a break on the time grid, by the tracks of the live pipeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.skeleton.person import canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, known_frame_labels
from usdrl_model.skeleton.topology import topology
from usdrl_model.windows.track import Track, grid_index

MIN_FRAMES = 8
"""A shorter tracklet gives no window."""
UNKNOWN = -1
"""Class of a frame, or of a window, of which nobody can say what it shows."""
Sample = tuple[float, np.ndarray, np.ndarray]
"""Stamp, joints (25, 3) and confidence (25,) of a person, canonical."""


@dataclass(frozen=True, slots=True)
class Tracklet:
    """A tracklet: one person without a break, on the time grid of the model."""

    joints: np.ndarray
    """(L, 25, 3) metres."""
    mask: np.ndarray
    """(L, 25) bool, False where invalid."""
    known: np.ndarray
    """(L, 25) last frame, as a grid index, of the first window that has the value live (``Track.known``)."""
    labels: np.ndarray
    """(L,) class of every frame, 0 where no segment is, ``UNKNOWN`` where only ambiguous ones are."""
    start: int
    """Grid index of the first frame."""
    recording: str
    """Name of the recording; only people of the same one share a window."""
    person: str
    """Identity in that recording."""

    @property
    def stop(self) -> int:
        """Grid index after the last frame."""
        return self.start + len(self.labels)

    def span(self, end: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Joints (T, 25, 3), mask (T, 25) and labels (T,) of the T ``frames`` up to grid frame ``end``, as live."""
        joints = np.zeros((frames, *self.joints.shape[1:]), np.float32)
        mask = np.zeros((frames, self.mask.shape[1]), bool)
        labels = np.zeros(frames, np.int64)
        first = end - frames + 1
        begin, stop = max(first, self.start), min(end + 1, self.stop)
        if begin < stop:
            here = slice(begin - first, stop - first)
            there = slice(begin - self.start, stop - self.start)
            joints[here], labels[here] = self.joints[there], self.labels[there]
            mask[here] = self.mask[there] & (self.known[there] <= end)
        return joints, mask, labels


def tracklets(recording: Recording, labels: Sequence[str], rate: float, max_gap: float) -> list[Tracklet]:
    """Every person of a recording on the grid, split at gaps of more than ``max_gap`` seconds.

    Raises:
        ValueError: the recording has a segment whose label is not in ``labels``.
    """
    if unknown := sorted({segment.label for segment in recording.segments} - {*labels, AMBIGUOUS}):
        raise ValueError(
            f"{recording.name}: {', '.join(unknown)} not among the labels {', '.join(labels)}: say in the source what"
            f" each of its labels is (labels: {{{unknown[0]}: none, ...}}), or add them to detector.labels"
        )
    source = topology(recording.topology)
    runs: dict[str, list[list[Sample]]] = {}
    for frame in recording.frames:
        for person in frame.people:
            mine = runs.setdefault(person.id, [[]])
            last = mine[-1][-1][0] if mine[-1] else -math.inf
            if frame.stamp > last:
                if mine[-1] and frame.stamp - last > max_gap:
                    mine.append([])
                mine[-1].append((frame.stamp, *canonical(person, source)))
    made = (_tracklet(run, person, recording, labels, rate) for person, mine in runs.items() for run in mine)
    return [tracklet for tracklet in made if tracklet is not None]


def _tracklet(
    run: Sequence[Sample], person: str, recording: Recording, labels: Sequence[str], rate: float
) -> Tracklet | None:
    """The samples of one person on the grid; None for fewer than ``MIN_FRAMES`` frames."""
    stamps, joints, confidence = (np.array(each) for each in zip(*run, strict=True))
    first, last = (grid_index(float(stamps[end]), rate) for end in (0, -1))
    length = last - first + 1
    if length < MIN_FRAMES:
        return None
    track = Track(rate, length, person, coarse=recording.coarse)
    track.extend(stamps, joints, confidence)
    mine = [segment for segment in recording.segments if segment.person == person]
    times = (first + np.arange(length)) / rate
    classes, known = known_frame_labels(mine, times, labels)
    classes[~known] = UNKNOWN
    joints, mask = track.window(length, last)
    return Tracklet(joints, mask, track.known(length, last), classes, first, recording.name, person)
