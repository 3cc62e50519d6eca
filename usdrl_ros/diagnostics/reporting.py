"""Diagnostic statuses with cut and escaped texts, and a log without repetitions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from usdrl_model.errors.shown import LINE, MESSAGE, cut

AWAY = 60.0
"""Seconds without a problem after which its return is logged again."""


def status(name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
    """A diagnostic status; message and values, which may come from others, are cut and escaped."""
    made = DiagnosticStatus(name=name, level=level, message=cut(message, MESSAGE), hardware_id="usdrl")
    made.values = [KeyValue(key=cut(key, LINE), value=cut(value, LINE)) for key, value in values.items()]
    return made


class Throttle:
    """Passes one message of each kind every ``interval`` seconds and counts the others.

    Args:
        interval: seconds.
        monotonic: seconds that never jump.
    """

    def __init__(self, interval: float, monotonic: Callable[[], float]) -> None:
        self._interval = interval
        self._monotonic = monotonic
        self._passed: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def __call__(self, kind: str, text: str) -> str | None:
        """The text to log, or None."""
        now = self._monotonic()
        if now - self._passed.get(kind, -math.inf) < self._interval:
            self._held[kind] += 1
            return None
        self._passed[kind] = now
        held = self._held.pop(kind, 0)
        return f"{text} ({held} more like this since the last warning)" if held else text


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
