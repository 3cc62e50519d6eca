"""The canonical form of many frames at once: ``skeleton.canonical`` for whole recordings.

Data sets hold millions of frames; one call a frame would cost minutes. The rules are those of
``skeleton.canonical``, and a test holds the two equal.
"""

from __future__ import annotations

import numpy as np

from usdrl_model.skeleton import MAX_BONE, MAX_RANGE, MIN_CONFIDENCE
from usdrl_model.topology import PARENTS, SYNTHESISED_CONFIDENCE, Topology


def canonical_frames(
    joints: np.ndarray, confidence: np.ndarray | None, topology: Topology
) -> tuple[np.ndarray, np.ndarray]:
    """Map R skeletons onto the canonical joints.

    Args:
        joints: (R, V, 3) metres, in the order of ``topology``.
        confidence: (R, V) in [0, 1], or None where the tracker gives none.
        topology: the tracker's joint set.

    Returns:
        joints (R, 25, 3) float32, 0 where invalid; confidence (R, 25) float32, 0 where invalid, halved where
        synthesised.

    Raises:
        ValueError: the arrays do not have these shapes.
    """
    joints = np.asarray(joints, np.float64)
    if joints.ndim != 3 or joints.shape[1:] != (len(topology.joints), 3):
        raise ValueError(
            f"expected joints (R, {len(topology.joints)}, 3) for topology {topology.name}, got {joints.shape}"
        )
    sure = np.ones(joints.shape[:2]) if confidence is None else np.nan_to_num(np.asarray(confidence, np.float64))
    if sure.shape != joints.shape[:2]:
        raise ValueError(f"expected confidence {joints.shape[:2]}, got {sure.shape}")

    finite = np.isfinite(joints).all(axis=2)
    joints = np.where(finite[:, :, None], joints, 0.0)
    magnitude = np.abs(joints).max(axis=2)
    valid = finite & (magnitude > 0.0) & (magnitude < MAX_RANGE) & (sure >= MIN_CONFIDENCE)
    joints = np.where(valid[:, :, None], joints, 0.0)
    mapped = np.einsum("cv,rvk->rck", topology.matrix, joints, optimize=True)

    sure = np.where(valid, np.clip(sure, 0.0, 1.0), 0.0)
    weakest = np.stack([sure[:, np.flatnonzero(row)].min(axis=1) for row in topology.matrix], axis=1)
    weakest = np.where(topology.direct, weakest, weakest * SYNTHESISED_CONFIDENCE)
    parents = np.asarray(PARENTS)
    length = np.linalg.norm(mapped - mapped[:, parents], axis=2)
    stretched = (weakest > 0.0) & (weakest[:, parents] > 0.0) & (length > MAX_BONE)
    weakest[stretched] = 0.0
    mapped[weakest <= 0.0] = 0.0
    return mapped.astype(np.float32), weakest.astype(np.float32)
