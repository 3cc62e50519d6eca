"""From the posterior of every frame to actions with an onset and an offset.

One machine a person and label::

    idle --score >= off_threshold--> run --score >= on_threshold--> candidate --run lasts min_duration--> ACTIVE
                                      |                                |                                     |
    idle <--score < off_threshold-----+--------------------------------+                                     |
    idle <--(rests for refractory)--score < off_threshold for longer than hold-------------------------------+

The two thresholds form a hysteresis: the low one decides how long an action lasts, the high one whether there is one.
A run starts at ``off_threshold``. At ``on_threshold`` it becomes a candidate, which ``runs`` shows. ``min_duration``
counts from the start of the run, so a candidate whose run is long enough is active at once. A run that ends before it
is active has no event and no refractory time.

All times are seconds of the source's stamps. The onset is the first frame of the run, the offset its last frame at or
above ``off_threshold``: neither includes the delay of the decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from usdrl_model.skeleton.rounding import SLACK

EventKind = Literal["onset", "offset", "lost"]
EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventConfig:
    """Thresholds and times; per-label values override ``on_threshold`` and ``min_duration``."""

    on_threshold: float = 0.5
    """Score at which a run becomes a candidate, in (0, 1]."""
    off_threshold: float = 0.35
    """Score at which a run starts and below which it ends, at most ``on_threshold``."""
    min_duration: float = 0.4
    """Seconds from the start of the run to the onset event, at least."""
    hold: float = 0.2
    """Seconds the score may stay below ``off_threshold`` before the action ends."""
    refractory: float = 0.3
    """Seconds after an offset in which the same label cannot start again."""
    label_on_threshold: dict[str, float] = field(default_factory=dict)
    """Label -> its own ``on_threshold``."""
    label_min_duration: dict[str, float] = field(default_factory=dict)
    """Label -> its own ``min_duration``."""

    def __post_init__(self) -> None:
        """Refuse thresholds that cannot work."""
        for where, value in {"on_threshold": self.on_threshold, **self.label_on_threshold}.items():
            if not 0.0 < value <= 1.0:
                raise ValueError(f"{where}: expected a threshold in (0, 1], got {value}")
            if value < self.off_threshold:
                raise ValueError(f"{where}: expected at least off_threshold ({self.off_threshold}), got {value}")
        lasting = {f"label_min_duration.{label}": seconds for label, seconds in self.label_min_duration.items()}
        usual = {name: getattr(self, name) for name in ("off_threshold", "min_duration", "hold", "refractory")}
        for where, value in {**usual, **lasting}.items():
            if not value >= 0.0:
                raise ValueError(f"{where}: expected 0 or more, got {value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An action started (onset), ended (offset), or was lost with its person."""

    kind: EventKind
    seq: int
    """Number of the event in its stream."""
    person: str
    label: str
    onset: float
    """Stamp, seconds: first frame of the action."""
    offset: float | None
    """Stamp, seconds: last frame of the action; None at an onset."""
    score: float
    """Mean posterior of the label from onset to now (or to the offset)."""
    stamp: float
    """Stamp of the newest frame when the event was decided; ``stamp - onset`` is the delay of the decision."""


@dataclass(slots=True)
class Run:
    """A span of frames in which the score of one label stays above the off threshold."""

    onset: float
    last: float
    """Time of the last frame at or above the off threshold."""
    total: float
    frames: int
    score: float
    """Posterior of the newest frame."""
    confident: bool = False
    """The on threshold was reached."""
    active: bool = False
    """The onset was published."""

    @property
    def mean(self) -> float:
        """Mean posterior over the run."""
        return self.total / self.frames


@dataclass(frozen=True, slots=True)
class Edge:
    """A decision of the machine; ``ActionStream`` makes it an ``Event``."""

    kind: EventKind
    label: str
    onset: float
    offset: float | None
    score: float


class ActionMachine:
    """The state machines of all labels of one person.

    Args:
        labels: K names, background first; background has no machine.
        config: thresholds and times.
    """

    def __init__(self, labels: tuple[str, ...], config: EventConfig) -> None:
        self._labels = labels
        self._config = config
        self._runs: dict[int, Run] = {}
        self._quiet_until: dict[int, float] = {}

    @property
    def runs(self) -> dict[str, Run]:
        """Candidates and active actions by label; candidates are those that reached the on threshold."""
        return {self._labels[index]: run for index, run in self._runs.items() if run.confident}

    def step(self, time: float, posterior: np.ndarray) -> list[Edge]:
        """Process one frame.

        Args:
            time: seconds, rising from call to call.
            posterior: (K,) of that frame; NaN counts as 0.
        """
        edges = []
        scores = [score if score == score else 0.0 for score in posterior.tolist()]
        above = [index for index in range(1, len(scores)) if scores[index] >= self._config.off_threshold]
        for index in sorted({*above, *self._runs}):  # of the others no run begins or goes on
            edge = self._step_label(index, time, scores[index])
            if edge is not None:
                edges.append(edge)
        return edges

    def close(self, kind: EventKind) -> list[Edge]:
        """End all active actions: the person left (``lost``) or the recording ended (``offset``)."""
        edges = [
            Edge(kind, self._labels[index], run.onset, run.last, run.mean)
            for index, run in self._runs.items()
            if run.active
        ]
        self._runs.clear()
        return edges

    def _step_label(self, index: int, time: float, score: float) -> Edge | None:
        label, config, run = self._labels[index], self._config, self._runs.get(index)
        if score >= config.off_threshold:
            if run is None:
                if time < self._quiet_until.get(index, -np.inf) - SLACK:
                    return None
                run = self._runs[index] = Run(onset=time, last=time, total=0.0, frames=0, score=score)
            run.last, run.score = time, score
            run.total, run.frames = run.total + score, run.frames + 1
            run.confident |= score >= config.label_on_threshold.get(label, config.on_threshold)
            lasted = time - run.onset >= config.label_min_duration.get(label, config.min_duration) - SLACK
            if run.confident and lasted and not run.active:
                run.active = True
                return Edge("onset", label, run.onset, None, run.mean)
            return None
        if run is None:
            return None
        if run.active and time - run.last <= config.hold + SLACK:
            run.score = score
            return None
        del self._runs[index]
        if not run.active:
            return None
        self._quiet_until[index] = run.last + config.refractory
        return Edge("offset", label, run.onset, run.last, run.mean)
