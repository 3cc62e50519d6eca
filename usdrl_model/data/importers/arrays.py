"""Arrays of a file -> the frames of a recording."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from usdrl_model.files import limits
from usdrl_model.skeleton.person import Person, SkeletonFrame

EPOCH = 1.0
"""Seconds added to every stamp, because trackers use 0 for "no stamp"."""
TOLERANCE = 1e-3
"""Tolerance for confidences below 0 or above 1."""
ALONE = "1"
"""Id of the only person of a recording."""


def alone(joints: np.ndarray, rate: float, *, flat: bool = False) -> tuple[SkeletonFrame, ...]:
    """``frames`` of the only person, ``joints`` (T, V, 3), of a source with a rate instead of stamps."""
    return frames(regular(len(joints), rate), {ALONE: joints}, flat=flat)


def regular(frames: int, rate: float) -> np.ndarray:
    """(T,) stamps in seconds of a source with a rate instead of stamps; ValueError for too many frames."""
    limits.check(frames, limits.FRAMES, "frames of a recording")
    return EPOCH + np.arange(frames) / rate


def check_stamps(stamps: np.ndarray, where: str, *, repeated: bool = False, what: str = "seconds") -> None:
    """Refuse stamps that do not rise or are no numbers; ValueError names the frame.

    Args:
        stamps: (T,).
        where: name of the file, for the message.
        repeated: two frames may have the same stamp.
        what: name of the stamps in the message.
    """
    limits.check(len(stamps), limits.FRAMES, f"{where}: frames")
    wrong = ~(np.abs(stamps) < limits.LATEST)  # NaN too
    if wrong.any():
        frame = int(wrong.argmax())
        raise ValueError(f"{where}: expected {what}, got {stamps[frame]:g} at frame {frame}")
    steps = np.diff(stamps)
    back = steps < 0.0 if repeated else steps <= 0.0
    if back.any():
        frame = int(back.argmax()) + 1
        raise ValueError(
            f"{where}: expected rising {what}, got {stamps[frame]:.6f} at frame {frame} after {stamps[frame - 1]:.6f}:"
            " sort the frames, and leave out those that come twice"
        )


def check_confidence(confidence: np.ndarray, where: str, most: float = 1.0) -> None:
    """Refuse confidences (any shape) that are not between 0 and 1; NaN means unknown.

    Args:
        confidence: as in the file.
        where: name of the array and of the file, for the message.
        most: highest value that still means "sure"; the peaks of heat maps go a little above 1.

    Raises:
        ValueError: with the likely remedy.
    """
    known = confidence[~np.isnan(confidence)]
    if not known.size or (known.min() >= -TOLERANCE and known.max() <= most + TOLERANCE):
        return
    scale = next((scale for scale in (100, 255) if 2.0 < known.max() <= scale and known.min() >= 0.0), None)
    raise ValueError(
        f"{where}: expected 0 to 1, got {known.min():g} to {known.max():g}" + (f": divide by {scale}" if scale else "")
    )


def tracked(joints: np.ndarray) -> np.ndarray:
    """(T,) bool: frames of ``joints`` (T, V, 3) with any joint; all zeros or NaN mean that tracking was lost."""
    return (np.nan_to_num(joints) != 0.0).any(axis=(1, 2))


def frames(
    stamps: np.ndarray,
    people: Mapping[str, np.ndarray],
    confidence: Mapping[str, np.ndarray] | None = None,
    *,
    flat: bool = False,
) -> tuple[SkeletonFrame, ...]:
    """Build frames; a person is absent where all their joints are 0 or NaN.

    Args:
        stamps: (T,) seconds.
        people: identity -> joints (T, V, 3), metres.
        confidence: identity -> (T, V) in [0, 1], where the source has it.
        flat: the joints are in a picture (``SkeletonFrame.flat``).
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
            flat=flat,
        )
        for index, stamp in enumerate(stamps)
    )
