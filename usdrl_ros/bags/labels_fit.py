"""Whether labels are of the bag beside which they lie: of its time and of its people.

>>> outside([Segment("1", "wave", 2.0, 3.0)], [1.7e9, 1.7e9 + 9.0])
"1 of 1 labels are outside of the bag's time, 1700000000.000 to 1700000009.000: 'wave' at 2.000"
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from usdrl_model.errors.shown import LINE, cut, shown
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment

ROUNDED = 1e-6
"""Seconds by which a time may lie outside of the bag: the page of a report writes that many digits."""
NEAR = 0.2
"""Seconds: who is in a message that near to a segment is there; a point lies between two messages."""


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


def warnings(segments: Sequence[Segment], stamps: Sequence[float], presence: Mapping[str, np.ndarray]) -> list[str]:
    """What is to be said of labels that are not of their bag, one line each; arguments as below."""
    strange = elsewhen(segments, stamps)
    within = [one for one in segments if one not in strange]
    return [*filter(None, [outside(segments, stamps)]), *absences(within, presence)]


def absences(segments: Sequence[Segment], presence: Mapping[str, np.ndarray]) -> list[str]:
    """What is to be said of people who are in no message while they do something, one line a person.

    Args:
        segments: within the bag's time; what is ambiguous is nothing to be seen.
        presence: person -> (T,) stamps of the messages with them.
    """
    found = []
    clear = [one for one in segments if one.label != AMBIGUOUS]
    for name in sorted({one.person for one in clear}):
        own = [one for one in clear if one.person == name]
        alone = [one for one in own if not _there(presence.get(name, np.zeros(0)), one)]
        if name not in presence:
            found.append(f"the labels are of {name}, who is in no message (there: {', '.join(sorted(presence))})")
        elif alone:
            others = sorted(who for who, stamps in presence.items() if any(_there(stamps, one) for one in alone))
            there = f"{', '.join(others)} {'are' if len(others) > 1 else 'is'}" if others else "nobody is"
            found.append(f"{len(alone)} segments of person {name} lie where {name} is in no message ({there})")
    return [cut(line, LINE) for line in found]


def _there(stamps: np.ndarray, segment: Segment) -> bool:
    return bool(np.any((stamps >= segment.start - NEAR) & (stamps <= segment.end + NEAR)))
