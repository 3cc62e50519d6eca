"""What happens between two people -> streams: their clips one after another, and people who only stand near each other.

Trimmed clips of two people show an interaction and nothing before and after it. Here the clips of one pair follow each
other as in ``compose``: both stand, both move to where the next clip begins. And what single people do is laid beside
what others do, so that a model of pairs learns that two who are near each other mostly have nothing to do with it.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.data.active_span import active_span
from usdrl_model.data.compose import DIRECT, SWAY, compose
from usdrl_model.data.laid_out import LaidOut
from usdrl_model.data.transition import across, blend, heading, seconds, turned
from usdrl_model.data.vocabulary import NONE
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX

PEOPLE = ("1", "2")
CLIPS = 8
"""Most clips of a pair in a stream."""
IDLE = 1.5
"""Mean seconds of standing between two clips."""
APART = (0.6, 1.8)
"""Metres between two people who have nothing to do with each other, least and most."""
ASIDE = 1.2
"""Radians by which each of them looks past the other, at most."""
NEARER = 0.25
"""Metres a second by which two come nearer, or part, from which on it may be called so."""
COLLIDING = 0.35
"""Metres between two within which nobody knows what they do."""
_HIPS = JOINT_INDEX["spine_base"]
_LEFT, _RIGHT = JOINT_INDEX["shoulder_left"], JOINT_INDEX["shoulder_right"]


@dataclass(frozen=True, slots=True)
class Scene:
    """Two people over some time."""

    stamps: np.ndarray
    """(T,) seconds from the first frame."""
    joints: np.ndarray
    """(T, 2, 25, 3) metres, NaN where invalid."""
    segments: tuple[Segment, ...] = ()

    @property
    def hips(self) -> np.ndarray:
        """(T, 2, 2) metres on the floor: x and z."""
        return self.joints[:, :, _HIPS][:, :, [0, 2]]


def streams(recordings: Iterable[Recording], seed: int, *, pairs: bool) -> Iterator[Recording]:
    """Trimmed clips as streams of one person (``compose``), or of two (``compose_pairs``)."""
    return compose_pairs(recordings, seed) if pairs else compose(recordings, seed)


def compose_pairs(recordings: Iterable[Recording], seed: int) -> Iterator[Recording]:
    """Streams of two people: clips of pairs one after another, and single people beside each other.

    Args:
        recordings: of one data set, in the labels of pairs (``in_vocabulary``), or in any: then both people of a clip
            do what its label says.
        seed: same seed, same streams.

    Yields:
        Streams of the people "1" and "2" in canonical joints. ``AMBIGUOUS`` is where they come nearer or part between
        two clips, or by chance. Recordings of several people that are no trimmed clips stay as they are.
    """
    rng = np.random.default_rng(seed)
    alone: list[Recording] = []
    pairs: dict[tuple[str, str], list[tuple[Recording, Scene]]] = {}
    for recording in recordings:
        people = {person.id for frame in recording.frames for person in frame.people}
        if len(people) == 1:
            alone.append(recording)
        elif recording.label is None and people:
            yield recording
        elif len(people) == 2 and (scene := _scene(recording)) is not None:
            key = recording.topology, recording.tags.get("set", recording.subject or recording.name)
            pairs.setdefault(key, []).append((recording, scene))
    numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)  # one pair may have several joint sets
    for key in sorted(pairs):
        order = [pairs[key][index] for index in rng.permutation(len(pairs[key]))]
        for start in range(0, len(order), CLIPS):
            chosen = order[start : start + CLIPS]
            stream = _Stream(rng, [scene for _, scene in chosen])
            yield _recording(f"{key[1]}_stream{next(numbers[key[1]]):02}", chosen[0][0], stream.scene())
    clips_alone = [recording for recording in alone if recording.label is not None]
    longer = [recording for recording in alone if recording.label is None]
    yield from _beside([*compose(clips_alone, seed), *longer], rng)


class _Stream(LaidOut):
    """Frames of a pair so far, and how they go on."""

    def __init__(self, rng: np.random.Generator, scenes: Sequence[Scene]) -> None:
        super().__init__(scene.stamps for scene in scenes)
        self.rng = rng
        self._stand(scenes[0].joints[0])
        for number, scene in enumerate(scenes):
            if number and rng.random() >= DIRECT:
                self._stand(self.joints[-1][-1])
            self._play(scene)
        self._stand(self.joints[-1][-1])

    def scene(self) -> Scene:
        return Scene(np.concatenate(self.stamps), np.concatenate(self.joints), tuple(self.segments))

    def _play(self, scene: Scene) -> None:
        joints = _moved(scene, self.joints[-1][-1])
        last, first = self.joints[-1][-1], joints[0]
        count = max(2, round(max(map(seconds, last, first)) * self.rate))
        shares = np.arange(1, count) / count
        start = self.time
        self.add(np.arange(count - 1) / self.rate, np.stack([blend(last[k], first[k], shares) for k in (0, 1)], axis=1))
        if abs(_apart(last) - _apart(first)) > NEARER * (self.time - start):
            self.segments += [Segment(person, AMBIGUOUS, start, self.time) for person in PEOPLE]
        start = self.time
        self.add(scene.stamps, joints)
        self.segments += [Segment(one.person, one.label, start + one.start, start + one.end) for one in scene.segments]

    def _stand(self, pose: np.ndarray) -> None:
        """Both hold a pose (2, 25, 3), swaying a little."""
        length = max(2, round(self.rng.exponential(IDLE) * self.rate))
        sway = self.rng.normal(0.0, SWAY, (length, *pose.shape))
        self.add(np.arange(length) / self.rate, pose + sway)


def _scene(recording: Recording) -> Scene | None:
    """A trimmed clip of two people; None where one is not seen at its beginning and its end."""
    clip = Clip.of(recording)
    both = np.flatnonzero((clip.mask[:, :, _HIPS] & clip.mask[:, :, _LEFT] & clip.mask[:, :, _RIGHT]).all(axis=1))
    moving = [span for place in (0, 1) if (span := active_span(clip, place)) is not None]
    if len(both) < 4 or not moving:
        return None
    part = slice(both[0], both[-1] + 1)
    joints = np.where(clip.mask[part, ..., None], clip.joints[part].astype(np.float64), np.nan)
    begin, end = float(clip.stamps[both[0]]), float(clip.stamps[both[-1]])
    names = dict(zip(clip.people, PEOPLE, strict=True))
    shown: Sequence[Segment] = clip.segments
    if not shown and clip.label is not None and clip.label != NONE:  # both do it, while one of them moves
        first, last = min(start for start, _ in moving), max(stop for _, stop in moving)
        shown = [Segment(person, clip.label, first, last) for person in clip.people]
    segments = tuple(
        Segment(names[one.person], one.label, max(float(one.start), begin) - begin, min(float(one.end), end) - begin)
        for one in shown
        if one.person in names and one.end > begin and one.start < end
    )
    return Scene(clip.stamps[part] - begin, joints, segments)


def _moved(scene: Scene, before: np.ndarray) -> np.ndarray:
    """The joints of a scene, turned and moved as one, so that both begin near where they stood before (2, 25, 3)."""
    first = scene.joints[0]
    turn = _bearing(before) - _bearing(first)
    joints = turned(scene.joints, turn)
    shift = before[:, _HIPS].mean(axis=0) - joints[0][:, _HIPS].mean(axis=0)
    return joints + np.array([shift[0], 0.0, shift[2]])


def _beside(streams: Sequence[Recording], rng: np.random.Generator) -> Iterator[Recording]:
    """Streams of single people, two at a time."""
    order = rng.permutation(len(streams))
    for one, other in zip(order[::2], order[1::2], strict=False):
        first, second = Clip.of(streams[one]), Clip.of(streams[other])
        stamps = first.stamps - first.stamps[0]
        there = np.searchsorted(second.stamps - second.stamps[0], stamps).clip(max=len(second.stamps) - 1)
        length = int(np.searchsorted(stamps, second.stamps[-1] - second.stamps[0]))
        if length < 4:
            continue
        rows = [
            np.where(clip.mask[part, 0, :, None], clip.joints[part, 0].astype(np.float64), np.nan)
            for clip, part in ((first, np.arange(length)), (second, there[:length]))
        ]
        place = np.array([0.0, 0.0, rng.uniform(*APART)])
        joints = np.stack(
            [
                _standing(rows[0], rng.uniform(-ASIDE, ASIDE), np.zeros(3)),
                _standing(rows[1], np.pi + rng.uniform(-ASIDE, ASIDE), place),
            ],
            axis=1,
        )
        segments = [
            Segment(person, AMBIGUOUS, one.start - float(clip.stamps[0]), one.end - float(clip.stamps[0]))
            for person, clip in zip(PEOPLE, (first, second), strict=True)
            for one in clip.segments
        ]
        scene = Scene(stamps[:length], joints, tuple(segments))
        doubtful = [Segment(person, AMBIGUOUS, *span) for span in _by_chance(scene) for person in PEOPLE]
        made = Scene(scene.stamps, scene.joints, (*segments, *doubtful))
        yield _recording(f"{streams[one].name}_beside_{streams[other].name}", streams[one], made)


def _by_chance(scene: Scene) -> Iterator[tuple[float, float]]:
    """When two who have nothing to do with each other come nearer, part or stand in one another's place; seconds."""
    gap = np.linalg.norm(scene.hips[:, 0] - scene.hips[:, 1], axis=1)
    known = np.isfinite(gap)
    if known.sum() < 2:
        return
    gap = np.interp(scene.stamps, scene.stamps[known], gap[known])
    before, after = (np.interp(scene.stamps + shift, scene.stamps, gap) for shift in (-0.5, 0.5))
    doubtful = np.pad((np.abs(after - before) > NEARER) | (gap < COLLIDING), 1).astype(int)
    for start, stop in zip(
        np.flatnonzero(np.diff(doubtful) == 1), np.flatnonzero(np.diff(doubtful) == -1), strict=True
    ):
        yield float(scene.stamps[start]), float(scene.stamps[stop - 1]) + 0.1


def _standing(joints: np.ndarray, looks: float, place: np.ndarray) -> np.ndarray:
    """A stream of one person (T, 25, 3), turned to a heading (0 looks along z) and moved to a place on the floor."""
    facing = heading(np.nanmedian(across(joints), axis=0))
    joints = turned(joints, looks - (facing if np.isfinite(facing) else 0.0))
    middle = np.nanmedian(joints[:, _HIPS], axis=0)
    return joints + np.array([place[0] - middle[0], 0.0, place[2] - middle[2]])


def _recording(name: str, like: Recording, scene: Scene) -> Recording:
    flat, lifted = like.flat, like.lifted
    frames = tuple(
        SkeletonFrame(
            float(stamp),
            tuple(
                Person(person, pose, np.isfinite(pose).all(axis=1).astype(np.float64), judged=True)
                for person, pose in zip(PEOPLE, poses, strict=True)
                if np.isfinite(pose).any()
            ),
            flat=flat,
            lifted=lifted,
        )
        for stamp, poses in zip(scene.stamps, scene.joints, strict=True)
    )
    return Recording(
        name=name, topology=CANONICAL, frames=frames, segments=scene.segments, labels=like.labels,
        subject=like.subject, tags=like.tags,
    )  # fmt: skip


def _apart(poses: np.ndarray) -> float:
    """Metres between the hips of two poses (2, 25, 3)."""
    return float(np.linalg.norm((poses[0] - poses[1])[_HIPS, [0, 2]]))


def _bearing(poses: np.ndarray) -> float:
    """Radians, from the first to the second of two poses (2, 25, 3)."""
    way = (poses[1] - poses[0])[_HIPS]
    return float(np.arctan2(way[0], way[2]))
