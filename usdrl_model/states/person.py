"""The states of one person over time: frames in, what holds since when out.

>>> states = PersonStates()
>>> states.add(0.0, np.zeros((25, 3)), np.zeros(25), np.zeros(3))
>>> states.snapshot().active, "standing" in states.snapshot().unknown
((), True)
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from usdrl_model.states import conditions
from usdrl_model.states.conditions import LEFT, RIGHT, Condition, Scene
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.fall import Fall
from usdrl_model.states.measures import SIDES, Measures, Vector, measure
from usdrl_model.states.pointing import Ground, Pointer, Ray
from usdrl_model.states.switch import Switch

LYING, FALLEN = "lying", "fallen"
POINTING = ("pointing_left", "pointing_right")
"""States with a ray, by the arm: left, right."""
CONDITIONS: dict[str, tuple[Condition, str]] = {
    "standing": (conditions.standing, "posture_after"),
    "sitting": (conditions.sitting, "posture_after"),
    LYING: (conditions.lying, "posture_after"),
    "raising_left_arm": (conditions.raising(LEFT), "arm_after"),
    "raising_right_arm": (conditions.raising(RIGHT), "arm_after"),
    "raising_both_arms": (conditions.raising_both, "arm_after"),
    POINTING[LEFT]: (conditions.pointing(LEFT), "pointing_after"),
    POINTING[RIGHT]: (conditions.pointing(RIGHT), "pointing_after"),
    "hand_in_front": (conditions.hand_in_front, "arm_after"),
    "facing_me": (conditions.facing, "place_after"),
    "near": (conditions.near, "place_after"),
}
"""State -> its condition, and the setting of how long it must last."""
STATES: tuple[str, ...] = ("standing", "sitting", LYING, FALLEN, *list(CONDITIONS)[3:])
"""Names of all states."""
IN_PICTURE: tuple[str, ...] = ("raising_left_arm", "raising_right_arm", "raising_both_arms")
"""States that can be told of joints in a picture. Others need depth: who sits facing the camera has short thighs."""
SPEED_OVER = 0.4
"""Seconds over which the speed of a wrist is measured, so that the noise of a joint is not a movement."""


@dataclass(frozen=True, slots=True)
class HeldState:
    """A state that holds now."""

    name: str
    """One of ``STATES``."""
    since: float
    """Stamp, seconds."""
    ray: Ray | None = None
    """Where the arm points; None for states other than ``POINTING``."""


@dataclass(frozen=True, slots=True)
class States:
    """The states of a person; those in neither part do not hold."""

    active: tuple[HeldState, ...] = ()
    unknown: tuple[str, ...] = STATES
    """Withheld: what they need is not seen."""

    def get(self, name: str) -> HeldState | None:
        """A state that holds, or None."""
        return next((state for state in self.active if state.name == name), None)


class PersonStates:
    """Follows one person.

    Args:
        config: settings; None takes the defaults.
        flat: the joints are in a picture; states other than ``IN_PICTURE`` are unknown.
    """

    def __init__(self, config: StatesConfig | None = None, *, flat: bool = False) -> None:
        self._config = config or StatesConfig()
        end, unknown = self._config.end_after, self._config.unknown_after
        self._known = frozenset(IN_PICTURE if flat else STATES)
        self._switches = {
            name: Switch(getattr(self._config, setting), end, unknown)
            for name, (_, setting) in CONDITIONS.items()
            if name in self._known
        }
        self._fall = Fall(self._config)
        self._fallen = Switch(0.0, self._config.posture_after, unknown)
        self._ground = Ground()
        self._pointers = [Pointer(side) for side in SIDES]
        self._wrists: list[deque[tuple[float, ...]]] = [deque() for _ in SIDES]
        """Of each arm: stamps, and places of the wrist, of the last frames in which it was seen."""

    def add(self, stamp: float, joints: np.ndarray, confidence: np.ndarray, sensor: np.ndarray) -> None:
        """Add the next frame.

        Args:
            stamp: seconds, later than the one before.
            joints: (25, 3) canonical joints, metres, y up.
            confidence: (25,), 0 where invalid.
            sensor: (3,) position of the sensor in the same axes.
        """
        self.step(stamp, measure(joints[None], confidence[None], sensor[None])[0], joints, confidence)

    def step(self, stamp: float, measures: Measures, joints: np.ndarray, confidence: np.ndarray) -> None:
        """As ``add``, of a frame that is measured already, because ``measure`` takes everybody at once."""
        self._ground.add(stamp, measures.feet)
        scene = Scene(measures, self._ground_height(), self._speeds(stamp, measures))
        for name, switch in self._switches.items():
            verdict = CONDITIONS[name][0](scene, self._config, switch.held)
            switch.step(stamp, verdict)
            if verdict and name in POINTING:  # an arm that drops points no more, although the state holds for a moment
                self._pointers[POINTING.index(name)].add(stamp, joints, confidence)
        if FALLEN in self._known:
            self._fallen.step(stamp, self._fall.step(stamp, measures, self._switches[LYING]))
            if not self._fallen.value:
                self._fall.fallen = False

    def snapshot(self) -> States:
        """What holds now, and what is unknown."""
        switches = self._switches | {FALLEN: self._fallen}
        return States(
            active=tuple(
                HeldState(name, self._fall.since if name == FALLEN else switches[name].since, self._ray(name))
                for name in STATES
                if name in self._known and switches[name].value
            ),
            unknown=tuple(name for name in STATES if name not in self._known or switches[name].value is None),
        )

    def _ray(self, name: str) -> Ray | None:
        return self._pointers[POINTING.index(name)].ray(self._ground_height()) if name in POINTING else None

    def _ground_height(self) -> float:
        return self._ground.height if self._config.ground is None else self._config.ground

    def _speeds(self, stamp: float, measures: Measures) -> tuple[float, float]:
        left, right = (_speed(past, stamp, arm.wrist) for past, arm in zip(self._wrists, measures.arms, strict=True))
        return left, right


def _speed(past: deque[tuple[float, ...]], stamp: float, wrist: Vector) -> float:
    """Of a wrist relative to its shoulder, from the older to the newer half of the last frames with it, averaged.

    NaN where this frame has no wrist, or no other one has: a joint that flickers is measured over the frames between.
    """
    if math.isnan(wrist[0]):
        return math.nan
    past.append((stamp, *wrist))
    # One frame may be older than ``SPEED_OVER``, for slow trackers; none from before the arm was gone for a while.
    while past[0][0] < stamp - 2 * SPEED_OVER or (len(past) > 2 and past[1][0] <= stamp - SPEED_OVER):
        past.popleft()
    half, more = len(past) // 2, (len(past) + 1) // 2
    if not half:
        return math.nan
    seconds, *way = (sum(part[half:]) / more - sum(part[:half]) / half for part in zip(*past, strict=True))
    return math.hypot(*way) / seconds
