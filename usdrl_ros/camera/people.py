"""Pictures, one after another -> the people in them: poses, ids, places."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import topology
from usdrl_ros.camera.estimator import Estimator, Pose
from usdrl_ros.camera.geometry import BEYOND_DEPTH, BY_DEPTH, BY_SIZE, TRUNK, place, scale_by_depth
from usdrl_ros.camera.tracker import Tracker
from usdrl_ros.inputs.depth_image import DepthImage
from usdrl_ros.inputs.lens import Lens


class People:
    """The people of one camera.

    Args:
        estimator: finds their poses.
    """

    def __init__(self, estimator: Estimator) -> None:
        self._estimator = estimator
        self._tracker = Tracker()
        joints = topology(estimator.topology).joints
        self._trunk = [joints.index(name) for name in TRUNK]
        self.counters: Counter[str] = Counter()
        """``BY_DEPTH``, ``BY_SIZE``, ``BEYOND_DEPTH``: people; ``without_place``: people who show too little."""

    def frame(self, picture: np.ndarray, stamp: float, lens: Lens, depth: DepthImage | None = None) -> SkeletonFrame:
        """The people in a picture, joints (V, 3) in optical axes of the camera, in metres.

        Args:
            picture: (H, W, 3) uint8, red, green, blue.
            stamp: of the picture, seconds.
            lens: of the camera.
            depth: of the same view; None: people are placed by their apparent size.
        """
        size = picture.shape[:2]
        poses = [_inside(pose, size) for pose in self._estimator.poses(picture, stamp)]
        people = []
        for id_, pose in zip(self._tracker.ids(poses, stamp), poses, strict=True):
            joints = None if id_ is None else place(pose, lens)
            if id_ is None or joints is None:
                self.counters["without_place"] += 1
                continue
            factor = np.nan if depth is None else scale_by_depth(joints, pose, depth, size, self._trunk)
            by = BY_DEPTH if np.isfinite(factor) else BY_SIZE if depth is None else BEYOND_DEPTH
            self.counters[by] += 1
            people.append(Person(id_, joints * (1.0 if np.isnan(factor) else factor), pose.confidence))
        return SkeletonFrame(stamp, tuple(people))

    def close(self) -> None:
        """Release the estimator."""
        self._estimator.close()


def _inside(pose: Pose, size: tuple[int, int]) -> Pose:
    """A pose whose joints outside of the picture count as not seen: the estimator only guesses those."""
    column, row = pose.pixels.T
    inside = (column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0])
    return replace(pose, confidence=np.where(inside, pose.confidence, 0.0))
