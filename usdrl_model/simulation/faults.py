"""Faults of skeleton trackers: noise, lost joints, lost people, wrong ids, uneven stamps.

Every fault is a number, 0 for none: ``TrackerFaults()`` is a perfect tracker, and a test can ask for a single fault.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

INFERRED_CONFIDENCE = 0.4
"""Confidence of a joint that is hidden behind the body and guessed."""
NOISE_DISTANCE = 2.0
"""Distance in metres for which ``jitter`` and ``wander`` are given; noise of depth cameras grows with its square."""
WANDER_SECONDS = 0.4
"""Correlation time of the slow error."""
SPELL_SECONDS = 0.25
"""Mean length of a joint's drop-out."""
FREEZE_SECONDS = 0.6
"""Mean length of a freeze."""
SWAP_SECONDS = 0.15
"""Mean length of a left/right swap of the legs."""
TRUNK_RADIUS = 0.16
"""Radius in metres around the spine that hides an arm behind it."""
FOLDED = (0.75, 0.45)
"""Distance from hip to ankle, in lengths of the straight leg, at which a leg begins to fold and is folded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerFaults:
    """Faults of a tracker; the default has none."""

    jitter: float = 0.0
    """Metres: standard deviation of a joint's white noise at 2 m."""
    wander: float = 0.0
    """Metres: standard deviation of a joint's slow error at 2 m."""
    joint_loss: float = 0.0
    """Fraction of the time that a joint is missing, in drop-outs of about a quarter of a second."""
    occlusion: float = 0.0
    """Metres: error of arm joints hidden behind the trunk; their confidence falls with it."""
    folding: float = 0.0
    """Metres: error of a folded leg, of who sits or squats; its confidence falls with it."""
    person_loss: float = 0.0
    """Whole-person losses a minute and person."""
    loss_seconds: float = 0.5
    """Mean length of a whole-person loss."""
    new_id: float = 0.0
    """Share of losses after which the person comes back under another id."""
    frame_loss: float = 0.0
    """Share of frames that never arrive."""
    stamp_jitter: float = 0.0
    """Seconds: standard deviation of the error of a stamp; stamps still rise."""
    freeze: float = 0.0
    """Freezes of an arm or a leg, a minute and person."""
    leg_swap: float = 0.0
    """Swaps of the left and right leg for a few frames, a minute and person."""

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        most = {"joint_loss": 0.9, "frame_loss": 0.9, "new_id": 1.0}
        for field in fields(self):
            value, highest = getattr(self, field.name), most.get(field.name, math.inf)
            if not (0.0 <= value <= highest and math.isfinite(value)):
                wanted = f"from 0 to {highest}" if field.name in most else "finite and not below 0"
                raise ValueError(f"expected {field.name} {wanted}, got {value}")


TYPICAL_FAULTS = TrackerFaults(
    jitter=0.005, wander=0.008, joint_loss=0.01, occlusion=0.06, folding=0.05, person_loss=0.5, loss_seconds=0.4,
    new_id=0.3, frame_loss=0.02, stamp_jitter=0.002, freeze=0.5, leg_swap=0.5,
)  # fmt: skip
"""A consumer depth camera in a living room."""


def random_faults(rng: np.random.Generator) -> TrackerFaults:
    """Draw each fault between none and twice the typical one, to train on many trackers."""
    most = {field.name: 2.0 * getattr(TYPICAL_FAULTS, field.name) for field in fields(TrackerFaults)}
    return TrackerFaults(**{name: float(rng.uniform(0.0, value)) for name, value in most.items()})


def spells(rng: np.random.Generator, times: np.ndarray, a_minute: float, seconds: float) -> list[tuple[float, float]]:
    """Draw intervals, ``a_minute`` on average, of mean length ``seconds``; they may overlap."""
    span = float(times[-1] - times[0]) if len(times) else 0.0
    count = int(rng.poisson(a_minute * span / 60.0))
    begins = times[0] + np.sort(rng.uniform(0.0, span, count)) if count else np.zeros(0)
    return [
        (float(begin), float(begin + length))
        for begin, length in zip(begins, rng.exponential(seconds, count), strict=True)
    ]


def degrade(
    rng: np.random.Generator, faults: TrackerFaults, times: np.ndarray, joints: np.ndarray, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Apply the faults of a tracker to joints.

    Args:
        rng: random numbers.
        faults: of the tracker.
        times: (T,) rising seconds.
        joints: (T, V, 3) true positions, canonical axes, the sensor at the origin.
        names: V joint names.

    Returns:
        (T, V, 3) joints, NaN where missing, and (T, V) confidence, 0 where missing.
    """
    joints = joints.copy()
    confidence = np.ones(joints.shape[:2])
    _occlude(rng, faults.occlusion, times, joints, confidence, names)
    _fold(rng, faults.folding, times, joints, confidence, names)
    _swap_legs(rng, faults.leg_swap, times, joints, names)
    distance = np.linalg.norm(joints.mean(axis=1), axis=1)
    scale = (np.maximum(distance, 0.5) / NOISE_DISTANCE)[:, None, None] ** 2
    joints += scale * (
        faults.jitter * rng.normal(size=joints.shape) + faults.wander * _wander(rng, times, joints.shape)
    )
    _freeze(rng, faults.freeze, times, joints, names)
    lost = _joint_losses(rng, faults.joint_loss, times, joints.shape[1])
    joints[lost], confidence[lost] = np.nan, 0.0
    return joints, confidence


def _wander(rng: np.random.Generator, times: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Unit-variance noise with a correlation time of ``WANDER_SECONDS``."""
    noise = rng.normal(size=shape)
    keep = np.exp(-np.diff(times, prepend=times[:1]) / WANDER_SECONDS)
    for index in range(1, len(times)):
        noise[index] = keep[index] * noise[index - 1] + np.sqrt(1.0 - keep[index] ** 2) * noise[index]
    return noise


def _occlude(
    rng: np.random.Generator,
    error: float,
    times: np.ndarray,
    joints: np.ndarray,
    confidence: np.ndarray,
    names: tuple[str, ...],
) -> None:
    """Add the error of arm joints that are hidden behind the trunk."""
    if error <= 0.0:
        return
    trunk = joints[:, [names.index(name) for name in names if name.startswith(("shoulder", "hip"))]].mean(axis=1)
    arms = [i for i, name in enumerate(names) if _limb(name) in ("arm_left", "arm_right")]
    arm = joints[:, arms]
    # Seen from above: how far from the line from the sensor through the spine, and how much behind the spine.
    sight = trunk[:, [0, 2]] / np.linalg.norm(trunk[:, [0, 2]], axis=1, keepdims=True)
    offset = arm[:, :, [0, 2]] - trunk[:, None, [0, 2]]
    behind = np.einsum("tac,tc->ta", offset, sight)
    aside = np.abs(offset[..., 0] * sight[:, None, 1] - offset[..., 1] * sight[:, None, 0])
    low = arm[..., 1] < trunk[:, None, 1] + 0.35
    hidden = (behind > 0.03) & (aside < TRUNK_RADIUS) & low
    arm[hidden] += error * _wander(rng, times, arm.shape)[hidden]
    joints[:, arms] = arm
    confidence[:, arms] = np.where(hidden, INFERRED_CONFIDENCE, confidence[:, arms])


def _fold(
    rng: np.random.Generator,
    error: float,
    times: np.ndarray,
    joints: np.ndarray,
    confidence: np.ndarray,
    names: tuple[str, ...],
) -> None:
    """Add the error of folded legs, whose shin and thigh a depth camera sees as one."""
    if error <= 0.0:
        return
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, names.index(f"{joint}_{side}")] for joint in ("hip", "knee", "ankle"))
        straight = np.linalg.norm(knee - hip, axis=1) + np.linalg.norm(ankle - knee, axis=1)
        begins, folded = FOLDED
        amount = np.clip((begins - np.linalg.norm(ankle - hip, axis=1) / straight) / (begins - folded), 0.0, 1.0)
        leg = [i for i, name in enumerate(names) if _limb(name) == f"leg_{side}"]
        joints[:, leg] += error * amount[:, None, None] * _wander(rng, times, (len(times), len(leg), 3))
        confidence[:, leg] = np.where(amount[:, None] > 0.5, INFERRED_CONFIDENCE, confidence[:, leg])


def _swap_legs(
    rng: np.random.Generator, a_minute: float, times: np.ndarray, joints: np.ndarray, names: tuple[str, ...]
) -> None:
    left = [i for i, name in enumerate(names) if _limb(name) == "leg_left"]
    right = [names.index(names[i].replace("left", "right")) for i in left]
    for begin, end in spells(rng, times, a_minute, SWAP_SECONDS):
        now = slice(*np.searchsorted(times, [begin, end]))
        joints[now, left], joints[now, right] = joints[now, right].copy(), joints[now, left].copy()


def _freeze(
    rng: np.random.Generator, a_minute: float, times: np.ndarray, joints: np.ndarray, names: tuple[str, ...]
) -> None:
    limbs = sorted({limb for name in names if (limb := _limb(name))})
    for begin, end in spells(rng, times, a_minute, FREEZE_SECONDS):
        limb = str(rng.choice(limbs))
        first, last = np.searchsorted(times, [begin, end])
        frozen = [i for i, name in enumerate(names) if _limb(name) == limb]
        joints[first:last, frozen] = joints[max(first - 1, 0), frozen]


def _joint_losses(rng: np.random.Generator, share: float, times: np.ndarray, count: int) -> np.ndarray:
    """(T, V) bool: missing."""
    lost = np.zeros((len(times), count), dtype=bool)
    # Drop-outs overlap by chance; this rate covers the requested fraction.
    a_minute = -60.0 * np.log1p(-share) / SPELL_SECONDS
    for joint in range(count):
        for begin, end in spells(rng, times, a_minute, SPELL_SECONDS):
            lost[slice(*np.searchsorted(times, [begin, end])), joint] = True
    return lost


def _limb(name: str) -> str:
    """The limb a joint moves with: arm_left, arm_right, leg_left, leg_right, or nothing for trunk and head."""
    side = "left" if "left" in name else "right"
    if any(part in name for part in ("elbow", "wrist", "hand", "thumb", "finger")):
        return f"arm_{side}"
    return f"leg_{side}" if any(part in name for part in ("knee", "ankle", "foot", "heel")) else ""
