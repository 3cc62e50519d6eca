"""What people do that is no action of anybody's list; much of it looks like the start of one."""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.curves import plateau, slow_noise, through
from usdrl_model.simulation.moment import LEFT, OUT, PITCH, RIGHT, ROLL, TURN_TO, TWIST, UP, Moment


def look_around(m: Moment) -> np.ndarray:
    """The head turns to both sides, the shoulders follow a little."""
    far = m.uniform(0.5, 0.9) * float(m.rng.choice([-1.0, 1.0]))
    turn = through(m.times, np.linspace(0.0, m.seconds, 4), np.array([[0.0], [far], [-0.6 * far], [0.0]]))[:, 0]
    m.controls.head[:, 1] += turn
    m.controls.trunk[:, TWIST] += 0.35 * turn
    return m.plateau()


def shift_weight(m: Moment) -> np.ndarray:
    """From one leg to the other."""
    aside = m.uniform(0.05, 0.09) * float(m.rng.choice([-1.0, 1.0]))
    m.controls.pelvis[:, 0] += aside
    m.controls.trunk[:, ROLL] -= aside
    return m.plateau(0.7, 0.7)


def scratch_head(m: Moment) -> np.ndarray:
    """A hand at the back of the head."""
    (side,) = m.hands_in_use(both=0.0)
    m.hand(side, (m.uniform(-0.15, 0.05), m.uniform(0.35, 0.5), m.uniform(0.05, 0.2)), (1.0, -0.3, 0.3))
    m.controls.wrists[:, side] += 0.05 * np.sin(2.0 * np.pi * m.uniform(2.0, 3.5) * m.times)[:, None] * [1.0, 0.5, 0.0]
    m.controls.head[:, 0] += 0.15
    return m.plateau()


def touch_face(m: Moment) -> np.ndarray:
    """A hand at the chin or the nose."""
    (side,) = m.hands_in_use(both=0.0)
    m.hand(side, (-0.3, m.uniform(0.1, 0.3), m.uniform(0.3, 0.4)), (0.7, -0.9, 0.1))
    return m.plateau(0.6, 0.6)


def look_at_phone(m: Moment) -> np.ndarray:
    """A hand or both before the chest, the head down."""
    for side in m.hands_in_use(both=0.4):
        m.hand(side, (m.uniform(-0.3, -0.2), m.uniform(-0.4, -0.15), m.uniform(0.4, 0.55)), (0.5, -1.0, -0.2))
    m.controls.wrists += 0.015 * slow_noise(m.rng, m.times, 6, fastest=2.0).reshape(-1, 2, 3)
    m.controls.head[:, 0] += m.uniform(0.3, 0.6)
    return m.plateau(0.7, 0.7)


def hands_on_hips(m: Moment) -> np.ndarray:
    """Both hands on the hips."""
    for side in (LEFT, RIGHT):
        m.hand(side, (0.05, -0.78, 0.08), (1.0, 0.0, -0.35))
    return m.plateau()


def talk(m: Moment) -> np.ndarray:
    """Hands that accompany speech."""
    count = max(4, round(m.seconds / m.uniform(0.45, 0.8)))
    for side in m.hands_in_use(both=0.6):
        centre = np.array([-0.1, m.uniform(-0.6, -0.35), 0.42])
        places = centre + m.rng.normal(0.0, 1.0, (count, 3)) * [0.12, 0.13, 0.1] * m.style.size
        m.controls.wrists[:, side] = through(m.times, np.linspace(0.0, m.seconds, count), places)
        m.controls.elbows[:, side] = (0.6, -1.0, -0.3)
    return m.plateau()


def point(m: Moment) -> np.ndarray:
    """A straight arm to the front or the side."""
    (side,) = m.hands_in_use(both=0.0)
    aside = m.uniform(0.3, 1.2)
    m.hand(side, (0.92 * np.sin(aside), m.uniform(-0.1, 0.2), 0.92 * np.cos(aside)), (0.5, -1.0, -0.2))
    m.controls.head[:, 1] += 0.4 * TURN_TO[side]
    return m.plateau()


def raise_hand(m: Moment) -> np.ndarray:
    """One hand or both are held up, still."""
    out, up = m.uniform(-0.1, 0.5), m.uniform(0.5, 0.93)
    for side in m.hands_in_use(both=0.4):
        m.hand(side, (out, up, m.uniform(0.0, 0.3)), (1.0, -0.3, 0.1))
    return m.plateau(m.uniform(0.4, 0.8), m.uniform(0.4, 0.8))


def draw(m: Moment) -> np.ndarray:
    """A hand draws a figure of some corners, or a circle, in the air before the person."""
    (side,) = m.hands_in_use(both=0.0)
    out, height, size = m.uniform(-0.3, 0.2), m.uniform(-0.3, 0.3), m.uniform(0.2, 0.45) * m.style.size
    corners = int(m.rng.integers(3, 9))
    turn = float(m.rng.choice([-1.0, 1.0])) * 2.0 * np.pi * np.arange(corners + 1) / corners + m.uniform(0.0, 6.3)
    if m.rng.random() < 0.3:  # strokes that cross
        turn = turn[m.rng.permutation(corners + 1)]
    places = np.stack([out + size * np.cos(turn), height + size * np.sin(turn), np.full(corners + 1, 0.6)], axis=1)
    m.controls.wrists[:, side] = through(m.times, np.linspace(0.15, 0.85, corners + 1) * m.seconds, places)
    m.controls.elbows[:, side] = (0.7, -0.9, -0.2)
    return m.plateau(0.4, 0.4)


def knock(m: Moment) -> np.ndarray:
    """Short beats of a bent arm, at a door or a nail."""
    (side,) = m.hands_in_use(both=0.0)
    m.hand(side, (m.uniform(-0.3, 0.1), m.uniform(-0.1, 0.4), m.uniform(0.4, 0.6)), (0.7, -0.9, -0.1))
    beat = np.maximum(np.sin(2.0 * np.pi * m.uniform(1.0, 3.0) * m.times), 0.0)
    m.controls.wrists[:, side] += (
        m.uniform(0.08, 0.25) * beat[:, None] * [0.0, m.uniform(-1.0, 0.0), m.uniform(0.2, 1.0)]
    )
    return m.plateau(0.4, 0.4)


def swing(m: Moment) -> np.ndarray:
    """A racket, a bat or a club: from behind one side through to the other, with one hand or both."""
    side, together = m.style.main_hand, m.rng.random() < 0.5
    start, end = m.uniform(-0.6, 0.8), m.uniform(-0.5, 0.8)
    back = (m.uniform(0.4, 0.7), start, -0.2) if not together else (m.uniform(0.1, 0.4), start, 0.2)
    path = [back, (-0.05, 0.5 * (start + end) - 0.3, 0.85), (-0.75, end, 0.3)]
    m.hand_through(side, (0.0, 0.35, 0.55, 0.7, 0.85), [(0.1, -0.7, 0.2), *path, path[-1]])
    m.controls.elbows[:, side] = (0.8, -0.6, -0.3)
    if together:
        m.controls.wrists[:, 1 - side] = m.controls.wrists[:, side] * [-1.0, 1.0, 1.0] - [0.7, 0.0, 0.0]
    knots = [share * m.seconds for share in (0.0, 0.35, 0.7, 1.0)]
    turn = m.uniform(0.2, 0.7) * TURN_TO[side]
    m.controls.trunk[:, TWIST] += through(m.times, knots, np.array([[0.0], [turn], [-turn], [0.0]]))[:, 0]
    return plateau(m.times, 0.0, m.seconds, 0.25 * m.seconds, 0.3 * m.seconds)


def stretch(m: Moment) -> np.ndarray:
    """Both arms slowly up, or to the sides, and down again; or a lean to one side."""
    ahead, hanging, raised = m.uniform(0.0, 0.6), -1.3, m.uniform(-0.2, 1.5)
    knots = [share * m.seconds for share in (0.0, 0.45, 0.6, 1.0)]
    angle = through(m.times, knots, np.array([[hanging], [raised], [raised], [hanging]]))[:, 0]
    for side in m.hands_in_use(both=0.85):
        m.controls.wrists[:, side, OUT] = 0.95 * np.cos(angle) * np.cos(ahead)
        m.controls.wrists[:, side, UP] = 0.95 * np.sin(angle)
        m.controls.wrists[:, side, 2] = 0.95 * np.cos(angle) * np.sin(ahead) + 0.05
    m.controls.trunk[:, ROLL] += m.uniform(-0.3, 0.3) * m.plateau(0.7, 0.7)
    return m.plateau(0.3, 0.3)


def jump(m: Moment) -> np.ndarray:
    """On the spot, again and again; arms hang or fly up."""
    period = m.uniform(0.5, 0.9)
    beat = 0.5 - 0.5 * np.cos(2.0 * np.pi * m.times / period)
    m.controls.pelvis[:, 1] += m.uniform(0.08, 0.25) * (beat - 0.3)
    m.controls.feet[:, :, 1] += (m.uniform(0.06, 0.2) * np.maximum(beat - 0.3, 0.0))[:, None]
    spread, high = m.uniform(0.0, 0.9), m.uniform(0.0, 1.6)
    m.controls.feet[:, :, 0] += (0.3 * spread * beat * (m.rng.random() < 0.5))[:, None]
    m.controls.wrists[:, :, OUT] += (spread * beat)[:, None]
    m.controls.wrists[:, :, UP] += (high * beat)[:, None]
    return m.plateau(0.3, 0.3)


def step_forward(m: Moment) -> np.ndarray:
    """A foot to the front or to the side, the knees bend, and back: a lunge."""
    side = int(m.rng.integers(2))
    out = plateau(m.times, 0.0, m.seconds, 0.4 * m.seconds, 0.4 * m.seconds)
    aside, far = (m.uniform(0.2, 0.5), 0.0) if m.rng.random() < 0.3 else (0.0, m.uniform(0.4, 0.8))
    m.controls.feet[:, side] += out[:, None] * np.array([aside, 0.0, far])
    m.controls.feet[:, side, 1] += 0.15 * np.sin(2.0 * np.pi * np.clip(m.times / m.seconds, 0.0, 1.0)) ** 2
    m.controls.pelvis += out[:, None] * np.array([0.4 * aside * -TURN_TO[1 - side], -m.uniform(0.02, 0.25), 0.45 * far])
    m.controls.trunk[:, PITCH] += m.uniform(0.0, 0.4) * out
    return np.ones(len(m.times))


def side_bend(m: Moment) -> np.ndarray:
    """The trunk leans far to a side, or turns there."""
    lean, turn = m.uniform(-0.6, 0.6), m.uniform(-0.8, 0.8)
    m.controls.trunk += [0.0, lean, turn]
    return m.plateau(0.7, 0.7)
