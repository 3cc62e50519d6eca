"""What is laid one after another so far: frames, from when to when something is done, and the time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from usdrl_model.skeleton.segments import Segment


class LaidOut:
    """Frames at the rate of those that they are made of, as they grow."""

    def __init__(self, clips: Iterable[np.ndarray]) -> None:
        """Begin with nothing; ``clips`` are the stamps (T,) of each that will follow, seconds."""
        steps = np.concatenate([np.diff(stamps) for stamps in clips])
        self.rate = 1.0 / float(np.median(steps[steps > 0.0]))
        self.stamps: list[np.ndarray] = []
        self.joints: list[np.ndarray] = []
        self.segments: list[Segment] = []
        self.time = 0.0
        """At which the next frame is, seconds."""

    def add(self, stamps: np.ndarray, joints: np.ndarray) -> None:
        """Frames follow: ``stamps`` (T,) seconds from the first of them, ``joints`` (T, ...) metres."""
        if len(stamps):
            self.stamps.append(self.time + stamps)
            self.joints.append(joints)
            self.time += float(stamps[-1]) + 1.0 / self.rate
