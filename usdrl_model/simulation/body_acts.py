"""Actions of the whole body: reaching the floor, carrying, kicking, bowing, ducking."""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.curves import plateau, through
from usdrl_model.simulation.moment import LEFT, PITCH, RIGHT, ROLL, TURN_TO, TWIST, Moment


def pick_up(m: Moment) -> np.ndarray:
    """From the floor or a low place, with bent back or bent knees, and up again with it."""
    squat = np.clip(m.style.squat + m.rng.normal(0.0, 0.25), 0.0, 1.0)
    depth, reached, left = m.uniform(0.85, 1.25), m.uniform(0.3, 0.43), m.uniform(0.55, 0.68)
    knots = [share * m.seconds for share in (0.0, reached, left, 1.0)]
    down = depth * through(m.times, knots, np.array([[0.0], [1.0], [1.0], [0.0]]))[:, 0]
    m.controls.pelvis += down[:, None] * np.array([0.0, -(0.2 + 0.35 * squat), -(0.16 - 0.04 * squat)])
    m.controls.trunk[:, PITCH] += down * (1.35 - 0.55 * squat + m.uniform(-0.2, 0.2))
    m.controls.head[:, 0] += 0.3 * down
    hands = m.hands_in_use(both=0.5)
    m.controls.trunk[:, TWIST] += 0.25 * down * (TURN_TO[1 - hands[0]] if len(hands) == 1 else 0.0)
    held = (-0.15, m.uniform(-0.7, -0.35), m.uniform(0.35, 0.55)) if m.rng.random() < 0.7 else (0.1, -0.95, 0.1)
    for side in hands:
        low = (m.uniform(-0.25, 0.15), -0.93, m.uniform(0.05, 0.5))
        m.hand_through(side, (0.0, reached - 0.05, left, 0.8), [(0.0, -0.9, 0.25), low, low, held])
    if len(hands) == 1 and m.rng.random() < 0.3:  # the other one rests on the knee
        m.hand(1 - hands[0], (0.0, -0.75, 0.4), (0.7, -0.3, -0.7))
    return plateau(m.times, 0.0, m.seconds, 0.2 * m.seconds, 0.25 * m.seconds)


def carry(m: Moment) -> np.ndarray:
    """Before the belly or the chest, with both hands or one; or a bag that hangs."""
    hands = m.hands_in_use(both=0.75)
    if len(hands) == 2:
        height, apart, ahead = m.uniform(-0.75, -0.2), m.uniform(-0.3, 0.05), m.uniform(0.35, 0.7)
        for side in hands:
            m.hand(side, (apart, height, ahead), (0.6, -0.9, -0.4))
        m.controls.trunk[:, PITCH] -= m.uniform(0.0, 0.1)
    else:
        # A bag hangs from a straight arm; something small is held in front of the belly.
        reach = (0.15, -0.97, 0.05) if m.rng.random() < 0.4 else (-0.05, m.uniform(-0.6, -0.4), 0.5)
        m.hand(hands[0], reach, (0.6, -0.6, -0.5))
        m.controls.trunk[:, ROLL] += 0.06 * TURN_TO[1 - hands[0]]
    return m.plateau(0.5, 0.5)


def kick(m: Moment) -> np.ndarray:
    """A foot to the front or to the side, low as at a ball or as high as the hip."""
    side = m.style.main_hand if m.rng.random() < 0.8 else 1 - m.style.main_hand
    back, struck = m.uniform(0.22, 0.38), m.uniform(0.5, 0.6)
    high = m.uniform(0.1, 0.6) * m.style.size
    if m.rng.random() < 0.75:
        path = [(0.0, m.uniform(0.03, 0.25), -m.uniform(0.05, 0.35)), (0.0, high, m.uniform(0.45, 0.75))]
    else:
        path = [(0.05, m.uniform(0.1, 0.3), 0.1), (m.uniform(0.45, 0.7), high, m.uniform(0.0, 0.3))]
    places = np.array([(0.0, 0.0, 0.0), *path, (0.0, 0.06, 0.15), (0.0, 0.0, 0.0)])
    knots = [share * m.seconds for share in (0.05, back, struck, min(0.95, struck + 0.22), 1.0)]
    m.controls.feet[:, side] += through(m.times, knots, places)
    struck_now = plateau(m.times, back * m.seconds, m.seconds, 0.25 * m.seconds, 0.3 * m.seconds)
    m.controls.trunk[:, PITCH] -= m.uniform(0.0, 0.35) * struck_now
    m.controls.pelvis[:, 0] += 0.04 * TURN_TO[1 - side] * plateau(m.times, 0.0, m.seconds, 0.2, 0.3)
    out = m.uniform(0.0, 0.5)
    for arm in (LEFT, RIGHT):
        m.controls.wrists[:, arm] += struck_now[:, None] * np.array([out, 0.35 * out, m.rng.normal(0.0, 0.15)])
    return np.ones(len(m.times))


def bow(m: Moment) -> np.ndarray:
    """The trunk bends forward and comes up again; hands hang, lie on the thighs or before the belly."""
    down, up = m.uniform(0.25, 0.4), m.uniform(0.55, 0.72)
    knots = [share * m.seconds for share in (0.0, down, up, 1.0)]
    bent = through(m.times, knots, np.array([[0.0], [1.0], [1.0], [0.0]]))[:, 0]
    pitch = m.uniform(0.4, 1.5)
    m.controls.trunk[:, PITCH] += pitch * bent
    m.controls.pelvis[:, 2] -= 0.1 * pitch * bent
    m.controls.head[:, 0] += m.uniform(0.0, 0.4) * bent
    way = m.pick(("hang", "sides", "thighs", "belly"))
    if way != "hang":
        places = {"sides": (0.12, -0.93, -0.2), "thighs": (-0.02, -0.85, 0.3), "belly": (-0.32, -0.7, 0.35)}
        _both_hands(m, places[way], bent)
    return np.ones(len(m.times))


def duck(m: Moment) -> np.ndarray:
    """The knees bend until the body is low; hands hang, stretch to the front, lie on the knees or over the head."""
    down, up = m.uniform(0.25, 0.42), m.uniform(0.5, 0.72)
    knots = [share * m.seconds for share in (0.0, down, up, 1.0)]
    low = through(m.times, knots, np.array([[0.0], [1.0], [1.0], [0.0]]))[:, 0]
    m.controls.pelvis += low[:, None] * np.array([0.0, -m.uniform(0.25, 0.62), -m.uniform(0.05, 0.2)])
    m.controls.trunk[:, PITCH] += m.uniform(0.2, 1.0) * low
    way = m.pick(("hang", "front", "knees", "head"))
    places = {"front": (-0.1, m.uniform(-0.2, 0.1), 0.92), "knees": (0.0, -0.55, 0.55), "head": (-0.2, 0.3, 0.2)}
    if way != "hang":
        _both_hands(m, places[way], low)
    return np.ones(len(m.times))


def _both_hands(m: Moment, reach: tuple[float, float, float], weight: np.ndarray) -> None:
    for side in (LEFT, RIGHT):
        m.controls.wrists[:, side] += weight[:, None] * (np.array(reach) - m.controls.wrists[:, side])
