"""A fall: somebody upright lies soon after, and stays fallen until they are up again."""

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


class Fall:
    """Whether one person has fallen.

    Args:
        config: settings.
    """

    def __init__(self, config: StatesConfig) -> None:
        self._config = config
        self._upright: deque[tuple[float, float, float]] = deque()
        """(stamp, height of the hips, length of the trunk) while the trunk was upright, the last ``fall_seconds``."""
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
        if up and measures.hips == measures.hips:
            self._upright.append((stamp, measures.hips, measures.torso))
        oldest = (stamp if lying.begun is None else lying.begun) - self._config.fall_seconds - SLACK
        while self._upright and self._upright[0][0] < oldest:
            self._upright.popleft()
        if lying.value and lying.since > self._judged:
            self._judged = lying.since
            before = [entry for entry in self._upright if entry[0] <= lying.since]
            if before:
                _, height, torso = max(before, key=lambda entry: entry[1])
                if height - measures.hips > self._config.fall_drop * torso:
                    self.fallen, self.since = True, lying.since
                    self._floor = measures.hips + self._config.fall_drop * torso
        return self.fallen or (None if lying.value is None else False)
