"""A state over time: it begins, ends and becomes unknown after it has done so for long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from usdrl_model.skeleton.rounding import SLACK
from usdrl_model.states.conditions import Verdict


@dataclass(slots=True)
class Switch:
    """One state of one person, unknown at first. Changes are dated back to when they began.

    A frame that says nothing is no evidence against the frames around it: joints that flicker keep no state alive, and
    make none unknown.
    """

    begin_after: float
    """Seconds that the condition must last before the state begins."""
    end_after: float
    """The same before it ends."""
    unknown_after: float
    """Seconds without a verdict after which it is unknown."""
    value: Verdict = None
    """True, False, or None: unknown."""
    since: float = -math.inf
    """Stamp, seconds, from which on it has had this value."""
    _pending: Verdict = None
    _pending_since: float = -math.inf
    _missing_since: float | None = None

    @property
    def held(self) -> bool:
        """The state holds, or its condition does already: the looser thresholds apply."""
        return bool(self.value or self._pending)

    @property
    def begun(self) -> float | None:
        """Since when the state, or its condition, holds; None where neither does."""
        return self.since if self.value else self._pending_since if self._pending else None

    def step(self, stamp: float, verdict: Verdict) -> None:
        """The verdict of the next frame; stamps rise."""
        if verdict is None:
            self._miss(stamp)
            return
        self._missing_since = None
        if verdict is self.value:
            self._pending = verdict
            return
        if verdict is not self._pending:
            self._pending, self._pending_since = verdict, stamp
        after = self.begin_after if verdict else self.end_after
        if stamp - self._pending_since >= after - SLACK:
            self.value, self.since = verdict, self._pending_since

    def _miss(self, stamp: float) -> None:
        if self._missing_since is None:
            self._missing_since = stamp
        if stamp - self._missing_since >= self.unknown_after - SLACK:
            self._pending = None
            if self.value is not None:
                self.value, self.since = None, self._missing_since
