"""Ids by place, for trackers that have none or whose ids cannot be believed.

The people of a frame are assigned to those of the frames before so that the distances of their joints add up to the
least (Hungarian algorithm), none of them farther than a person walks. Who is not there keeps their id for ``GRACE``
seconds, and has it again when they come back to about the same place. Whoever has been there all the while goes first,
so that nobody takes the id of somebody who left before them on the same way. A number is never used twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from usdrl_model.errors.missing import advice

SPEED = 2.5
"""Metres a second: people among a robot walk."""
NOISE = 0.4
"""Metres of tracker error between two frames."""
FARTHEST = 1.5
"""Metres from the last place at which somebody is the same person after any time."""
HERE = 0.2
"""Seconds behind the newest place within which somebody is here: each person may come in a message of their own."""
GRACE = 3.0
"""Seconds for which somebody who is out of sight keeps their id."""
MOST = 256
"""People whose places are kept, at most: those who were seen last."""


class Place(NamedTuple):
    """Where somebody was seen last."""

    stamp: float
    joints: np.ndarray
    """(25, 3) metres."""
    valid: np.ndarray
    """(25,) bool."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of the people of one source; it outlives resets, as a tracker that falls silent forgets nobody."""

    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Gives every new id, so that no stranger gets an old one."""
    places: dict[str, Place] = field(default_factory=dict)
    """Id -> where they were seen last."""


class Association:
    """Gives ids to the people of one stream.

    Args:
        memory: of the stream.
        back: seconds that a frame may be late. Places that are newer by more are of a time before it jumped back, and
            are forgotten.

    Raises:
        ValueError: as ``solver``.
    """

    def __init__(self, memory: Memory, back: float) -> None:
        self._solve = solver()
        self._memory = memory
        self._back = back

    def forget(self) -> None:
        """Everybody is new."""
        self._memory.places.clear()

    def name(
        self, stamp: float, samples: Mapping[str, tuple[np.ndarray, np.ndarray]]
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The samples of one frame under ids of their own, whatever ids they came with.

        Args:
            stamp: seconds.
            samples: id of the tracker -> joints (25, 3), metres, and confidence (25,), 0 where invalid. A sample
                without a valid joint has no place and is left out.
        """
        places = self._memory.places
        kept = [one for one in places.items() if -self._back <= stamp - one[1].stamp <= GRACE]
        places.clear()
        places.update(sorted(kept, key=lambda one: one[1].stamp)[-MOST:])
        seen = [sample for sample in samples.values() if (sample[1] > 0.0).any()]
        known = list(places)
        costs = _costs(list(places.values()), stamp, seen)
        ids: list[str | None] = [None] * len(seen)
        if costs.size:
            # A pair that cannot be costs more than all others together, so that as many as possible are assigned.
            apart, last = np.isinf(costs), np.array([place.stamp for place in places.values()])
            away = np.where(last < last.max() - HERE, FARTHEST, 0.0)[:, None]  # more than any way of who is here
            rows, columns = self._solve(np.where(apart, (2.0 * FARTHEST + 1.0) * len(costs), costs + away))
            for row, column in zip(rows, columns, strict=True):
                if not apart[row, column]:
                    ids[column] = known[row]
        named = {}
        for id_, (joints, confidence) in zip(ids, seen, strict=True):
            called = id_ or str(next(self._memory.numbers))
            named[called] = (joints, confidence)
            before = places.get(called)
            if before is None or stamp > before.stamp:
                places[called] = Place(stamp, joints, confidence > 0.0)
        return named


def solver() -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The Hungarian algorithm: costs (P, S) -> rows and columns that go together.

    Raises:
        ValueError: SciPy is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ModuleNotFoundError as error:
        raise ValueError(f"ids: own {advice(error)}") from None
    solve: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] = linear_sum_assignment
    return solve


def _costs(places: Sequence[Place], stamp: float, seen: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(P, S) metres from places to samples, the median of their joints; infinite where too far, or none is shared."""
    if not places or not seen:
        return np.zeros((len(places), len(seen)))
    there = np.stack([place.valid for place in places])[:, None] & np.stack([sure > 0.0 for _, sure in seen])[None]
    ways = np.stack([joints for joints, _ in seen])[None] - np.stack([place.joints for place in places])[:, None]
    distances = np.sort(np.where(there, np.linalg.norm(ways, axis=3), np.inf), axis=2)
    shared = there.sum(axis=2)
    middle = np.stack([(shared - 1) // 2, shared // 2], axis=2).clip(min=0)
    median = np.take_along_axis(distances, middle, axis=2).mean(axis=2)
    ages = np.maximum(0.0, stamp - np.array([place.stamp for place in places]))
    farthest = np.minimum(NOISE + SPEED * ages, FARTHEST)[:, None]
    return np.where((shared > 0) & (median <= farthest), median, np.inf)
