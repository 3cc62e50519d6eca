"""A person over time on a regular grid: gaps, frozen joints.

Trackers deliver 5 to 120 frames a second, with jitter, gaps and duplicates; the model needs frames at its own rate. A
``Track`` is a ring buffer of frames on the global time grid ``k / rate``, filled by linear interpolation between the
samples, joint by joint. A short gap of a joint is filled once the joint is back. Training, evaluation and the live
pipeline all use this class, so the model sees the same frames in all of them.
"""

from __future__ import annotations

import math

import numpy as np

from usdrl_model.skeleton.freezing import Freezing
from usdrl_model.skeleton.topology import CANONICAL_JOINTS

MAX_JOINT_GAP = 0.5
"""Longest gap of a joint, seconds, that is interpolated."""
ON_GRID = 1e-4
"""Distance in grid frames below which a sample counts as on the grid, because stamps are rounded."""
WINDOWS_KEPT = 2
"""So many windows' frames are kept of a person: later windows still change those of one window before the decision."""


class Track:
    """One person on the time grid of the model.

    Args:
        rate: frames a second of the grid.
        capacity: frames kept.
        id: id of the person.
        freezes: joints that repeat exactly are frozen. False: they are computed, not measured, and may stand still.
        coarse: a joint that stands still may repeat, as in whole pixels: only all of them together are frozen.
    """

    def __init__(
        self,
        rate: float,
        capacity: int,
        id: str = "",  # noqa: A002 (the field's word)
        *,
        freezes: bool = True,
        coarse: bool = False,
    ) -> None:
        count = len(CANONICAL_JOINTS)
        self._freezing = Freezing(count, coarse=coarse) if freezes else None
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
        self._valid_stamp = np.full(count, -math.inf)  # time and position of the last valid sample of each joint
        self._valid_joints = np.zeros((count, 3))

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
        """Append L samples at once; the result is the same as one by one.

        Args:
            stamps: (L,) seconds, rising, later than the last sample; L is 1 or more.
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
        frozen = self._freezing.step(stamps, joints) if self._freezing else False
        sure = np.where(frozen, 0.0, confidence).astype(np.float32)
        ends = [0 if self.newest is None else self.newest, *(grid_index(stamp, self.rate) for stamp in stamps.tolist())]
        self._advance(ends[-1])
        self._fill(stamps, joints.astype(np.float64), sure > 0.0, np.array(ends[:-1]) + 1)
        self.joints, self.confidence, self.last_stamp = joints[-1], sure[-1], float(stamps[-1])

    def window(self, frames: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """The ``frames`` grid frames up to and including index ``end``.

        Returns:
            joints (T, 25, 3) float32 and mask (T, 25) bool; frames outside the track are all invalid.
        """
        return self._ring[np.arange(end - frames + 1, end + 1) % self.capacity], self.mask(frames, end)

    def mask(self, frames: int, end: int) -> np.ndarray:
        """The mask (T, 25) of ``window``."""
        indices = np.arange(end - frames + 1, end + 1)
        mask: np.ndarray = self._mask[indices % self.capacity]
        oldest = self.oldest
        if end - frames + 1 < oldest or end >= oldest + self.capacity:
            mask &= ((indices >= oldest) & (indices < oldest + self.capacity))[:, None]
        return mask

    def known(self, frames: int, end: int) -> np.ndarray:
        """(T, 25) last grid frame of the first live window that contains the value of each frame and joint.

        Live, a window ends with the first sample at or after its last grid frame, and a gap of a joint is filled when
        the joint is back. Only meaningful where ``window`` is valid.
        """
        return self._known[np.arange(end - frames + 1, end + 1) % self.capacity]

    @property
    def seen_stamp(self) -> float:
        """Seconds: the newest sample with a valid joint; -inf before the first."""
        return float(self._valid_stamp.max())

    def recent(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Last valid position of every joint.

        Args:
            now: stamp, seconds.

        Returns:
            (25, 3) metres, and (25,) bool, False where it is older than ``MAX_JOINT_GAP``.
        """
        return self._valid_joints, now - self._valid_stamp <= MAX_JOINT_GAP

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

    def speed(self, seconds: float) -> float:
        """Metres a second, the median of the joints, in the ``seconds`` before one was valid last; 0 if unknown."""
        if self.newest is None or not math.isfinite(self.seen_stamp):
            return 0.0
        frames = max(2, round(seconds * self.rate) + 1)
        joints, mask = self.window(frames, grid_index(self.seen_stamp, self.rate))
        there = np.flatnonzero(mask.any(axis=1))
        shared = mask[there[0]] & mask[there[-1]] if len(there) > 1 else np.zeros(0, bool)
        if not shared.any():
            return 0.0
        way = np.linalg.norm(joints[there[-1], shared] - joints[there[0], shared], axis=1)
        return float(np.median(way)) * self.rate / float(there[-1] - there[0])

    def _advance(self, index: int) -> None:
        """Move the newest frame to ``index``, clearing what the ring reuses."""
        if self.newest is None or index - self.newest >= self.capacity:
            self._mask[:] = False
        else:
            self._mask[np.arange(self.newest + 1, index + 1) % self.capacity] = False
        self.newest = index

    def _fill(self, stamps: np.ndarray, joints: np.ndarray, valid: np.ndarray, heard: np.ndarray) -> None:
        """Interpolate the grid frames between valid samples of a joint that are at most ``MAX_JOINT_GAP`` apart.

        A joint that (re)appears starts at the grid frame of its sample, if it is on one. ``heard`` (L,) is the last
        grid frame of the first live window that includes each sample.
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
    """Index of the grid frame at a stamp, or of the last one before it."""
    return math.floor(stamp * rate + ON_GRID)
