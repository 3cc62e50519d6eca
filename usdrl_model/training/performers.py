"""Simulated people as training data: one a minute, each seen by another tracker with faults of its own.

>>> [one.topology for one in performances(2, seed=0)]
['kinect_v2_25', 'kinect_v1_20']
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from usdrl_model.simulation.faults import random_faults
from usdrl_model.simulation.meeting import simulate_meeting
from usdrl_model.simulation.script import ACTIONS, random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.simulation.tracking import Tracking
from usdrl_model.skeleton.recording import Recording

TOPOLOGIES = ("kinect_v2_25", "kinect_v1_20", "k4abt_32", "coco_17")
"""Joint sets of the simulated people, in turn."""
APART = 1_000_000
"""Between the people of two seeds: no training has so many."""
RATES = (8.0, 30.0)
"""Hz of their trackers, least and most."""


def performances(
    minutes: int, seed: int, *, labels: Sequence[str] = ACTIONS, without: Collection[str] = ()
) -> Iterator[Recording]:
    """Recordings of one person and one minute each.

    Args:
        minutes: how many.
        seed: of everything random.
        labels: the actions that people do, some of ``simulation.script.ACTIONS``.
        without: acts that are no background to a detector, as it has a class for them: nobody does them.
    """
    for index in range(minutes):
        rng = np.random.default_rng([seed, index])
        script = random_script(rng, 60.0, labels, without=without)
        seen = _tracking(rng, index)
        performance = PerformanceConfig(scripts=(script,), rate=seen.rate, topology=seen.topology, faults=seen.faults)
        yield simulate(performance, seed=seed * APART + index)


def meetings(minutes: int, seed: int, *, without: Collection[str] = ()) -> Iterator[Recording]:
    """Recordings of two people and about a minute each: what they do with each other, and beside each other.

    Arguments as ``performances``.
    """
    for index in range(minutes):
        rng = np.random.default_rng([seed, index])
        yield simulate_meeting(_tracking(rng, index), 60.0, seed=seed * APART + index, without=without)


def _tracking(rng: np.random.Generator, index: int) -> Tracking:
    rate = float(rng.uniform(*RATES))
    return Tracking(rate=rate, topology=TOPOLOGIES[index % len(TOPOLOGIES)], faults=random_faults(rng))
