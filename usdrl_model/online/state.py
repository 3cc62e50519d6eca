"""Snapshots of the online pipeline: the people, their actions, their states and the last events."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.states.person import States


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionState:
    """One action of one person that is a candidate or active now."""

    label: str
    active: bool
    """False while the action is only a candidate."""
    score: float
    """Posterior of the label at the decision time."""
    onset: float
    """Stamp, seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonState:
    """One person at the newest frame."""

    id: str
    position: tuple[float, float, float]
    """Head, or the highest valid joint: last valid position, canonical axes, metres; NaN if older than 0.5 s."""
    distance: float
    """Metres over the floor from the sensor to ``position``; NaN with it."""
    bearing: float
    """Degrees over the floor at the sensor from the z axis, where a level sensor looks, to ``position``; left is
    positive; NaN with it."""
    joints: np.ndarray
    """(25, 3) canonical joints of the newest frame, NaN where invalid."""
    last_seen: float
    """Stamp of the newest frame with the person, seconds."""
    actions: tuple[ActionState, ...]
    """Active ones first, then by score; empty without a candidate or active action."""
    top: tuple[tuple[str, float], ...]
    """The five best (label, posterior), background "none" included, best first; empty before the first decision."""
    valid_joints: float
    """Share of valid canonical joints in the newest frame, 0 to 1."""
    states: States = field(default_factory=States)
    """Posture, arms and place at the newest frame, by geometry."""
    withheld: tuple[str, ...] = ()
    """Labels that cannot be judged now, because what they need is not seen of the person (``DetectorConfig.needs``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamState:
    """A snapshot of the stream; immutable, safe to hand to another thread."""

    stamp: float
    """Stamp of the newest frame; 0.0 before the first."""
    seq: int
    """Number of the newest event."""
    people: tuple[PersonState, ...]
    events: tuple[Event | PersonEvent, ...]
    """The last 64 events, oldest first."""
    flat: bool = False
    """The joints are in a picture: position, distance, bearing, pairs and most states of people are withheld."""
