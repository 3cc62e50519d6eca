"""A detector of windows, live: everybody's newest window in one batch, anew with every frame of the grid.

Inferences may be due more often than there are grid frames. The same windows are not asked about twice: that would cost
as much again, and count twice. Whoever came meanwhile, or later than their frame, is asked about with the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.inference import load
from usdrl_model.network.config import EncoderConfig
from usdrl_model.online.tracked_person import TrackedPerson
from usdrl_model.skeleton.person import SEEN_JOINTS
from usdrl_model.windows.neighbours import nearest
from usdrl_model.windows.track import Track
from usdrl_model.windows.window import Body, compose


class Batch(NamedTuple):
    """The windows of those who are seen in theirs (N people)."""

    people: list[TrackedPerson]
    windows: np.ndarray
    """(N, T, M, V, 3)."""
    seen: np.ndarray
    """(N, T) bool, frames in which the person is seen."""


Answered = tuple[Batch, np.ndarray | None]
"""Windows, and their features (N, D) by the detector that runs."""


class Windowed:
    """Inferences of a detector of windows.

    Args:
        weights: a detector whose configuration is not ``streaming``.
    """

    def __init__(self, weights: LoadedDetector) -> None:
        self._weights = weights
        self._end: int | None = None
        """Grid frame of the last inference."""

    def advance(self, people: Sequence[TrackedPerson], end: int, robot: Track | None) -> Answered | None:
        """Ask about everybody at grid frame ``end``; None where nobody is seen, or it was asked about already.

        The scores go to the timelines. Arguments as of ``newest_windows``.
        """
        if end == self._end:
            return None
        self._end = end
        batch = newest_windows(people, end, self._weights.config.detector.encoder, robot)
        if batch is None:
            return None
        probabilities, features = load.answers(self._weights, batch.windows)
        for person, frames, seen in zip(batch.people, probabilities, batch.seen, strict=True):
            person.timeline.add(end, frames, seen)
        return batch, features


def newest_windows(
    people: Sequence[TrackedPerson],
    end: int,
    encoder: EncoderConfig,
    robot: Track | None = None,
    *,
    alone: bool = True,
) -> Batch | None:
    """The windows that end at grid frame ``end``; None where nobody is seen in any.

    Args:
        people: who may be asked about.
        end: grid frame.
        encoder: of the model. One that looks at several gets the nearest others within ``neighbours.NEAR``.
        robot: somebody else who may be near, and is not asked about.
        alone: also ask about those who have nobody near.
    """
    rows = []
    for person in people:
        bodies = _bodies(person, people, end, encoder, robot)
        seen = bodies[0][1].sum(axis=1) >= SEEN_JOINTS
        if seen.any() and (alone or len(bodies) > 1):
            rows.append((person, bodies, seen))
    if not rows:
        return None
    windows = compose([bodies for _, bodies, _ in rows], encoder.window)
    return Batch([person for person, _, _ in rows], windows, np.stack([seen for _, _, seen in rows]))


def _bodies(
    person: TrackedPerson, people: Sequence[TrackedPerson], end: int, encoder: EncoderConfig, robot: Track | None
) -> list[Body]:
    """The person and, if the model looks at more than one, their nearest others, up to grid frame ``end``."""
    body = person.body(end, encoder.frames)
    if encoder.people == 1:
        return [body]
    others = [one.body(end, encoder.frames) for one in people if one is not person]
    if robot is not None and not encoder.flat:
        others.append(robot.window(encoder.frames, end))
    return [body, *nearest(body, others, encoder.people - 1)]
