"""Joints of each tracker as weighted sums of points of the simulated body."""

from __future__ import annotations

import numpy as np

from usdrl_model.simulation.body import BODY_POINTS
from usdrl_model.skeleton.topology import names, topology

# Joint of a tracker -> body points whose weighted sum it is; joints named like a body point are that point.
_PLACES: dict[str, dict[str, float]] = {
    "pelvis": {"spine_base": 1.0},
    "mid_hip": {"spine_base": 1.0},
    "spine_naval": {"spine_mid": 0.7, "spine_base": 0.3},
    "spine_chest": {"spine_mid": 1.3, "spine_base": -0.3},
    "clavicle_left": {"spine_shoulder": 0.8, "shoulder_left": 0.2},
    "clavicle_right": {"spine_shoulder": 0.8, "shoulder_right": 0.2},
    "handtip_left": {"hand_tip_left": 1.0},
    "handtip_right": {"hand_tip_right": 1.0},
    "heel_left": {"ankle_left": 1.2, "foot_left": -0.2},
    "heel_right": {"ankle_right": 1.2, "foot_right": -0.2},
}


def sampling_matrix(topology_name: str) -> np.ndarray:
    """(V, 30): joints of a tracker as weighted sums of ``BODY_POINTS``.

    Raises:
        ValueError: a joint of the topology has no known place on the body; the message lists the topologies that work.
    """
    joints = topology(topology_name).joints
    if not _known(joints):
        usable = ", ".join(name for name in names() if _known(topology(name).joints))
        raise ValueError(f"the performer cannot show topology {topology_name}; it can show {usable}")
    matrix = np.zeros((len(joints), len(BODY_POINTS)))
    for row, joint in enumerate(joints):
        for point, weight in _PLACES.get(joint, {joint: 1.0}).items():
            matrix[row, BODY_POINTS.index(point)] = weight
    return matrix


def _known(joints: tuple[str, ...]) -> bool:
    return all(joint in _PLACES or joint in BODY_POINTS for joint in joints)
