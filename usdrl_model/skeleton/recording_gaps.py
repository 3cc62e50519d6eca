"""Gaps in the time of a recording: the clock was set, or the sensor was off.

>>> seconds(np.array([0.0, 1.0, 2.0, 1.7e9, 1.7e9 + 1.0]))
3.0
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from usdrl_model.files.limits import LONGEST_GAP
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.segments import Segment

MAX_GAP = 1.0
"""Seconds without a sample after which a track ends, where no setting says otherwise."""
SHOWN = 1.0
"""Seconds that a gap takes in pictures and when a bag is played."""


def seconds(stamps: np.ndarray, counted: np.ndarray | None = None) -> float:
    """Seconds that rising stamps (T,) cover, gaps of more than ``LONGEST_GAP`` not counted.

    Args:
        stamps: (T,).
        counted: (T,) bool, whether the time from a stamp to the next one counts; None: all of it.
    """
    steps = np.diff(stamps)
    whole = steps <= LONGEST_GAP
    return float(steps[whole if counted is None else whole & counted[:-1]].sum())


def parts(recording: Recording) -> Iterator[Recording]:
    """Split a recording at its gaps; one without gaps is returned unchanged.

    A part is named after the recording and its number; it holds the segments that overlap it, clipped to its ends.
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


class Shortened:
    """Time of a recording in which every gap takes ``SHOWN`` seconds, for pictures and for the player.

    Args:
        stamps: of all frames, seconds, in any order.
    """

    def __init__(self, stamps: Sequence[float]) -> None:
        self._stamps = np.unique(np.asarray(stamps, float))
        steps = np.diff(self._stamps)
        long = steps > LONGEST_GAP
        self.gaps: tuple[float, ...] = tuple(steps[long].tolist())
        """Seconds of every gap."""
        self._seconds = np.concatenate([[0.0], np.cumsum(np.where(long, SHOWN, steps))])

    @property
    def end(self) -> float:
        """Seconds from the first to the last stamp."""
        return float(self._seconds[-1]) if len(self._stamps) else 0.0

    def at(self, stamp: float) -> float:
        """Seconds from the first stamp to this one, clipped to the recording."""
        return float(np.interp(stamp, self._stamps, self._seconds)) if len(self._stamps) else 0.0

    def pieces(self) -> list[tuple[float, float]]:
        """(seconds, stamp) of the beginning and after every gap; from there on, both run alike."""
        begins = np.flatnonzero(np.diff(self._stamps, prepend=-np.inf) > LONGEST_GAP)
        return list(zip(self._seconds[begins].tolist(), self._stamps[begins].tolist(), strict=True))

    def told(self) -> str:
        """A warning about the gaps; empty without any."""
        if not self.gaps:
            return ""
        count = f"{len(self.gaps)} gap{'s' * (len(self.gaps) != 1)}"
        return (
            f"{count} of more than {LONGEST_GAP:g} s in the stamps, the longest {max(self.gaps):.0f} s: a clock was"
            " set, or nothing was recorded; nothing goes on across it"
        )
