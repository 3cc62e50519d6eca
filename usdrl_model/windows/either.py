"""What one formula needs for arrays of numpy and of torch: live, where torch may be missing, and in training.

A function of both takes from ``library`` what has one name and one meaning in both, and from here what has not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Points = TypeVar("Points", np.ndarray, "Tensor")
"""Of numpy, or of torch; what comes back is of the same."""


def library(x: Any) -> Any:
    """The module numpy or torch, whichever ``x`` is of."""
    return np if isinstance(x, np.ndarray) else sys.modules["torch"]


def like(x: Any, numbers: Sequence[float] | Sequence[Sequence[float]]) -> Any:
    """Numbers as an array of the library, type and device of ``x``; filled in there (see ``taken``)."""
    if isinstance(x, np.ndarray):
        return np.asarray(numbers, x.dtype)
    filled = [x.new_full((), number) for number in np.ravel(numbers).tolist()]
    return library(x).stack(filled).view(np.shape(numbers))


def taken(x: Any, places: Sequence[int], axis: int) -> Any:
    """The slices at some places along an axis.

    Of torch one by one: a list of places goes from the host to the device, which a CUDA graph cannot do.
    """
    if isinstance(x, np.ndarray):
        return x.take(places, axis)
    return library(x).stack([x.select(axis, place) for place in places], axis)


def ordered(x: Any, axis: int) -> Any:
    """The numbers along an axis from the smallest to the largest; NaN comes last."""
    return np.sort(x, axis=axis) if isinstance(x, np.ndarray) else x.sort(dim=axis).values


def mean(x: Any, axis: int) -> Any:
    """Mean along an axis without NaN; NaN where there is nothing else."""
    missing = library(x).isnan(x)
    with np.errstate(invalid="ignore"):
        return library(x).where(missing, 0.0, x).sum(axis) / (~missing).sum(axis)


def median(x: Any) -> Any:
    """Median along axis 1 without NaN; of an even count the mean of the middle two."""
    count = _count(x)
    middle = library(x).concatenate([(count - 1).clip(0) // 2, (count // 2).clip(0, x.shape[1] - 1)], 1)
    return 0.5 * _picked(ordered(x, 1), middle).sum(1)


def lower_median(x: Any) -> Any:
    """Median along axis 1 without NaN; of an even count the lower of the middle two, as torch takes it."""
    return _picked(ordered(x, 1), (_count(x) - 1).clip(0) // 2)[:, 0]


def _count(x: Any) -> Any:
    return (~library(x).isnan(x)).sum(1, keepdims=True)


def _picked(x: Any, places: Any) -> Any:
    return np.take_along_axis(x, places, 1) if isinstance(x, np.ndarray) else x.gather(1, places)
