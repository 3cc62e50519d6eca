"""Pictures, one after another -> the people in them: poses, ids, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
        self._factors: dict[str, float] = {}
        """Id -> by how much somebody is larger than they are believed to be, as depth told last."""

    def frame(
        self, picture: np.ndarray, stamp: float, lens: Lens, depth: Callable[[], DepthImage | None]
    ) -> SkeletonFrame:
        """The people in a picture, joints (V, 3) in optical axes of the camera, in metres.

        Args:
            picture: (H, W, 3) uint8, red, green, blue.
            stamp: of the picture, seconds.
            lens: of the camera.
            depth: asked for the depth of the same view when the poses are found, because it may come after the picture;
                without it people are placed by their apparent size, and by what depth told of them before.
        """
        size = picture.shape[:2]
        poses = [_inside(pose, size) for pose in self._estimator.poses(picture, stamp)]
        measured = depth()
        people = []
        ids = self._tracker.ids(poses, stamp)
        self._factors = {id_: factor for id_, factor in self._factors.items() if id_ in self._tracker.known}
        for id_, pose in zip(ids, poses, strict=True):
            joints = None if id_ is None else place(pose, lens)
            if id_ is None or joints is None:
                self.counters["without_place"] += 1
                continue
            factor = np.nan if measured is None else scale_by_depth(joints, pose, measured, size, self._trunk)
            by = BY_DEPTH if np.isfinite(factor) else BY_SIZE if measured is None else BEYOND_DEPTH
            self.counters[by] += 1
            if by == BY_DEPTH:
                self._factors[id_] = factor
            people.append(Person(id_, joints * self._factors.get(id_, 1.0), pose.confidence))
        return SkeletonFrame(stamp, tuple(people))

    def close(self) -> None:
        """Release the estimator."""
        self._estimator.close()


def _inside(pose: Pose, size: tuple[int, int]) -> Pose:
    """A pose whose joints outside of the picture count as not seen: the estimator only guesses those."""
    column, row = pose.pixels.T
    inside = (column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0])
    return replace(pose, confidence=np.where(inside, pose.confidence, 0.0))
