"""A quick content check of recordings, before hours of work are spent on them.

>>> from usdrl_model.simulation.simulate import PerformanceConfig, simulate
>>> print(look([simulate(PerformanceConfig(rate=15.0), seed=1)]).line())
content of 1 recording: people look like people
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from usdrl_model.data.importers import image_plane
from usdrl_model.plausibility.findings import Finding, Level, nobody
from usdrl_model.plausibility.judge import judge
from usdrl_model.plausibility.sights import Setup, Sight
from usdrl_model.skeleton.person import SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

if TYPE_CHECKING:
    from usdrl_model.data.store import Store

RECORDINGS = 12
"""Recordings that are checked, evenly spread."""
FRAMES = 24
"""Minimum number of frames checked in each, evenly spread over those with people."""
PEOPLE = 4
"""People checked in a frame."""
SHARE = 0.2
"""Fraction of the recordings that must show a fault: published sets contain some damaged ones."""


class Sample:
    """A few frames of a recording of any length, evenly spread over those that show people.

    Args:
        setup: how the source is configured.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._sights: list[list[Sight]] = []
        self._every, self._shown = 1, 0

    def add(self, believed: SkeletonFrame, measured: SkeletonFrame | None = None) -> None:
        """Add the next frame; arguments as of ``ContentCheck.add``."""
        if not believed.people:
            return
        if self._shown % self._every == 0:
            pairs = zip(believed.people[:PEOPLE], (believed if measured is None else measured).people, strict=False)
            self._sights.append([Sight.of(believed.stamp, sent, person, self._setup) for person, sent in pairs])
        self._shown += 1
        if len(self._sights) > 2 * FRAMES:
            self._sights, self._every = self._sights[::2], 2 * self._every

    def findings(self) -> list[Finding]:
        """Findings on the recording."""
        sights = [sight for frame in self._sights for sight in frame]
        if not sights:
            return [dataclasses.replace(nobody("of the recording"), level=Level.WARN)]
        depth = np.concatenate([sight.joints[:, 2] for sight in sights])
        depth = depth[np.isfinite(depth)]
        planar = depth.size > 0 and bool((depth == image_plane.DISTANCE).all())
        return judge(sights, dataclasses.replace(self._setup, planar=planar))[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings, and the number of recordings with each."""

    looked_at: int
    found: tuple[tuple[Finding, int], ...]
    """Findings, worst and most frequent first, with the number of recordings."""

    @classmethod
    def of(cls, judged: Sequence[Sequence[Finding]]) -> Verdict:
        """Summarise the findings of every recording; rare findings (below ``SHARE``) are left out."""
        counts = Counter(finding.key for findings in judged for finding in findings)
        examples = {finding.key: finding for findings in judged for finding in findings}
        found = [(examples[key], count) for key, count in counts.items() if count >= SHARE * len(judged)]
        return cls(len(judged), tuple(sorted(found, key=lambda pair: (-pair[0].level, -pair[1]))))

    @property
    def wrong(self) -> bool:
        """Whether a finding is worse than a note."""
        return any(finding.level > Level.NOTE for finding, _ in self.found)

    def line(self) -> str:
        """The verdict in one line."""
        if not self.looked_at:
            return "no recordings"
        where = f"content of {self.looked_at} recording{'s' * (self.looked_at != 1)}"
        parts = [
            finding.text if count == self.looked_at else f"in {count} of them, {finding.text}"
            for finding, count in self.found
        ]
        return f"{where}: {'; '.join(parts) or 'people look like people'}"


def spread(count: int, most: int) -> list[int]:
    """At most ``most`` of the indices below ``count``, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int)).tolist() if count else []


def sampled(store: Store) -> Iterator[Recording]:
    """A few recordings, evenly spread, and a few frames of each: input of ``look``."""
    return (store.recording(index, 2 * FRAMES) for index in spread(len(store), RECORDINGS))


def look(recordings: Iterable[Recording]) -> Verdict:
    """Check recordings in canonical axes, a few frames of each; pass a small selection."""
    return Verdict.of([findings(recording) for recording in recordings])


def findings(recording: Recording) -> list[Finding]:
    """Findings on a recording in canonical axes, in the words for recordings."""
    sample = Sample(Setup(topology=topology(recording.topology)))
    for frame in recording.frames:
        sample.add(frame)
    return [dataclasses.replace(one, text=one.in_recordings or one.text) for one in sample.findings()]
