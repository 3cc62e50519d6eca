"""The shape of a window: what a network sees of one person and of those near them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Centre = Literal["frame", "window"]
"""Window origin: the spine of the person in each frame (official), or its median position over the window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowShape:
    """How many frames and people a window has, and where its origin is.

    >>> str(WindowShape(frames=64, people=2, centre="window"))
    '64 x 2, centred as a whole'
    """

    frames: int
    """T."""
    people: int = 1
    """M; beside the person themself, the nearest others."""
    centre: Centre = "frame"

    def __str__(self) -> str:
        """Frames x people, and the centre where it is not the usual one."""
        return f"{self.frames} x {self.people}" + (", centred as a whole" if self.centre == "window" else "")
