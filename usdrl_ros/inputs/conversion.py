"""From a serialised message to people in canonical axes: the same for the live node and for a recorded bag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from usdrl_model.plausibility.sights import Setup
from usdrl_model.skeleton.person import UNITS, SkeletonFrame
from usdrl_model.skeleton.topology import topology as find_topology
from usdrl_ros.inputs.common import SourceFrame
from usdrl_ros.inputs.coordinate_frames import AXES, Frames
from usdrl_ros.inputs.input_types import InputType


class Content(Protocol):
    """A check of what people look like: ``plausibility.live_check.ContentCheck``, or a sample of a recording."""

    def add(self, believed: SkeletonFrame, measured: SkeletonFrame | None = None) -> None:
        """Add a frame: canonical, and as the source sent it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversion:
    """Serialised messages of one source -> frames; calling it also adds every frame to the content check."""

    deserialise: Callable[[bytes], Any]
    """Bytes -> message; may raise InputError."""
    source: InputType
    setup: Setup
    person_id: str
    """Id of the person where the messages have none."""
    frames: Frames
    content: Content

    def __call__(self, data: bytes, patience: float = 0.0) -> tuple[SourceFrame, SkeletonFrame] | None:
        """The people of a message as sent, and in canonical axes; None for a message without people and stamp.

        Args:
            data: CDR.
            patience: seconds to wait for a transform.

        Raises:
            InputError: the message cannot be understood.
        """
        source = self.source.decode(self.deserialise(data), self.setup.topology, self.person_id)
        if source is None:
            return None
        frame = self.frames.to_canonical(source, patience)
        self.content.add(frame, source.frame)
        return source, frame


def setup(
    *,
    topology: str,
    axes: str,
    units: str,
    mirrored: bool,
    levelled_by: Literal["", "sensor_pose", "target_frame"] = "",
) -> Setup:
    """The configuration of a source from its parameters, or from the ``labels.yaml`` of a bag.

    Raises:
        ValueError: unknown topology, or a damaged topology file.
    """
    joint_set = find_topology(topology)
    return Setup(
        topology=joint_set,
        axes=axes,
        rotation=AXES[axes],
        metres=UNITS[units],
        mirrored=mirrored,
        order=joint_set.order(mirrored),
        levelled_by=levelled_by,
    )
