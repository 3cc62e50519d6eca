"""Somebody comes into a stream, or goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal["gone", "silent", "reset"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonEvent:
    """Somebody is among the people of the state from now on (entered), or no more (left)."""

    kind: Literal["entered", "left"]
    seq: int
    """Number of the event in its stream."""
    person: str
    came: float
    """Stamp, seconds: the first frame in which they were seen."""
    went: float | None
    """Stamp, seconds: the last frame in which they were seen; None when they enter."""
    reason: Reason | None
    """Why they left: not seen any more (gone), no more frames from the source (silent), or everybody was forgotten by a
    reset, new settings, the end of the recording or a jump of time (reset). None when they enter."""
    stamp: float
    """Stamp of the newest frame when it was decided."""
