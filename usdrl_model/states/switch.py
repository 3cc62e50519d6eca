"""A state over time: it begins, ends and becomes unknown after it has done so for long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from usdrl_model.states.conditions import Verdict


@dataclass(slots=True)
class Switch:
    """One state of one person, unknown at first. Changes are dated back to when they began."""

    begin_after: float
    """Seconds that the condition must last before the state begins."""
    end_after: float
    """The same before it ends."""
    unknown_after: float
    """The same before it is unknown."""
    value: Verdict = None
    """True, False, or None: unknown."""
    since: float = -math.inf
    """Stamp, seconds, from which on it has had this value."""
    _pending: Verdict = None
    _pending_since: float = -math.inf

    @property
    def held(self) -> bool:
        """The state holds, or its condition does already: the looser thresholds apply."""
        return bool(self.value or self._pending)

    def step(self, stamp: float, verdict: Verdict) -> None:
        """The verdict of the next frame; stamps rise."""
        if verdict is self.value:
            self._pending = verdict
            return
        if verdict is not self._pending:
            self._pending, self._pending_since = verdict, stamp
        after = {True: self.begin_after, False: self.end_after, None: self.unknown_after}[verdict]
        if stamp - self._pending_since >= after - 1e-9:
            self.value, self.since = verdict, self._pending_since
