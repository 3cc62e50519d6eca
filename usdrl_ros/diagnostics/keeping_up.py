"""Does the inference keep up with its slots? If not, the machine is too slow, or the messages come in bursts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from usdrl_ros.diagnostics.reporting import RECENT, Rise

NEAR = 0.5
"""Share of a slot that a mean inference takes on a machine that is too slow; reading messages takes time as well."""
AGAIN = 3
"""Reports in a row in which slots were skipped, after which it is no hiccup of the machine."""
PAUSE, PAUSES = 2.0, 3
"""Slots without a message that are a pause, and how many of them lately are bursts."""


class KeepingUp:
    """Compares the slots that were skipped with those that were served; not thread-safe."""

    def __init__(self) -> None:
        self._rise = Rise()
        self._served = 0
        self._seconds = 0.0
        """Of inferences since the last call."""
        self._behind = 0
        """Reports in a row in which more slots were skipped than served."""
        self._text, self._at = "", -math.inf

    def inferred(self, seconds: float) -> None:
        """An inference took ``seconds``, whether or not anybody was there."""
        self._served += 1
        self._seconds += seconds

    def trouble(self, now: float, skipped: int, max_rate: float, arrivals: Sequence[float]) -> str:
        """What keeps more slots from being served than are, lately; empty if nothing does.

        Args:
            now: seconds that never jump.
            skipped: slots of ``max_rate`` a second that were skipped so far.
            max_rate: inferences a second.
            arrivals: of the last messages, seconds.
        """
        behind = self._rise(skipped) > self._served
        slow = self._seconds > NEAR / max_rate * self._served
        self._served, self._seconds = 0, 0.0
        self._behind = self._behind + 1 if behind else 0
        pauses = [later - one for one, later in pairwise(arrivals) if later - one > PAUSE / max_rate]
        if behind and slow:
            text = f"cannot keep up with {max_rate:g} inferences/s: lower max_rate or use a faster device"
        elif behind and len(pauses) >= PAUSES:
            text = (
                f"messages come in bursts, with pauses of {max(pauses):.1f} s, so that results are late: check the"
                " network (Wi-Fi?), or run this node beside the tracker"
            )
        elif self._behind >= AGAIN:
            text = (
                f"not even half of {max_rate:g} slots/s are served, though inferences are fast: reading messages, or"
                " other programs, take the time"
            )
        else:
            return self._text if now - self._at < RECENT else ""
        self._text, self._at = text, now
        return text
