"""A recording in canonical joints: what training and evaluation read from a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from usdrl_model.skeleton.person import Person, canonical_people
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL_JOINTS, topology

AT_ONCE = 2048
"""Skeletons that are mapped in one operation: an hour of them would take gigabytes on the way."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A recording in canonical joints, ready for training; M people and T frames are what this recording has."""

    name: str
    dataset: str
    stamps: np.ndarray
    """(T,) float64 seconds."""
    people: tuple[str, ...]
    """M identities."""
    joints: np.ndarray
    """(T, M, 25, 3) float32 metres, 0 where invalid."""
    confidence: np.ndarray
    """(T, M, 25) float32, 0 where invalid or where the person is not there."""
    label: str | None = None
    """What the whole clip shows, where the data set labels clips."""
    segments: tuple[Segment, ...] = ()
    """Who did what when, where the data set labels frames."""
    subject: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    flat: bool = False
    """The joints are in a picture (``SkeletonFrame.flat``)."""
    lifted: bool = False
    """A depth image has put the joints into space (``SkeletonFrame.lifted``)."""

    @classmethod
    def of(cls, recording: Recording) -> Clip:
        """Convert a recording. Of two people with the same id in a frame the first is kept, as live.

        Raises:
            ValueError: joints or confidence do not fit the topology.
        """
        seen: dict[tuple[int, str], Person] = {}
        for row, frame in enumerate(recording.frames):
            for one in frame.people:
                seen.setdefault((row, one.id), one)
        people = {name: place for place, name in enumerate(dict.fromkeys(name for _, name in seen))}
        shape = (len(recording.frames), len(people), len(CANONICAL_JOINTS))
        joints, confidence = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
        source, bodies = topology(recording.topology), list(seen.items())
        for start in range(0, len(bodies), AT_ONCE):
            part = bodies[start : start + AT_ONCE]
            mapped = canonical_people([one for _, one in part], source)
            for ((row, name), _), found in zip(part, mapped, strict=True):
                joints[row, people[name]], confidence[row, people[name]] = found
        return cls(
            name=recording.name,
            dataset="",
            stamps=np.array([frame.stamp for frame in recording.frames]),
            people=tuple(people),
            joints=joints,
            confidence=confidence,
            label=recording.label,
            segments=recording.segments,
            subject=recording.subject,
            tags=recording.tags,
            flat=recording.flat,
            lifted=recording.lifted,
        )

    @property
    def coarse(self) -> bool:
        """The joints are as coarse as pixels (``SkeletonFrame.coarse``)."""
        return self.flat or self.lifted

    @property
    def mask(self) -> np.ndarray:
        """(T, M, 25) bool, False where invalid."""
        return self.confidence > 0.0

    @property
    def rate(self) -> float:
        """Frames a second (median); 0.0 of a single frame."""
        if len(self.stamps) < 2:
            return 0.0
        step = float(np.median(np.diff(self.stamps)))
        return 1.0 / step if step > 0.0 else 0.0
