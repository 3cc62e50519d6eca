"""One person who is followed: track, posteriors and actions, and what is told of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import ActionMachine, Edge
from usdrl_model.events.posterior import Timeline
from usdrl_model.network.detector import DetectorConfig
from usdrl_model.online.state import ActionState, PersonState
from usdrl_model.skeleton.person import HEAD
from usdrl_model.windows.track import Track, grid_index

TOP = 5


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person in one frame."""

    stamp: float
    """Seconds."""
    joints: np.ndarray
    """(25, 3) canonical joints, metres."""
    confidence: np.ndarray
    """(25,), 0 where invalid."""
    sensor: np.ndarray
    """(3,) where the sensor is, in the frame of the joints, metres."""

    @property
    def range(self) -> float:
        """Metres from the sensor; infinite if no joint can be believed."""
        valid = self.confidence > 0.0
        return float(np.linalg.norm(self.joints[valid].mean(axis=0) - self.sensor)) if valid.any() else math.inf

    def way(self, later: Sighting) -> tuple[np.ndarray, np.ndarray]:
        """(J,) metres from here to ``later`` of the joints valid in both, and (J,) the stamp of this one."""
        shared = (self.confidence > 0.0) & (later.confidence > 0.0)
        way = np.linalg.norm(later.joints[shared] - self.joints[shared], axis=1)
        return way, np.full(len(way), self.stamp)


class Followed:
    """One track with its posteriors and its machine.

    Args:
        id: the name under which the person is published.
        sighting: the first one.
        detector: what judges the person.
        config: settings of the pipeline.
    """

    def __init__(self, id: str, sighting: Sighting, detector: DetectorConfig, config: StreamConfig) -> None:  # noqa: A002 (the field's word)
        frames = detector.encoder.frames
        # The timeline keeps as many frames behind the decision as windows may still speak about.
        capacity = 2 * frames
        smoothing = max(1, round(config.smoothing * detector.rate) // 2 * 2 + 1)
        self.track = Track(detector.rate, capacity, id)
        self.timeline = Timeline(len(detector.labels), frames, capacity, smoothing)
        self.machine = ActionMachine(detector.labels, config.events)
        self.stray: Sighting | None = None
        """The last sighting under the person's id, if it lay too far away to be them."""
        self._detector = detector
        self._decided: int | None = None
        self._posterior: np.ndarray | None = None
        self.add(sighting)

    @property
    def id(self) -> str:
        """The name under which the person is published."""
        return self.track.id

    def add(self, sighting: Sighting) -> None:
        """Take the next sighting; ValueError if it is not later than the last one."""
        self.track.add(sighting.stamp, sighting.joints, sighting.confidence)
        self.sighting = sighting

    def way(self, sighting: Sighting, from_sensor: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """(J,) metres from where each joint was last valid, and (J,) the stamps of that; joints valid in both.

        Args:
            sighting: the next one.
            from_sensor: as seen from the sensor, wherever that has gone since the last sighting.
        """
        moved = sighting.sensor - self.sighting.sensor if from_sensor else np.zeros(3)
        return self.track.way(sighting.joints - moved, sighting.confidence)

    def decide(self, last: int) -> list[Edge]:
        """Let the machine go on to grid frame ``last``."""
        rate = self._detector.rate
        first = grid_index(self.track.first_stamp, rate) if self._decided is None else self._decided + 1
        first = max(first, last - self._detector.encoder.frames + 1)
        if last < first:
            return []
        edges = []
        for index, posterior in enumerate(self.timeline.posterior(first, last), start=first):
            # An unseen frame says neither yes nor no: the machine waits for the person to come back.
            if not np.isnan(posterior[0]):
                self._posterior = posterior
                edges += self.machine.step(index / rate, posterior)
        self._decided = last
        return edges

    def state(self) -> PersonState:
        """A snapshot."""
        track = self.track
        valid = track.confidence > 0.0
        joints = np.where(valid[:, None], track.joints, np.nan)
        known, there = track.recent()
        highest = HEAD if there[HEAD] else int(np.argmax(np.where(there, known[:, 1], -np.inf)))
        x, y, z = (float(value) for value in known[highest]) if there[highest] else (math.nan,) * 3
        actions = [
            ActionState(label=label, active=run.active, score=run.score, onset=run.onset)
            for label, run in self.machine.runs.items()
        ]
        top: tuple[tuple[str, float], ...] = ()
        if self._posterior is not None:
            best = np.argsort(self._posterior)[::-1][:TOP]
            top = tuple((self._detector.labels[index], float(self._posterior[index])) for index in best)
        return PersonState(
            id=track.id,
            position=(x, y, z),
            joints=joints,
            first_seen=track.first_stamp,
            last_seen=track.last_stamp,
            actions=tuple(sorted(actions, key=lambda action: (not action.active, -action.score))),
            top=top,
            valid_joints=float(valid.mean()),
        )
