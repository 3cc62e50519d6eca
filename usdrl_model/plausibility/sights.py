"""Sights: one person at one instant, as the tracker sent them and as the pipeline uses them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from usdrl_model.skeleton.person import (
    AXES,
    FARTHEST,
    MIN_CONFIDENCE,
    SEEN_JOINTS,
    Person,
    canonical,
    judge,
    placeholders,
)
from usdrl_model.skeleton.topology import Topology

HUGE = 1e7
"""Coordinates beyond it are no lengths in any unit, and squares would overflow."""
Levelling = Literal["", "sensor_pose", "target_frame", "imu"]
"""Where the gravity-aligned axes come from; empty: the sensor is assumed to be level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """How the source is configured; the defaults fit recordings in canonical axes."""

    topology: Topology
    axes: str = "kinect"
    """Key of ``person.AXES``."""
    metres: float = 1.0
    """Metres of 1 unit of the source."""
    mirrored: bool = False
    """Left and right are swapped, as the parameter ``mirrored``."""
    order: np.ndarray | None = None
    """(V,) ``Topology.order`` of it; None: joints as they come."""
    levelled_by: Levelling = ""
    pose: tuple[float, ...] = (0.0,) * 6
    """The ``sensor_pose``: x, y, z in metres, roll, pitch, yaw in radians."""
    own: frozenset[str] = frozenset()
    """Parameters (units, axes) that the messages settle themselves, so that setting them changes nothing."""
    named: bool = False
    """Joints come by their names, so that no other order of them is possible."""
    planar: bool = False
    """The data set holds poses in an image, so that flat people are no fault."""
    depth_topic: str = ""
    """Of the depth image that lifts joints of a picture into space; empty: the joints have depth of their own."""

    @property
    def lifted(self) -> bool:
        """Joints are those of a picture, with the depth of a depth image."""
        return bool(self.depth_topic)

    @property
    def rotation(self) -> np.ndarray:
        """(3, 3) axes of the source -> canonical axes of the sensor."""
        return AXES[self.axes]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One person at one instant, as measured and as believed."""

    stamp: float
    person: str
    joints: np.ndarray
    """(V, 3) metres, the sensor's own canonical axes; NaN where the tracker gives nothing."""
    level: np.ndarray
    """(25, 3) metres, gravity-aligned; NaN where missing."""
    valid: np.ndarray
    """(25,) bool: valid for the pipeline."""
    refusal: str
    """Why most joints are invalid: zero, not finite, low confidence, at one place, too far away or apart; empty if most
    are valid."""

    @classmethod
    def of(cls, stamp: float, measured: Person, believed: Person, setup: Setup) -> Sight:
        """Make a sight of a person as sent (axes and units of the source) and as the pipeline uses them."""
        order = slice(None) if setup.order is None else setup.order
        sent = np.asarray(measured.joints, np.float64)[order]
        finite = _usual(sent)
        something = finite & (np.where(finite[:, None], sent, 0.0) != 0.0).any(axis=1)
        sure = np.ones(len(sent)) if measured.confidence is None else np.asarray(measured.confidence, np.float64)[order]
        told = something | (setup.planar or setup.lifted)  # of a picture, what is not sure is not there at all
        unsure = told & (np.nan_to_num(sure, nan=0.0) < MIN_CONFIDENCE)
        alike = placeholders(np.where((something & ~unsure)[:, None], sent, np.nan))
        given = something & ~unsure & ~alike
        joints = np.where(given[:, None], sent * setup.metres, np.nan) @ setup.rotation.T
        far = given & (np.abs(np.nan_to_num(joints)).max(axis=1) >= FARTHEST)
        apart = given & ~far & np.isnan(judge(Person(measured.id, joints)).joints).all(axis=1)
        reasons = {
            "alike": alike,
            "far": far,
            "apart": apart,
            "unsure": unsure,
            "zero": finite & ~something,
            "not finite": ~finite,
        }
        worst = max(reasons, key=lambda reason: int(reasons[reason].sum()))
        level, confidence = _level(believed, setup.topology)
        usable = int((confidence > 0.0).sum()) >= SEEN_JOINTS
        return cls(stamp, measured.id, joints, level, confidence > 0.0, "" if usable else worst)


def _level(person: Person, joint_set: Topology) -> tuple[np.ndarray, np.ndarray]:
    """(25, 3) positions, with bones of any length, and (25,) confidence of the pipeline."""
    joints = np.asarray(person.joints, np.float64)
    joints = np.where(_usual(joints)[:, None], joints, np.nan)
    return to_canonical(joints[None], joint_set)[0], canonical(person, joint_set)[1]


def _usual(joints: np.ndarray) -> np.ndarray:
    """(V,) bool: finite, and of a plausible magnitude in some unit."""
    with np.errstate(invalid="ignore"):
        usual: np.ndarray = np.all(np.abs(joints) < HUGE, axis=1)
    return usual


def to_canonical(joints: np.ndarray, joint_set: Topology) -> np.ndarray:
    """(R, V, 3) -> (R, 25, 3), NaN where a source joint is NaN; bones may have any length."""
    given = np.isfinite(joints).all(axis=2)
    mapped = joint_set.matrix @ np.where(given[:, :, None], joints, 0.0)
    return np.where(given[:, joint_set.sources].all(axis=2)[:, :, None], mapped, np.nan)
