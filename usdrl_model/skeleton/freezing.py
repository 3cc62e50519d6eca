"""Which joints of one person are frozen: every sensor has noise, so what repeats exactly is no measurement.

>>> freezing = Freezing(1)
>>> [bool(freezing.step(np.array([k / 10]), np.ones((1, 1, 3)))[0, 0]) for k in range(7)]
[False, False, False, False, False, True, True]
"""

from __future__ import annotations

import numpy as np

FROZEN_AFTER = 0.4
"""Seconds after which a joint with exactly the same coordinates counts as frozen."""
FROZEN_SAMPLES = 4
"""Repetitions that are needed as well, for slow trackers."""


class Freezing:
    """Follows the joints of one person, in a frame that does not move against the sensor.

    Args:
        count: V, the number of joints.
        coarse: a joint that stands still may repeat, as in whole pixels: only all of them together are frozen.
    """

    def __init__(self, count: int, *, coarse: bool = False) -> None:
        self._coarse = coarse
        self._joints: np.ndarray = np.full((count, 3), np.nan)
        self._moved = np.full(count, -np.inf)
        """Stamp of the newest sample in which each joint was elsewhere than before."""
        self._repeats: np.ndarray = np.zeros(count, int)

    def step(self, stamps: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """The next L samples, at once or one by one.

        Args:
            stamps: (L,) seconds, rising.
            joints: (L, V, 3) in any unit; NaN is nowhere, and never frozen.

        Returns:
            (L, V) bool.
        """
        before = np.concatenate([self._joints[None], joints[:-1]])
        moved = (joints != before).any(axis=2)
        if self._coarse:
            nowhere = np.isnan(joints).any(axis=2) & np.isnan(before).any(axis=2)  # which is no movement of the others
            moved = nowhere | (moved & ~nowhere).any(axis=1, keepdims=True)
        if moved.all():  # as nearly always; the rest would find the same
            self._joints, self._repeats = joints[-1], np.zeros_like(self._repeats)
            self._moved = np.full_like(self._moved, stamps[-1])
            return np.zeros(moved.shape, bool)
        rows = np.arange(len(stamps))[:, None]
        last = np.maximum.accumulate(np.where(moved, rows, -1), axis=0)
        since = np.where(last >= 0, stamps[last], self._moved)
        repeats = np.where(last >= 0, rows - last, self._repeats + rows + 1)
        self._joints, self._moved, self._repeats = joints[-1], since[-1], repeats[-1]
        frozen: np.ndarray = (stamps[:, None] - since > FROZEN_AFTER) & (repeats >= FROZEN_SAMPLES)
        return frozen
