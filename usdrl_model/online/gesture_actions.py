"""Enrolled gestures, live: told by the features of the windows that the detector sees, or of another's beside it.

A streaming detector has no windows; gestures are then told by a detector that has (``shipped.GESTURE_DETECTOR``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.events.onset_offset import Edge
from usdrl_model.gestures.recogniser import Recogniser
from usdrl_model.inference import load
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.online.windowed import Answered, newest_windows
from usdrl_model.windows.track import WINDOWS_KEPT

NEWEST = 2
"""Grid frames in one of which somebody is seen who is here: people may have stamps of their own."""


class GestureActions:
    """What people do of some gestures.

    Args:
        known: the gestures, and the detector by whose features they are told.
        weights: the detector that runs.
        told: what is told beside the gestures: label -> name of the weights that tell it.

    Raises:
        ValueError: the two detectors have different rates, one sees longer windows than are kept of people, one needs
            depth and the other none, or a gesture has the name of an action.
    """

    def __init__(self, known: Recogniser, weights: LoadedDetector, told: Mapping[str, str]) -> None:
        self.known = known
        self._own = known.detector is weights
        mine, other = weights.config.detector, known.detector.config.detector
        kept = WINDOWS_KEPT * mine.encoder.frames
        if other.rate != mine.rate or other.encoder.frames > kept:
            raise ValueError(
                f"gestures by {known.detector.name}: expected at most {kept} frames at {mine.rate:g} Hz beside"
                f" {weights.name}, got {other.encoder.frames} at {other.rate:g} Hz"
            )
        if mine.encoder.flat and not other.encoder.flat:
            raise ValueError(
                f"gestures by {known.detector.name}: expected joints in space, got {weights.name}, which is for joints"
                " in a picture: run weights that need depth, or leave gestures out"
            )
        check_names(known.labels, told)
        self._rate = mine.rate
        self._end: int | None = None
        """Grid frame about which the detector beside the one that runs was asked last."""

    def step(
        self, people: Sequence[TrackedPerson], end: int, answered: Answered | None
    ) -> Iterator[tuple[TrackedPerson, list[Edge]]]:
        """The edges of everybody who is here at grid frame ``end``; ``answered``: what the running detector gave."""
        if not self._own:
            if end == self._end:
                return
            detector, self._end = self.known.detector, end
            batch = newest_windows(people, end, detector.config.detector.encoder)
            answered = (batch, load.features(detector, batch.windows)) if batch else None
        batch, features = answered or (None, None)
        if batch is None or features is None:
            return
        for person, scores, seen in zip(batch.people, self.known.scores(features), batch.seen, strict=True):
            if person.came is None:
                continue
            gone = not seen[-min(person.patience + 1, len(seen) - 1) :].any()
            if gone or seen[-NEWEST:].any():
                told = np.zeros_like(scores) if gone else scores
                yield person, person.gestures.step(end / self._rate, told, person.came, person.again)


def check_names(gestures: Collection[str], told: Mapping[str, str]) -> None:
    """ValueError where a gesture has the name of an action that is ``told`` beside it; arguments as of the class."""
    if taken := sorted(told.keys() & gestures):
        weights = ", ".join(sorted({told[label] for label in taken}))
        raise ValueError(
            f"gestures: {', '.join(taken)} is told by the weights {weights} already: remove the gesture"
            " (usdrl gestures remove), or run weights that do not know the action"
        )
