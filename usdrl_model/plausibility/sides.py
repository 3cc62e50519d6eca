"""Are left and right the right way round? Three answers: they are, they are swapped, or these people do not tell."""

from __future__ import annotations

import numpy as np

from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.sights import Setup

SIDES = "sides"
"""Key of the finding that left and right are swapped."""
CERTAIN = 1.0
"""``bodies.facing`` from which on left and right are right, and below minus which they are swapped.

Of windows of 6 s of real people 2 to 16 % are between where the tracker gives feet, 40 % where it does not, and 79 %
where the camera sees people from the waist up; none is wrong. Of windows of 1 to 3 s, 0.3 % at most are wrong."""
UNKNOWN = "not certain: let somebody face the sensor, walk and raise a hand"


def swapped(
    joints: np.ndarray,
    body: np.ndarray,
    setup: Setup,
    measured: dict[str, str],
    undecided: set[str],
    *,
    impossible: bool,
) -> list[Finding]:
    """Left and right the wrong way round.

    Args:
        joints: (R, V, 3) of the tracker.
        body: (R, 25, 3) the same in canonical joints.
        setup: how the source is configured.
        measured: takes what was measured.
        undecided: takes ``SIDES`` where these people do not tell.
        impossible: the people are of an impossible size, so that their depth cannot be trusted either.
    """
    if setup.lifted or impossible:
        # A depth image has the skin, and of a hidden joint what hides it: toes and nose are not where they are.
        undecided.add(SIDES)
        measured["left and right"] = "not judged: " + (
            "people are of an impossible size" if impossible else "joints have the depth of a depth image"
        )
        return []
    score = bodies.facing(body, joints, setup.topology)
    if abs(score) < CERTAIN:
        undecided.add(SIDES)
        measured["left and right"] = f"{score:+.1f}, {UNKNOWN}"
        return []
    measured["left and right"] = f"{score:+.1f} ({'right' if score > 0.0 else 'swapped'})"
    if score > 0.0:
        return []
    back = "toes, nose or hands point to the back: left and right are swapped"
    # In a mirror are swapped names and left-handed axes, and joints alone do not tell one from the other.
    other = "if axes are left-handed (Unity: y up, Unreal: z up), publish -y instead, as optical or body axes"
    text = f"{back}: set mirrored: {str(not setup.mirrored).lower()}; or, {other}"
    in_recordings = f"{back}: swap them, or the entry mirrored"
    return [Finding(SIDES, Level.ERROR, text, ("mirrored", not setup.mirrored), in_recordings=in_recordings)]
