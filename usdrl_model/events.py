"""From the posterior of every frame to actions with an onset and an offset.

One machine a person and label::

    idle --score >= on_threshold--> candidate --min_duration--> ACTIVE --score < off_threshold for hold--> ended
              ^                        |                                                                    |
              +------ score < off -----+<----------------------------- refractory --------------------------+

All times are seconds of the source's stamps. An onset is dated back to the first frame of the run above
``off_threshold``, an offset to the last one, so that neither carries the delay of the decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

EventKind = Literal["onset", "offset", "lost"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventConfig:
    """Thresholds and times of the machine; per-label values override ``on_threshold`` and ``min_duration``."""

    on_threshold: float = 0.5
    """Score at which a candidate starts, in (0, 1]."""
    off_threshold: float = 0.35
    """Score under which an action ends, at most ``on_threshold``."""
    min_duration: float = 0.4
    """Seconds a candidate must last before its onset is published."""
    hold: float = 0.2
    """Seconds the score may stay under ``off_threshold`` before the action ends."""
    refractory: float = 0.3
    """Seconds after an end in which the same label does not start again."""
    label_on_threshold: dict[str, float] = field(default_factory=dict)
    """Label -> its own ``on_threshold``."""
    label_min_duration: dict[str, float] = field(default_factory=dict)
    """Label -> its own ``min_duration``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One edge: an action began, ended, or was lost with its person."""

    kind: EventKind
    seq: int
    """Rises by one with every event of a stream."""
    person: str
    label: str
    onset: float
    """Stamp, seconds: when the action began (dated back)."""
    offset: float | None
    """Stamp, seconds: when it ended; None at an onset."""
    score: float
    """Mean posterior of the label from onset to now (or to the offset)."""
    stamp: float
    """Stamp of the newest frame when the event was decided; ``stamp - onset`` is the delay of the decision."""
