"""Measurements of skeletons, compared with a human body: proportions, size, posture, sides.

Every function takes the canonical joints of R sights, (R, 25, 3) with NaN where a joint is missing, and uses medians
over them, so that noise, odd poses and single wrong frames have little effect. Proportions and
sides do not depend on axes and units.
"""

from __future__ import annotations

import warnings

import numpy as np

from usdrl_model.skeleton.topology import JOINT_INDEX, Topology

STATURE = 1.7
"""Height of the reference adult, metres."""
SIDES = ("left", "right")
_LIMBS = (("shoulder", "elbow", 0.158), ("elbow", "wrist", 0.143), ("hip", "knee", 0.237), ("knee", "ankle", 0.232))
_TRUNK = (
    ("spine_base", "spine_shoulder", 0.29),
    ("shoulder_left", "shoulder_right", 0.2),
    ("spine_shoulder", "head", 0.13),
)
_BONES = (*((f"{a}_{side}", f"{b}_{side}", share) for a, b, share in _LIMBS for side in SIDES), *_TRUNK)
"""Bones: two joints and their distance as a fraction of the stature; limbs first, left and right in turn."""
_STARTS = [JOINT_INDEX[start] for start, _, _ in _BONES]
_ENDS = [JOINT_INDEX[end] for _, end, _ in _BONES]
_SHARES = np.array([share for _, _, share in _BONES])
WORST = 2.0
"""Limit of the log ratio of a bone's length to the expected one, so that a single bone cannot dominate."""
LIMB_STRAIGHT, TRUNK_STRAIGHT = 30.0, 25.0
"""Degrees of bend below which knees and hips count as straight: the person stands or lies."""
BENT = 0.12
"""Distance of a knee from the line hip to ankle, as a fraction of the torso, from which on it tells the front."""

FAR = 30.0
"""Times the median distance of the joints from the middle one, beyond which a joint is none of that body, in any unit.
Hands may be 15 times as far, where most joints are those of a face."""


def together(joints: np.ndarray) -> np.ndarray:
    """Skeletons (R, V, 3), NaN where missing, without joints far away from the rest, such as a -999 for "not seen"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing is seen of a skeleton
        apart = np.linalg.norm(joints - np.nanmedian(joints, axis=1, keepdims=True), axis=2)
        usual = np.nanmedian(apart, axis=1, keepdims=True)
    return np.where((apart > FAR * usual)[:, :, None] & (usual > 0.0)[:, :, None], np.nan, joints)


def joint(body: np.ndarray, name: str) -> np.ndarray:
    """(R, 3) one joint; for a name without a side, the middle of left and right."""
    if name in JOINT_INDEX:
        return body[:, JOINT_INDEX[name]]
    left, right = (body[:, JOINT_INDEX[f"{name}_{side}"]] for side in SIDES)
    return (left + right) / 2.0


def size(body: np.ndarray) -> float:
    """Size relative to an adult of ``STATURE`` metres, by the median bone; NaN if no bone is seen."""
    return median(_lengths(body) / (_SHARES * STATURE))


def sizes(body: np.ndarray) -> np.ndarray:
    """(R,) ``size`` of every single sight."""
    measured = np.linalg.norm(body[:, _STARTS] - body[:, _ENDS], axis=2)
    return _median_along(1, measured / (_SHARES * STATURE))


def torso(body: np.ndarray) -> float:
    """Median distance from the hips to between the shoulders; NaN where never seen."""
    return median(np.linalg.norm(joint(body, "spine_shoulder") - joint(body, "spine_base"), axis=1))


def misfit(body: np.ndarray) -> float:
    """Deviation of the proportions from a human body: 0.05 to 0.3 for real people, 0.3 to 2 in a wrong order.

    Mean over the bones of |log(length / expected)| relative to the median bone, plus that of left to right; NaN where
    fewer than six bones are seen.
    """
    ratios = np.log(np.maximum(_lengths(body), 1e-9) / _SHARES)
    if np.isfinite(ratios).sum() < 6:
        return float("nan")
    pairs = 2 * len(_LIMBS)
    wrong = np.abs(ratios - median(ratios))
    uneven = np.abs(ratios[0:pairs:2] - ratios[1:pairs:2])
    return _mean_capped(wrong) + _mean_capped(uneven)


def flatness(joints: np.ndarray) -> float:
    """Median thickness of skeletons (R, V, 3) relative to their extent: 0 where all joints of each lie in a plane."""
    seen = np.isfinite(joints).all(axis=2, keepdims=True)
    middle = np.where(seen, joints, 0.0).sum(axis=1, keepdims=True) / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    centred = np.where(seen, joints - middle, 0.0)
    squares = np.linalg.eigvalsh(centred.transpose(0, 2, 1) @ centred)
    enough = (seen.sum(axis=(1, 2)) >= 6) & (squares[:, 2] > 0.0)
    return median(np.sqrt(np.maximum(squares[enough, 0], 0.0) / squares[enough, 2]))


def upward(body: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Direction of the body, and where it is certain: with straight knees and hips a person stands or lies.

    Returns:
        (R, 3) unit vectors from the feet to the shoulders where knees and hips are straight, else from the hips, or,
        where these are not seen, from the shoulders to the head; and (R,) bool, where they are straight.
    """
    feet, hips, shoulders = joint(body, "ankle"), _hips(body), joint(body, "shoulder")
    along, whole = trunk(body), unit(shoulders - feet)
    along = np.where(np.isfinite(along), along, unit(joint(body, "head") - joint(body, "spine_shoulder")))
    knees = [_angle(*(body[:, JOINT_INDEX[f"{name}_{side}"]] for name in ("hip", "knee", "ankle"))) for side in SIDES]
    with np.errstate(invalid="ignore"):
        straight = (np.max(knees, axis=0) < LIMB_STRAIGHT) & (_angle(feet, hips, shoulders) < TRUNK_STRAIGHT)
    return np.where(straight[:, None], whole, along), straight


def trunk(body: np.ndarray) -> np.ndarray:
    """(R, 3) unit vectors from the hips to the shoulders; NaN where not seen."""
    return unit(joint(body, "shoulder") - _hips(body))


def facing(body: np.ndarray, source: np.ndarray, topology: Topology) -> float:
    """Whether left and right agree with toes, nose, bent knees and hands: above 0 if so, below 0 if they are swapped.

    Real people have about 1 to 4; each cue counts at most 1, the nose 2.

    Args:
        body: (R, 25, 3).
        source: (R, V, 3) of the tracker, for the nose.
        topology: of ``source``.
    """
    left, up = joint(body, "shoulder_left") - joint(body, "shoulder_right"), _spine(body)
    front = unit(np.cross(left, up))
    scale = max(torso(body), 1e-9)

    def ahead(vectors: np.ndarray) -> np.ndarray:
        return np.sum(vectors * front, axis=1) / scale

    score, face_or_toes = 0.0, False
    if _measured(topology, "foot_left", "ankle_left"):
        toes = median(ahead(joint(body, "foot") - joint(body, "ankle")))
        score += _vote(toes / 0.08)
        face_or_toes |= np.isfinite(toes)
    if "nose" in topology.joints:
        nose = median(ahead(source[:, topology.index("nose")] - joint(body, "head")))
        score += 2.0 * _vote(nose / 0.1)
        face_or_toes |= np.isfinite(nose)
    middle = [
        ahead(joint(body, f"knee_{side}") - (joint(body, f"hip_{side}") + joint(body, f"ankle_{side}")) / 2.0)
        for side in SIDES
    ]
    knees = np.concatenate(middle)
    knees = knees[np.abs(np.nan_to_num(knees)) > BENT]
    if len(knees) >= 6:
        score += _vote(median(knees) / 0.2)
    # Hands are mostly in front of the body, but less reliably than toes are in front of the heels.
    hands = median(ahead(joint(body, "wrist") - joint(body, "shoulder")))
    return score + (0.7 if face_or_toes else 1.0) * _vote(hands / 0.3)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) of length 1; NaN where they have no length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0.0, length, np.nan)


def median(values: np.ndarray) -> float:
    """Median of the finite values; NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _lengths(body: np.ndarray) -> np.ndarray:
    """(B,) median lengths; NaN where an end is never seen."""
    return _median_along(0, np.linalg.norm(body[:, _STARTS] - body[:, _ENDS], axis=2))


def _median_along(axis: int, values: np.ndarray) -> np.ndarray:
    """Median along an axis, without NaN; NaN where there is nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a bone that is never seen
        found: np.ndarray = np.nanmedian(values, axis=axis)
    return found


def _mean_capped(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.minimum(finite, WORST).mean()) if finite.size else 0.0


def _vote(value: float) -> float:
    return float(np.clip(value, -1.0, 1.0)) if np.isfinite(value) else 0.0


def _hips(body: np.ndarray) -> np.ndarray:
    hips = joint(body, "hip")
    return np.where(np.isfinite(hips), hips, joint(body, "spine_base"))


def _spine(body: np.ndarray) -> np.ndarray:
    return joint(body, "spine_shoulder") - joint(body, "spine_base")


def _angle(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(R,) degrees by which a chain of three joints is off a straight line."""
    return np.degrees(np.arccos(np.clip(np.sum(unit(middle - first) * unit(last - middle), axis=1), -1.0, 1.0)))


def _measured(topology: Topology, first: str, second: str) -> bool:
    """Whether the two canonical joints come from different joints of the tracker."""
    return not np.array_equal(topology.matrix[JOINT_INDEX[first]], topology.matrix[JOINT_INDEX[second]])
