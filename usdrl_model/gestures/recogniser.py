"""Recognises enrolled gestures by the features of windows, and turns their scores into onsets and offsets.

Letters: N windows, D features of the encoder, G gestures.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Sequence

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventConfig, EventKind, Run
from usdrl_model.gestures.background import Background, check_windows
from usdrl_model.gestures.gesture import Gesture
from usdrl_model.inference import load
from usdrl_model.network.detector_config import BACKGROUND_LABEL

EVENTS = EventConfig(on_threshold=0.5, off_threshold=0.35, min_duration=0.0, hold=0.5, refractory=0.3)
"""How scores become events: a window at or above the threshold is enough, because it saw the whole gesture."""
FORGOTTEN = 0.75
"""Share of the time from the end of a movement until half of it has left the window, after which it is told no more."""


class Recogniser:
    """Some gestures, and the background that they were compared with.

    Args:
        gestures: G enrolled gestures of the same weights as the background.
        background: of these weights.
        detector: those weights, by whose features of windows gestures are told; beside a streaming detector, another.

    Raises:
        ValueError: a streaming detector, or one that gives no features.
    """

    def __init__(self, gestures: Sequence[Gesture], background: Background, detector: LoadedDetector) -> None:
        check_windows(detector)
        load.features(detector, load.noise(detector))
        self.gestures = tuple(gestures)
        self.detector = detector
        self.background = background
        self.labels: tuple[str, ...] = tuple(gesture.label for gesture in gestures)
        size = background.basis.shape[1]
        made = [gesture.prototype(background) for gesture in gestures]
        self._prototypes = np.stack(made) if made else np.zeros((0, size), np.float32)
        self._thresholds = np.array([gesture.threshold for gesture in gestures], np.float32)
        self._spreads = np.array([gesture.spread for gesture in gestures], np.float32)

    def follow(self, after: float = -math.inf) -> PersonGestures:
        """The gestures of somebody, of whom nothing before a time (seconds) counts."""
        detector = self.detector.config.detector
        return PersonGestures(self.gestures, detector.encoder.frames / detector.rate, after)

    @property
    def hash(self) -> str:
        """SHA-256 of everything about gestures and background that scores and events depend on."""
        known = [(one.label, one.seconds, one.threshold, one.spread) for one in self.gestures]
        digest = hashlib.sha256(repr(known).encode())
        for array in (self._prototypes, self.background.mean, self.background.basis):
            digest.update(array.tobytes())
        return digest.hexdigest()

    def scores(self, features: np.ndarray) -> np.ndarray:
        """(N, G) scores of the features (N, D) of windows: 0.5 at the threshold of a gesture.

        A window shows at most one gesture: only that with the highest score has one, the others have 0.
        """
        similarity = self.background(features) @ self._prototypes.T
        scores = _sigmoid((similarity - self._thresholds) / self._spreads)
        if scores.shape[1] > 1:
            scores = scores * (scores == scores.max(axis=1, keepdims=True))
        return scores


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without an overflow."""
    found: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return found


class PersonGestures:
    """Some gestures (G) of one person over time.

    A window shows a movement from when half of it is in the window, and until about half of it has left. Onsets and
    offsets are those of the movement.

    Args:
        gestures: G enrolled ones.
        window: seconds that a window shows.
        after: time, seconds; what began before it is not told, though windows still show it.
    """

    def __init__(self, gestures: Sequence[Gesture] = (), window: float = 0.0, after: float = -math.inf) -> None:
        self._half = {gesture.label: 0.5 * min(gesture.seconds, window) for gesture in gestures}
        self._window, self._after = window, after
        self._earliest = dict.fromkeys(self._half, -math.inf)
        """Label -> when the movement can have begun: the person has come, and the last one has ended."""
        self._machine = ActionMachine((BACKGROUND_LABEL, *self._half), EVENTS)

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the gestures."""
        return tuple(self._half)

    def step(self, time: float, scores: np.ndarray, came: float, again: bool = False) -> list[Edge]:
        """Process the scores (G,) of a window.

        Args:
            time: at which it ends, seconds.
            scores: of ``Recogniser``.
            came: time since when the person is here.
            again: who had left is back, so that windows still show them from before.
        """
        self._earliest = {label: max(earliest, came) for label, earliest in self._earliest.items()}
        self._after = max(self._after, came) if again else self._after
        edges = self._machine.step(time, np.append(0.0, scores))
        return [self._dated(edge) for edge in edges if self._counts(edge.label, edge.onset)]

    def close(self, kind: EventKind) -> list[Edge]:
        """End all gestures, as ``ActionMachine.close``: windows still show them, and their ends are not known."""
        edges = self._machine.close(kind)
        return [
            dataclasses.replace(edge, onset=self._began(edge.label, edge.onset))
            for edge in edges
            if self._counts(edge.label, edge.onset)
        ]

    @property
    def runs(self) -> dict[str, Run]:
        """As ``ActionMachine.runs``, with the onset of the movement."""
        return {
            label: dataclasses.replace(run, onset=self._began(label, run.onset))
            for label, run in self._machine.runs.items()
            if self._counts(label, run.onset)
        }

    def _dated(self, edge: Edge) -> Edge:
        onset = self._began(edge.label, edge.onset)
        if edge.offset is None:
            return dataclasses.replace(edge, onset=onset)
        offset = max(onset, edge.offset - FORGOTTEN * (self._window - self._half[edge.label]))
        self._earliest[edge.label] = offset
        return dataclasses.replace(edge, onset=onset, offset=offset)

    def _counts(self, label: str, onset: float) -> bool:
        """Whether a movement that windows show from ``onset`` on began after what does not count."""
        return onset - self._half[label] >= self._after

    def _began(self, label: str, onset: float) -> float:
        """When it began."""
        return max(onset - self._half[label], self._earliest[label])
