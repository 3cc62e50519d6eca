"""A jointed body: proportions by stature, and joints by inverse kinematics from a few controls.

A movement sets the pelvis, the wrists, the ankles and the bend of the trunk; two-bone inverse kinematics computes
elbows and knees. Controls are blended instead of joints, because people plan reaches as paths of the hand, and because
bones then keep their length.

Local axes of a person are (left, up, forward); a yaw of 0 faces the sensor, a positive one turns to the person's left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from usdrl_model.skeleton.topology import CANONICAL_JOINTS

SIDES = ("left", "right")
OUTWARD = np.array([1.0, -1.0])
"""Sign of the local left axis for "outward", per side."""

FACE_POINTS = ("nose", "eye_left", "eye_right", "ear_left", "ear_right")
BODY_POINTS: tuple[str, ...] = (*CANONICAL_JOINTS, *FACE_POINTS)
"""Points that ``joints_of`` returns: the canonical joints and five points of the face."""

# Metres from the head joint, local axes of the head.
_FACE = np.array([[0, 0, 0.11], [0.032, 0.035, 0.09], [-0.032, 0.035, 0.09], [0.075, 0.01, 0], [-0.075, 0.01, 0]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """Lengths in metres."""

    height: float
    lower_spine: float
    upper_spine: float
    neck: float
    head: float
    shoulder_half: float
    shoulder_drop: float
    hip_half: float
    hip_drop: float
    upper_arm: float
    forearm: float
    hand: float
    finger: float
    thumb: float
    thigh: float
    shin: float
    ankle: float
    """Height of the ankle joint over the floor."""
    foot: float
    """From the ankle forward to the toes."""

    @property
    def arm(self) -> float:
        """Shoulder to wrist, straight."""
        return self.upper_arm + self.forearm

    @property
    def leg(self) -> float:
        """Hip to ankle, straight."""
        return self.thigh + self.shin

    @property
    def standing_pelvis(self) -> float:
        """Height of spine_base over the floor when standing; the knees are never quite straight."""
        return 0.985 * self.leg + self.ankle + self.hip_drop


# Mean lengths as shares of the stature.
_SHARES = {
    "lower_spine": 0.165, "upper_spine": 0.125, "neck": 0.045, "head": 0.085, "shoulder_half": 0.103,
    "shoulder_drop": 0.02, "hip_half": 0.047, "hip_drop": 0.022, "upper_arm": 0.158, "forearm": 0.143, "hand": 0.044,
    "finger": 0.045, "thumb": 0.03, "thigh": 0.237, "shin": 0.232, "ankle": 0.045, "foot": 0.072,
}  # fmt: skip


CHILDREN = 0.2
"""Share of people who are children of 1.1 to 1.5 m."""
_CHILD = {"neck": 0.9, "head": 1.25, "upper_arm": 0.95, "forearm": 0.95, "thigh": 0.95, "shin": 0.95}
"""Factors of the shares of a child."""


def random_body(rng: np.random.Generator) -> Body:
    """Draw an adult of 1.55 to 2 m, or a child, whose limbs differ from the mean proportions by a few per cent."""
    child = rng.random() < CHILDREN
    height = float(rng.uniform(1.1, 1.5) if child else np.clip(rng.normal(1.72, 0.09), 1.55, 2.0))
    shares = {name: share * (_CHILD.get(name, 1.0) if child else 1.0) for name, share in _SHARES.items()}
    return Body(
        height=height, **{name: height * share * float(rng.normal(1.0, 0.03)) for name, share in shares.items()}
    )


@dataclass(slots=True)
class Controls:
    """Controls at T times. Sides are ordered (left, right); reaches are in arm lengths."""

    pelvis: np.ndarray
    """(T, 3) local shift of the pelvis from standing upright: left and forward in metres, up in leg lengths."""
    trunk: np.ndarray
    """(T, 3) radians: pitch forward, roll to the left, twist to the left."""
    head: np.ndarray
    """(T, 2) radians relative to the trunk: pitch down, yaw to the left."""
    wrists: np.ndarray
    """(T, 2, 3) from the shoulder: outward, up, forward; up is vertical even if the trunk is bent."""
    elbows: np.ndarray
    """(T, 2, 3) direction in which the elbow is bent: outward, up, forward."""
    feet: np.ndarray
    """(T, 2, 3) leg lengths by which an ankle is moved from where the foot stands: outward, up, forward."""

    def towards(self, other: Controls, weight: np.ndarray) -> None:
        """Move by ``weight`` (T,) in [0, 1] towards ``other``, in place."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            mine += (theirs - mine) * weight.reshape(-1, *[1] * (mine.ndim - 1))

    def between(self, start: int, stop: int) -> Controls:
        """View of the times [start, stop)."""
        return Controls(**{name: getattr(self, name)[start:stop] for name in self.__slots__})

    def copy(self) -> Controls:
        """An independent copy."""
        return Controls(**{name: getattr(self, name).copy() for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Stance:
    """Position of a person at T times, in world coordinates with the floor at height 0."""

    root: np.ndarray
    """(T, 2) x and z under the pelvis."""
    yaw: np.ndarray
    """(T,) radians."""
    ankles: np.ndarray
    """(T, 2, 3) targets of the ankles."""
    foot_yaw: np.ndarray
    """(T, 2) radians."""


def axes(yaw: np.ndarray, pitch: np.ndarray | float = 0.0, roll: np.ndarray | float = 0.0) -> np.ndarray:
    """(T, 3, 3): rows are the local left, up and forward in world axes."""
    sin, cos, zero = np.sin(yaw), np.cos(yaw), np.zeros_like(yaw)
    left = np.stack([-cos, zero, sin], axis=-1)
    ahead = np.stack([-sin, zero, -cos], axis=-1)
    up = np.broadcast_to([0.0, 1.0, 0.0], left.shape)
    bend, lean = np.broadcast_arrays(pitch, yaw)[0][..., None], np.broadcast_arrays(roll, yaw)[0][..., None]
    up, ahead = up * np.cos(bend) + ahead * np.sin(bend), ahead * np.cos(bend) - up * np.sin(bend)
    up, left = up * np.cos(lean) + left * np.sin(lean), left * np.cos(lean) - up * np.sin(lean)
    return np.stack([left, up, ahead], axis=-2)


def joints_of(body: Body, stance: Stance, controls: Controls) -> np.ndarray:
    """(T, 30, 3) world positions of ``BODY_POINTS``, the floor at height 0."""
    joints = np.zeros((len(stance.yaw), len(BODY_POINTS), 3))

    def put(name: str, place: np.ndarray) -> np.ndarray:
        joints[:, BODY_POINTS.index(name)] = place
        return place

    lifted = controls.feet * np.stack([OUTWARD, [1.0, 1.0], [1.0, 1.0]], axis=1) * body.leg
    ankles = np.stack([_place(lifted[:, side], axes(stance.yaw)) for side in (0, 1)], axis=1) + stance.ankles
    stance = replace(stance, ankles=ankles)
    pitch, roll, twist = controls.trunk.T
    hips = axes(stance.yaw, 0.3 * pitch, 0.3 * roll)
    belly = axes(stance.yaw + 0.4 * twist, 0.8 * pitch, 0.6 * roll)
    chest = axes(stance.yaw + twist, pitch, roll)
    # People look ahead rather than at the floor: the neck compensates part of the bend.
    skull = axes(stance.yaw + twist + controls.head[:, 1], 0.6 * pitch + controls.head[:, 0], 0.5 * roll)
    reach = axes(stance.yaw + twist)

    base = put("spine_base", _pelvis(body, stance, controls, hips))
    middle = put("spine_mid", base + body.lower_spine * belly[:, 1])
    top = put("spine_shoulder", middle + body.upper_spine * chest[:, 1])
    neck = put("neck", top + body.neck * chest[:, 1])
    head = put("head", neck + body.head * skull[:, 1])
    for name, offset in zip(FACE_POINTS, _FACE, strict=True):
        put(name, head + offset @ skull)

    for index, side in enumerate(SIDES):
        out = OUTWARD[index]
        local = np.array([out, 1.0, 1.0])
        shoulder = put(f"shoulder_{side}", top + [out * body.shoulder_half, -body.shoulder_drop, 0.0] @ chest)
        target = shoulder + _place(controls.wrists[:, index] * local * body.arm, reach)
        bend = _place(controls.elbows[:, index] * local, reach)
        elbow, wrist = two_bones(shoulder, target, body.upper_arm, body.forearm, bend)
        along = (wrist - put(f"elbow_{side}", elbow)) / body.forearm
        hand = put(f"hand_{side}", put(f"wrist_{side}", wrist) + body.hand * along)
        put(f"hand_tip_{side}", hand + body.finger * along)
        # The thumb lies in the plane of the bent arm.
        across = _unit(shoulder - elbow - along * np.sum((shoulder - elbow) * along, axis=1, keepdims=True))
        put(f"thumb_{side}", hand + body.thumb * (0.8 * along + 0.6 * across))

        hip = put(f"hip_{side}", base + [out * body.hip_half, -body.hip_drop, 0.0] @ hips)
        foot = axes(stance.foot_yaw[:, index])
        knee, ankle = two_bones(
            hip, stance.ankles[:, index], body.thigh, body.shin, foot[:, 2] + 0.12 * out * foot[:, 0]
        )
        put(f"knee_{side}", knee)
        put(f"ankle_{side}", ankle)
        put(f"foot_{side}", ankle + [0.0, -0.6 * body.ankle, body.foot] @ foot)
    return joints


def _pelvis(body: Body, stance: Stance, controls: Controls, hips: np.ndarray) -> np.ndarray:
    """(T, 3) pelvis as controlled, lowered where a leg would be too short for its foot."""
    local = controls.pelvis * [1.0, body.leg, 1.0] + [0.0, body.standing_pelvis, 0.0]
    pelvis = np.stack([stance.root[:, 0], np.zeros(len(stance.yaw)), stance.root[:, 1]], axis=1)
    pelvis = pelvis + _place(local, axes(stance.yaw))
    ceilings = []
    for index, out in enumerate(OUTWARD):
        hip = pelvis + [out * body.hip_half, -body.hip_drop, 0.0] @ hips
        gap = stance.ankles[:, index] - hip
        # A trailing leg lifts its heel: it needs only part of the reach.
        stretch = np.sqrt(np.maximum((0.985 * body.leg) ** 2 - 0.7 * (gap[:, 0] ** 2 + gap[:, 2] ** 2), 0.04))
        ceilings.append(stance.ankles[:, index, 1] + stretch + pelvis[:, 1] - hip[:, 1])
    # A smooth minimum, because the weight shifts gradually between the legs; within a centimetre of the exact one.
    softness = 0.01
    levels = np.stack([pelvis[:, 1], *ceilings])
    lowest = levels.min(axis=0)
    pelvis[:, 1] = lowest - softness * np.log(np.exp((lowest - levels) / softness).sum(axis=0))
    return pelvis


def two_bones(
    start: np.ndarray, target: np.ndarray, first: float, second: float, bend: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse kinematics of an arm or a leg.

    Args:
        start: (T, 3) shoulder or hip.
        target: (T, 3) target of the wrist or ankle; if it is out of reach, the limb points at it.
        first: length of the first bone.
        second: length of the second bone.
        bend: (T, 3) direction in which the middle joint bends.

    Returns:
        (T, 3) middle joint and (T, 3) end, at exactly the given bone lengths.
    """
    line = target - start
    distance = np.linalg.norm(line, axis=1, keepdims=True)
    along = line / np.maximum(distance, 1e-9)
    distance = np.clip(distance, abs(first - second) + 0.02, 0.998 * (first + second))
    side = _unit(bend - along * np.sum(bend * along, axis=1, keepdims=True))
    forward = (first**2 - second**2 + distance**2) / (2.0 * distance)
    middle = start + along * forward + side * np.sqrt(np.maximum(first**2 - forward**2, 0.0))
    return middle, start + along * distance


def _place(local: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """(T, 3) local vectors in world axes."""
    return np.einsum("ti,tij->tj", local, frame)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
