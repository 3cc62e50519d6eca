"""Whether labels are of the bag beside which they lie: of its time.

>>> outside([Segment("1", "wave", 2.0, 3.0)], [1.7e9, 1.7e9 + 9.0])
"1 of 1 labels are outside of the bag's time, 1700000000.000 to 1700000009.000: 'wave' at 2.000"
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from usdrl_model.errors.shown import shown
from usdrl_model.skeleton.segments import Segment

ROUNDED = 1e-6
"""Seconds by which a time may lie outside of the bag: the page of a report writes that many digits."""


def elsewhen(segments: Sequence[Segment], stamps: Sequence[float]) -> list[Segment]:
    """The segments no part of which is within the stamps (at least one) of a bag."""
    first, last = min(stamps) - ROUNDED, max(stamps) + ROUNDED
    return [one for one in segments if one.end < first or one.start > last or not math.isfinite(one.start)]


def outside(segments: Sequence[Segment], stamps: Sequence[float]) -> str:
    """What is to be said of the segments outside of a bag's time; empty where there are none."""
    strange = elsewhen(segments, stamps)
    if not strange:
        return ""
    return (
        f"{len(strange)} of {len(segments)} labels are outside of the bag's time, {min(stamps):.3f} to"
        f" {max(stamps):.3f}: {shown(strange[0].label)} at {strange[0].start:.3f}"
    )
