"""A recording: skeleton frames with the truth about who did what, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame, canonical
from usdrl_model.skeleton.segments import Segment
from usdrl_model.skeleton.topology import CANONICAL, topology


@dataclass(frozen=True, slots=True)
class Recording:
    """Frames in the order of their stamps, and their truth."""

    name: str
    topology: str
    """Name of the joint set of every person in ``frames``: of ``topology.names()``, or the path of a file."""
    frames: tuple[SkeletonFrame, ...]
    segments: tuple[Segment, ...] = ()
    labels: tuple[str, ...] = ()
    """All action classes of the data set, background not included."""
    subject: str | None = None
    """Who was recorded: what cross-subject protocols split by."""
    label: str | None = None
    """What the whole recording shows, where a data set labels clips instead of frames."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """What else protocols split by: ``camera``, ``setup``, ``listed`` ..."""


def in_canonical_joints(recording: Recording) -> Recording:
    """The same in the canonical joints, whose topology is in the table; invalid joints are NaN.

    Raises:
        ValueError: the topology is unknown, or a person does not fit it.
    """
    source = topology(recording.topology)

    def mapped(person: Person) -> Person:
        joints, confidence = canonical(person, source)
        return replace(person, joints=np.where(confidence[:, None] > 0.0, joints, np.nan), confidence=confidence)

    frames = tuple(replace(frame, people=tuple(map(mapped, frame.people))) for frame in recording.frames)
    return replace(recording, topology=CANONICAL, frames=frames)
