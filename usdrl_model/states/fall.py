"""A fall: somebody upright lies soon after, and stays fallen until they are up again.

Trackers often lose people who fall. Who vanishes upright with high hips and lies when they are seen again has fallen;
who was low already, or sits when they are seen again, may have lain down on purpose, and the time counts in full.
"""

from __future__ import annotations

import math
from collections import deque

from usdrl_model.skeleton.rounding import SLACK
from usdrl_model.states.conditions import Verdict, both, less
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.measures import Measures
from usdrl_model.states.switch import Switch

UPRIGHT = 45.0
"""Degrees of the trunk from upright below which somebody is up."""
UNSEEN = (0.2, 1.0)
"""Seconds from one frame of a person to the next: above the first they were not seen, and of more than the second
nobody knows what they did meanwhile."""


class Fall:
    """Whether one person has fallen.

    Args:
        config: settings.
    """

    def __init__(self, config: StatesConfig) -> None:
        self._config = config
        self._upright: deque[tuple[float, float, float]] = deque()
        """(stamp, height of the hips, length of the trunk) while the trunk was upright, the last ``fall_seconds``."""
        self._last = (-math.inf, math.nan, math.nan)
        """The newest of all of them."""
        self._seen = -math.inf
        """Stamp of the newest frame that shows the trunk."""
        self._unseen = 0.0
        """Seconds since ``_last``, until they lay, for which nobody saw them."""
        self._judged = -math.inf
        """Since when the person lay that was judged last."""
        self._floor = 0.0
        """Height of the hips from which on a fallen person is up."""
        self.fallen = False
        self.since = -math.inf
        """Stamp at which the person began to lie."""

    def step(self, stamp: float, measures: Measures, lying: Switch) -> Verdict:
        """Whether the person lies after a fall; None where it is unknown whether they lie."""
        up = less(measures.trunk, UPRIGHT)
        if self.fallen:
            return not both(up, measures.hips > self._floor)
        if measures.trunk == measures.trunk:
            gap, self._seen = stamp - self._seen, stamp
            if gap > UNSEEN[0] and lying.begun in (None, stamp):
                self._unseen += gap
        if up and measures.hips == measures.hips:
            self._last, self._unseen = (stamp, measures.hips, measures.torso), 0.0
            self._upright.append(self._last)
        oldest = (stamp if lying.begun is None else lying.begun) - self._config.fall_seconds - SLACK
        while self._upright and self._upright[0][0] < oldest:
            self._upright.popleft()
        if lying.value and lying.since > self._judged:
            self._judged = lying.since
            before = [entry for entry in self._upright if entry[0] <= lying.since]
            seen = lying.since - self._last[0] - self._unseen
            if -SLACK <= seen <= self._config.fall_seconds + SLACK and self._unseen <= UNSEEN[1] + SLACK:
                before.append(self._last)
            if before:
                _, height, torso = max(before, key=lambda entry: entry[1])
                if height - measures.hips > self._config.fall_drop * torso:
                    self.fallen, self.since = True, lying.since
                    self._floor = measures.hips + self._config.fall_drop * torso
        return self.fallen or (None if lying.value is None else False)
