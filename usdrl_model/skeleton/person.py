"""People and frames as a tracker sends them, units and axes, which joints can be believed, the canonical form.

Trackers do not report most of their failures: missing joints arrive as NaN, as exact zeros, as unused slots, as a
confidence near zero, frozen at their last place, many at one place, far from the body, or on a limb a metre too long.
``canonical`` turns a person of any topology into 25 joints with a validity mask that covers all of these, except
freezing, which needs time (``freezing.Freezing`` detects it).

The check for zeros holds in the frame of the source. Before points are transformed into another one, call ``judge``: it
replaces invalid joints by NaN, which every transform keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from usdrl_model.skeleton.topology import JOINT_INDEX, PARENTS, SYNTHESISED_CONFIDENCE, Topology

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Unit of a source's coordinates -> metres."""
AXES = {
    "optical": np.array([[-1.0, 0, 0], [0, -1, 0], [0, 0, 1]]),  # x right, y down, z forward (REP 103)
    "body": np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]),  # x forward, y left, z up (REP 103)
    "kinect": np.eye(3),  # Kinect v2 camera space
}
"""Axes of a source -> (3, 3): canonical = AXES[name] @ source, canonical being x to its left, y up, z away from it."""
MIN_CONFIDENCE = 0.1
"""A joint below this confidence is invalid (trackers give 0 for "not seen" and 0.3 and more for "seen")."""
SEEN_JOINTS = 8
"""Valid canonical joints from which on a person is usable in a frame: a head and two arms."""
MAX_BONE = 0.9
"""Metres. No bone of an adult is longer (a thigh is 0.5 m); a joint at the end of a longer one is invalid."""
MAX_LIMB = 1.3
"""Metres. No two or three bones in a row are longer (the leg of a tall person is 1.1 m), whatever is seen between."""
REACH = 3.0
"""Metres from the middle joint of a body, along any axis: nobody reaches so far, and a joint beyond it is invalid. The
place of a body has no such limit: in the frame of a map, or of motion capture, people are anywhere."""
FARTHEST = 1e5
"""Metres from the origin. Beyond it single precision does not tell joints from each other: they are invalid."""


@dataclass(frozen=True, slots=True)
class Person:
    """One tracked person in one frame, in the order of the tracker's topology."""

    id: str
    """The tracker's identity; any string."""
    joints: np.ndarray
    """(V, 3) metres, canonical axes: x to the sensor's left, y up, z away from the sensor."""
    confidence: np.ndarray | None = None
    """(V,) in [0, 1], or None where the tracker gives none."""
    judged: bool = False
    """True: invalid joints are NaN already (``judge``), and the rest is valid. False: as the tracker sent it,
    in the frame of the source."""


@dataclass(frozen=True, slots=True)
class SkeletonFrame:
    """All people the tracker saw at one instant."""

    stamp: float
    """Seconds: the header stamp of the source, never the time of arrival."""
    people: tuple[Person, ...] = ()
    sensor: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Position of the sensor in canonical axes, metres; not the origin if the people were transformed."""
    robot: tuple[np.ndarray, np.ndarray] | None = None
    """The body of whoever perceives, where it is known: canonical joints (25, 3) in the frame of the people, metres,
    and confidence (25,), 0 where not known. It is nobody of the people."""
    flat: bool = False
    """The joints are in a picture before the sensor (``windows.picture``): nobody knows where the people are."""
    lifted: bool = False
    """The joints were found in a picture, and a depth image has put them into space."""

    @property
    def coarse(self) -> bool:
        """Joints are as coarse as pixels: those that stand still may repeat (``freezing.Freezing``)."""
        return self.flat or self.lifted


def judge(person: Person) -> Person:
    """Replace every invalid joint by NaN. A person who is judged already is returned unchanged.

    Args:
        person: in metres, in the frame of the source.
    """
    if person.judged:
        return person
    joints = np.asarray(person.joints, np.float64)
    confidence = np.ones(len(joints)) if person.confidence is None else np.asarray(person.confidence, np.float64)
    valid = _believable(joints, confidence)
    return replace(person, joints=np.where(valid[:, None], joints, np.nan), judged=True)


def canonical(person: Person, topology: Topology) -> tuple[np.ndarray, np.ndarray]:
    """Map a person onto the canonical joints.

    Args:
        person: joints (V, 3) and confidence (V,) in the order of ``topology``.
        topology: the tracker's joint set.

    Returns:
        joints (25, 3) float32, 0 where invalid; confidence (25,) float32, 0 where invalid, halved where synthesised.

    Raises:
        ValueError: joints or confidence do not have the shape of the topology.
    """
    return canonical_people([person], topology)[0]


def canonical_people(people: Sequence[Person], topology: Topology) -> list[tuple[np.ndarray, np.ndarray]]:
    """``canonical`` of each of several people, at once where they are alike; errors name the first who does not fit."""
    if (
        len({(one.judged, np.shape(one.joints), one.confidence is None or np.shape(one.confidence)) for one in people})
        > 1
    ):
        return [canonical(person, topology) for person in people]  # which says who does not fit
    if not people:
        return []
    sure = None if people[0].confidence is None else np.stack([np.asarray(one.confidence) for one in people])
    joints = np.stack([np.asarray(one.joints) for one in people])
    try:
        return list(zip(*canonical_frames(joints, sure, topology, judged=people[0].judged), strict=True))
    except ValueError as error:
        raise ValueError(f"person {people[0].id}: {error}") from None


def canonical_frames(
    joints: np.ndarray, confidence: np.ndarray | None, topology: Topology, *, judged: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Map R skeletons onto the canonical joints at once; ``canonical`` for whole recordings.

    Args:
        joints: (R, V, 3) metres, in the order of ``topology``.
        confidence: (R, V) in [0, 1], or None where the tracker gives none.
        topology: the tracker's joint set.
        judged: see ``Person``.

    Returns:
        joints (R, 25, 3) float32 and confidence (R, 25) float32, as of ``canonical``.

    Raises:
        ValueError: as ``canonical``.
    """
    joints = np.asarray(joints, np.float64)
    count, expected = len(joints), (len(topology.joints), 3)
    if joints.shape[1:] != expected:
        raise ValueError(
            f"expected joints of shape {expected} for topology {topology.name}, got {joints.shape[1:]}:"
            " choose the topology of your tracker"
        )
    sure = np.ones((count, expected[0])) if confidence is None else np.asarray(confidence, np.float64)
    if sure.shape != (count, expected[0]):
        raise ValueError(f"expected confidence of shape {expected[:1]}, got {sure.shape[1:]}")

    valid = np.isfinite(joints).all(axis=2) if judged else _believable(joints, sure)
    joints = np.where(valid[:, :, None], joints, 0.0)
    mapped = topology.matrix @ joints
    # The confidence of a canonical joint is that of the least certain joint it is computed from.
    weakest = np.where(valid, np.clip(sure, 0.0, 1.0), 0.0)[:, topology.sources].min(axis=2)
    weakest = np.where(topology.direct, weakest, weakest * SYNTHESISED_CONFIDENCE)
    weakest[_stretched(mapped, weakest > 0.0)] = 0.0
    mapped[weakest <= 0.0] = 0.0
    return mapped.astype(np.float32), weakest.astype(np.float32)


def _believable(joints: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """(..., V) bool of (..., V, 3): finite, neither zero nor another placeholder, sure enough, near the others."""
    finite = np.isfinite(joints).all(axis=-1)
    magnitude = np.abs(np.where(finite[..., None], joints, 0.0)).max(axis=-1)
    sure = np.nan_to_num(confidence, nan=0.0) >= MIN_CONFIDENCE
    given = finite & (magnitude > 0.0) & (magnitude < FARTHEST) & sure
    given &= ~placeholders(np.where(given[..., None], joints, np.nan))
    extent = np.where(given[..., None], joints, -np.inf).max(axis=-2) - np.where(given[..., None], joints, np.inf).min(
        axis=-2
    )
    if (extent < REACH).all():  # as nearly always; else it costs the time of all other checks again
        return given
    ordered = np.sort(np.where(given[..., None], joints, np.inf), axis=-2)
    half = np.maximum(given.sum(axis=-1) - 1, 0) // 2
    middle = np.take_along_axis(ordered, half[..., None, None], axis=-2)  # the median of what is given
    apart = np.abs(np.where(given[..., None], joints, 0.0) - middle).max(axis=-1)
    near = given & (apart < REACH)
    return near & (2 * near.sum(axis=-1) >= given.sum(axis=-1))[..., None]  # else it is no body, but its middle stays


def placeholders(joints: np.ndarray) -> np.ndarray:
    """(..., V) bool of (..., V, 3), NaN where nothing is: at a place that more than a third share, to the last digit.

    No measurement does that, and trackers that fill up a joint set copy fewer: 11 joints of a face of 33.
    """
    V = joints.shape[-2]
    third = max(V // 3, 1)
    found = np.zeros(joints.shape[:-1], bool)
    along = np.sort(joints[..., 0], axis=-1)
    crowded = (along[..., third:] == along[..., : V - third]).any(axis=-1)
    some = joints[crowded]  # nearly always none, so that the rest costs nothing
    found[crowded] = (some[:, :, None] == some[:, None]).all(axis=-1).sum(axis=-1) > third
    return found


def _stretched(joints: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(R, 25) bool: valid joints at the end of an impossibly long bone or limb; the outer joint is the wrong one."""
    parents = np.asarray(PARENTS)
    second = parents[parents]
    found = np.zeros(valid.shape, bool)
    for inner, most in ((parents, MAX_BONE), (second, MAX_LIMB), (parents[second], MAX_LIMB)):
        found |= valid[:, inner] & (np.linalg.norm(joints - joints[:, inner], axis=2) > most)
    return valid & found


SHOULDER_LEFT, SHOULDER_RIGHT = JOINT_INDEX["shoulder_left"], JOINT_INDEX["shoulder_right"]
SPINE_MID = JOINT_INDEX["spine_mid"]
