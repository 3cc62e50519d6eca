"""Trimmed clips -> streams: what somebody does, one thing after another, with standing still and transitions between.

A trimmed clip shows nothing of what comes before and after an action, and that is most of what a robot sees. Here the
clips of one person follow each other: still, moving into the clip, the clip, moving out of it, still. A person stands
still as their own clips show them before and after they move.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.data.active_span import active_span, who_moves
from usdrl_model.data.in_vocabulary import ONE_OF
from usdrl_model.data.laid_out import LaidOut
from usdrl_model.data.transition import blend, placed, seconds
from usdrl_model.data.vocabulary import NONE
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.skeleton.topology import CANONICAL, JOINT_INDEX, PARENTS

PERSON = "1"
"""Identity in a composed stream."""
CLIPS = 10
"""Most clips of a stream."""
IDLE = 2.0
"""Mean seconds of standing still between two clips."""
DIRECT = 0.3
"""Share of the clips that follow the one before without standing still."""
STILL = 0.3
"""Seconds that somebody must be seen standing still for that to be repeated."""
CROUCH = 0.15
"""Metres that the hips rise or sink in a transition from which on it may look like sitting down or standing up."""
SAME_BODY = 0.1
"""Share by which the bones of one body, as measured in two clips, may differ."""
SWAY = 0.004
"""Metres, standard deviation of a held pose about itself."""
SEEN = 6
"""Joints with which somebody is seen in a frame of a clip."""
_HIPS = JOINT_INDEX["spine_base"]
_LIMBS = [
    JOINT_INDEX[name] for name in ("elbow_left", "wrist_left", "elbow_right", "wrist_right", "head", "spine_base")
]


@dataclass(frozen=True, slots=True)
class Piece:
    """One person of one trimmed clip."""

    stamps: np.ndarray
    """(T,) seconds from its first frame."""
    joints: np.ndarray
    """(T, 25, 3) metres, NaN where invalid."""
    confidence: np.ndarray
    """(T, 25)."""
    segments: tuple[tuple[str, float, float], ...]
    """Label, start and end of what it shows, seconds from the first frame."""
    active: tuple[float, float]
    """When the person moves, seconds from the first frame."""

    @property
    def head(self) -> np.ndarray:
        """(N,) frames before the person moves, never none."""
        return np.flatnonzero(self.stamps <= self.active[0])

    @property
    def tail(self) -> np.ndarray:
        """(N,) frames after that, never none."""
        return np.flatnonzero(self.stamps >= self.active[1])


def compose(recordings: Iterable[Recording], seed: int) -> Iterator[Recording]:
    """Lay the trimmed clips of every person into streams, each clip once, in random order.

    Only clips of one person and one joint set are joined; where nobody says which person it is, of one body by the
    length of its bones. Each person of a clip of several gets a stream of their own. Continuous recordings, in which
    segments say what is done and when, come out as they are, also where nothing is.

    Args:
        recordings: of one data set, in any labels; "none" is background.
        seed: same seed, same streams.

    Yields:
        Streams in canonical joints at the rate of the clips: person "1", the segments of every clip, or one with its
        label while the person moves (``AMBIGUOUS`` of who moves far less than another), and segments ``AMBIGUOUS``
        where a transition may look like sitting down or standing up.
    """
    rng = np.random.default_rng(seed)
    groups: dict[tuple[str, str, str], list[tuple[Recording, np.ndarray, list[Piece]]]] = {}
    for recording in recordings:
        if recording.label is None:
            yield recording
        else:
            clip = Clip.of(recording)
            for place, person in enumerate(clip.people):
                if (piece := _piece(clip, place)) is not None:
                    key = recording.topology, recording.subject or "", person if len(clip.people) > 1 else ""
                    known = recording.subject is not None and len(clip.people) == 1 and ONE_OF not in recording.tags
                    _join(groups.setdefault(key, []), recording, piece, known=known)
    numbers: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)  # one person may have several joint sets
    for key in sorted(groups):
        for number, (first, _, pieces) in enumerate(groups[key]):
            order = [pieces[index] for index in rng.permutation(len(pieces))]
            name = "_".join(part for part in (key[1] or first.name, key[2], str(number) if number else "") if part)
            for start in range(0, len(order), CLIPS):
                chosen = _by_posture(order[start : start + CLIPS])
                stream = _Stream(rng, chosen)
                yield stream.recording(f"{name}_stream{next(numbers[name]):02}", first)


class _Stream(LaidOut):
    """Frames so far, and how they go on."""

    def __init__(self, rng: np.random.Generator, pieces: Sequence[Piece]) -> None:
        super().__init__(piece.stamps for piece in pieces)
        self.rng = rng
        self.rest = _rest(pieces)
        self.confidence: list[np.ndarray] = []
        stands = [True, *(rng.random(len(pieces) - 1) >= DIRECT), True]
        """Whether the person stands still before the first piece, between two, and after the last."""
        for piece, before, after in zip(pieces, stands[:-1], stands[1:], strict=True):
            if before:
                self._stand(piece, piece.head)
            self._clip(piece)
            if after:
                self._stand(piece, piece.tail)

    def recording(self, name: str, first: Recording) -> Recording:
        joints, confidence = np.concatenate(self.joints), np.concatenate(self.confidence)
        flat, lifted = first.flat, first.lifted
        frames = tuple(
            SkeletonFrame(
                stamp,
                (Person(PERSON, pose, sure, judged=True),) if np.isfinite(pose).any() else (),
                flat=flat,
                lifted=lifted,
            )
            for stamp, pose, sure in zip(np.concatenate(self.stamps).tolist(), joints, confidence, strict=True)
        )
        return Recording(
            name=name,
            topology=CANONICAL,
            frames=frames,
            segments=tuple(self.segments),
            labels=first.labels,
            subject=first.subject,
            tags=first.tags,
        )

    def _clip(self, piece: Piece) -> None:
        joints = self._approach(piece.joints, piece.confidence)
        start = self.time
        self._add(piece.stamps, joints, piece.confidence)
        self.segments += [Segment(PERSON, label, start + first, start + last) for label, first, last in piece.segments]

    def _stand(self, piece: Piece, still: np.ndarray) -> None:
        """Stand still as in some frames of a clip, or as the person does elsewhere."""
        length = max(2, round(self.rng.exponential(IDLE / 2.0) * self.rate))
        joints, confidence = piece.joints[still], piece.confidence[still]
        if len(still) < STILL * self.rate:
            low = abs(np.nan_to_num(joints[0, _HIPS, 1] - self.rest[0][0, _HIPS, 1])) > CROUCH
            joints, confidence = (joints[:1], confidence[:1]) if low else self.rest
        to_and_fro = np.concatenate([np.arange(len(joints)), np.arange(len(joints))[-2:0:-1]])
        rows = np.resize(to_and_fro, length)
        joints, confidence = self._approach(joints[rows], confidence[rows]), confidence[rows]
        if len(to_and_fro) < STILL * self.rate:  # a pose that is held
            joints = joints + self.rng.normal(0.0, SWAY, joints.shape)
        self._add(np.arange(length) / self.rate, joints, confidence)

    def _approach(self, joints: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """Move from the last pose to the first of some frames (T, 25, 3); returns them where the person is."""
        if not self.joints:
            return joints
        last = self.joints[-1][-1]
        joints = placed(joints, last)
        count = max(2, round(seconds(last, joints[0]) * self.rate))
        between = blend(last, joints[0], np.arange(1, count) / count)
        sure = np.where(np.isfinite(between[:, :, 0]), np.minimum(self.confidence[-1][-1], confidence[0]), 0.0)
        start = self.time
        self._add(np.arange(count - 1) / self.rate, between, sure)
        if abs(np.nan_to_num(joints[0, _HIPS, 1] - last[_HIPS, 1])) > CROUCH:
            self.segments.append(Segment(PERSON, AMBIGUOUS, start, self.time))
        return joints

    def _add(self, stamps: np.ndarray, joints: np.ndarray, confidence: np.ndarray) -> None:
        if len(stamps):
            self.confidence.append(confidence)
        self.add(stamps, joints)


def _piece(clip: Clip, place: int) -> Piece | None:
    """One person of a clip, between the frames in which they are first and last seen; None where they rest then."""
    there = np.flatnonzero(clip.mask[:, place].sum(axis=1) >= SEEN)
    active = active_span(clip, place)
    if not len(there) or active is None or clip.label is None:
        return None
    begin, end = clip.stamps[there[0]], clip.stamps[there[-1]]
    if active[1] <= begin or active[0] >= end:
        return None
    part = slice(there[0], there[-1] + 1)
    joints = np.where(clip.mask[part, place, :, None], clip.joints[part, place].astype(np.float64), np.nan)
    span = (float(max(active[0], begin) - begin), float(min(active[1], end) - begin))
    shown = [
        (one.label, float(max(one.start, begin) - begin), float(min(one.end, end) - begin))
        for one in clip.segments
        if one.person == clip.people[place] and one.end > begin and one.start < end
    ]
    if not shown and clip.label != NONE:
        shown = [(clip.label if who_moves(clip)[place] else AMBIGUOUS, *span)]
    return Piece(clip.stamps[part] - begin, joints, clip.confidence[part, place], tuple(shown), span)


def _join(
    bodies: list[tuple[Recording, np.ndarray, list[Piece]]], recording: Recording, piece: Piece, *, known: bool
) -> None:
    """Add a piece to the body it shows: the only one of a person who is named, else one with the same bones."""
    bones = np.array([_length(piece.joints[:, joint] - piece.joints[:, PARENTS[joint]]) for joint in _LIMBS])
    for _, others, pieces in bodies:
        off = np.abs(bones - others) / others
        if known or (off[np.isfinite(off)] < SAME_BODY).all():
            pieces.append(piece)
            return
    bodies.append((recording, bones, [piece]))


def _length(bone: np.ndarray) -> float:
    """Median length of a bone (T, 3); NaN where it is never seen."""
    lengths = np.linalg.norm(bone, axis=1)
    return float(np.median(lengths[np.isfinite(lengths)])) if np.isfinite(lengths).any() else np.nan


def _rest(pieces: Sequence[Piece]) -> tuple[np.ndarray, np.ndarray]:
    """How the person stands still: the longest stretch of it in an upright clip, or the calmest single pose."""
    stretches = [(piece, rows) for piece in pieces for rows in (piece.head, piece.tail)]
    tallest = np.fmax.reduce([piece.joints[rows[0], _HIPS, 1] for piece, rows in stretches])  # NaN where none is seen
    upright = [one for one in stretches if not one[0].joints[one[1][0], _HIPS, 1] < tallest - CROUCH]
    piece, rows = max(upright, key=lambda one: len(one[1]))
    return piece.joints[rows], piece.confidence[rows]


def _by_posture(pieces: Sequence[Piece]) -> list[Piece]:
    """The same pieces, so that one that begins seated follows one that ends seated, where there is one."""
    left, ordered = list(pieces[1:]), [pieces[0]]
    while left:
        height = ordered[-1].joints[ordered[-1].tail[-1], _HIPS, 1]
        fits = [n for n, piece in enumerate(left) if not abs(piece.joints[0, _HIPS, 1] - height) > CROUCH]
        ordered.append(left.pop(fits[0] if fits else 0))
    return ordered
