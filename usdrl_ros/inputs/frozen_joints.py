"""Frozen joints of the people of a source whose pose moves: a hung tracker repeats them in its own frame alone.

What a moving head or a noisy IMU turns is elsewhere in every frame, so this is judged before points are transformed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from usdrl_model.skeleton.freezing import Freezing
from usdrl_model.skeleton.person import Person

BACK = 1.0
"""Seconds by which a stamp may be before the newest one of a person and still be late; else time has jumped."""
MOST = 256
"""People who are remembered, at most: those who were sent last."""


@dataclass(slots=True)
class _Known:
    freezing: Freezing
    stamp: float
    """Seconds, of the newest sample."""
    frozen: np.ndarray
    """(V,) bool, of that sample."""


class FrozenJoints:
    """Tells which joints are frozen, by the ids of the source."""

    def __init__(self) -> None:
        self._people: dict[str, _Known] = {}

    def step(self, stamp: float, person: Person, *, coarse: bool = False) -> np.ndarray:
        """(V,) bool of a person in the frame of the source, at a stamp in seconds; ``coarse``: see ``Freezing``."""
        known = self._people.pop(person.id, None)
        if known is None or known.stamp - stamp > BACK or len(known.frozen) != len(person.joints):
            known = _Known(Freezing(len(person.joints), coarse=coarse), -np.inf, np.zeros(len(person.joints), bool))
        if stamp > known.stamp:  # no message counts twice
            (known.frozen,) = known.freezing.step(np.array([stamp]), person.joints[None])
            known.stamp = stamp
        self._people[person.id] = known
        if len(self._people) > MOST:
            del self._people[next(iter(self._people))]
        return known.frozen
