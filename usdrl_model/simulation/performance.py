"""Simulated recordings by people, length and faults: for the live performer and for simulated bags.

>>> performance(people=3, seconds=20.0, seed=1).labels[:2]
('walk', 'run')
"""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.faults import TYPICAL_FAULTS, TrackerFaults
from usdrl_model.simulation.meeting import simulate_meeting
from usdrl_model.simulation.script import Script, demo_scripts, random_script
from usdrl_model.simulation.simulate import MOST_PEOPLE, PerformanceConfig, simulate
from usdrl_model.simulation.tracking import Tracking
from usdrl_model.skeleton.recording import Recording

FAULTS: dict[str, TrackerFaults] = {"none": TrackerFaults(jitter=0.0005), "typical": TYPICAL_FAULTS}
"""Faults of the simulated tracker by name; half a millimetre of noise is none, but who stands still is not frozen."""
DEMO_SECONDS = 40.0
"""Length of the scripts of further people, about that of the demo scripts."""


def performance(
    *,
    seed: int = 0,
    people: int = 2,
    seconds: float = 0.0,
    rate: float = 30.0,
    topology: str = "kinect_v2_25",
    faults: str = "typical",
    start: float = 1.0,
    script: Script = (),
    meeting: bool = False,
) -> Recording:
    """Simulate people.

    Args:
        seed: of everything random: bodies, styles, faults.
        people: 1 to 4.
        seconds: minimum length, with actions in random order; 0 for the two scripts of the demo (about 40 seconds,
            nine actions once or twice) and random ones for further people.
        rate: frames a second.
        topology: joint set of the frames.
        faults: a key of ``FAULTS``.
        start: stamp of the first frame, seconds.
        script: of the first person; empty: as ``seconds`` says.
        meeting: two people who have to do with each other (``simulation.meeting``), 40 seconds where ``seconds`` is 0.

    Raises:
        ValueError: a value out of range; the message names it.
    """
    if not 1 <= people <= MOST_PEOPLE:
        raise ValueError(f"people: expected 1 to {MOST_PEOPLE}, got {people}")
    if not 0.0 <= seconds < 86400.0:
        raise ValueError(f"duration: expected 0 to 86400 seconds, got {seconds}")
    if faults not in FAULTS:
        raise ValueError(f"faults: expected one of {', '.join(FAULTS)}, got {faults!r}")
    if meeting:
        if people != 2 or script:
            raise ValueError("meeting: two people meet, and what they do is drawn: expected people: 2 and no script")
        tracker = Tracking(rate=rate, topology=topology, faults=FAULTS[faults], start=start)
        return simulate_meeting(tracker, seconds or DEMO_SECONDS, seed)
    rng = np.random.default_rng(seed)
    scripts = [] if seconds else list(demo_scripts()[:people])
    if script:
        scripts[:1] = [script]
    while len(scripts) < people:
        scripts.append(random_script(rng, seconds or DEMO_SECONDS))
    config = PerformanceConfig(scripts=tuple(scripts), rate=rate, topology=topology, faults=FAULTS[faults], start=start)
    return simulate(config, seed)
