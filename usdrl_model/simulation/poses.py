"""Poses of the states (``usdrl_model.states``): raised arms, pointing, a hand held out, lying down and falling.

Scripts written by hand may have them; random scripts do not, so that what training draws stays the same.
"""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.body import Body, Controls
from usdrl_model.simulation.curves import ramp
from usdrl_model.simulation.gestures import GESTURES
from usdrl_model.simulation.moment import LEFT, RIGHT, Gesture, Moment
from usdrl_model.simulation.script import LYING_DOWN, Script

FLOOR = 0.12
"""Metres from the floor to spine_base of somebody who lies."""


def lie(body: Body, script: Script, starts: np.ndarray, controls: Controls, times: np.ndarray) -> None:
    """On the back on the floor from every fall or lie_down to the next get_up, in place.

    Who lies down or gets up sits on the floor on the way; who falls does not.
    """
    down, flat = np.zeros(len(times)), np.zeros(len(times))
    for act, begin in zip(script, starts[:-1], strict=True):
        middle, end = begin + 0.5 * act.seconds, begin + act.seconds
        if act.action == "fall":
            down += ramp(times, begin, end)
            flat += ramp(times, begin, end)
        elif act.action == "lie_down":
            down += ramp(times, begin, middle)
            flat += ramp(times, middle, end)
        elif act.action == "get_up":
            flat -= ramp(times, begin, middle)
            down -= ramp(times, middle, end)
    floor = controls.copy()
    floor.pelvis[:] = [0.0, (FLOOR - body.standing_pelvis) / body.leg, -0.93 * body.leg]
    controls.towards(floor, down)
    floor = controls.copy()
    floor.trunk[:] = [-1.7, 0.0, 0.0]
    floor.wrists[:] = [0.25, 0.0, 0.9]
    floor.elbows[:] = [1.0, 0.2, 0.0]
    controls.towards(floor, flat)


def _raise(*sides: int) -> Gesture:
    def gesture(m: Moment) -> np.ndarray:
        for side in sides:
            m.hand(side, (m.uniform(0.0, 0.3), m.uniform(0.93, 0.97), m.uniform(-0.05, 0.2)), (1.0, -0.2, 0.1))
        return m.plateau()

    return gesture


def _point(side: int) -> Gesture:
    def gesture(m: Moment) -> np.ndarray:
        aside = m.uniform(0.2, 1.3)
        height = m.uniform(-0.5, 0.1)
        flat = 0.99 * np.sqrt(1.0 - height**2)
        m.hand(side, (flat * np.sin(aside), height, flat * np.cos(aside)), (0.5, -1.0, -0.2))
        m.controls.wrists[:, side] *= 0.99 / np.linalg.norm(m.controls.wrists[:, side], axis=1, keepdims=True)
        return m.plateau()

    return gesture


def _hold_out(m: Moment) -> np.ndarray:
    side = m.style.main_hand
    m.hand(side, (m.uniform(-0.25, 0.0), m.uniform(-0.1, 0.2), m.uniform(0.7, 0.9)), (0.5, -1.0, -0.2))
    return m.plateau()


POSES: dict[str, Gesture] = {
    "raise_left_arm": _raise(LEFT), "raise_right_arm": _raise(RIGHT), "raise_both_arms": _raise(LEFT, RIGHT),
    "point_left": _point(LEFT), "point_right": _point(RIGHT), "hold_hand_out": _hold_out,
    **dict.fromkeys((*LYING_DOWN, "get_up", "come_running"), GESTURES["idle"]),
}  # fmt: skip
"""Act -> its gesture."""
