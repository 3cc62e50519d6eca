"""Stamps of one's own recordings: rising seconds of a rate that a tracker can have, or refused with a likely remedy."""

from __future__ import annotations

import math

import numpy as np

from usdrl_model.data.importers.arrays import check_stamps

RATES = (1.0, 1000.0)
"""Hz of a tracker, least and most."""
USUAL = (5.0, 240.0)
"""Hz of the sensors that there are, by which the unit of stamps is guessed; most of them have ``COMMON``."""
COMMON = 30.0
FAST = 0.25
"""Fraction of the steps that are shorter than those of ``RATES`` from which on stamps are wrong: fewer are those of
messages that were held up and came at once."""
_UNITS = {
    "milliseconds": 1e3,
    "microseconds": 1e6,
    "100 ns ticks (Kinect, FILETIME)": 1e7,
    "nanoseconds": 1e9,
    "minutes": 1.0 / 60.0,
    "hours": 1.0 / 3600.0,
    "days": 1.0 / 86400.0,
}
"""Of a second, how many make one."""
_CALENDAR = {"M": "months", "Y": "years"}


def seconds(given: np.ndarray, count: int, *, coarse: bool) -> np.ndarray:
    """(T,) stamps as float64 seconds.

    Args:
        given: numbers, datetime64 or timedelta64.
        count: frames.
        coarse: they were saved in less than double precision.

    Raises:
        ValueError: they do not rise, are not one a frame, or not in seconds.
    """
    stamps = given
    if dated := given.dtype.kind in "mM":
        if np.isnat(given).any():
            raise ValueError(f"stamps: not a time at frame {int(np.isnat(given).argmax())}")
        if given.dtype.kind == "m" and (unit := np.datetime_data(given.dtype)[0]) in _CALENDAR:
            raise ValueError(f"stamps: expected seconds, got {_CALENDAR[unit]}, which are not equally long")
        since = given - np.datetime64(0, "s") if given.dtype.kind == "M" else given
        stamps = since / np.timedelta64(1, "s")
    if stamps.shape != (count,):
        raise ValueError(f"stamps: expected {count} rising seconds, one a frame, got {stamps.shape}")
    steps = np.diff(stamps)
    if len(steps) and (step := float(np.median(steps))) >= 1.0 / RATES[0]:
        raise ValueError(f"stamps: expected seconds, got {step:g} from frame to frame{'' if dated else _remedy(step)}")
    try:
        check_stamps(stamps, "stamps")
    except ValueError as error:
        raise ValueError(f"{error}{'; float32 cannot tell them apart: save float64' if coarse else ''}") from None
    short = steps[steps < 1.0 / RATES[1]]
    if len(short) > FAST * len(steps):
        step = float(np.median(short))
        remedy = "" if dated or len(short) < (1.0 - FAST) * len(steps) else _remedy(step)
        raise ValueError(
            f"stamps: expected seconds, and at most {RATES[1]:g} frames in one, got {step:g} from frame to frame in"
            f" {len(short)} of {len(steps)} steps{remedy}"
        )
    return stamps


def _remedy(step: float) -> str:
    """The unit in which that step is nearest to that of a camera, and what makes seconds of it."""
    if step == 1.0:
        return ": numbers of frames? divide by the frames a second, or give rate instead"
    name, second = min(_UNITS.items(), key=lambda unit: abs(math.log(unit[1] / step / COMMON)))
    if not USUAL[0] <= second / step <= USUAL[1]:
        # What is too slow for a camera may still be seconds of something else.
        name, second = next(((name, by) for name, by in _UNITS.items() if 1.0 <= step <= by / RATES[0]), ("", 1.0))
    if not name:
        return ""
    return f": {name}? {f'divide by {second:g}' if second > 1.0 else f'multiply by {1.0 / second:g}'}"
