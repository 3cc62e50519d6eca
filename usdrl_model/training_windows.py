"""Recordings -> windows to train on, cut by the same tracks and windows as the live pipeline."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from usdrl_model.encoder_config import Centre
from usdrl_model.metrics import frame_labels
from usdrl_model.recording import Recording
from usdrl_model.skeleton import SPINE_MID, canonical
from usdrl_model.topology import topology
from usdrl_model.tracks import Track
from usdrl_model.window import NEAR, compose, fill

CLIP_RATE = 30.0
"""Frames a second at which clips are read before they are resized."""
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
    start: int
    """Grid index of the first frame."""
    recording: str
    """Name of the recording: who of the same one was there at the same time may share a window."""
    person: str
    """Identity in that recording."""

    @property
    def stop(self) -> int:
        """Grid index behind the last frame."""
        return self.start + len(self.labels)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one person each, and of those near them, ready for the encoder."""

    x: Tensor
    """(N, T, M, 25, 3)."""
    y: Tensor
    """(N, T) int64 classes."""
    seen: Tensor
    """(N, T) bool, False for frames outside the stretch."""

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor) -> Windows:
        return Windows(self.x[index], self.y[index], self.seen[index])

    def to(self, device: torch.device) -> Windows:
        """The same on another device."""
        return Windows(self.x.to(device), self.y.to(device), self.seen.to(device))


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


def cut(found: Sequence[Stretch], frames: int, stride: int, people: int = 1, centre: Centre = "frame") -> Windows:
    """Windows of ``frames`` frames that end at every ``stride``-th frame of the stretches.

    The first ones of a stretch begin before it, as the first ones of a new person do live.

    Args:
        found: stretches of any recordings.
        frames: T.
        stride: frames between the ends of two windows.
        people: M; beside the person whose labels count, the nearest ones, as live.
        centre: see ``EncoderConfig.centre``.

    Raises:
        ValueError: nothing to cut from.
    """
    parts = [
        ending_at(stretch, found, range(stretch.start + MIN_FRAMES - 1, stretch.stop, stride), frames, people, centre)
        for stretch in found
    ]
    if not parts:
        raise ValueError(f"no recording holds a person for {MIN_FRAMES} frames: nothing to train on")
    return Windows(*(torch.cat([getattr(part, name) for part in parts]) for name in ("x", "y", "seen")))


def ending_at(
    stretch: Stretch,
    found: Sequence[Stretch],
    ends: Sequence[int],
    frames: int,
    people: int = 1,
    centre: Centre = "frame",
) -> Windows:
    """The windows of one stretch whose last frames are ``ends``, grid indices inside of it; others as ``cut``."""
    x, y, seen = [], [], []
    others = [other for other in found if other is not stretch and other.recording == stretch.recording]
    for end in ends:
        joints, mask, labels = _span(stretch, end, frames)
        near = _nearest(stretch, others, end, people - 1)
        x.append(compose(joints, mask, [_span(other, end, frames)[:2] for other in near], people, centre))
        y.append(labels)
        seen.append(np.asarray(mask.any(axis=1)))
    return _windows(x, y, seen)


def whole(
    recordings: Iterable[Recording],
    labels: Sequence[str],
    frames: int,
    people: int = 1,
    centre: Centre = "frame",
) -> Windows:
    """One window a labelled clip: all of it, resized to ``frames`` frames, every frame with the label of the clip.

    Raises:
        ValueError: no clips, a clip without a label or with one that is not in ``labels``.
    """
    x, y = [], []
    for recording in recordings:
        if recording.label not in labels:
            raise ValueError(f"{recording.name}: expected a clip labelled one of {list(labels)}, got {recording.label}")
        bodies = [_resized(stretch, frames) for stretch in _everybody(recording, people)]
        if bodies:
            x.append(compose(*bodies[0], bodies[1:], people, centre))
            y.append(np.full(frames, labels.index(recording.label)))
    if not x:
        raise ValueError(f"no clip holds a person for {MIN_FRAMES} frames: nothing to train on")
    return _windows(x, y, [np.ones(frames, bool)] * len(x))


def _everybody(recording: Recording, people: int) -> list[Stretch]:
    """The longest stretch of each of the first ``people`` people, at a rate that keeps every frame."""
    found = stretches(dataclasses.replace(recording, segments=()), (), CLIP_RATE, math.inf)
    return sorted(found, key=lambda stretch: -len(stretch.labels))[:people]


def _resized(stretch: Stretch, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints and mask, linearly interpolated along time to ``frames`` frames."""
    place = np.linspace(0.0, len(stretch.labels) - 1.0, frames)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(stretch.labels) - 1)
    share = (place - low)[:, None, None].astype(np.float32)
    joints = fill(stretch.joints, stretch.mask)
    return (1.0 - share) * joints[low] + share * joints[high], stretch.mask[low] & stretch.mask[high]


def _span(stretch: Stretch, end: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints, mask and labels of the ``frames`` grid frames up to ``end``; invalid outside of the stretch."""
    joints = np.zeros((frames, *stretch.joints.shape[1:]), np.float32)
    mask = np.zeros((frames, stretch.mask.shape[1]), bool)
    labels = np.zeros(frames, np.int64)
    first = end - frames + 1
    begin, stop = max(first, stretch.start), min(end + 1, stretch.stop)
    if begin < stop:
        here = slice(begin - first, stop - first)
        there = slice(begin - stretch.start, stop - stretch.start)
        joints[here], mask[here], labels[here] = stretch.joints[there], stretch.mask[there], stretch.labels[there]
    return joints, mask, labels


def _nearest(stretch: Stretch, others: Sequence[Stretch], end: int, count: int) -> list[Stretch]:
    """Those of ``others`` that are there at grid frame ``end``, nearest first, within ``window.NEAR``."""
    place = stretch.joints[end - stretch.start, SPINE_MID]
    present = [other for other in others if 0 <= end - other.start < len(other.labels)]
    gaps = [float(np.linalg.norm(other.joints[end - other.start, SPINE_MID] - place)) for other in present]
    order = sorted(range(len(present)), key=gaps.__getitem__)
    return [present[index] for index in order if gaps[index] < NEAR][:count]


def _windows(x: Sequence[np.ndarray], y: Sequence[np.ndarray], seen: Sequence[np.ndarray]) -> Windows:
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
    mine = (segment for segment in recording.segments if segment.person == track.id)
    classes = frame_labels(mine, times, labels)
    return [Stretch(joints, mask, classes, track.newest - length + 1, recording.name, track.id)]
