"""What two people who meet do, drawn at random: when they walk, turn, gesticulate and reach for each other.

What they do is drawn first, where they stand follows from it, and the truth from both. Much of the background looks
like an interaction: fists that bump, hands that clap overhead, a pat on the shoulder, gestures of somebody else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.body import random_body
from usdrl_model.simulation.interactions import INTERACTIONS, Occasion
from usdrl_model.simulation.reaches import Reach
from usdrl_model.simulation.script import ACTION_SECONDS, NEGATIVE_SECONDS, Act
from usdrl_model.simulation.stage import FIELD, turn_to
from usdrl_model.skeleton.segments import AMBIGUOUS

LABELS = ("shake_hands", "hug", "hand_over", "approach", "depart")
"""What a meeting is labelled with, for both people at once."""
BESIDE = (
    "wave", "clap", "cross_arms", "pick_up", "bow", "throw", "duck", "swipe_left", "swipe_right", *NEGATIVE_SECONDS,
)  # fmt: skip
"""What one of two people does who only stand near each other: nothing between them."""
FAR = 1.9
"""Metres between two people from which on they come nearer before anything else."""
FARTHEST = 2.6
"""Metres between two people at most."""
STRIDES = 0.6
"""Metres from which on somebody turns to where they walk."""
FASTEST = 0.9
"""Metres a second, mean of a walk or a step."""
STILL = 0.25
"""Share of meetings in which one of the two hardly moves, as a robot does not."""


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody walks, steps or turns."""

    who: int
    start: float
    end: float
    place: np.ndarray
    """(2,) metres, x and z, of the end."""
    yaw: float
    """Radians, at the end."""
    ahead: bool
    """Whether they turn to where they go."""


class Encounter:
    """Two people from when they are first seen: how their feet move, how each acts, where hands reach, the truth."""

    def __init__(self, rng: np.random.Generator, seconds: float, without: Collection[str] = ()) -> None:
        """Draw bodies, and what they do for at least ``seconds``, ``without`` acts and interactions of these names."""
        self.rng = rng
        self._interactions = tuple(name for name in INTERACTIONS if name not in without)
        self._alone = tuple(act for act in BESIDE if act not in without)
        self.still = int(rng.integers(2)) if rng.random() < STILL else None
        """Who hardly moves, if anybody."""
        self.bodies = [random_body(rng), random_body(rng)]
        bearing, distance = rng.uniform(-FIELD, FIELD), rng.uniform(1.8, 3.5)
        middle, along = distance * np.array([np.sin(bearing), np.cos(bearing)]), rng.uniform(0.0, 2.0 * np.pi)
        apart = 0.5 * rng.uniform(0.7, 2.0) * np.array([np.sin(along), np.cos(along)])
        self.places: list[np.ndarray] = [middle - apart, middle + apart]
        """Of each (2,) metres, x and z, now."""
        self.yaws = [self._towards(who) + float(rng.normal(0.0, 0.2)) for who in (0, 1)]
        """Headings now, radians."""
        self.first = list(zip(self.places, self.yaws, strict=True))
        """Place and heading of each in the beginning."""
        self.time = 0.0
        """Seconds that are drawn so far."""
        self.moves: list[Move] = []
        self.acts: tuple[list[Act], list[Act]] = ([], [])
        self.reaches: list[Reach] = []
        self.told: list[tuple[str, float, float]] = []
        """Labels, and from when to when they hold."""
        self._beside()
        while self.time < seconds:
            self._go_on()

    @property
    def gap(self) -> float:
        """Metres between the two, now."""
        return float(np.linalg.norm(self.places[1] - self.places[0]))

    def _go_on(self) -> None:
        """Draw what comes next."""
        gap, choice = self.gap, self.rng.random()
        if gap > FAR or (gap > 1.15 and choice < 0.2):
            self._walk("approach", float(self.rng.uniform(0.45, min(1.3, gap - 0.6))))
        elif gap < 1.6 and choice < 0.2:
            self._walk("depart", min(FARTHEST, gap + float(self.rng.uniform(0.6, 1.8))))
        elif choice < 0.75:
            shares = np.array([INTERACTIONS[name].share for name in self._interactions])
            self._interact(self._interactions[int(self.rng.choice(len(shares), p=shares / shares.sum()))])
        if self.rng.random() < 0.6:
            self._beside()

    def _walk(self, label: str, gap: float) -> None:
        """One or both walk until they are ``gap`` apart, and say so."""
        pace = float(self.rng.uniform(0.4, FASTEST))
        movers = self._movers(0.25)
        seconds = max(0.9, abs(self.gap - gap) / len(movers) / pace)
        back = label == "depart" and self.rng.random() < 0.15  # backwards, looking at the other
        away = label == "depart" and not back and self.rng.random() < 0.6
        start = self.time
        self._step(movers, gap, seconds, ahead=not back, away=away)
        self.told.append((label, start + 0.1, self.time - 0.1))

    def _interact(self, name: str) -> None:
        """Both come as near as it needs, and do it."""
        kind = INTERACTIONS[name]
        reach = 1.0 if kind.embrace else sum(body.arm + body.hand for body in self.bodies)
        low, high = kind.gap[0] * reach, kind.gap[1] * reach
        before, start = self.gap, self.time
        gap = before if low <= before <= high else float(self.rng.uniform(low, high))
        turned = max(abs(float(turn_to(self.yaws[who], self._towards(who))[0])) for who in (0, 1))
        if abs(gap - before) > 0.08 or turned > 0.4:
            self._step(self._movers(0.5), gap, float(self.rng.uniform(0.7, 1.3)), ahead=False)
            if not kind.embrace and abs(gap - before) > 0.2 * (self.time - start):
                self.told.append((AMBIGUOUS, start, self.time))
        begin = start if kind.embrace else self.time
        found, end = kind.perform(Occasion(self.rng, self.time, self.still))
        self.reaches += found
        self._idle(max(0.5, end - self.time))
        if kind.embrace:
            self._step(
                self._movers(0.5), float(self.rng.uniform(0.5, 1.0)), float(self.rng.uniform(0.6, 1.1)), ahead=False
            )
        if name in LABELS:
            self.told.append((name, begin + 0.1, self.time - 0.1))

    def _beside(self) -> None:
        """Each does something that has nothing to do with the other."""
        length = 1.0 + float(self.rng.exponential(2.5))
        for who in (0, 1):
            if who != self.still and self.rng.random() < 0.4:
                self._turn(who, self._towards(who) + float(self.rng.uniform(-1.2, 1.2)), min(1.0, length))
            left = length
            while left > 0.0:
                act = "idle" if who == self.still or self.rng.random() < 0.3 else str(self.rng.choice(self._alone))
                low, high = (ACTION_SECONDS | NEGATIVE_SECONDS)[act]
                seconds = float(self.rng.uniform(low, high))
                if left - seconds < 0.5:
                    act, seconds = (act if left >= low else "idle"), left
                self.acts[who].append(Act(action=act, seconds=seconds))
                left -= seconds
        self.time += length

    def _movers(self, both: float) -> tuple[int, ...]:
        if self.still is not None:
            return (1 - self.still,)
        return (0, 1) if self.rng.random() < both else (int(self.rng.integers(2)),)

    def _step(self, movers: tuple[int, ...], gap: float, seconds: float, *, ahead: bool, away: bool = False) -> None:
        """In ``seconds`` both are ``gap`` apart and face each other, but who walks ``away``."""
        start, way = self.time, (self.places[1] - self.places[0]) / max(self.gap, 1e-6)
        change = (gap - self.gap) / len(movers)
        seconds = max(seconds, abs(change) / FASTEST)
        for who in movers:
            self.places[who] = self.places[who] + (way if who else -way) * change
        for who in (0, 1):
            looks = self._towards(who) + float(self.rng.normal(0.0, 0.12))
            if away and who in movers:
                looks += np.pi + float(self.rng.normal(0.0, 0.3))
            if who in movers or abs(float(turn_to(self.yaws[who], looks)[0])) > 0.3:
                far = ahead and who in movers and abs(change) > STRIDES
                self.moves.append(Move(who, start, start + seconds, self.places[who].copy(), looks, far))
                self.yaws[who] = looks
        self._idle(seconds)

    def _turn(self, who: int, yaw: float, seconds: float) -> None:
        start = self.time
        self.moves.append(Move(who, start, start + seconds, self.places[who].copy(), yaw, False))
        self.yaws[who] = yaw

    def _idle(self, seconds: float) -> None:
        """Arms hang, unless a hand reaches somewhere."""
        for acts in self.acts:
            acts.append(Act(action="idle", seconds=seconds))
        self.time += seconds

    def _towards(self, who: int) -> float:
        """Heading from one to the other, radians."""
        way = self.places[1 - who] - self.places[who]
        return float(np.arctan2(-way[0], -way[1]))
