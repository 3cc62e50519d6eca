"""Arrays of a file -> the frames of a recording."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from usdrl_model.skeleton import Person, SkeletonFrame

EPOCH = 1.0
"""Seconds added to every stamp, so that none is 0, which trackers use for "no stamp"."""
ALONE = "1"
"""Identity of the only person of a recording."""


def regular(frames: int, rate: float) -> np.ndarray:
    """(T,) stamps in seconds of a source that has a frame rate but no stamps."""
    return EPOCH + np.arange(frames) / rate


def tracked(joints: np.ndarray) -> np.ndarray:
    """(T,) bool: frames of ``joints`` (T, V, 3) in which any joint has a place; all zeros or NaN is lost tracking."""
    return (np.nan_to_num(joints) != 0.0).any(axis=(1, 2))


def frames(
    stamps: np.ndarray,
    people: Mapping[str, np.ndarray],
    confidence: Mapping[str, np.ndarray] | None = None,
) -> tuple[SkeletonFrame, ...]:
    """Frames of people who are each absent where all their joints are 0 or NaN.

    Args:
        stamps: (T,) seconds.
        people: identity -> joints (T, V, 3), metres.
        confidence: identity -> (T, V) in [0, 1], where the source has it.
    """
    present = {identity: tracked(joints) for identity, joints in people.items()}
    return tuple(
        SkeletonFrame(
            stamp=float(stamp),
            people=tuple(
                Person(identity, joints[index], None if confidence is None else confidence[identity][index])
                for identity, joints in people.items()
                if present[identity][index]
            ),
        )
        for index, stamp in enumerate(stamps)
    )
