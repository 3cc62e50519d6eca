"""Texts for diagnostics and log: cut and escaped, and the log is not flooded by repetitions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from usdrl_model.errors.shown import LINE, MESSAGE, cut

AWAY = 60.0
"""Seconds without a trouble that lasted, after which its return is told in the log again."""


def status(name: str, level: bytes, message: str, values: Mapping[str, object]) -> DiagnosticStatus:
    """The status ``name``, with everything in it cut and escaped."""
    made = DiagnosticStatus(name=name, level=level, message=cut(message, MESSAGE), hardware_id="usdrl")
    made.values = [KeyValue(key=cut(key, LINE), value=cut(value, LINE)) for key, value in values.items()]
    return made


class Throttle:
    """Lets a message of one kind through every ``interval`` seconds, and counts the ones in between.

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
        """The text to log, or None for now."""
        now = self._monotonic()
        if now - self._passed.get(kind, -math.inf) < self._interval:
            self._held[kind] += 1
            return None
        self._passed[kind] = now
        held = self._held.pop(kind, 0)
        return f"{text} ({held} more like this since the last warning)" if held else text


class Lasting:
    """Troubles that last are news when they begin, and again only after ``away`` seconds without them.

    Args:
        away: seconds.
        monotonic: seconds that never jump.
    """

    def __init__(self, away: float, monotonic: Callable[[], float]) -> None:
        self._away = away
        self._monotonic = monotonic
        self._last: dict[str, float] = {}

    def __call__(self, kinds: Collection[str]) -> list[str]:
        """Those of the ``kinds`` of trouble there are now that are news."""
        now = self._monotonic()
        new = [kind for kind in kinds if now - self._last.get(kind, -math.inf) > self._away]
        self._last.update(dict.fromkeys(kinds, now))
        return new
