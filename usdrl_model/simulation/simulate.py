"""Simulate people: scripts, a tracker and a seed -> a recording with exact ground truth.

The seed decides bodies, styles, paths and movements; the same configuration and seed give the same frames.

    >>> recording = simulate(PerformanceConfig(rate=15.0), seed=1)
    >>> len(recording.frames[0].people), recording.segments[0].label
    (2, 'walk')

The people of ``script.demo_scripts`` perform by default; ``script.random_script`` draws others::

    rng = np.random.default_rng(7)
    config = PerformanceConfig(scripts=(random_script(rng, 60.0),), faults=random_faults(rng), rate=30.0)
    recording = simulate(config, seed=7)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from usdrl_model.simulation.motion import Performance
from usdrl_model.simulation.script import ACTIONS, Script, check_script, demo_scripts
from usdrl_model.simulation.stage import Lane
from usdrl_model.simulation.tracking import Tracking, track
from usdrl_model.skeleton.recording import Recording

MOST_PEOPLE = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class PerformanceConfig(Tracking):
    """Scripts and tracker of a simulated recording."""

    scripts: tuple[Script, ...] = field(default_factory=demo_scripts)
    """One script a person; people act side by side."""

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        Tracking.__post_init__(self)  # super() does not know a class with slots
        if not 1 <= len(self.scripts) <= MOST_PEOPLE:
            raise ValueError(f"expected scripts for 1 to {MOST_PEOPLE} people, got {len(self.scripts)}")
        for script in self.scripts:
            check_script(script)

    @property
    def seconds(self) -> float:
        """Length of the recording: that of the longest script."""
        return max(sum(act.seconds for act in script) for script in self.scripts)


def simulate(config: PerformanceConfig, seed: int) -> Recording:
    """Perform the scripts; ids of people are in the order of ``config.scripts``, otherwise as ``tracking.track``.

    Args:
        config: scripts and tracker.
        seed: 0 or more; decides bodies, styles, paths, movements and faults.
    """
    people = len(config.scripts)
    performances = [
        Performance(np.random.default_rng([seed, index]), script, Lane.of(index, people), config.seconds)
        for index, script in enumerate(config.scripts)
    ]
    return track(
        config,
        seed,
        config.seconds,
        labels=ACTIONS,
        truth=[performance.segments("", config.start) for performance in performances],
        joints=lambda times: [performance.joints(times) for performance in performances],
    )
