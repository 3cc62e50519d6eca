"""Diagnostic statuses with cut and escaped texts, and a log without repetitions."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from usdrl_model.errors.shown import LINE, MESSAGE, cut

INTERVAL = 5.0
"""Seconds between two warnings of the same kind in the log."""
SAMPLES = 256
"""Times kept for the percentiles."""
RECENT = 5.0
"""Seconds for which a problem of a single message is reported."""
AGAIN = 3
"""Warnings of one kind within ``RECENT`` that are no hint at the start, but a problem that lasts."""
AWAY = 60.0
"""Seconds without a problem after which its return is logged again."""


def status(name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
    """A diagnostic status; message and values, which may come from others, are cut and escaped."""
    made = DiagnosticStatus(name=name, level=level, message=cut(message, MESSAGE), hardware_id="usdrl")
    made.values = [KeyValue(key=cut(key, LINE), value=cut(value, LINE)) for key, value in values.items()]
    return made


class Warnings:
    """Logs one warning of each kind every ``INTERVAL`` seconds and counts the others; thread-safe.

    Args:
        warn: takes the text of a warning for the log.
        monotonic: seconds that never jump.
    """

    def __init__(self, warn: Callable[[str], object], monotonic: Callable[[], float]) -> None:
        self._warn = warn
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._logged: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def __call__(self, kind: str, text: str) -> None:
        """Log the text, which may come from others and is cut, unless one of its kind was logged just now."""
        now = self._monotonic()
        with self._lock:
            if now - self._logged.get(kind, -math.inf) < INTERVAL:
                self._held[kind] += 1
                return
            self._logged[kind] = now
            held = self._held.pop(kind, 0)
        self._warn(cut(f"{text} ({held} more like this since the last warning)" if held else text, LINE))


def percentile(samples: Iterable[float], percent: float) -> str:
    """A percentile of times in milliseconds, in words; a dash without any."""
    values = list(samples)
    return f"{np.percentile(values, percent):.1f} ms" if values else "-"


class Rise:
    """By how much a count has risen since the last call; one that fell has begun anew, at 0."""

    def __init__(self) -> None:
        self._before = 0

    def __call__(self, count: int) -> int:
        """The rise to ``count``."""
        before, self._before = self._before, count
        return count - before if count >= before else count


class Lasting:
    """Selects problems that are new: not reported within the last ``away`` seconds.

    Args:
        away: seconds.
        monotonic: seconds that never jump.
    """

    def __init__(self, away: float, monotonic: Callable[[], float]) -> None:
        self._away = away
        self._monotonic = monotonic
        self._last: dict[str, float] = {}

    def __call__(self, kinds: Collection[str]) -> list[str]:
        """Those of the present ``kinds`` of problems that are new."""
        now = self._monotonic()
        new = [kind for kind in kinds if now - self._last.get(kind, -math.inf) > self._away]
        self._last.update(dict.fromkeys(kinds, now))
        return new
