"""Where a person is: a pose in a picture and the lens -> joints in the frame of the camera, in metres.

An estimator knows the joints relative to each other, but not how far away they are. The person is moved to where the
joints, seen through the lens, fall on their pixels: the larger somebody appears, the nearer they are. That takes them
for as tall as the estimator believes. A depth image knows better: a person who is farther than they appear is taller,
so that distance and size grow by the same factor, and the joints stay on their pixels.
"""

from __future__ import annotations

import math

import numpy as np

from usdrl_ros.camera.estimator import Pose
from usdrl_ros.inputs.depth_image import DepthImage
from usdrl_ros.inputs.lens import Lens

SURE = 0.5
"""Confidence from which on a joint says where the person is."""
LEAST = 4
"""Joints that are needed for that."""
NEAREST, FARTHEST = 0.2, 30.0
"""Metres of a person from the camera."""
SKIN = 0.08
"""Metres from what a depth camera sees to the joint inside."""
SMALLEST, TALLEST = 0.4, 1.6
"""Size of a person by depth, relative to what the estimator believes; beyond it, the depth is of something else."""
TRUNK = ("shoulder_left", "shoulder_right", "hip_left", "hip_right")
"""Joints whose depth is looked up: wide, so that a patch lies on them, and seldom hidden by arms alone."""

BY_DEPTH, BY_SIZE, BEYOND_DEPTH = "placed.by_depth", "placed.by_size", "placed.by_size_beyond_depth"
"""What people are counted by: how their place was found; the last where a depth image measured nothing of them."""


def place(pose: Pose, lens: Lens) -> np.ndarray | None:
    """Joints (V, 3) in optical axes of the camera, metres, by apparent size; None if too few joints are sure.

    Least squares for the translation t: ``fx (X + tx) = (u - cx) (Z + tz)``, and likewise in y, for every sure joint.
    """
    sure = (pose.confidence >= SURE) & np.isfinite(pose.metres).all(axis=1) & np.isfinite(pose.pixels).all(axis=1)
    if sure.sum() < LEAST:
        return None
    x, y, z = pose.metres[sure].T
    across, down = ((pose.pixels[sure] - (lens.cx, lens.cy)) / (lens.fx, lens.fy)).T
    none, one = np.zeros_like(across), np.ones_like(across)
    matrix = np.concatenate([np.stack([one, none, -across], 1), np.stack([none, one, -down], 1)])
    right = np.concatenate([across * z - x, down * z - y])
    weight = np.sqrt(np.tile(pose.confidence[sure], 2))
    moved, *_ = np.linalg.lstsq(matrix * weight[:, None], right * weight, rcond=None)
    if not np.isfinite(moved).all() or not NEAREST <= moved[2] <= FARTHEST:
        return None
    placed: np.ndarray = pose.metres + moved
    return placed


def scale_by_depth(
    joints: np.ndarray, pose: Pose, depth: DepthImage, picture: tuple[int, int], trunk: list[int]
) -> float:
    """How much farther away, and larger, somebody is than they appear; NaN where depth does not tell.

    Args:
        joints: (V, 3) of ``place``.
        pose: of the same person.
        depth: of the same view as the picture, in any resolution.
        picture: height and width of the picture.
        trunk: numbers of the joints that are looked up.
    """
    across, down = depth.width / picture[1], depth.height / picture[0]
    factors = []
    for joint in trunk:
        if pose.confidence[joint] < SURE or joints[joint, 2] <= NEAREST:
            continue
        u, v = pose.pixels[joint] * (across, down)
        factors += [(surface + SKIN) / joints[joint, 2] for surface in depth.surfaces(u, v)[:1]]
    # Most of the trunk decides: one joint may be hidden behind a hand or lie beside the person.
    factor = float(np.median(factors)) if len(factors) >= 2 else math.nan
    return factor if SMALLEST <= factor <= TALLEST else math.nan
