"""What one person does with others, over time: posteriors and onsets of a detector of two people.

Who has nobody near does nothing with anybody.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from usdrl_model.events.config import StreamConfig
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventKind, Run
from usdrl_model.events.posterior import Timeline, hann_length
from usdrl_model.network.detector_config import BACKGROUND_LABEL, DetectorConfig
from usdrl_model.windows.track import WINDOWS_KEPT


class PersonPairs:
    """The actions of one person with others.

    Args:
        detector: of two people.
        config: the settings that came with it.
        told: of its labels.
    """

    def __init__(self, detector: DetectorConfig, config: StreamConfig, told: Collection[str]) -> None:
        frames, labels = detector.encoder.frames, detector.labels
        kernel = hann_length(config.smoothing, detector.rate)
        self.frames = frames
        """Of a window."""
        self.labels = tuple(label for label in labels if label in told)
        """What it tells."""
        self._rate = detector.rate
        self._timeline = Timeline(len(labels), frames, WINDOWS_KEPT * frames, kernel)
        self._machine = ActionMachine(labels, config.events)
        self._told = [label == BACKGROUND_LABEL or label in told for label in labels]
        self._alone = np.eye(1, len(labels))[0]
        self._decided: int | None = None
        self._judged: int | None = None
        """The newest frame with somebody near."""

    @property
    def newest(self) -> int | None:
        """Grid index of the newest frame that was asked about."""
        return self._timeline.newest

    @property
    def runs(self) -> dict[str, Run]:
        """Label -> candidates and active actions."""
        return self._machine.runs

    def add(self, end: int, probabilities: np.ndarray, seen: np.ndarray) -> None:
        """Add the answer for a window; see ``Timeline.add``."""
        self._timeline.add(end, np.where(self._told, probabilities, 0.0), seen)

    def decide(self, first: int, last: int, patience: int) -> list[Edge]:
        """Advance the state machines from grid frame ``first`` at the earliest to ``last``.

        A frame with nobody near is skipped while an action goes on, as one of the two may be hidden by the other; after
        ``patience`` of them, who is meant is alone.
        """
        newest = self._timeline.newest
        if newest is None:  # never near anybody
            return []
        span, rate = self.frames, self._rate
        first = max(first, last - span + 1, newest - span + 1 if self._decided is None else self._decided + 1)
        edges: list[Edge] = []
        if last < first:
            return edges
        for index, posterior in enumerate(self._timeline.posterior(first, last), start=first):
            if not math.isnan(posterior[0]):
                self._judged = index
                edges += self._machine.step(index / rate, posterior)
            elif self._judged is None or index - self._judged > patience or not self._active:
                edges += self._machine.step(index / rate, self._alone)
        self._decided = last
        return edges

    @property
    def _active(self) -> bool:
        return any(run.active for run in self._machine.runs.values())

    def close(self, kind: EventKind) -> list[Edge]:
        """End all active actions."""
        return self._machine.close(kind)
