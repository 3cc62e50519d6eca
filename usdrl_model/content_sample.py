"""Recordings judged in a moment, before hours of work are done with them.

>>> print(look(store.recordings()).line())
content of 12 recordings: people look like people
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.content import Finding, Level, judge, nobody
from usdrl_model.datasets import image_plane
from usdrl_model.recording import Recording
from usdrl_model.sights import Setup, Sight
from usdrl_model.topology import topology

RECORDINGS = 12
"""Recordings looked at, evenly spread."""
FRAMES = 24
"""Frames of each, evenly spread over those with people."""
SHARE = 0.2
"""Share of the recordings that must show a thing: published sets have damaged ones."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in how many recordings."""

    looked_at: int
    found: tuple[tuple[Finding, int], ...]
    """Findings, worst and most frequent first, and the number of recordings that show each."""

    @property
    def wrong(self) -> bool:
        """Something is not as it should be."""
        return any(finding.level > Level.NOTE for finding, _ in self.found)

    def line(self) -> str:
        """The verdict in one line."""
        where = f"content of {self.looked_at} recording{'s' * (self.looked_at != 1)}"
        if not self.found:
            return f"{where}: people look like people"
        parts = [
            finding.text if count == self.looked_at else f"in {count}: {finding.text}" for finding, count in self.found
        ]
        return f"{where}: {'; '.join(parts)}"


def spread(count: int, most: int) -> list[int]:
    """At most ``most`` of the numbers from 0 to before ``count``, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int)).tolist() if count else []


def look(recordings: Iterable[Recording]) -> Verdict:
    """Judge recordings in canonical axes, each by a few of its frames; who calls this chooses few recordings."""
    judged = [_judge(recording) for recording in recordings]
    counts = Counter(finding.key for findings in judged for finding in findings)
    texts = {finding.key: finding for findings in judged for finding in findings}
    found = [(texts[key], count) for key, count in counts.items() if count >= SHARE * len(judged)]
    return Verdict(len(judged), tuple(sorted(found, key=lambda pair: (-pair[0].level, -pair[1]))))


def _judge(recording: Recording) -> Sequence[Finding]:
    shown = [frame for frame in recording.frames if frame.people]
    if not shown:
        return [dataclasses.replace(nobody(f"of {recording.name}"), level=Level.WARN)]
    frames = [shown[index] for index in spread(len(shown), FRAMES)]
    setup = Setup(topology=topology(recording.topology))
    sights = [Sight.of(frame.stamp, person, person, setup) for frame in frames for person in frame.people]
    depth = np.concatenate([sight.joints[:, 2] for sight in sights])
    if (depth[np.isfinite(depth)] == image_plane.DISTANCE).all():
        setup = Setup(topology=setup.topology, planar=True)
    return judge(sights, setup)[0]
