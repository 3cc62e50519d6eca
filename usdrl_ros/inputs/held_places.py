"""Where people are whose joints repeat in the picture, all of them to the last digit: where they were.

A detector that hangs sends its last people again and again, while the depth images go on, with noise. Lifted anew they
would tremble, and nobody would see that they are frozen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from usdrl_model.skeleton.person import Person

MOST = 256
"""People who are remembered, at most: those who were sent last."""


class HeldPlaces:
    """Remembers everybody's newest joints, in the picture and in space."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[np.ndarray, Person]] = {}
        """Id -> joints (V, 3) in the picture, and the same person in space."""

    def step(self, flat: Person, lift: Callable[[], Person]) -> Person:
        """Somebody in space: where they were if their joints repeat, else as ``lift`` says.

        Args:
            flat: in the picture.
            lift: puts them into space.
        """
        there = self._held(flat) or lift()
        self._newest[flat.id] = flat.joints, there
        if len(self._newest) > MOST:
            del self._newest[next(iter(self._newest))]
        return there

    def _held(self, flat: Person) -> Person | None:
        """Where somebody was; None where their joints do not repeat, or nothing was measured then."""
        if flat.id not in self._newest:
            return None
        joints, there = self._newest.pop(flat.id)
        repeats = np.array_equal(joints, flat.joints, equal_nan=True) and np.isfinite(there.joints).any()
        return replace(there, confidence=flat.confidence) if repeats else None
