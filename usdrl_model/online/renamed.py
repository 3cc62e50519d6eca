"""People to whom a tracker gives a new id where they are: nobody can be followed by such ids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SAME_PLACE = 0.2
"""Metres within which a new id is at the place of one that is gone."""
NEAR = 1.0
"""Metres between two centres of joints beyond which nobody is at the same place; some joints may be unseen."""
LATELY = 0.3
"""Seconds for which an id is remembered: one that comes later is a newcomer; one that stays away so long is gone."""


class Renamed:
    """Finds new ids where somebody of another id just was, who is not seen any more.

    One is counted as soon as the other id has been gone for ``LATELY``: of two trackers, or of one that sends a message
    a person, each frame lacks people who are in the next.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, np.ndarray]] = {}
        """Id -> stamp of its newest sample, and joints (25, 3), NaN where invalid."""
        self._taken: set[str] = set()
        """Ids at whose place another has come since: that counts unless they come back."""

    def __call__(self, stamp: float, samples: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> int:
        """How many people have had a new id for so long, at this frame, that it is no other person's.

        Args:
            stamp: seconds.
            samples: id -> canonical joints (25, 3) in metres, and confidence (25,), 0 where invalid.
        """
        here = {
            id_: np.where(valid[:, None], joints, np.nan)
            for id_, (joints, confidence) in samples.items()
            if np.any(valid := (confidence > 0.0) & np.isfinite(joints).all(axis=1))
        }
        self._taken -= here.keys()
        count = sum(stamp - self._seen[id_][0] > LATELY for id_ in self._taken)
        self._seen = {id_: one for id_, one in self._seen.items() if abs(stamp - one[0]) <= LATELY}
        self._taken &= self._seen.keys()
        gone = [id_ for id_, (last, _) in self._seen.items() if last < stamp and id_ not in {*here, *self._taken}]
        centres = np.array([np.nanmean(self._seen[one][1], axis=0) for one in gone]).reshape(-1, 3)
        for id_ in [id_ for id_ in here if id_ not in self._seen] if gone else ():
            away = np.linalg.norm(centres - np.nanmean(here[id_], axis=0), axis=1)
            near = [one for one, far in zip(gone, away, strict=True) if far < NEAR and one not in self._taken]
            if not near:
                continue
            apart = _apart(np.stack([self._seen[one][1] for one in near]), here[id_])
            same = [one for one, far in zip(near, apart, strict=True) if far < SAME_PLACE]
            if same:  # who was not seen for longest is the least likely to come back
                self._taken.add(min(same, key=lambda one: self._seen[one][0]))
        self._seen |= {id_: (stamp, joints) for id_, joints in here.items()}
        return count

    def forget(self) -> None:
        """Time has jumped, or everybody is forgotten."""
        self._seen.clear()
        self._taken.clear()


def _apart(people: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Metres (N,) from people (N, 25, 3) to joints (25, 3): the median of those of both; infinite without any."""
    distance = np.linalg.norm(people - joints, axis=2)
    common = np.isfinite(distance).any(axis=1)
    apart = np.full(len(people), np.inf)
    apart[common] = np.nanmedian(distance[common], axis=1)
    return apart
