"""Recordings as the online pipeline judges them, before anything is decided: the posteriors of every frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.events.onset_offset import ActionMachine, Edge, EventConfig
from usdrl_model.inference import load
from usdrl_model.inference.onnx_runtime import Arrays
from usdrl_model.online.stream import ActionStream
from usdrl_model.skeleton import judged_time
from usdrl_model.skeleton.recording import Recording


@dataclass(frozen=True, slots=True)
class Played:
    """One recording as the online pipeline judged it."""

    recording: Recording
    tracks: list[tuple[str, np.ndarray, np.ndarray]]
    """Person, stamps (L,) and posteriors (L, K) of every track."""

    @property
    def hours(self) -> float:
        """In which people can be judged (``judged_time``)."""
        return judged_time.of(self.recording) / 3600.0


class _Recorder(ActionMachine):
    """Decides nothing, and remembers what it was told."""

    def __init__(self, labels: tuple[str, ...], config: EventConfig) -> None:
        super().__init__(labels, config)
        self.heard: list[tuple[float, np.ndarray]] = []

    def step(self, time: float, posterior: np.ndarray) -> list[Edge]:
        self.heard.append((time, posterior))
        return []


def play(weights: LoadedDetector, recordings: Iterable[Recording]) -> list[Played]:
    """Posteriors of every frame of recordings, as live."""
    return [_played(weights, recording) for recording in recordings]


def _played(weights: LoadedDetector, recording: Recording) -> Played:
    recorders: list[tuple[str, _Recorder]] = []

    def follow(person: str) -> _Recorder:
        recorder = _Recorder(weights.config.detector.labels, weights.config.stream.events)
        recorders.append((person, recorder))
        return recorder

    stream = ActionStream(weights, topology=recording.topology, machine=follow)
    for frame in recording.frames:
        stream.push(frame)
    stream.finish()
    heard = [(person, recorder.heard) for person, recorder in recorders if recorder.heard]
    tracks = [(person, np.array([t for t, _ in each]), np.stack([p for _, p in each])) for person, each in heard]
    return Played(recording, tracks)


class _Remembered:
    """A detector that computes once: what is played again gets the logits of before, divided by a temperature."""

    def __init__(self, weights: LoadedDetector) -> None:
        self._weights = weights
        self._logits: list[np.ndarray] = []
        self._again: Iterator[np.ndarray] | None = None
        self._temperature = 1.0

    def again(self, temperature: float) -> None:
        """From now on the calls are those of before, in their order."""
        self._again, self._temperature = iter(self._logits), temperature

    def __call__(self, windows: np.ndarray) -> Arrays:
        logits = self._cooled() if self._again else self._keep(load.answers(self._weights, windows)[0])
        return Arrays(frames=logits, clip=logits.max(axis=1), features=np.zeros((len(logits), 0), np.float32))

    def advance(self, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of a streaming detector; what it remembers does not matter the second time."""
        if self._again:
            return self._cooled(), state
        probabilities, state = load.advance(self._weights, joints, state)
        return self._keep(probabilities), state

    def _keep(self, probabilities: np.ndarray) -> np.ndarray:
        """Their logarithms are logits; the smallest number keeps a probability of 0 finite."""
        self._logits.append(np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))
        return self._logits[-1]

    def _cooled(self) -> np.ndarray:
        assert self._again is not None
        return next(self._again) / np.float32(self._temperature)


def play_cooled(
    weights: LoadedDetector, recordings: Iterable[Recording], temperature: float
) -> tuple[list[Played], list[Played]]:
    """``play``, and what it would give with the logits of frames divided by a temperature; the network runs once."""
    before, after = [], []
    for recording in recordings:
        remembered = _Remembered(weights)
        once = dataclasses.replace(weights, detector=remembered)
        before += play(once, [recording])
        remembered.again(temperature)
        after += play(once, [recording])
    return before, after
