"""Do the joints repeat? A tracker that hangs sends the last people again and again, with stamps that go on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.sights import Sight
from usdrl_model.skeleton.person import SEEN_JOINTS

OFTEN = 0.4
"""Share of the sights that repeat, above which it is told: before such people count as unusable."""


def repeated(sights: Sequence[Sight]) -> list[Finding]:
    """That people are where they were, to the last digit; judged as they were sent, whatever the sensor's pose."""
    before: dict[str, np.ndarray] = {}
    count = 0
    for sight in sights:
        seen = np.isfinite(sight.joints).all(axis=1).sum() >= SEEN_JOINTS
        last = before.get(sight.person)
        count += bool(seen and last is not None and np.array_equal(sight.joints, last, equal_nan=True))
        before[sight.person] = sight.joints
    if count <= OFTEN * len(sights):
        return []
    what = f"joints repeat exactly in {count / len(sights):.0%} of the sights"
    text = f"{what}, and count as missing: the tracker hangs, or sends people whom it no longer sees: restart it"
    in_recordings = f"{what}, and count as missing: the tracker hung, or stamps are finer than its frames"
    return [Finding("frozen", Level.ERROR, text, in_recordings=in_recordings)]
