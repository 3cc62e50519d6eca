"""Tracklets and clips -> training windows, by the windows of the live pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import BACKGROUND, known_frame_labels
from usdrl_model.windows.neighbours import RECENT_FRAMES, nearest
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.tracklets import MIN_FRAMES, UNKNOWN, Tracklet
from usdrl_model.windows.whole_clip import longest, normalised, stretched
from usdrl_model.windows.window import Body, compose

CLIP_SHARE = 0.25
"""Least share of a window that an action must fill to be the label of the window."""


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

    @classmethod
    def joined(cls, parts: Sequence[Windows]) -> Windows:
        """The windows of all parts, at least one, in their order."""
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in ("x", "y", "seen")))

    def to(self, device: torch.device) -> Windows:
        """The same on another device."""
        return Windows(self.x.to(device), self.y.to(device), self.seen.to(device))


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
    return Windows.joined(parts)


def ending_at(
    tracklet: Tracklet, all_tracklets: Sequence[Tracklet], ends: Sequence[int], shape: WindowShape
) -> Windows:
    """The windows of one tracklet whose last frames are the grid indices ``ends``; the rest as ``cut``."""
    x, y, seen = [], [], []
    others = [other for other in all_tracklets if other is not tracklet and other.recording == tracklet.recording]
    for end in ends:
        joints, mask, labels = tracklet.span(end, shape.frames)
        # as live, somebody who has just left is near for as long as their last place is known
        recent = [one for one in others if shape.people > 1 and one.start <= end < one.stop + RECENT_FRAMES]
        bodies: list[Body] = [one.span(end, shape.frames)[:2] for one in recent]
        x.append([(joints, mask), *nearest((joints, mask), bodies, shape.people - 1)])
        y.append(np.maximum(labels, BACKGROUND))
        seen.append(np.asarray(mask.any(axis=1) & (labels != UNKNOWN)))
    return Windows(torch.from_numpy(compose(x, shape)), torch.from_numpy(np.stack(y)), torch.from_numpy(np.stack(seen)))


def clip_classes(y: Tensor, seen: Tensor, classes: int) -> Tensor:
    """(N,) what a window shows: its longest action, or background where none fills ``CLIP_SHARE`` of what is known.

    ``UNKNOWN`` instead of background where less than that share of the window is known.
    """
    counts = F.one_hot(y, classes).masked_fill(~seen[:, :, None], 0).sum(dim=1)
    longest, action = counts[:, 1:].max(dim=1)
    known = seen.sum(dim=1)
    other = torch.where(known >= CLIP_SHARE * seen.shape[1], 0, UNKNOWN)
    return torch.where((longest > 0) & (longest >= CLIP_SHARE * known), action + 1, other)


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
    classes, _ = known_frame_labels(clip.segments, clip.stamps, labels)
    joints = np.pad(clip.joints, ((0, missing), (0, 0), (0, 0), (0, 0)))
    seen = np.arange(count * frames) < len(clip.stamps)
    return (
        joints.reshape(count, frames, *joints.shape[1:]),
        np.pad(classes, (0, missing)).reshape(count, frames),
        seen.reshape(count, frames),
    )
