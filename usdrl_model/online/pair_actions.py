"""What people do with each other: a detector of two people beside that of one, asked where somebody is near.

It looks at the same grid of time, with its own window, smoothing and thresholds. Actions that the other detector knows
too are told by that one, which looks at everybody.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.events.config import StreamConfig, check_window
from usdrl_model.events.onset_offset import Edge
from usdrl_model.inference import load
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.online.person_pairs import PersonPairs
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.online.windowed import newest_windows
from usdrl_model.windows.track import Track

LATE = 2
"""Grid frames by which people wait for the newest one of each other: where each comes in a message of their own, one is
first."""


class PairActions:
    """A detector of two people, for one stream.

    Args:
        weights: a loaded detector.
        beside: the detector of the stream.
        counters: receives pair_inferences.

    Raises:
        ValueError: a detector of one person, of another frame rate, or of nothing that the other one does not know.
    """

    def __init__(self, weights: LoadedDetector, beside: DetectorConfig, counters: Counter[str]) -> None:
        detector = weights.config.detector
        if detector.encoder.people < 2:
            raise ValueError(
                f"pair_weights: expected a detector of two people, got {weights.name}, which looks at one: use it as"
                " weights"
            )
        if detector.encoder.flat or beside.encoder.flat:
            raise ValueError(
                "pair_weights: expected joints in space of both, got a detector of joints in a picture: leave it out"
            )
        if detector.rate != beside.rate:
            raise ValueError(
                f"pair_weights: expected a detector of {beside.rate:g} Hz as that of the weights, got {weights.name} of"
                f" {detector.rate:g} Hz: train it with detector.rate={beside.rate:g}"
            )
        self.weights, self.detector, self._counters = weights, detector, counters
        self.labels = tuple(label for label in detector.labels[1:] if label not in beside.labels)
        """What it tells."""
        if not self.labels:
            raise ValueError(f"pair_weights: the weights know all actions of {weights.name} already: leave it out")

    def check(self, config: StreamConfig) -> None:
        """Raise ValueError for settings of the stream that reach beyond the window of this detector."""
        check_window(dataclasses.replace(config, smoothing=self.weights.config.stream.smoothing), self.detector)

    def follow(self) -> PersonPairs:
        """For a new person."""
        return PersonPairs(self.detector, self.weights.config.stream, self.labels)

    def step(self, people: Sequence[TrackedPerson], robot: Track | None, end: int, last: int) -> dict[str, list[Edge]]:
        """Ask about everybody who has somebody near, and decide for all.

        Args:
            people: all of them.
            robot: somebody else who may be near.
            end: newest grid frame.
            last: grid frame up to which to decide.

        Returns:
            person -> the edges of their actions.
        """
        newest = [one.track.newest for one in people if one.track.newest is not None]
        told = [one.pairs.newest for one in people if one.pairs is not None and one.pairs.newest is not None]
        end = max([min([end, *(frame for frame in newest if frame >= end - LATE)]), *told])
        asked = end in told  # before, and whoever came meanwhile is asked about with the next frame
        if not asked and (batch := newest_windows(people, end, self.detector.encoder, robot, alone=False)):
            self._counters["pair_inferences"] += 1
            answers = load.probabilities(self.weights, batch.windows)
            for person, frames, seen in zip(batch.people, answers, batch.seen, strict=True):
                if person.pairs is not None:
                    person.pairs.add(end, frames, seen)
        return {person.id: person.decide_pairs(min(last, end)) for person in people}
