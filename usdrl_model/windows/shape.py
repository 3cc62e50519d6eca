"""The shape of a window: frames, people, and the origin of its coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Centre = Literal["frame", "window"]
"""Window origin: the spine of the person in each frame (official), or its median position over the window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowShape:
    """Number of frames and people of a window, its origin, and what stands for a joint that is not seen.

    >>> str(WindowShape(frames=64, people=2, centre="window"))
    '64 x 2, centred as a whole'
    """

    frames: int
    """T."""
    people: int = 1
    """M: the person and M - 1 neighbours."""
    centre: Centre = "frame"
    masked: bool = False
    """Joints that are not seen, and empty slots, are NaN; otherwise ``window.fill`` invents a place for them."""
    flat: bool = False
    """x and y as in a picture, in the size of an adult, and 0 as z (``windows.picture``); of one person, ``masked``."""
    official: bool = False
    """A whole clip as the published checkpoints see it (``windows.official``), in the place of all the above."""

    @property
    def empty(self) -> float:
        """What an empty slot is filled with."""
        return math.nan if self.masked else 0.0

    def __str__(self) -> str:
        """Frames x people, and what is not the default."""
        whole, masked = ", centred as a whole" * (self.centre == "window"), ", masked" * self.masked
        other = f"{', in a picture' * self.flat}{', as published' * self.official}"
        return f"{self.frames} x {self.people}{whole}{masked}{other}"
