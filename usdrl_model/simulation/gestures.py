"""Movements of arms and trunk in every act, blended over standing, walking or sitting.

A gesture fills in the target pose and returns its weight at each time; with weight 0 the person is in the rest pose.
Reaches are in arm lengths from the shoulder: (outward, up, forward). The middle of the chest is 0.35 inward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from usdrl_model.simulation.body import Controls
from usdrl_model.simulation.curves import plateau, slow_noise, through

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


def _wave(m: Moment) -> np.ndarray:
    hands = m.hands_in_use(both=0.3)
    rate = m.uniform(0.9, 1.7) * m.style.tempo / (1.5 if len(hands) == 2 else 1.0)
    wide = m.uniform(0.18, 0.32) * m.style.size * (1.3 if len(hands) == 2 else 1.0)
    height, together = m.uniform(0.45, 0.8), m.rng.random() < 0.5
    swing = np.sin(
        2.0 * np.pi * rate * m.times + m.uniform(0.0, 2.0 * np.pi) + 0.3 * slow_noise(m.rng, m.times, 1)[:, 0]
    )
    for side in hands:
        m.hand(side, (m.uniform(0.2, 0.45), height, m.uniform(0.05, 0.3)), (1.0, -0.7, 0.1))
        # Both hands move in the same direction, or mirror each other.
        out = swing * (-1.0 if side == RIGHT and together else 1.0)
        m.controls.wrists[:, side, OUT] += wide * out
        m.controls.wrists[:, side, UP] -= 0.4 * wide * out**2
    return m.plateau(0.6, 0.6)


def _clap(m: Moment) -> np.ndarray:
    rate, gap = m.uniform(1.4, 2.8) * m.style.tempo, m.uniform(0.15, 0.32) * m.style.size
    height, ahead = m.uniform(-0.5, -0.2), m.uniform(0.45, 0.65)
    angle = 2.0 * np.pi * rate * m.times + 0.3 * slow_noise(m.rng, m.times, 1)[:, 0]
    apart = gap * (0.5 + 0.5 * np.cos(angle)) ** 0.8
    for side in (LEFT, RIGHT):
        m.hand(side, (-0.31, height, ahead), (0.8, -0.9, -0.1))
        m.controls.wrists[:, side, OUT] = -0.31 + apart
    return m.plateau(0.5, 0.5)


def _throw(m: Moment) -> np.ndarray:
    (side,) = m.hands_in_use(both=0.0)
    back, power = m.uniform(0.2, 0.45), m.style.size
    m.hand_through(
        side,
        (0.0, 0.32, 0.5, 0.62, 0.78),
        [(0.1, -0.7, 0.2), (0.35, m.uniform(0.3, 0.5), -back), (0.05, 0.5, 0.7), (-0.15, 0.0, 0.9), (-0.4, -0.6, 0.5)],
    )
    m.controls.elbows[:, side] = (1.0, -0.1, -0.3)
    m.hand(1 - side, (0.15, m.uniform(-0.7, -0.3), 0.5), (0.8, -0.8, -0.2))
    knots = [share * m.seconds for share in (0.0, 0.32, 0.6, 1.0)]
    # Wind up towards the throwing side, then turn away from it.
    bends = np.array([[0, 0, 0], [-0.12, 0, 0.5], [0.25, 0, -0.45], [0, 0, 0]]) * [power, 0.0, TURN_TO[side] * power]
    m.controls.trunk += through(m.times, knots, bends)
    m.controls.pelvis += through(m.times, knots, np.array([[0, 0, 0], [0, 0, -0.05], [0, -0.02, 0.08], [0, 0, 0]]))
    return plateau(m.times, 0.0, m.seconds, 0.2 * m.seconds, 0.3 * m.seconds)


def _push(m: Moment) -> np.ndarray:
    far, height, lean = m.uniform(0.88, 0.99), m.uniform(-0.3, 0.05), m.uniform(0.02, 0.18)
    for side in m.hands_in_use(both=0.5):
        inward = m.uniform(-0.2, 0.0)
        near = (inward + 0.05, height - 0.2, 0.25)
        m.hand_through(side, (0.0, 0.22, 0.5, 0.68), [near, near, (inward, height, far), (inward, height, far)])
        m.controls.elbows[:, side] = (0.6, -1.0, -0.3)
    effort = plateau(m.times, 0.22 * m.seconds, m.seconds, 0.28 * m.seconds, 0.3 * m.seconds)
    m.controls.trunk[:, PITCH] += lean * effort
    m.controls.pelvis[:, AHEAD] += 0.3 * lean * effort
    return plateau(m.times, 0.0, m.seconds, 0.25 * m.seconds, 0.32 * m.seconds)


def _pull(m: Moment) -> np.ndarray:
    far, height, lean = m.uniform(0.82, 0.97), m.uniform(-0.35, 0.0), m.uniform(0.05, 0.2)
    for side in m.hands_in_use(both=0.4):
        inward = m.uniform(-0.15, 0.05)
        grasp, chest = (inward, height, far), (inward + 0.1, height - 0.25, m.uniform(0.1, 0.25))
        m.hand_through(side, (0.0, 0.2, 0.38, 0.7, 0.78), [grasp, grasp, grasp, chest, chest])
        m.controls.elbows[:, side] = (0.5, -1.0, -0.5)
    knots = [share * m.seconds for share in (0.0, 0.35, 0.7, 1.0)]
    m.controls.trunk[:, PITCH] += through(m.times, knots, np.array([[0], [0.8], [-0.6], [0]]) * lean)[:, 0]
    return plateau(m.times, 0.0, m.seconds, 0.3 * m.seconds, 0.28 * m.seconds)


def _pick_up(m: Moment) -> np.ndarray:
    squat = np.clip(m.style.squat + m.rng.normal(0.0, 0.15), 0.0, 1.0)
    down = through(
        m.times, [share * m.seconds for share in (0.0, 0.4, 0.55, 1.0)], np.array([[0.0], [1.0], [1.0], [0.0]])
    )[:, 0]
    m.controls.pelvis += down[:, None] * np.array([0.0, -(0.25 + 0.25 * squat), -(0.16 - 0.04 * squat)])
    m.controls.trunk[:, PITCH] += down * (1.25 - 0.5 * squat)
    m.controls.head[:, 0] += 0.3 * down
    hands = m.hands_in_use(both=0.55)
    m.controls.trunk[:, TWIST] += 0.25 * down * (TURN_TO[1 - hands[0]] if len(hands) == 1 else 0.0)
    for side in hands:
        low, held = (-0.15, -0.93, 0.35), (-0.15, -0.65, 0.45)
        m.hand_through(side, (0.0, 0.35, 0.55, 0.8), [(0.0, -0.9, 0.25), low, low, held])
    return plateau(m.times, 0.0, m.seconds, 0.2 * m.seconds, 0.25 * m.seconds)


def _carry(m: Moment) -> np.ndarray:
    hands = m.hands_in_use(both=0.7)
    if len(hands) == 2:
        height, apart = m.uniform(-0.6, -0.35), m.uniform(-0.25, 0.0)
        for side in hands:
            m.hand(side, (apart, height, m.uniform(0.4, 0.6)), (0.6, -0.9, -0.4))
        m.controls.trunk[:, PITCH] -= 0.05
    else:
        # A bag hangs from a straight arm; something small is held in front of the belly.
        reach = (0.15, -0.97, 0.05) if m.rng.random() < 0.4 else (-0.05, m.uniform(-0.6, -0.4), 0.5)
        m.hand(hands[0], reach, (0.6, -0.6, -0.5))
        m.controls.trunk[:, ROLL] += 0.06 * TURN_TO[1 - hands[0]]
    return m.plateau(0.5, 0.5)


def _look_around(m: Moment) -> np.ndarray:
    far = m.uniform(0.5, 0.9) * float(m.rng.choice([-1.0, 1.0]))
    turn = through(m.times, np.linspace(0.0, m.seconds, 4), np.array([[0.0], [far], [-0.6 * far], [0.0]]))[:, 0]
    m.controls.head[:, 1] += turn
    m.controls.trunk[:, TWIST] += 0.35 * turn
    return m.plateau()


def _shift_weight(m: Moment) -> np.ndarray:
    aside = m.uniform(0.05, 0.09) * float(m.rng.choice([-1.0, 1.0]))
    m.controls.pelvis[:, 0] += aside
    m.controls.trunk[:, ROLL] -= aside
    return m.plateau(0.7, 0.7)


def _scratch_head(m: Moment) -> np.ndarray:
    (side,) = m.hands_in_use(both=0.0)
    m.hand(side, (m.uniform(-0.15, 0.05), m.uniform(0.35, 0.5), m.uniform(0.05, 0.2)), (1.0, -0.3, 0.3))
    m.controls.wrists[:, side] += 0.05 * np.sin(2.0 * np.pi * m.uniform(2.0, 3.5) * m.times)[:, None] * [1.0, 0.5, 0.0]
    m.controls.head[:, 0] += 0.15
    return m.plateau()


def _touch_face(m: Moment) -> np.ndarray:
    (side,) = m.hands_in_use(both=0.0)
    m.hand(side, (-0.3, m.uniform(0.1, 0.3), m.uniform(0.3, 0.4)), (0.7, -0.9, 0.1))
    return m.plateau(0.6, 0.6)


def _look_at_phone(m: Moment) -> np.ndarray:
    for side in m.hands_in_use(both=0.4):
        m.hand(side, (m.uniform(-0.3, -0.2), m.uniform(-0.4, -0.15), m.uniform(0.4, 0.55)), (0.5, -1.0, -0.2))
    m.controls.wrists += 0.015 * slow_noise(m.rng, m.times, 6, fastest=2.0).reshape(-1, 2, 3)
    m.controls.head[:, 0] += m.uniform(0.3, 0.6)
    return m.plateau(0.7, 0.7)


def _cross_arms(m: Moment) -> np.ndarray:
    upper = m.style.main_hand
    m.hand(upper, (-0.55, -0.42, 0.32), (0.8, -0.9, 0.0))
    m.hand(1 - upper, (-0.5, -0.52, 0.25), (0.8, -0.9, 0.0))
    return m.plateau(0.7, 0.7)


def _hands_on_hips(m: Moment) -> np.ndarray:
    for side in (LEFT, RIGHT):
        m.hand(side, (0.05, -0.78, 0.08), (1.0, 0.0, -0.35))
    return m.plateau()


def _talk(m: Moment) -> np.ndarray:
    count = max(4, round(m.seconds / m.uniform(0.45, 0.8)))
    for side in m.hands_in_use(both=0.6):
        centre = np.array([-0.1, m.uniform(-0.6, -0.35), 0.42])
        places = centre + m.rng.normal(0.0, 1.0, (count, 3)) * [0.12, 0.13, 0.1] * m.style.size
        m.controls.wrists[:, side] = through(m.times, np.linspace(0.0, m.seconds, count), places)
        m.controls.elbows[:, side] = (0.6, -1.0, -0.3)
    return m.plateau()


def _point(m: Moment) -> np.ndarray:
    (side,) = m.hands_in_use(both=0.0)
    aside = m.uniform(0.3, 1.2)
    m.hand(side, (0.92 * np.sin(aside), m.uniform(-0.1, 0.2), 0.92 * np.cos(aside)), (0.5, -1.0, -0.2))
    m.controls.head[:, 1] += 0.4 * TURN_TO[side]
    return m.plateau()


def _nothing(m: Moment) -> np.ndarray:
    return np.zeros(len(m.times))


GESTURES: dict[str, Gesture] = {
    "wave": _wave, "clap": _clap, "throw": _throw, "push": _push, "pull": _pull, "pick_up": _pick_up, "carry": _carry,
    "walk": _nothing, "sit_down": _nothing, "stand_up": _nothing, "idle": _nothing, "look_around": _look_around,
    "shift_weight": _shift_weight, "scratch_head": _scratch_head, "touch_face": _touch_face,
    "look_at_phone": _look_at_phone, "cross_arms": _cross_arms, "hands_on_hips": _hands_on_hips, "talk": _talk,
    "point": _point,
}  # fmt: skip
