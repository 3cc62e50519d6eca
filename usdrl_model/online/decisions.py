"""From scores to actions: everybody's new frames are judged together, then each person's state machines go on.

An action of which too little is seen is withheld: where less than half of what it needs was seen over ``VISIBLE``
seconds, its posterior counts as background.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usdrl_model.events.onset_offset import Edge
from usdrl_model.events.posterior import posteriors
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.skeleton.parts import PARTS, seen

VISIBLE = 1.0
"""Seconds of which at least half must show what an action needs, or the action is withheld."""


class Decisions:
    """Advances the actions of people.

    Args:
        detector: configuration of the detector that scores them.
    """

    def __init__(self, detector: DetectorConfig) -> None:
        self._needs = np.array([[part in detector.needs.get(name, ()) for name in detector.labels] for part in PARTS])
        self._span = max(1, round(VISIBLE * detector.rate))

    def advance(
        self, people: Sequence[TrackedPerson], last: int | None = None
    ) -> list[tuple[TrackedPerson, list[Edge]]]:
        """Decide on everybody's frames that have scores, up to grid frame ``last``; people without any are left out."""
        alike: dict[range, list[TrackedPerson]] = {}
        for person in people:
            if frames := person.undecided(last):
                alike.setdefault(frames, []).append(person)
        decided: dict[TrackedPerson, list[Edge]] = {}
        for frames, group in alike.items():
            for person, found, withheld in zip(group, *self._judged(group, frames), strict=True):
                decided[person] = person.decide(frames, found, withheld)
        return [(person, decided[person]) for person in people if person in decided]

    def _judged(self, people: Sequence[TrackedPerson], frames: range) -> tuple[np.ndarray, np.ndarray]:
        """Posteriors (P, L, K) of L frames without what is withheld, and (P, K) bool: withheld at the last of them."""
        found = posteriors([person.timeline for person in people], frames[0], frames[-1])
        if not self._needs.any():
            return found, np.zeros((len(people), self._needs.shape[1]), bool)
        masks = np.stack([person.track.mask(len(frames) + self._span - 1, frames[-1]) for person in people])
        there = np.concatenate([masks.any(axis=2, keepdims=True), seen(masks)], axis=2)
        counts = np.cumsum(there, axis=1, dtype=int)
        counts[:, self._span :] -= counts[:, : -self._span].copy()  # of the frames of a span
        counts = counts[:, self._span - 1 :]
        gone = (counts[:, :, 1:] < 0.5 * counts[:, :, :1]) @ self._needs
        judged = np.where(gone, 0.0, found)
        judged[:, :, 0] += np.where(gone, found, 0.0).sum(axis=2)
        return judged, gone[:, -1]
