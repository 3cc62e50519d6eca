"""Stamps of one's own recordings: rising seconds of a rate that a tracker can have, or refused with a likely remedy."""

from __future__ import annotations

import numpy as np

from usdrl_model.data.importers.arrays import check_stamps

RATES = (1.0, 1000.0)
"""Hz of a tracker, least and most."""
USUAL = (5.0, 240.001)
"""Hz of the sensors that there are, by which the unit of stamps is guessed; the last is rounded."""
FAST = 0.75
"""Fraction of the steps that are shorter than those of ``RATES`` from which on stamps are wrong: fewer are those of
messages that come two or three at once."""
_UNITS = {
    "milliseconds": 1e3,
    "microseconds": 1e6,
    "nanoseconds": 1e9,
    "100 ns ticks (Kinect, FILETIME)": 1e7,
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
        raise ValueError(
            f"stamps: expected seconds, and at most {RATES[1]:g} frames in one, got {step:g} from frame to frame in"
            f" {len(short)} of {len(steps)} steps{'' if dated else _remedy(step)}"
        )
    return stamps


def _remedy(step: float) -> str:
    """The units in which that step is one of a camera, and what makes seconds of them."""
    if step == 1.0:
        return ": numbers of frames? divide by the frames a second, or give rate instead"
    meant = [(name, second) for name, second in _UNITS.items() if USUAL[0] <= second / step <= USUAL[1]]
    # What is too slow for a camera may still be seconds of something else.
    meant = meant or [(name, second) for name, second in _UNITS.items() if 1.0 <= step <= second / RATES[0]][:1]
    told = (f"{name}? {f'divide by {by:g}' if by > 1.0 else f'multiply by {1.0 / by:g}'}" for name, by in meant)
    return ": " * bool(meant) + "; or ".join(told)
