"""The shape of a window: frames, people, and the origin of its coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Centre = Literal["frame", "window"]
"""Window origin: the spine of the person in each frame (official), or its median position over the window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowShape:
    """Number of frames and people of a window, and its origin.

    >>> str(WindowShape(frames=64, people=2, centre="window"))
    '64 x 2, centred as a whole'
    """

    frames: int
    """T."""
    people: int = 1
    """M: the person and M - 1 neighbours."""
    centre: Centre = "frame"

    def __str__(self) -> str:
        """Frames x people, and the centre if it is not the default."""
        return f"{self.frames} x {self.people}" + (", centred as a whole" if self.centre == "window" else "")
