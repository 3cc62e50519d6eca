"""Every frame of a recording scored offline, by all windows that hold it.

A ``Video`` is one person of one recording on a regular grid of frames. There are two ways to cut it into windows:
"sliding" as the live pipeline does, on the time grid of the model, with every frame in many windows; "end_to_end" as
the detection protocol of PKU-MMD does, at the native rate, with every frame in one window. All the rest is the same.

    how = Cut(rate=10.0, shape=WindowShape(frames=64))
    for video in videos(store, ("none", "wave"), how):
        posterior = score(video, lambda windows: detector(windows).frames, classes=2)         # (G, 2)

Letters: N windows, T frames of a window, M people, G frames of the grid, L frames of the recording, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from usdrl_model.data.scene_labels import of_everybody
from usdrl_model.data.store import Store
from usdrl_model.evaluation.recordings.video import Pieces, Video
from usdrl_model.events.posterior import Timeline
from usdrl_model.skeleton import recording_gaps
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, BACKGROUND, Segment, known_frame_labels, widened
from usdrl_model.skeleton.topology import CANONICAL_JOINTS
from usdrl_model.training.finetuning.relabelling import as_segments
from usdrl_model.windows.cut import Windows, cut, detection_windows, ending_at
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.track import grid_index
from usdrl_model.windows.tracklets import MIN_FRAMES, Tracklet, tracklets
from usdrl_model.windows.window import compose

FrameModel = Callable[[Tensor], Tensor]
"""Windows (N, T, M, V, 3) -> logits (N, T, K)."""
BATCH = 128
"""Batch size in windows."""
SAME_RATE = 0.01
"""Largest relative difference between the rate of a recording and that of end-to-end windows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """How recordings become windows."""

    windows: Literal["sliding", "end_to_end"] = "sliding"
    rate: float
    """Frames a second; of the recordings themselves, where windows are cut end to end."""
    shape: WindowShape
    training_stride: int = 2
    """Frames between the ends of two sliding windows in training."""
    stride: int = 2
    """Frames between the ends of two sliding windows in the test."""
    max_gap: float = recording_gaps.MAX_GAP
    """Seconds, see ``tracklets.tracklets`` (sliding)."""
    half_width: float = 0.0
    """Seconds before and after an instant that get its class in training."""


def training(store: Store, labels: tuple[str, ...], how: Cut) -> Windows:
    """Windows to train on, of everybody in all recordings; a clip without segments shows its label (``as_segments``).

    Args:
        store: recordings.
        labels: K names, background first.
        how: to cut.

    Raises:
        ValueError: nothing to cut from, or a label that is not in ``labels``.
    """
    if how.windows == "end_to_end":
        whole = [_known(end_to_end(clip, labels, how)) for clip in store if len(clip.stamps)]
        if not whole:
            raise ValueError("no recording has a frame: nothing to train on")
        return Windows.joined(whole)
    found: list[Tracklet] = []
    for index in range(len(store)):
        recording = of_everybody(as_segments(store.recording(index)), store.dataset(index))
        found += tracklets(widened(recording, how.half_width), labels, how.rate, how.max_gap)
    return cut(found, how.shape, how.training_stride)


def _known(video: Video) -> Windows:
    """Windows end to end, without the frames of which nobody can say the class."""
    windows, _ = video.pieces()
    known = np.zeros(windows.seen.shape, bool)
    known.reshape(-1)[: video.frames] = video.known
    return dataclasses.replace(windows, seen=windows.seen & torch.from_numpy(known))


def videos(store: Store, labels: tuple[str, ...], how: Cut) -> Iterator[Video]:
    """Everybody whom the truth of a recording names, recording by recording; those without a frame are left out.

    A recording whose clock jumps is several (``recording_gaps.parts``): the grid of a video has a frame for every
    moment of it.

    Arguments and errors as ``training``.
    """
    for index in range(len(store)):
        if not store.describe(index).frames:
            continue
        if how.windows == "end_to_end":
            yield end_to_end(store[index], labels, how)
        else:
            recording = as_segments(store.recording(index))
            named = {segment.person for segment in recording.segments}
            for part in recording_gaps.parts(recording):
                yield from sliding(part, labels, how, named)


def sliding(
    recording: Recording, labels: tuple[str, ...], how: Cut, named: Collection[str] = frozenset()
) -> list[Video]:
    """A recording in windows that end at every ``stride``-th frame of the time grid, and at each person's last one.

    Args:
        recording: with frames.
        labels: K names, background first.
        how: to cut.
        named: people whom the truth of the whole names, where this is a part of it.

    Returns:
        A video for everybody whom the truth names; of a recording without truth, for everybody who is in it.

    Raises:
        ValueError: no frames, or a label that is not in ``labels``.
    """
    if not recording.frames:
        raise ValueError(f"{recording.name}: no frames to score: leave it out")
    # Without labels, since frames are scored of which nobody can say the class: what is found there may go on.
    found = tracklets(dataclasses.replace(recording, segments=()), labels, how.rate, how.max_gap)
    stamps = np.array([frame.stamp for frame in recording.frames])
    start, last = grid_index(float(stamps[0]), how.rate), grid_index(float(stamps[-1]), how.rate)
    people = sorted(
        {segment.person for segment in recording.segments} | set(named) or {tracklet.person for tracklet in found}
    )
    made = []
    for person in people:
        segments = [segment for segment in recording.segments if segment.person == person]
        truth, known = known_frame_labels(segments, stamps, labels)
        made.append(
            Video(
                name=recording.name if len(people) == 1 else f"{recording.name} {person}",
                pieces=_slider([tracklet for tracklet in found if tracklet.person == person], found, start, how),
                frames=last - start + 1,
                rate=how.rate,
                seconds=_on_grid((start - 0.5) / how.rate, how.rate),
                stamps=stamps,
                nearest=np.clip(np.rint(stamps * how.rate).astype(int) - start, 0, last - start),
                truth=truth,
                known=known,
                segments=_clear(segments),
            )
        )
    return made


def _clear(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if segment.label != AMBIGUOUS)


def _slider(mine: Sequence[Tracklet], found: Sequence[Tracklet], start: int, how: Cut) -> Callable[[], Pieces]:
    def pieces() -> Pieces:
        parts = [Windows(*_nothing(how))]
        first: list[np.ndarray] = [np.zeros(0, int)]
        for tracklet in mine:
            ends = sorted({*range(tracklet.start + MIN_FRAMES - 1, tracklet.stop, how.stride), tracklet.stop - 1})
            parts.append(ending_at(tracklet, found, ends, how.shape))
            first.append(np.array(ends) - how.shape.frames + 1 - start)
        return Pieces(Windows.joined(parts), np.concatenate(first))

    return pieces


def _on_grid(origin: float, rate: float) -> Callable[[np.ndarray | float], np.ndarray]:
    return lambda frame: origin + np.asarray(frame) / rate


def _by_stamps(edges: np.ndarray) -> Callable[[np.ndarray | float], np.ndarray]:
    """Of frames that begin at these stamps (G + 1,), whatever their rate."""
    return lambda frame: np.asarray(np.interp(np.asarray(frame), np.arange(len(edges)), edges))


def end_to_end(clip: Clip, labels: tuple[str, ...], how: Cut) -> Video:
    """The whole scene in windows one behind the other, at the clip's own rate: the detection protocol of PKU-MMD.

    Raises:
        ValueError: no frames, another rate than that of the windows, or a label that is not in ``labels``.
    """
    if not len(clip.stamps):
        raise ValueError(f"{clip.name}: no frames to score: leave it out")
    if len(clip.stamps) > 1 and abs(clip.rate - how.rate) > SAME_RATE * how.rate:
        raise ValueError(
            f"{clip.name} has {clip.rate:g} frames a second, windows cut end to end {how.rate:g}:"
            f" set detector.rate of the recipe to {clip.rate:g}"
        )
    if unknown := {segment.label for segment in clip.segments} - {*labels, AMBIGUOUS}:
        raise ValueError(f"{clip.name}: labels {sorted(unknown)} are not among {list(labels)}")
    joints, classes, seen = detection_windows(clip, labels, how.shape.frames)
    truth, known = known_frame_labels(clip.segments, clip.stamps, labels)
    count = len(clip.stamps)

    def pieces() -> Pieces:
        there = (joints != 0.0).any(axis=-1)  # a clip has 0 where a joint is invalid
        shape = (how.shape.frames, len(CANONICAL_JOINTS))
        nobody = (np.zeros((*shape, 3), np.float32), np.zeros(shape, bool))
        bodies = [
            [(places[:, body], mask[:, body]) for body in np.flatnonzero(mask.any(axis=(0, 2)))[: how.shape.people]]
            or [nobody]
            for places, mask in zip(joints, there, strict=True)
        ]
        x = compose(bodies, how.shape)
        windows = Windows(torch.from_numpy(x), torch.from_numpy(classes), torch.from_numpy(seen))
        return Pieces(windows, np.arange(len(x)) * how.shape.frames)

    return Video(
        name=clip.name,
        pieces=pieces,
        frames=count,
        rate=how.rate,
        seconds=_by_stamps(np.append(clip.stamps, clip.stamps[-1] + 1.0 / how.rate)),
        stamps=clip.stamps,
        nearest=np.arange(count),
        truth=truth,
        known=known,
        segments=_clear(clip.segments),
    )


def score(video: Video, model: FrameModel, classes: int) -> np.ndarray:
    """Posterior (G, K) of every frame of the grid: the weighted mean over its windows, as the live node takes it.

    Frames in which nobody was seen are background.
    """
    windows, first = video.pieces()
    frames = windows.y.shape[1]
    # Wide enough for windows that begin before the grid or end after it; nothing is smoothed here.
    timeline = Timeline(classes, frames, capacity=video.frames + 2 * frames, smoothing=1)
    for rows in torch.arange(len(windows)).split(BATCH):
        with torch.inference_mode():
            probabilities = model(windows.x[rows]).double().softmax(dim=-1).cpu().numpy()
        place = first[rows.numpy(), None] + np.arange(frames)  # (n, T)
        inside = windows.seen[rows].numpy() & (place >= 0) & (place < video.frames)
        for window, seen, last in zip(probabilities, inside, place[:, -1].tolist(), strict=True):
            timeline.add(last, window, seen)
    background = np.eye(classes)[BACKGROUND]
    if timeline.newest is None:
        return np.tile(background, (video.frames, 1))
    posterior = timeline.posterior(0, video.frames - 1)
    posterior[np.isnan(posterior[:, 0])] = background
    return posterior


def _nothing(how: Cut) -> tuple[Tensor, Tensor, Tensor]:
    shape = (0, how.shape.frames)
    return (
        torch.zeros(*shape, how.shape.people, 25, 3),
        torch.zeros(shape, dtype=torch.int64),
        torch.zeros(shape).bool(),
    )
