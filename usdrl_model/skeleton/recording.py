"""A recording: skeleton frames and their ground truth, in one form for every data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL, topology


@dataclass(frozen=True, slots=True)
class Recording:
    """Frames in the order of their stamps, and their ground truth."""

    name: str
    topology: str
    """Name of the joint set of every person in ``frames``: of ``topology.names()``, or the path of a file."""
    frames: tuple[SkeletonFrame, ...]
    segments: tuple[Segment, ...] = ()
    labels: tuple[str, ...] = ()
    """All action classes of the data set, background not included."""
    subject: str | None = None
    """Who was recorded; cross-subject protocols split by it."""
    label: str | None = None
    """Class of the whole recording, where a data set labels clips instead of frames."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Further values that protocols split by: ``camera``, ``setup``, ``listed`` ..."""

    @property
    def whole_label(self) -> str | None:
        """Its label; None where there are segments: they say who does what when, and count instead."""
        return None if self.segments else self.label

    @property
    def flat(self) -> bool:
        """Whether joints are in a picture (``SkeletonFrame.flat``) in any frame."""
        return any(frame.flat for frame in self.frames)

    @property
    def lifted(self) -> bool:
        """Whether a depth image has put joints into space (``SkeletonFrame.lifted``) in any frame."""
        return any(frame.lifted for frame in self.frames)

    @property
    def sensor(self) -> tuple[float, float, float]:
        """Where the sensor was (``SkeletonFrame.sensor``), metres; the origin where it was not at one place."""
        places = {frame.sensor for frame in self.frames}
        return places.pop() if len(places) == 1 else (0.0, 0.0, 0.0)

    @property
    def coarse(self) -> bool:
        """Whether joints are as coarse as pixels (``SkeletonFrame.coarse``) in any frame."""
        return self.flat or self.lifted


def in_canonical_joints(recording: Recording) -> Recording:
    """Convert to the canonical joints; invalid joints become NaN, and people are judged (``Person.judged``).

    Raises:
        ValueError: the topology is unknown, or a person does not fit it.
    """
    source = topology(recording.topology)

    def mapped(person: Person) -> Person:
        joints, confidence = canonical(person, source)
        return replace(
            person, joints=np.where(confidence[:, None] > 0.0, joints, np.nan), confidence=confidence, judged=True
        )

    frames = tuple(replace(frame, people=tuple(map(mapped, frame.people))) for frame in recording.frames)
    return replace(recording, topology=CANONICAL, frames=frames)
