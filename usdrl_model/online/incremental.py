"""A streaming detector, live: every new grid frame of everybody is one step, and nothing is computed anew.

What the network keeps of a person (``Conformer.advance``: keys, values, inputs of convolutions) is a row of numbers on
that person, so that it goes with them: somebody who is lost, or comes under a used id, begins with an empty one.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.inference import load
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.skeleton.person import SEEN_JOINTS
from usdrl_model.windows.picture import pictured
from usdrl_model.windows.track import grid_index


class Incremental:
    """Steps of a streaming detector.

    Args:
        weights: a detector whose configuration is ``streaming``.
    """

    def __init__(self, weights: LoadedDetector) -> None:
        self._weights, self._detector = weights, weights.config.detector
        self._empty = load.empty_state(self._detector)
        self._rings, self._last = list[np.ndarray](), self._empty[None][:0]
        """The rings that the last step gave, and (N, S), of which they are the rows."""

    def advance(self, people: Sequence[TrackedPerson], end: int) -> list[TrackedPerson]:
        """Take everybody's frames up to grid frame ``end`` that are there; return those of whom there were any.

        The scores go to their timelines. A person whose newest sample is older waits: their frames are taken once they
        are there, or the gap is known to be one.
        """
        groups: dict[int, list[TrackedPerson]] = {}
        for person in people:
            if (count := self._waiting(person, end)) > 0:
                groups.setdefault(count, []).append(person)
        for count, group in groups.items():
            self._step(group, count)
        return [person for group in groups.values() for person in group]

    def _waiting(self, person: TrackedPerson, end: int) -> int:
        """Frames to take. Of more than the network remembers it takes the newest, with an empty state."""
        newest, most = person.track.newest, self._detector.encoder.receptive_field
        if newest is None or newest > end:
            return 0
        if person.stepped is None:
            first = grid_index(person.track.first_stamp, person.track.rate)
            return min(newest - first + 1, most)
        if newest - person.stepped > most:
            person.ring = None
        return min(newest - person.stepped, most)

    def _step(self, people: Sequence[TrackedPerson], count: int) -> None:
        """The next ``count`` (L) frames of each of N people."""
        delay = self._detector.delay
        frames = [person.body(person.track.newest or 0, delay + count) for person in people]
        masks = np.stack([mask for _, mask in frames])
        joints = np.stack([joints for joints, _ in frames])[:, delay:]
        joints = np.where(masks[:, delay:, :, None], joints, np.float32(np.nan))
        if self._detector.encoder.flat:  # every frame is a picture of its own
            joints = pictured(joints.reshape(-1, 1, 1, *joints.shape[2:])).reshape(joints.shape)
        scores, self._last = load.advance(self._weights, joints, self._state(people))
        seen = masks.sum(axis=2) >= SEEN_JOINTS
        told = seen[:, :count] & seen[:, delay:]  # a frame, and the one that tells of it
        self._rings = list(self._last)
        for row, person in enumerate(people):
            person.stepped = newest = person.track.newest or 0
            person.ring = self._rings[row]
            for frame in range(count):
                which = slice(frame, frame + 1)
                person.timeline.add(newest - delay - count + 1 + frame, scores[row, which], told[row, which])

    def _state(self, people: Sequence[TrackedPerson]) -> np.ndarray:
        """(N, S) of N people; without a copy if they are the same as in the last step."""
        rings = [self._empty if person.ring is None else person.ring for person in people]
        same = len(rings) == len(self._rings) and all(map(operator.is_, rings, self._rings))
        return self._last if same else np.stack(rings)
