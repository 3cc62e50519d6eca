"""Hands that are brought to a place: another's hand, another's back, something that is held.

Where that is depends on both bodies, so two people are posed first, and then their hands are moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.body import BODY_POINTS, OUTWARD, SIDES, Body, Controls, Stance, axes, joints_of
from usdrl_model.simulation.curves import plateau
from usdrl_model.simulation.moment import PITCH, TWIST

SHOULDERS = tuple(BODY_POINTS.index(f"shoulder_{side}") for side in SIDES)
_MID, _TOP = BODY_POINTS.index("spine_mid"), BODY_POINTS.index("spine_shoulder")
BACK = 0.12
"""Metres from the spine to the back."""

Place = Callable[[np.ndarray, Sequence[np.ndarray]], np.ndarray]
"""(T,) times and the (T, 30, 3) ``BODY_POINTS`` of both people -> (T, 3) metres, in the world."""
Beat = Callable[[np.ndarray], np.ndarray]
"""(T,) times -> (T,) metres up or down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """One hand of one of two people is brought to a place, and back."""

    person: int
    side: int
    """0 left, 1 right."""
    place: Place
    start: float
    end: float
    """Seconds; the hand is under way in the first ``rise`` and the last ``fall`` of them."""
    rise: float
    fall: float
    elbow: tuple[float, float, float] = (0.5, -1.0, -0.3)
    lean: float = 0.0
    """Radians by which the trunk bends forward meanwhile."""

    def weight(self, times: np.ndarray) -> np.ndarray:
        """(T,) 0 to 1: how far the hand is on its way."""
        return plateau(times, self.start, self.end, self.rise, self.fall)


@dataclass(slots=True)
class Posed:
    """One of two people at T times."""

    body: Body
    stance: Stance
    controls: Controls

    def joints(self) -> np.ndarray:
        """(T, 30, 3) world positions of ``BODY_POINTS``."""
        return joints_of(self.body, self.stance, self.controls)


def bring(times: np.ndarray, people: Sequence[Posed], reaches: Iterable[Reach]) -> None:
    """Move the hands of two people to where they reach, in place; one after the other, as ``reaches`` are ordered."""
    reaches = tuple(reaches)
    for reach in reaches:
        people[reach.person].controls.trunk[:, PITCH] += reach.lean * reach.weight(times)
    joints = [one.joints() for one in people]
    for reach in reaches:
        first, last = np.searchsorted(times, [reach.start, reach.end])
        if first == last:
            continue
        now, one = slice(int(first), int(last)), people[reach.person]
        way = reach.place(times[now], [both[now] for both in joints]) - joints[reach.person][now, SHOULDERS[reach.side]]
        # What is to be there is the hand, not the wrist.
        far = np.linalg.norm(way, axis=1, keepdims=True)
        way = way * np.maximum(far - one.body.hand, 0.05) / np.maximum(far, 1e-6)
        frame = axes(one.stance.yaw[now] + one.controls.trunk[now, TWIST])
        wrist = np.einsum("tj,tij->ti", way, frame) * [OUTWARD[reach.side], 1.0, 1.0] / one.body.arm
        weight = reach.weight(times[now])[:, None]
        wrists, elbows = one.controls.wrists[now, reach.side], one.controls.elbows[now, reach.side]
        wrists += weight * (wrist - wrists)
        elbows += weight * (np.array(reach.elbow) - elbows)


def between(sides: tuple[int, int], share: float, up: float, beat: Beat | None = None) -> Place:
    """``share`` of the way from the first one's shoulder to the other's, ``up`` metres over it, perhaps with a beat."""

    def place(times: np.ndarray, joints: Sequence[np.ndarray]) -> np.ndarray:
        first, second = (joints[person][:, SHOULDERS[side]] for person, side in enumerate(sides))
        middle = first + share * (second - first)
        middle[:, 1] += up if beat is None else up + beat(times)
        return middle

    return place


def on_the_back(of: int, side: int, low: float, across: float) -> Place:
    """Behind the spine of the other: ``low`` is 0 between the shoulders and 1 at the middle; ``across`` in metres."""

    def place(times: np.ndarray, joints: Sequence[np.ndarray]) -> np.ndarray:
        other = joints[of]
        spine = other[:, _TOP] + low * (other[:, _MID] - other[:, _TOP])
        left, ahead = _directions(other)
        # Who stands face to face has the other's right side on the left.
        return spine - BACK * ahead - OUTWARD[side] * across * left

    return place


def on_the_shoulder(of: int, side: int, beat: Beat) -> Place:
    """On a shoulder of the other, where ``beat`` pats it."""

    def place(times: np.ndarray, joints: Sequence[np.ndarray]) -> np.ndarray:
        shoulder = joints[of][:, SHOULDERS[side]].copy()
        shoulder[:, 1] += 0.05 + beat(times)
        return shoulder

    return place


def before_the_belly(of: int, ahead: float, up: float) -> Place:
    """Where somebody holds something, ``ahead`` of the middle of the spine."""

    def place(times: np.ndarray, joints: Sequence[np.ndarray]) -> np.ndarray:
        own = joints[of]
        return own[:, _MID] + ahead * _directions(own)[1] + [0.0, up, 0.0]

    return place


def _directions(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3) unit vectors to the left of somebody, and ahead."""
    left = joints[:, SHOULDERS[0]] - joints[:, SHOULDERS[1]]
    left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-6)
    return left, np.cross(left, [0.0, 1.0, 0.0])
