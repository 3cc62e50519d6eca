"""Recordings -> training windows, by the tracks and windows of the live pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import canonical
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, BACKGROUND, frame_labels
from usdrl_model.skeleton.topology import topology
from usdrl_model.windows.neighbours import nearest
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.track import Track, grid_index
from usdrl_model.windows.whole_clip import longest, normalised, stretched
from usdrl_model.windows.window import Body, compose

MIN_FRAMES = 8
"""A shorter tracklet gives no window."""
UNKNOWN = -1
"""Class of a frame of which nobody can say what it shows; no frame of a window."""
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


@dataclass(frozen=True, slots=True)
class Windows:
    """Normalised windows of one person each and their neighbours, the input of an encoder."""

    x: Tensor
    """(N, T, M, 25, 3)."""
    y: Tensor
    """(N, T) int64 classes."""
    seen: Tensor
    """(N, T) bool, False for frames in which the person is not seen, or of which nobody knows the class."""

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: Tensor) -> Windows:
        return Windows(self.x[index], self.y[index], self.seen[index])

    def to(self, device: torch.device) -> Windows:
        """The same on another device."""
        return Windows(self.x.to(device), self.y.to(device), self.seen.to(device))


def tracklets(recording: Recording, labels: Sequence[str], rate: float, max_gap: float) -> list[Tracklet]:
    """Every person of a recording on the grid, split at gaps of more than ``max_gap`` seconds.

    Raises:
        ValueError: the recording has a segment whose label is not in ``labels``.
    """
    unknown = {segment.label for segment in recording.segments} - {*labels, AMBIGUOUS}
    if unknown:
        raise ValueError(f"{recording.name}: labels {sorted(unknown)} are not among {list(labels)}")
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


def cut(all_tracklets: Sequence[Tracklet], shape: WindowShape, stride: int) -> Windows:
    """Windows that end at every ``stride``-th frame of the tracklets.

    The first windows of a tracklet begin before it, like those of a new person live.

    Args:
        all_tracklets: tracklets of any recordings.
        shape: shape of the windows.
        stride: frames between the ends of two windows.

    Raises:
        ValueError: no tracklets.
    """
    parts = [
        ending_at(tracklet, all_tracklets, range(tracklet.start + MIN_FRAMES - 1, tracklet.stop, stride), shape)
        for tracklet in all_tracklets
    ]
    if not parts:
        raise ValueError(f"no recording holds a person for {MIN_FRAMES} frames: nothing to train on")
    return Windows(*(torch.cat([getattr(part, name) for part in parts]) for name in ("x", "y", "seen")))


def ending_at(
    tracklet: Tracklet, all_tracklets: Sequence[Tracklet], ends: Sequence[int], shape: WindowShape
) -> Windows:
    """The windows of one tracklet whose last frames are the grid indices ``ends``; the rest as ``cut``."""
    x, y, seen = [], [], []
    others = [other for other in all_tracklets if other is not tracklet and other.recording == tracklet.recording]
    for end in ends:
        joints, mask, labels = _span(tracklet, end, shape.frames)
        present = [other for other in others if shape.people > 1 and other.start <= end < other.stop]
        bodies: list[Body] = [_span(other, end, shape.frames)[:2] for other in present]
        x.append([(joints, mask), *nearest((joints, mask), bodies, shape.people - 1)])
        y.append(np.maximum(labels, BACKGROUND))
        seen.append(np.asarray(mask.any(axis=1) & (labels != UNKNOWN)))
    return Windows(torch.from_numpy(compose(x, shape)), torch.from_numpy(np.stack(y)), torch.from_numpy(np.stack(seen)))


def whole(recordings: Iterable[Recording], labels: Sequence[str], shape: WindowShape) -> Windows:
    """One window per labelled clip: all of it, every frame with the label of the clip.

    Args:
        recordings: clips.
        labels: K names.
        shape: T and M.

    Raises:
        ValueError: no clips, a clip without a label or with one that is not in ``labels``.
    """
    x, y = [], []
    for recording in recordings:
        if recording.label not in labels:
            raise ValueError(f"{recording.name}: expected a clip labelled one of {list(labels)}, got {recording.label}")
        clip = Clip.of(recording)
        if clip.mask.any(axis=2).sum(axis=0).max(initial=0) >= MIN_FRAMES:
            x.append(stretched(clip, slice(None), longest(clip.mask, shape.people), shape))
            y.append(labels.index(recording.label))
    if not x:
        raise ValueError(f"no clip holds a person for {MIN_FRAMES} frames: nothing to train on")
    classes = torch.tensor(y)[:, None].expand(-1, shape.frames)
    return Windows(normalised(x, shape), classes, torch.ones_like(classes, dtype=torch.bool))


def _span(tracklet: Tracklet, end: int, frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joints, mask and labels of the ``frames`` grid frames up to ``end``, as they are live at that time."""
    joints = np.zeros((frames, *tracklet.joints.shape[1:]), np.float32)
    mask = np.zeros((frames, tracklet.mask.shape[1]), bool)
    labels = np.zeros(frames, np.int64)
    first = end - frames + 1
    begin, stop = max(first, tracklet.start), min(end + 1, tracklet.stop)
    if begin < stop:
        here = slice(begin - first, stop - first)
        there = slice(begin - tracklet.start, stop - tracklet.start)
        joints[here], labels[here] = tracklet.joints[there], tracklet.labels[there]
        mask[here] = tracklet.mask[there] & (tracklet.known[there] <= end)
    return joints, mask, labels


def _tracklet(
    run: Sequence[Sample], person: str, recording: Recording, labels: Sequence[str], rate: float
) -> Tracklet | None:
    """The samples of one person on the grid; None for fewer than ``MIN_FRAMES`` frames."""
    stamps, joints, confidence = (np.array(each) for each in zip(*run, strict=True))
    first, last = (grid_index(float(stamps[end]), rate) for end in (0, -1))
    length = last - first + 1
    if length < MIN_FRAMES:
        return None
    track = Track(rate, length, person)
    track.extend(stamps, joints, confidence)
    mine = [segment for segment in recording.segments if segment.person == person]
    times = (first + np.arange(length)) / rate
    classes = frame_labels((segment for segment in mine if segment.label != AMBIGUOUS), times, labels)
    doubtful = frame_labels((segment for segment in mine if segment.label == AMBIGUOUS), times, ["", AMBIGUOUS])
    classes[(doubtful != BACKGROUND) & (classes == BACKGROUND)] = UNKNOWN
    joints, mask = track.window(length, last)
    return Tracklet(joints, mask, track.known(length, last), classes, first, recording.name, person)


def detection_windows(clip: Clip, labels: Sequence[str], frames: int = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a recording from end to end as in the detection protocol: frame k of all windows is frame k of the clip.

    Args:
        clip: at its native rate.
        labels: K names, background first.
        frames: T of a window and of its step.

    Returns:
        joints (N, T, M, 25, 3), classes (N, T) int64 of the scene, and seen (N, T) bool, False behind the last frame.
    """
    count = -(-len(clip.stamps) // frames)
    missing = count * frames - len(clip.stamps)
    classes = frame_labels(clip.segments, clip.stamps, labels)
    joints = np.pad(clip.joints, ((0, missing), (0, 0), (0, 0), (0, 0)))
    seen = np.arange(count * frames) < len(clip.stamps)
    return (
        joints.reshape(count, frames, *joints.shape[1:]),
        np.pad(classes, (0, missing)).reshape(count, frames),
        seen.reshape(count, frames),
    )
