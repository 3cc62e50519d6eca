"""The online pipeline in one class: skeleton frames in, events out."""

from __future__ import annotations

from dataclasses import dataclass, field

from usdrl_model.events import Event, EventConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamConfig:
    """Everything of the online pipeline that is not in the weights."""

    max_rate: float = 10.0
    """Inferences a second of source time, at most. Slots are cut by stamps, so a replay infers at the same frames."""
    max_gap: float = 1.0
    """Seconds without a person after which the track ends and its actions are reported lost."""
    look_ahead: float = 0.4
    """Seconds by which decisions trail the newest frame: later windows see a frame with more of its future."""
    reset_after: float = 1.0
    """Seconds. A stamp this much older than the newest one is a restart of the source (bag loop): forget everything."""
    max_people: int = 8
    """People followed at once; the most recently started ones beyond it are ignored and counted."""
    events: EventConfig = field(default_factory=EventConfig)


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
    """What is known of one person now."""

    id: str
    position: tuple[float, float, float]
    """Head (or the highest valid joint), canonical axes, metres, at the person's newest frame."""
    joints: object
    """(25, 3) canonical joints of the newest frame, NaN where invalid."""
    first_seen: float
    last_seen: float
    actions: tuple[ActionState, ...]
    """Strongest first; empty when nothing is going on."""
    top: tuple[tuple[str, float], ...]
    """The five best (label, posterior), background "none" included, best first; empty before the first inference."""
    valid_joints: float
    """Share of valid canonical joints in the newest frame, 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamState:
    """A snapshot of the stream; immutable, safe to hand to another thread."""

    stamp: float
    """Stamp of the newest frame; 0.0 before the first."""
    seq: int
    """Number of the newest event."""
    people: tuple[PersonState, ...]
    events: tuple[Event, ...]
    """The last 16 events, oldest first."""
    counters: dict[str, int]
    """See ``ActionStream.counters``."""
