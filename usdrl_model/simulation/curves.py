"""Curves of human movement: minimum-jerk ramps, smooth paths through points, slow noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def ramp(times: np.ndarray, start: float, end: float) -> np.ndarray:
    """Minimum-jerk rise from 0 before ``start`` to 1 after ``end``."""
    u = np.clip((times - start) / max(end - start, 1e-9), 0.0, 1.0)
    return u**3 * (10.0 + u * (6.0 * u - 15.0))


def plateau(times: np.ndarray, start: float, end: float, rise: float, fall: float) -> np.ndarray:
    """Rise from 0 to 1 in ``rise`` seconds after ``start``, fall to 0 in the ``fall`` seconds before ``end``."""
    return ramp(times, start, start + rise) * (1.0 - ramp(times, end - fall, end))


def through(times: np.ndarray, knots: Sequence[float] | np.ndarray, points: np.ndarray) -> np.ndarray:
    """A smooth path through ``points``, at rest in the first and the last one.

    Args:
        times: (T,); before the first and after the last knot the curve is constant.
        knots: K rising times.
        points: (K, C).

    Returns:
        (T, C): cubic Hermite pieces whose slope at a knot is that of its neighbours.
    """
    at = np.asarray(knots, dtype=np.float64)
    points = np.asarray(points, dtype=np.float64)
    slopes = np.zeros_like(points)
    slopes[1:-1] = (points[2:] - points[:-2]) / (at[2:] - at[:-2])[:, None]
    piece = np.clip(np.searchsorted(at, times, side="right") - 1, 0, len(at) - 2)
    width = (at[piece + 1] - at[piece])[:, None]
    u = np.clip((times - at[piece])[:, None] / width, 0.0, 1.0)
    first, last = points[piece], points[piece + 1]
    return (
        (1 + 2 * u) * (1 - u) ** 2 * first
        + u * (1 - u) ** 2 * width * slopes[piece]
        + u**2 * (3 - 2 * u) * last
        - u**2 * (1 - u) * width * slopes[piece + 1]
    )


def slow_noise(rng: np.random.Generator, times: np.ndarray, channels: int, fastest: float = 0.6) -> np.ndarray:
    """(T, channels) noise of unit variance up to ``fastest`` Hz: the sway of a body that tries to keep still."""
    waves = 6
    rates = rng.uniform(0.05, fastest, (waves, channels))
    phases = rng.uniform(0.0, 2.0 * np.pi, (waves, channels))
    angles = 2.0 * np.pi * times[:, None, None] * rates + phases
    return np.sin(angles).sum(axis=1) * np.sqrt(2.0 / waves)
