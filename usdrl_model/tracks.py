"""People over time, on a regular grid.

A tracker delivers at 5 to 120 Hz, with jitter, gaps and duplicates; the model wants frames at its own rate. Every
person therefore has a ``Track``: a ring of frames on the global time grid ``k / rate``, filled by linear interpolation
between the samples as they come, joint by joint. A joint that was missing for a moment is filled in afterwards, once it
is back. Training cuts its windows from the same class, so what the model learns on is what it meets.
"""

from __future__ import annotations

import math

import numpy as np

from usdrl_model.topology import CANONICAL_JOINTS

MAX_JOINT_GAP = 0.5
"""Seconds a joint may be missing and still be interpolated."""
FROZEN_AFTER = 0.4
"""Seconds after which a joint that repeats the very same coordinates is taken for frozen: no sensor is that still."""
FROZEN_SAMPLES = 4
"""Repeats needed as well: at 5 Hz two equal samples prove nothing."""


class Track:
    """One person on the time grid of the model.

    Args:
        rate: frames a second of the grid.
        capacity: frames that are kept.
        id: the tracker's identity.
    """

    def __init__(self, rate: float, capacity: int, id: str = "") -> None:  # noqa: A002 (the field's word)
        count = len(CANONICAL_JOINTS)
        self.id = id
        self.rate = rate
        self.capacity = capacity
        self.first_stamp = math.nan
        self.last_stamp = -math.inf
        self.newest: int | None = None
        """Grid index of the newest frame, None before the first."""
        self.joints: np.ndarray = np.zeros((count, 3), np.float32)
        """(25, 3) newest sample, canonical joints."""
        self.confidence: np.ndarray = np.zeros(count, np.float32)
        """(25,) of the newest sample, frozen joints at 0."""
        self._ring = np.zeros((capacity, count, 3), np.float32)
        self._mask = np.zeros((capacity, count), bool)
        self._valid_stamp = np.full(count, -math.inf)  # when each joint was last valid, and where
        self._valid_joints = np.zeros((count, 3))
        self._moved_stamp = np.full(count, -math.inf)
        self._repeats: np.ndarray = np.zeros(count, int)

    @property
    def oldest(self) -> int:
        """Grid index of the oldest frame kept."""
        if self.newest is None:
            raise ValueError("the track is empty: add a sample first")
        return self.newest - self.capacity + 1

    def add(self, stamp: float, joints: np.ndarray, confidence: np.ndarray) -> None:
        """Append a sample.

        Args:
            stamp: seconds, later than the one before.
            joints: (25, 3) canonical joints, metres.
            confidence: (25,), 0 where invalid.

        Raises:
            ValueError: the stamp is not later than the last one.
        """
        if stamp <= self.last_stamp:
            raise ValueError(f"track {self.id}: expected a stamp after {self.last_stamp:.6f}, got {stamp:.6f}")
        if self.newest is None:
            self.first_stamp = stamp
        confidence = np.where(self._frozen(stamp, joints), 0.0, confidence).astype(np.float32)
        self.joints, self.confidence, self.last_stamp = joints, confidence, stamp
        index = math.floor(stamp * self.rate)
        self._advance(index)
        self._fill(stamp, joints.astype(np.float64), confidence > 0.0, index)

    def window(self, frames: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The ``frames`` grid frames up to and including index ``end``.

        Returns:
            joints (T, 25, 3) float32 and mask (T, 25) bool; frames outside the track are all invalid.
        """
        indices = np.arange(end - frames + 1, end + 1)
        inside = (indices >= self.oldest) & (indices <= (self.newest if self.newest is not None else -1))
        slots = indices % self.capacity
        return self._ring[slots], self._mask[slots] & inside[:, None]

    @property
    def seen_stamp(self) -> float:
        """Seconds: the newest sample with a valid joint; -inf before the first."""
        return float(self._valid_stamp.max())

    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each joint was last valid, a joint that is missing for a moment included.

        Returns:
            (25, 3) metres, and (25,) bool, False where that is too long ago to hold still.
        """
        return self._valid_joints, self.last_stamp - self._valid_stamp <= MAX_JOINT_GAP

    def way(self, joints: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far a sample is from where the track was last valid.

        Args:
            joints: (25, 3) metres.
            confidence: (25,), 0 where invalid.

        Returns:
            (J,) metres and (J,) stamps of the places they are measured from; only the J joints that are valid in both.
        """
        both = (confidence > 0.0) & np.isfinite(self._valid_stamp)
        return np.linalg.norm(joints[both] - self._valid_joints[both], axis=1), self._valid_stamp[both]

    def _frozen(self, stamp: float, joints: np.ndarray) -> np.ndarray:
        moved = (joints != self.joints).any(axis=1)
        self._moved_stamp[moved] = stamp
        self._repeats = np.where(moved, 0, self._repeats + 1)
        return (stamp - self._moved_stamp > FROZEN_AFTER) & (self._repeats >= FROZEN_SAMPLES)

    def _advance(self, index: int) -> None:
        """Move the newest frame to ``index``, clearing what the ring reuses."""
        if self.newest is None or index - self.newest >= self.capacity:
            self._mask[:] = False
        else:
            self._mask[np.arange(self.newest + 1, index + 1) % self.capacity] = False
        self.newest = index

    def _fill(self, stamp: float, joints: np.ndarray, valid: np.ndarray, index: int) -> None:
        """Write every grid frame between each joint's last valid sample and this one."""
        joined = valid & (stamp - self._valid_stamp <= MAX_JOINT_GAP)
        since = np.where(joined, self._valid_stamp, stamp)
        if joined.any():
            first = max(self.oldest, math.floor(since[joined].min() * self.rate) + 1)
            grid = np.arange(first, index + 1)
            times = grid / self.rate  # (G,)
            wanted = joined[None] & (times[:, None] > since[None])  # (G, V)
            span = np.where(joined, stamp - since, 1.0)
            share = np.clip((times[:, None] - since[None]) / span[None], 0.0, 1.0)
            blend = self._valid_joints[None] + share[:, :, None] * (joints - self._valid_joints)[None]
            slots = grid % self.capacity
            self._ring[slots] = np.where(wanted[:, :, None], blend, self._ring[slots])
            self._mask[slots] |= wanted
        # A joint that (re)appears has no past to blend with: it starts at the grid frame it stands on, if any.
        if index / self.rate == stamp:
            fresh = valid & ~joined
            slot = index % self.capacity
            self._ring[slot][fresh] = joints[fresh]
            self._mask[slot] |= fresh
        self._valid_stamp[valid] = stamp
        self._valid_joints[valid] = joints[valid]
