"""The labelled examples of a benchmark as windows, made once for all methods, seeds and tasks on clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from usdrl_model.data.labelled_clips import Labelled, everything, labelled
from usdrl_model.data.store import Store
from usdrl_model.evaluation.benchmark_store import classes
from usdrl_model.progress import progress
from usdrl_model.skeleton.segments import widened
from usdrl_model.windows.official import raw
from usdrl_model.windows.shape import WindowShape

CLIPS = "recognition"
"""Stands for every task on clips: all of them have the same classes."""
SHORTEST = 0.1
"""Smallest observed share of a truncated training clip; drawn uniformly from here to 1."""


class Examples:
    """Windows of a store, kept."""

    def __init__(self, store: Store, half_width: float = 0.0) -> None:
        """Of a store of ``open_benchmark``; an instant is ``half_width`` seconds wide to both sides."""
        self._store, self._half_width = store, half_width
        self._made: dict[tuple[str, WindowShape, float, int], Labelled] = {}
        self._trained: dict[str, tuple[str, ...]] = {}

    def labels(self, splits: Sequence[str]) -> tuple[str, ...]:
        """K classes that are trained in any of these splits, in the order of the set."""
        trained = {label for split in splits for label in self._classes(split)}
        return tuple(label for label in self._store.labels if label in trained)

    def train(self, split: str, shape: WindowShape, cut_off: int = 0) -> Labelled:
        """Whole clips, and so many cut-off copies of each, the same for all methods and seeds."""
        key = (f"{split}/train", shape, 1.0, cut_off)
        if key not in self._made:
            random = np.random.default_rng(0)
            parts = [self._read(split, "train", shape, everything)]
            parts += [self._read(split, "train", shape, lambda: random.uniform(SHORTEST, 1.0)) for _ in range(cut_off)]
            self._made[key] = Labelled(
                torch.cat([part.windows for part in parts]),
                tuple(label for part in parts for label in part.labels),
                tuple(name for part in parts for name in part.names),
                tuple(subject for part in parts for subject in part.subjects),
            )
        return self._made[key]

    def test(self, split: str, shape: WindowShape, share: float) -> Labelled:
        """Test clips, truncated after a share of each."""
        key = (f"{split}/test", shape, share, 0)
        if key not in self._made:
            self._made[key] = self._read(split, "test", shape, lambda: share)
        return self._made[key]

    def _read(self, split: str, part: str, shape: WindowShape, observed: Callable[[], float]) -> Labelled:
        there = self._part(split, part)
        read = map(raw, there.recordings()) if shape.official else iter(there)
        clips = progress(read, total=len(there), desc=f"{split}/{part}", unit="clip", leave=None)
        return labelled((widened(clip, self._half_width) for clip in clips), shape, f"{split}/{part}", observed)

    def _classes(self, split: str) -> tuple[str, ...]:
        if split not in self._trained:
            self._trained[split] = classes(self._part(split, "train"), CLIPS, self._half_width)
        return self._trained[split]

    def _part(self, split: str, part: str) -> Store:
        return self._store.select(split=f"{split}/{part}")
