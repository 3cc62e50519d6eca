"""One act of one person: who does it, when, and the pose that it aims at.

A gesture fills in the target pose and returns its weight at each time; with weight 0 the person is in the rest pose.
Reaches are in arm lengths from the shoulder: (outward, up, forward). The middle of the chest is 0.35 inward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.body import Controls
from usdrl_model.simulation.curves import plateau, through

PITCH, ROLL, TWIST = 0, 1, 2
OUT, UP, AHEAD = 0, 1, 2
LEFT, RIGHT = 0, 1
TURN_TO = (1.0, -1.0)
"""Sign of a twist towards the left and the right side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """Style of one person."""

    main_hand: int
    """0 left, 1 right."""
    tempo: float
    """Factor of the rate of repeated movements."""
    size: float
    """Factor of amplitudes."""
    squat: float
    """How the person reaches the floor: 0 bends the back, 1 the knees."""
    arm_swing: float
    """Reach of the arms in walking, arm lengths."""
    slouch: float
    """Radians the trunk leans forward at rest."""


def random_style(rng: np.random.Generator) -> Style:
    """Draw a style; nine of ten people are right-handed."""
    return Style(
        main_hand=RIGHT if rng.random() < 0.9 else LEFT,
        tempo=float(np.clip(rng.normal(1.0, 0.12), 0.75, 1.3)),
        size=float(np.clip(rng.normal(1.0, 0.12), 0.75, 1.3)),
        squat=float(rng.uniform(0.0, 1.0)),
        arm_swing=float(rng.uniform(0.15, 0.4)),
        slouch=float(rng.normal(0.03, 0.03)),
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """Time and target pose of one act."""

    rng: np.random.Generator
    style: Style
    times: np.ndarray
    """(T,) seconds since the act began."""
    seconds: float
    """Duration of the act."""
    controls: Controls
    """Target pose, filled in by the gesture; initially the pose without it."""

    def uniform(self, low: float, high: float) -> float:
        """A number drawn for this act."""
        return float(self.rng.uniform(low, high))

    def pick(self, ways: Sequence[str]) -> str:
        """One of several ways to do it."""
        return ways[int(self.rng.integers(len(ways)))]

    def plateau(self, rise: float = 0.55, fall: float = 0.55) -> np.ndarray:
        """(T,) weight of the act; it rises in ``rise`` and falls in ``fall`` seconds, or a third of a short act."""
        longest = self.seconds / 3.0
        return plateau(self.times, 0.0, self.seconds, min(rise, longest), min(fall, longest))

    def hand(self, side: int, reach: tuple[float, float, float], elbow: tuple[float, float, float]) -> None:
        """Hold one hand at a position that varies slightly each time."""
        self.controls.wrists[:, side] = np.array(reach) + self.rng.normal(0.0, 0.03, 3)
        self.controls.elbows[:, side] = elbow

    def hand_through(self, side: int, shares: tuple[float, ...], reaches: list[tuple[float, float, float]]) -> None:
        """Move one hand along a path; it passes the reaches at these ``shares`` of the duration."""
        places = np.array(reaches) + self.rng.normal(0.0, 0.03, (len(reaches), 3))
        self.controls.wrists[:, side] = through(self.times, [share * self.seconds for share in shares], places)

    def hands_in_use(self, both: float) -> tuple[int, ...]:
        """Both hands with probability ``both``, else one, mostly the main one."""
        if self.rng.random() < both:
            return (LEFT, RIGHT)
        main = self.style.main_hand
        return (main if self.rng.random() < 0.85 else 1 - main,)


Gesture = Callable[[Moment], np.ndarray]
