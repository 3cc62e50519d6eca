"""Actions of the arms, in the ways in which people do them: one hand or both, small or large, near or far.

A label is an idea, not a movement: who was only ever shown waves beside the head does not know one over it. Every act
draws its way, height, reach and effort anew.
"""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.curves import plateau, slow_noise, through
from usdrl_model.simulation.moment import AHEAD, LEFT, OUT, PITCH, RIGHT, TURN_TO, UP, Gesture, Moment

CHEST = -0.35
"""The middle of the chest, outward of either shoulder."""


def wave(m: Moment) -> np.ndarray:
    """Beside the head, low with the elbow at the side, overhead, or both arms from the sides to overhead."""
    way = m.pick(("beside", "low", "overhead", "arcs"))
    hands = m.hands_in_use(both={"beside": 0.3, "low": 0.1, "overhead": 0.4, "arcs": 0.85}[way])
    rate = m.uniform(0.9, 2.3) * m.style.tempo / (1.4 if len(hands) == 2 else 1.0)
    # Both hands move in the same direction, or mirror each other.
    together = m.rng.random() < 0.5
    phase = m.uniform(0.0, 2.0 * np.pi)
    out, height, ahead = m.uniform(0.1, 0.5), m.uniform(0.3, 0.8), m.uniform(0.0, 0.75)
    wide = m.uniform(0.14, 0.42) * m.style.size
    if way == "low":
        height, ahead = m.uniform(-0.1, 0.35), m.uniform(0.25, 0.8)
    elif way == "overhead":
        out, height, ahead = m.uniform(-0.05, 0.25), m.uniform(0.8, 0.95), m.uniform(0.0, 0.4)
    swing = np.sin(2.0 * np.pi * rate * m.times + phase + 0.3 * slow_noise(m.rng, m.times, 1)[:, 0])
    low, high = m.uniform(-0.5, 0.3), m.uniform(1.1, 1.6)
    arc = np.sin(1.2 * np.pi * rate / 2.0 * m.times + phase)
    for side in hands:
        m.hand(side, (out, height, ahead), (1.0, -0.7, 0.1))
        if way == "arcs":
            angle = 0.5 * (low + high) + 0.5 * (high - low) * arc
            m.controls.wrists[:, side, OUT] = m.uniform(0.85, 0.97) * np.cos(angle)
            m.controls.wrists[:, side, UP] = m.uniform(0.85, 0.97) * np.sin(angle)
            m.controls.wrists[:, side, AHEAD] = m.uniform(0.0, 0.5)
            continue
        aside = swing * (-1.0 if side == RIGHT and together else 1.0)
        m.controls.wrists[:, side, OUT] += wide * (1.3 if len(hands) == 2 else 1.0) * aside
        m.controls.wrists[:, side, UP] -= 0.4 * wide * aside**2
    return m.plateau(m.uniform(0.35, 0.8), m.uniform(0.35, 0.8))


def clap(m: Moment) -> np.ndarray:
    """Before the belly, the chest or the face, a hand's breadth or a whole arm's reach apart."""
    wide = m.rng.random() < 0.3
    gap = (m.uniform(0.4, 0.9) if wide else m.uniform(0.14, 0.4)) * m.style.size
    rate = (m.uniform(0.8, 1.6) if wide else m.uniform(1.2, 3.0)) * m.style.tempo
    height, ahead, softness = m.uniform(-0.6, 0.25), m.uniform(0.38, 0.95), m.uniform(0.7, 1.2)
    angle = 2.0 * np.pi * rate * m.times + 0.3 * slow_noise(m.rng, m.times, 1)[:, 0]
    apart = gap * (0.5 + 0.5 * np.cos(angle)) ** softness
    for side in (LEFT, RIGHT):
        m.hand(side, (CHEST + 0.04, height, ahead), (0.8, -0.9, -0.1))
        m.controls.wrists[:, side, OUT] = CHEST + 0.04 + apart
    return m.plateau(m.uniform(0.3, 0.6), m.uniform(0.3, 0.6))


def throw(m: Moment) -> np.ndarray:
    """Overhand, from the side or from below, with the whole body or the arm alone."""
    (side,) = m.hands_in_use(both=0.0)
    back, power = m.uniform(0.0, 0.5), m.uniform(0.1, 1.2) * m.style.size
    way = m.pick(("over", "over", "over", "over", "aside", "below"))
    if way == "over":
        wound, released = (m.uniform(0.15, 0.45), m.uniform(0.1, 0.8), -back), (0.05, m.uniform(0.2, 0.8), 0.65)
        path = [wound, released, (-0.15, m.uniform(-0.1, 0.25), 0.9)]
    elif way == "below":
        wound, released = (0.15, -0.85, -back), (0.0, m.uniform(-0.6, -0.2), m.uniform(0.6, 0.8))
        path = [wound, released, (-0.1, m.uniform(0.0, 0.4), m.uniform(0.7, 0.9))]
    else:
        wound, released = (m.uniform(0.5, 0.75), m.uniform(-0.3, 0.1), -back), (0.4, m.uniform(-0.2, 0.2), 0.7)
        path = [wound, released, (-0.2, m.uniform(-0.2, 0.1), 0.85)]
    wind = m.uniform(0.12, 0.45)
    shares = (0.0, wind, wind + 0.16, wind + 0.27, min(0.95, wind + 0.45))
    m.hand_through(side, shares, [(0.1, -0.7, 0.2), *path, (m.uniform(-0.5, -0.1), -0.6, 0.5)])
    m.controls.elbows[:, side] = (1.0, -0.1, -0.3)
    if m.rng.random() < 0.5:
        m.hand(1 - side, (0.15, m.uniform(-0.7, -0.2), m.uniform(0.2, 0.6)), (0.8, -0.8, -0.2))
    knots = [share * m.seconds for share in (0.0, wind, wind + 0.28, 1.0)]
    # Wind up towards the throwing side, then turn away from it.
    bends = np.array([[0, 0, 0], [-0.12, 0, 0.5], [0.25, 0, -0.45], [0, 0, 0]]) * [power, 0.0, TURN_TO[side] * power]
    m.controls.trunk += through(m.times, knots, bends)
    m.controls.pelvis += through(m.times, knots, np.array([[0, 0, 0], [0, 0, -0.05], [0, -0.02, 0.08], [0, 0, 0]]))
    return plateau(m.times, 0.0, m.seconds, 0.2 * m.seconds, 0.3 * m.seconds)


def push(m: Moment) -> np.ndarray:
    """One palm or both, from the chest or from a hanging arm straight to the front, held for a moment."""
    far, height, lean = m.uniform(0.85, 0.99), m.uniform(-0.35, 0.25), m.uniform(0.0, 0.2)
    ready, there, held = m.uniform(0.1, 0.28), m.uniform(0.42, 0.65), m.uniform(0.68, 0.9)
    for side in m.hands_in_use(both=0.35):
        inward = m.uniform(-0.25, 0.05)
        near = (inward + m.uniform(0.0, 0.15), height - m.uniform(0.05, 0.35), m.uniform(0.15, 0.35))
        m.hand_through(side, (0.0, ready, there, held), [near, near, (inward, height, far), (inward, height, far)])
        m.controls.elbows[:, side] = (m.uniform(0.3, 0.9), -1.0, -0.3)
    effort = plateau(m.times, 0.22 * m.seconds, m.seconds, 0.28 * m.seconds, 0.3 * m.seconds)
    m.controls.trunk[:, PITCH] += lean * effort
    m.controls.pelvis[:, AHEAD] += 0.3 * lean * effort
    return plateau(m.times, 0.0, m.seconds, 0.25 * m.seconds, 0.32 * m.seconds)


def pull(m: Moment) -> np.ndarray:
    """One outstretched hand or both back to the chest, the shoulder or the hip."""
    far, height, lean = m.uniform(0.8, 0.98), m.uniform(-0.4, 0.1), m.uniform(0.0, 0.22)
    grasped, drawn = m.uniform(0.22, 0.42), m.uniform(0.6, 0.85)
    for side in m.hands_in_use(both=0.4):
        inward = m.uniform(-0.2, 0.1)
        grasp = (inward, height, far)
        chest = (inward + m.uniform(0.0, 0.25), height - m.uniform(-0.05, 0.35), m.uniform(0.0, 0.3))
        m.hand_through(side, (0.0, 0.2, grasped, drawn, drawn + 0.1), [grasp, grasp, grasp, chest, chest])
        m.controls.elbows[:, side] = (m.uniform(0.3, 0.9), m.uniform(-1.0, -0.3), -0.5)
    knots = [share * m.seconds for share in (0.0, grasped, drawn, 1.0)]
    m.controls.trunk[:, PITCH] += through(m.times, knots, np.array([[0], [0.8], [-0.6], [0]]) * lean)[:, 0]
    return plateau(m.times, 0.0, m.seconds, 0.3 * m.seconds, 0.28 * m.seconds)


def punch(m: Moment) -> np.ndarray:
    """One fist, or both in turn, fast to the front and back, from the guard or from a hanging arm."""
    count = max(1, round(m.seconds / m.uniform(0.45, 0.9)))
    hands = m.hands_in_use(both=0.6)
    far, height = m.uniform(0.8, 0.99), m.uniform(-0.25, 0.35)
    guard = (m.uniform(-0.25, 0.0), m.uniform(-0.4, 0.05), m.uniform(0.15, 0.35))
    period = 0.9 * m.seconds / count
    turn = np.zeros(len(m.times))
    for side in (LEFT, RIGHT):
        if side not in hands and m.rng.random() < 0.5:
            continue
        m.hand(side, guard, (0.5, -1.0, -0.3))
        start = m.controls.wrists[:, side].copy()
        for strike in range(count):
            if side != hands[strike % len(hands)]:
                continue
            begin = 0.05 * m.seconds + strike * period
            out = plateau(m.times, begin, begin + period, 0.4 * period, 0.45 * period)
            m.controls.wrists[:, side] += out[:, None] * (np.array([CHEST * 0.6, height, far]) - start)
            turn += out * TURN_TO[1 - side]
    m.controls.trunk[:, 2] += m.uniform(0.0, 0.4) * turn
    m.controls.trunk[:, PITCH] += m.uniform(0.0, 0.15)
    return m.plateau(m.uniform(0.2, 0.4), m.uniform(0.25, 0.5))


def swipe(towards: int) -> Gesture:
    """One hand across the body, towards the person's own left or right; either hand may do it."""

    def gesture(m: Moment) -> np.ndarray:
        side = m.style.main_hand if m.rng.random() < 0.7 else 1 - m.style.main_hand
        outer, inner = m.uniform(0.25, 0.7), CHEST - m.uniform(0.1, 0.6)
        if m.rng.random() < 0.3:  # it begins in the middle
            inner, outer = (inner, CHEST + 0.1) if towards != side else (CHEST, outer)
        begin, end = (inner, outer) if towards == side else (outer, inner)
        height, ahead, drop = m.uniform(-0.5, 0.4), m.uniform(0.5, 0.95), m.uniform(-0.2, 0.2)
        leaving, arriving = m.uniform(0.2, 0.35), m.uniform(0.55, 0.72)
        m.hand_through(
            side,
            (0.0, leaving, 0.5 * (leaving + arriving), arriving, 1.0),
            [
                (begin, height, 0.8 * ahead), (begin, height, 0.8 * ahead), (0.5 * (begin + end), height, ahead),
                (end, height + drop, 0.8 * ahead), (end, height + drop, 0.8 * ahead),
            ],
        )  # fmt: skip
        m.controls.elbows[:, side] = (0.7, -0.8, -0.2)
        turned = plateau(m.times, leaving * m.seconds, m.seconds, 0.3 * m.seconds, 0.3 * m.seconds)
        m.controls.trunk[:, 2] += m.uniform(0.0, 0.25) * TURN_TO[towards] * turned
        return plateau(m.times, 0.0, m.seconds, 0.22 * m.seconds, 0.28 * m.seconds)

    return gesture


def cross_arms(m: Moment) -> np.ndarray:
    """Folded before the chest, or the forearms make an X."""
    upper, height = m.style.main_hand, m.uniform(-0.5, -0.1)
    if m.rng.random() < 0.5:
        m.hand(upper, (-0.55, height, 0.32), (0.8, -0.9, 0.0))
        m.hand(1 - upper, (-0.5, height - 0.1, 0.25), (0.8, -0.9, 0.0))
    else:
        over, ahead = m.uniform(0.05, 0.3), m.uniform(0.3, 0.5)
        for side in (LEFT, RIGHT):
            m.hand(side, (CHEST - over, height + 0.2, ahead + 0.06 * (side == upper)), (0.8, -0.9, 0.1))
    return m.plateau(m.uniform(0.4, 0.9), m.uniform(0.4, 0.9))
