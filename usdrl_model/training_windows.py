"""Recordings -> windows to train on, cut by the same tracks and windows as the live pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from usdrl_model.recording import Recording
from usdrl_model.skeleton import canonical
from usdrl_model.topology import topology
from usdrl_model.tracks import Track
from usdrl_model.window import fill, normalise

MIN_FRAMES = 8
"""A stretch of a person shorter than this teaches nothing."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One person without a break, on the time grid of the model."""

    joints: np.ndarray
    """(L, 25, 3) metres."""
    mask: np.ndarray
    """(L, 25) bool, False where invalid."""
    labels: np.ndarray
    """(L,) class of every frame, 0 where nothing is labelled."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one person each, ready for the encoder."""

    x: Tensor
    """(N, T, 1, 25, 3)."""
    y: Tensor
    """(N, T) int64 classes."""
    seen: Tensor
    """(N, T) bool, False for frames outside the stretch."""

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor) -> Windows:
        return Windows(self.x[index], self.y[index], self.seen[index])


def stretches(recording: Recording, labels: Sequence[str], rate: float, max_gap: float) -> list[Stretch]:
    """Every person of a recording on the grid, split where they were gone for more than ``max_gap`` seconds.

    Raises:
        ValueError: the recording has a segment whose label is not in ``labels``.
    """
    unknown = {segment.label for segment in recording.segments} - set(labels)
    if unknown:
        raise ValueError(f"{recording.name}: labels {sorted(unknown)} are not among {list(labels)}")
    source = topology(recording.topology)
    capacity = math.ceil((recording.frames[-1].stamp - recording.frames[0].stamp) * rate) + 2 if recording.frames else 1
    open_tracks: dict[str, Track] = {}
    found: list[Stretch] = []
    for frame in recording.frames:
        for person in frame.people:
            track = open_tracks.get(person.id)
            if track is not None and frame.stamp - track.last_stamp > max_gap:
                found += _close(track, recording, labels)
                track = None
            if track is None:
                track = open_tracks[person.id] = Track(rate, capacity, person.id)
            if frame.stamp > track.last_stamp:
                track.add(frame.stamp, *canonical(person, source))
    for track in open_tracks.values():
        found += _close(track, recording, labels)
    return found


def cut(found: Iterable[Stretch], frames: int, stride: int) -> Windows:
    """Windows of ``frames`` frames that end at every ``stride``-th frame of the stretches.

    The first ones of a stretch begin before it, as the first ones of a new person do live.

    Raises:
        ValueError: nothing to cut from.
    """
    x, y, seen = [], [], []
    for stretch in found:
        for end in range(MIN_FRAMES - 1, len(stretch.labels), stride):
            first = max(0, end - frames + 1)
            missing = frames - (end + 1 - first)
            joints = np.pad(stretch.joints[first : end + 1], ((missing, 0), (0, 0), (0, 0)))
            mask = np.pad(stretch.mask[first : end + 1], ((missing, 0), (0, 0)))
            x.append(normalise(fill(joints, mask)[:, None]))
            y.append(np.pad(stretch.labels[first : end + 1], (missing, 0)))
            seen.append(mask.any(axis=1))
    if not x:
        raise ValueError(f"no recording holds a person for {MIN_FRAMES} frames: nothing to train on")
    return Windows(
        torch.from_numpy(np.stack(x).astype(np.float32)),
        torch.from_numpy(np.stack(y).astype(np.int64)),
        torch.from_numpy(np.stack(seen)),
    )


def _close(track: Track, recording: Recording, labels: Sequence[str]) -> list[Stretch]:
    if track.newest is None:
        return []
    length = track.newest - math.floor(track.first_stamp * track.rate) + 1
    if length < MIN_FRAMES:
        return []
    joints, mask = track.window(length, track.newest)
    times = (track.newest - length + 1 + np.arange(length)) / track.rate
    classes = np.zeros(length, np.int64)
    for segment in recording.segments:
        if segment.person == track.id:
            classes[(times >= segment.start) & (times <= segment.end)] = labels.index(segment.label)
    return [Stretch(joints, mask, classes)]
