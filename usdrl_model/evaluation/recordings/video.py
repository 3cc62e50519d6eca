"""One person of one recording on a regular grid of frames, with the truth and the windows.

Letters: N windows, G frames of the grid, L frames of the recording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from usdrl_model.skeleton.segments import Segment
from usdrl_model.windows.cut import Windows


class Pieces(NamedTuple):
    """The windows of a video."""

    windows: Windows
    first: np.ndarray
    """(N,) frame of the grid that each begins at; below 0 where it begins before the grid."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Video:
    """One person of one recording on a regular grid of frames, and the truth about them."""

    name: str
    """Of the recording, and where it has several actors of the person."""
    pieces: Callable[[], Pieces]
    """Cuts the windows when called: those of all videos together need many times the memory of the recordings."""
    frames: int
    """G."""
    rate: float
    """Frames a second of the grid."""
    seconds: Callable[[np.ndarray | float], np.ndarray]
    """Frames of the grid, whole ones or not -> the stamps at which they begin; G -> the one at which the last ends."""
    stamps: np.ndarray
    """(L,) seconds of the recording's own frames, those without the person too."""
    nearest: np.ndarray
    """(L,) frame of the grid that is nearest to each."""
    truth: np.ndarray
    """(L,) class of each."""
    known: np.ndarray
    """(L,) bool, False for those of which nobody can say the class: they are not scored."""
    segments: tuple[Segment, ...]
    """What is true, without what is ``AMBIGUOUS``."""

    def excused(self, label: str, start: float, end: float) -> bool:
        """Whether what is found from ``start`` to ``end`` is neither right nor wrong, as ``metrics.events.judged``."""
        first, stop = np.searchsorted(self.stamps, [start, end])
        if self.known[first : max(stop, first + 1)].all():
            return False
        return not any(one.label == label and one.start <= end and start <= one.end for one in self.segments)
