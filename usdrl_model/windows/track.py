"""People over time, on a regular grid.

A tracker delivers at 5 to 120 Hz, with jitter, gaps and duplicates; the model wants frames at its own rate. Every
person therefore has a ``Track``: a ring of frames on the global time grid ``k / rate``, filled by linear interpolation
between the samples as they come, joint by joint. A joint that was missing for a moment is filled in afterwards, once it
is back. It is the one way from stamps to regular frames: training and evaluation put their recordings, and the clips
that become one window, on a grid with the same class, so what the model learns on is what it meets.
"""

from __future__ import annotations

import math

import numpy as np

from usdrl_model.skeleton.topology import CANONICAL_JOINTS

MAX_JOINT_GAP = 0.5
"""Seconds a joint may be missing and still be interpolated."""
ON_GRID = 1e-4
"""Frames of the grid by which a sample may miss one and still stand on it: stamps are rounded."""
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
        self._known = np.zeros((capacity, count), int)
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
        self.extend(np.array([stamp]), joints[None], confidence[None])

    def extend(self, stamps: np.ndarray, joints: np.ndarray, confidence: np.ndarray) -> None:
        """Append L samples at once; the same as one after another.

        Args:
            stamps: (L,) seconds, rising, later than what is there; L is 1 or more.
            joints: (L, 25, 3) canonical joints, metres.
            confidence: (L, 25), 0 where invalid.

        Raises:
            ValueError: a stamp is not later than the one before.
        """
        before = np.concatenate([[self.last_stamp], stamps[:-1]])
        if (late := np.flatnonzero(stamps <= before)).size:
            last, stamp = before[late[0]], stamps[late[0]]
            raise ValueError(f"track {self.id}: expected a stamp after {last:.6f}, got {stamp:.6f}")
        if self.newest is None:
            self.first_stamp = float(stamps[0])
        sure = np.where(self._frozen(stamps, joints), 0.0, confidence).astype(np.float32)
        ends = [0 if self.newest is None else self.newest, *(grid_index(stamp, self.rate) for stamp in stamps.tolist())]
        self._advance(ends[-1])
        self._fill(stamps, joints.astype(np.float64), sure > 0.0, np.array(ends[:-1]) + 1)
        self.joints, self.confidence, self.last_stamp = joints[-1], sure[-1], float(stamps[-1])

    def window(self, frames: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The ``frames`` grid frames up to and including index ``end``.

        Returns:
            joints (T, 25, 3) float32 and mask (T, 25) bool; frames outside the track are all invalid.
        """
        indices = np.arange(end - frames + 1, end + 1)
        inside = (indices >= self.oldest) & (indices <= (self.newest if self.newest is not None else -1))
        slots = indices % self.capacity
        return self._ring[slots], self._mask[slots] & inside[:, None]

    def known(self, frames: int, end: int) -> np.ndarray:
        """(T, 25) grid index of the first window live whose end knows what ``window`` has of each frame and joint.

        Live, a window ends with the first sample at or after its last grid frame; what a joint did while it was missing
        is known when it is back. Counts for what is valid in ``window``.
        """
        return self._known[np.arange(end - frames + 1, end + 1) % self.capacity]

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

    def distances(self, joints: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances of a sample from the last valid position of every joint.

        Args:
            joints: (25, 3) metres.
            confidence: (25,), 0 where invalid.

        Returns:
            (J,) metres and (J,) stamps of those positions, for the J joints that are valid in both.
        """
        both = (confidence > 0.0) & np.isfinite(self._valid_stamp)
        return np.linalg.norm(joints[both] - self._valid_joints[both], axis=1), self._valid_stamp[both]

    def _frozen(self, stamps: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """(L, V) bool."""
        moved = (joints != np.concatenate([self.joints[None], joints[:-1]])).any(axis=2)
        rows = np.arange(len(stamps))[:, None]
        last = np.maximum.accumulate(np.where(moved, rows, -1), axis=0)
        since = np.where(last >= 0, stamps[last], self._moved_stamp)
        repeats = np.where(last >= 0, rows - last, self._repeats + rows + 1)
        self._moved_stamp, self._repeats = since[-1], repeats[-1]
        return (stamps[:, None] - since > FROZEN_AFTER) & (repeats >= FROZEN_SAMPLES)

    def _advance(self, index: int) -> None:
        """Move the newest frame to ``index``, clearing what the ring reuses."""
        if self.newest is None or index - self.newest >= self.capacity:
            self._mask[:] = False
        else:
            self._mask[np.arange(self.newest + 1, index + 1) % self.capacity] = False
        self.newest = index

    def _fill(self, stamps: np.ndarray, joints: np.ndarray, valid: np.ndarray, heard: np.ndarray) -> None:
        """Write every grid frame that has a valid sample of a joint behind it, where that is near enough to the last.

        A joint that (re)appears has no past to blend with: it starts at the grid frame it stands on, if any. ``heard``
        (L,) is the grid frame of the first window live that each sample belongs to.
        """
        count, each = len(stamps), np.arange(valid.shape[1])
        rows = np.arange(count)[:, None]
        # Of every sample and joint: the last valid sample before it, here or from what was added earlier (row 0).
        stamps_ = np.concatenate([self._valid_stamp[None], np.broadcast_to(stamps[:, None], valid.shape)])
        joints_ = np.concatenate([self._valid_joints[None], joints])
        last = np.maximum.accumulate(np.where(valid, rows + 1, 0), axis=0)
        before = np.concatenate([np.zeros_like(last[:1]), last[:-1]])
        since = stamps_[before, each]
        joined = valid & (stamps[:, None] - since <= MAX_JOINT_GAP)
        oldest = float(since[joined].min(initial=np.inf))
        self._valid_stamp, self._valid_joints = stamps_[last[-1], each], joints_[last[-1], each]

        first = math.ceil(float(stamps[0]) * self.rate - ON_GRID)
        if oldest < stamps[0]:
            first = min(first, grid_index(oldest, self.rate) + 1)
        grid = np.arange(max(self.oldest, first), grid_index(float(stamps[-1]), self.rate) + 1)
        if not len(grid):
            return
        times, slack = (grid / self.rate)[:, None], ON_GRID / self.rate
        # Of every grid frame and joint: the first valid sample at or after it; ``count`` stands for none.
        after = np.minimum.accumulate(np.where(valid, rows, count)[::-1], axis=0)[::-1]
        after = np.concatenate([after, np.full_like(after[:1], count)])[np.searchsorted(stamps + slack, times[:, 0])]
        known, row = after < count, np.minimum(after, count - 1)
        now, then = stamps[row], since[row, each]
        blended = known & joined[row, each] & (times > then + slack)
        wanted = blended | (known & (np.abs(now - times) <= slack))
        share = np.where(blended, np.minimum((times - then) / np.where(blended, now - then, 1.0), 1.0), 1.0)[:, :, None]
        there, old = joints[row, each], joints_[before[row, each], each]
        slots = grid % self.capacity
        self._ring[slots] = np.where(wanted[:, :, None], old + share * (there - old), self._ring[slots])
        self._known[slots] = np.where(wanted, np.maximum(heard[row], grid[:, None]), self._known[slots])
        self._mask[slots] |= wanted


def grid_index(stamp: float, rate: float) -> int:
    """The grid frame that a stamp stands on, or the last one before it."""
    return math.floor(stamp * rate + ON_GRID)
