"""Where the time of a recording goes on, and where it jumps: a clock was set, or the sensor was off for a while.

>>> seconds(np.array([0.0, 1.0, 2.0, 1.7e9, 1.7e9 + 1.0]))
3.0
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from usdrl_model.limits import LONGEST_GAP
from usdrl_model.recording import Recording, Segment


def seconds(stamps: np.ndarray) -> float:
    """Time that rising stamps (T,) cover, without what lies in gaps of more than ``LONGEST_GAP``."""
    steps = np.diff(stamps)
    return float(steps[steps <= LONGEST_GAP].sum())


def parts(recording: Recording) -> Iterator[Recording]:
    """The recording in parts without such a gap; one that has none as it is.

    A part is called after the recording and its number, and has the segments that touch it, cut to it.
    """
    stamps = np.array([frame.stamp for frame in recording.frames])
    edges = [0, *(np.flatnonzero(np.diff(stamps) > LONGEST_GAP) + 1).tolist(), len(stamps)]
    if len(edges) == 2:
        yield recording
        return
    for number, (first, stop) in enumerate(zip(edges, edges[1:], strict=False), start=1):
        frames = recording.frames[first:stop]
        segments = [_within(segment, frames[0].stamp, frames[-1].stamp) for segment in recording.segments]
        yield dataclasses.replace(
            recording,
            name=f"{recording.name} part {number}",
            frames=frames,
            segments=tuple(segment for segment in segments if segment is not None),
        )


def _within(segment: Segment, first: float, last: float) -> Segment | None:
    start, end = max(segment.start, first), min(segment.end, last)
    return dataclasses.replace(segment, start=start, end=end) if start <= end else None
