"""Pictures, one after another -> the people in them: poses, ids, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import topology
from usdrl_ros.camera.estimator import Estimator, Pose
from usdrl_ros.camera.geometry import BEYOND_DEPTH, BY_DEPTH, BY_SIZE, TRUNK, place, scale_by_depth
from usdrl_ros.camera.tracker import Tracker
from usdrl_ros.inputs.depth_image import DepthImage
from usdrl_ros.inputs.lens import Lens


@dataclass(frozen=True, slots=True)
class _Placed:
    """The people of a picture, by their apparent size."""

    stamp: float
    size: tuple[int, int]
    """Height and width of the picture."""
    people: list[tuple[str, Pose, np.ndarray]]
    """Id, pose, and joints (V, 3) in metres."""


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
        self._unmeasured: _Placed | None = None
        """People whose depth has not come yet."""

    def frame(
        self, picture: np.ndarray, stamp: float, lens: Lens, depth: Callable[[float], DepthImage | None]
    ) -> SkeletonFrame:
        """The people in a picture, joints (V, 3) in optical axes of the camera, in metres.

        Args:
            picture: (H, W, 3) uint8, red, green, blue.
            stamp: of the picture, seconds.
            lens: of the camera.
            depth: of a stamp -> the depth of the same view. It may come after its picture, so it is asked for when the
                poses are found, and again with the next picture, until which somebody new waits. Without it people are
                placed by their apparent size, and by what depth told of them before.
        """
        size = picture.shape[0], picture.shape[1]
        poses = [_inside(pose, size) for pose in self._estimator.poses(picture, stamp)]
        ids = self._tracker.ids(poses, stamp)
        before = {id_ for id_, _, _ in self._unmeasured.people} if self._unmeasured else set()
        late = self._measure(depth)
        self._factors = {id_: factor for id_, factor in self._factors.items() if id_ in self._tracker.known}
        people: list[tuple[str, Pose, np.ndarray]] = []
        for id_, pose in zip(ids, poses, strict=True):
            joints = None if id_ is None else place(pose, lens)
            if id_ is None or joints is None:
                self.counters["without_place"] += 1
                continue
            people.append((id_, pose, joints))
        self._unmeasured = _Placed(stamp, size, people)
        if not self._measure(depth):
            if late:  # depth will tell of somebody new with the next picture, who would leap there from elsewhere
                people = [one for one in people if one[0] in before | self._factors.keys()]
            self.counters[BY_SIZE] += len(people)
        factor = self._factors.get
        return SkeletonFrame(
            stamp, tuple(Person(id_, joints * factor(id_, 1.0), pose.confidence) for id_, pose, joints in people)
        )

    def _measure(self, depth: Callable[[float], DepthImage | None]) -> bool:
        """Learn how large people are from the depth image of their picture; False if it has not come yet."""
        placed = self._unmeasured
        image = None if placed is None else depth(placed.stamp)
        if placed is None or image is None:
            return False
        self._unmeasured = None
        for id_, pose, joints in placed.people:
            factor = scale_by_depth(joints, pose, image, placed.size, self._trunk)
            self.counters[BY_DEPTH if np.isfinite(factor) else BEYOND_DEPTH] += 1
            if np.isfinite(factor):
                self._factors[id_] = factor
        return True

    def close(self) -> None:
        """Release the estimator."""
        self._estimator.close()


def _inside(pose: Pose, size: tuple[int, int]) -> Pose:
    """A pose whose joints outside of the picture count as not seen: the estimator only guesses those."""
    column, row = pose.pixels.T
    inside = (column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0])
    return replace(pose, confidence=np.where(inside, pose.confidence, 0.0))
