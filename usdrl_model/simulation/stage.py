"""Paths on the floor: where people stand, walk and place their feet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.body import OUTWARD, Body, Stance, axes
from usdrl_model.simulation.curves import plateau, ramp

NEAREST, FARTHEST = 1.6, 3.9
"""Metres from the sensor within which people act."""
FIELD = np.radians(26.0)
"""Half angle of the sector in which people act, as seen from the sensor."""
MOST_TURNED = np.radians(60.0)
"""Largest angle to the sensor of people who stand."""
GRID = 0.01
"""Seconds between the points of a path."""
WAY_GRID = 0.02
"""Metres between the points of a walk."""
CORNER = 0.8
"""Metres over which a corner is rounded."""
TURN = 1.6
"""Metres over which the body turns to a new direction."""
FASTEST = 1.875
"""Largest slope of a minimum-jerk rise, of its mean."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval in which a person walks."""

    start: float
    end: float
    speed: float
    """Metres a second at full speed; 0 on the spot."""
    strides: float = 1.0
    """Factor of the strides a second of the gait."""
    lift: float = 1.0
    """Factor of the height to which a foot is lifted."""
    running: float = 0.0
    """1 where it is a run."""
    count: int = 0
    """Strides of it; 0 for as many as the gait makes of its seconds."""
    distance: float = 0.0
    """Metres from the sensor to which it goes straight, as far as ``speed`` allows; 0 for a way that is drawn."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The sector of one person: bearings from ``low`` to ``high``, radians."""

    low: float
    high: float

    @classmethod
    def of(cls, index: int, people: int) -> Lane:
        """Lane of person ``index`` of ``people``; lanes do not overlap."""
        width = 2.0 * FIELD / people
        low = -FIELD + index * width
        return cls(low + 0.12 * width, low + 0.88 * width)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """(2,) a random position: x and z."""
        bearing, distance = rng.uniform(self.low, self.high), rng.uniform(NEAREST, FARTHEST)
        return distance * np.array([np.sin(bearing), np.cos(bearing)])


class Track:
    """Position and heading of one person over time: standing still until somebody moves them."""

    def __init__(self, place: np.ndarray, yaw: float, end: float) -> None:
        """At ``place`` (2,), x and z, with a heading in radians, until ``end`` seconds."""
        self.walks: list[Interval] = []
        """When feet move."""
        self.times = np.arange(0.0, end + 2.0 * GRID, GRID)
        self.root = np.tile(place, (len(self.times), 1))
        self.yaw = np.full(len(self.times), yaw)

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T, 2) positions and (T,) headings."""
        x, z, yaw = (np.interp(times, self.times, column) for column in (*self.root.T, self.yaw))
        return np.stack([x, z], axis=1), yaw


class Path(Track):
    """The way of somebody who walks about in a lane."""

    def __init__(self, rng: np.random.Generator, lane: Lane, walks: Sequence[Interval], end: float) -> None:
        """Draw a path: standing still except in ``walks``, until ``end`` seconds."""
        place = lane.draw(rng)
        super().__init__(place, _facing(rng, place), end)
        self.walks += walks
        for walk in walks:
            if walk.distance:
                self._straight(walk)
            elif walk.speed:
                self._walk(rng, lane, walk)

    def _straight(self, walk: Interval) -> None:
        """Nearer to the sensor or farther from it, the face to it."""
        inside, after = (self.times >= walk.start) & (self.times <= walk.end), self.times > walk.end
        times, place, yaw = self.times[inside], self.root[inside][0], self.yaw[inside][0]
        now, most = float(np.linalg.norm(place)), walk.speed * (walk.end - walk.start) / FASTEST
        share = ramp(times, walk.start, walk.end) * np.clip(walk.distance - now, -most, most) / now
        self.root[inside] = place * (1.0 + share[:, None])
        self.yaw[inside] = yaw + ramp(times, walk.start, walk.start + 0.7) * turn_to(yaw, np.arctan2(*place))
        self.root[after], self.yaw[after] = self.root[inside][-1], self.yaw[inside][-1]

    def _walk(self, rng: np.random.Generator, lane: Lane, walk: Interval) -> None:
        inside = (self.times >= walk.start) & (self.times <= walk.end)
        times = self.times[inside]
        start = self.root[inside][0]
        # Speed rises over the first steps and falls over the last ones.
        speed = walk.speed * plateau(times, walk.start, walk.end, 0.7, 0.7)
        travelled = np.concatenate([[0.0], np.cumsum(speed[1:]) * GRID])
        lengths, way, heading = _way(rng, lane, start, travelled[-1])
        root = np.stack([np.interp(travelled, lengths, column) for column in way.T], axis=1)
        ahead = np.interp(travelled, lengths, heading)
        final = _facing(rng, root[-1])
        yaw = self.yaw[inside][0] + ramp(times, walk.start, walk.start + 0.9) * turn_to(self.yaw[inside][0], ahead)
        yaw = yaw + ramp(times, walk.end - 1.0, walk.end) * turn_to(yaw[-1], final)

        self.root[inside], self.yaw[inside] = root, yaw
        after = self.times > walk.end
        self.root[after], self.yaw[after] = root[-1], yaw[-1]


def _facing(rng: np.random.Generator, place: np.ndarray) -> float:
    """Draw a heading roughly towards the sensor."""
    towards = np.arctan2(place[0], place[1])
    return float(towards + np.clip(rng.normal(0.0, np.radians(25.0)), -MOST_TURNED, MOST_TURNED))


def turn_to(start: float, goal: np.ndarray | float) -> np.ndarray:
    """The shorter turn from ``start`` to ``goal``; for a series, its first value decides the direction."""
    goal = np.atleast_1d(np.asarray(goal, dtype=np.float64))
    return goal - start - 2.0 * np.pi * np.round((goal[0] - start) / (2.0 * np.pi))


def _way(
    rng: np.random.Generator, lane: Lane, start: np.ndarray, length: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a walk of at least ``length`` metres from ``start`` through random positions of the lane.

    Returns:
        (P,) metres along the straight lines between the positions; (P, 2) positions of the body on a rounded line, so
        that it slows down in corners and nearly stops where it turns back; (P,) heading in radians.
    """
    corners = [start]
    while sum(np.linalg.norm(b - a) for a, b in zip(corners[:-1], corners[1:], strict=True)) < length + 1.0:
        # The farthest of a few positions: people do not walk in small circles.
        places = [lane.draw(rng) for _ in range(3)]
        corners.append(max(places, key=lambda place: float(np.linalg.norm(place - corners[-1]))))
    points = np.array(corners)
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    lengths = np.arange(0.0, at[-1], WAY_GRID)
    sharp = np.stack([np.interp(lengths, at, column) for column in points.T], axis=1)
    step = np.diff(sharp, axis=0, append=2.0 * sharp[-1:] - sharp[-2:-1])
    heading = np.unwrap(np.arctan2(-step[:, 0], -step[:, 1]))
    return lengths, _smooth(sharp, CORNER), _smooth(heading[:, None], TURN)[:, 0]


def _smooth(points: np.ndarray, metres: float) -> np.ndarray:
    """(P, C) smoothed with a bell of that width; the first and the last point do not move."""
    half = round(0.5 * metres / WAY_GRID)
    bell = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(points, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(column, bell / bell.sum(), mode="valid") for column in padded.T], axis=1)


@dataclass(frozen=True, slots=True)
class Gait:
    """Gait of a person."""

    stride: float
    """Strides (two steps) a second."""
    lift: float
    """Metres a foot is lifted."""
    width: float
    """Metres from the midline to an ankle."""
    toes_out: float
    """Radians."""


SWING = 0.42
"""Share of a stride in which a foot is in the air."""


def stance(path: Track, gait: Gait, body: Body, times: np.ndarray) -> tuple[Stance, np.ndarray, np.ndarray, np.ndarray]:
    """Place the feet under a moving body.

    Returns:
        the stance at ``times``; (T,) phase of the gait in radians, the right foot leads at 0; (T,) amount of walking
        and (T,) of running, 0 to 1.
    """
    root, yaw = path.at(times)
    ankles = np.zeros((len(times), 2, 3))
    foot_yaw = np.zeros((len(times), 2))
    phase, walking, running = np.zeros((3, len(times)))
    for walk in path.walks:
        strides = _strides(walk, gait)
        inside = (times >= walk.start) & (times <= walk.end)
        share = (times[inside] - walk.start) / (walk.end - walk.start)
        phase[inside] = 2.0 * np.pi * strides * share
        walking[inside] = plateau(times[inside], walk.start, walk.end, 0.6, 0.6)
        running[inside] = walk.running * walking[inside]
    for index, out in enumerate(OUTWARD):
        begins, ends, plants, lifts = _swings(path.walks, gait, first=index == 0)
        # Plant k of the foot is where the body is at the time plants[k].
        place, heading = path.at(plants)
        left = axes(heading)[:, 0]
        where = np.stack([place[:, 0], np.full(len(plants), body.ankle), place[:, 1]], axis=1) + out * gait.width * left
        progress = np.stack([ramp(times, begin, end) for begin, end in zip(begins, ends, strict=True)] or [times * 0.0])
        moves = np.diff(where, axis=0) if len(begins) else np.zeros((1, 3))
        turns = np.diff(heading) if len(begins) else np.zeros(1)
        ankles[:, index] = where[0] + progress.T @ moves
        ankles[:, index, 1] += gait.lift * (lifts[:, None] * 4.0 * progress * (1.0 - progress)).sum(axis=0)
        foot_yaw[:, index] = heading[0] + progress.T @ turns + out * gait.toes_out
    return Stance(root, yaw, ankles, foot_yaw), phase, walking, running


def _strides(walk: Interval, gait: Gait) -> int:
    return walk.count or max(1, round((walk.end - walk.start) * gait.stride * walk.strides))


def _swings(
    walks: Sequence[Interval], gait: Gait, first: bool
) -> tuple[list[float], list[float], np.ndarray, np.ndarray]:
    """Start and end of every swing of one foot, the times at which the body passes over its plants, and its lifts."""
    begins: list[float] = []
    ends: list[float] = []
    lifts: list[float] = []
    plants = [0.0]
    for walk in walks:
        strides = _strides(walk, gait)
        period = (walk.end - walk.start) / strides
        # The second foot swings half a stride later, and closes up with a half step at the end.
        middles = walk.start + period * ((0.25 if first else 0.75) + np.arange(strides))
        for middle in middles:
            begins.append(middle - 0.5 * SWING * period)
            ends.append(middle + 0.5 * SWING * period)
            plants.append(min(middle + 0.5 * period, walk.end))
            lifts.append(walk.lift)
        if first:
            begins.append(walk.end - 0.03 * period)
            ends.append(walk.end + 0.3 * period)
            plants.append(walk.end)
            lifts.append(1.0)
    return begins, ends, np.array(plants), np.array(lifts or [0.0])
