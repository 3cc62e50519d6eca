"""What finds poses in pictures: the interface between a library and the node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class Pose:
    """One person in one picture, V joints in the order of the estimator's topology."""

    pixels: np.ndarray
    """(V, 2) x to the right and y down from the upper left corner, in pixels; may lie outside of the picture."""
    metres: np.ndarray
    """(V, 3) the same joints relative to each other, in optical axes (x right, y down, z forward), in metres."""
    confidence: np.ndarray
    """(V,) in [0, 1]: is the joint where it is said to be?"""


class Estimator(Protocol):
    """Finds the poses of people in pictures, one picture after another.

    A picture that cannot be searched raises an error, and the next one is tried.
    """

    topology: str
    """Name of its joint set."""

    def poses(self, picture: np.ndarray, stamp: float) -> list[Pose]:
        """The people in a picture.

        Args:
            picture: (H, W, 3) uint8, red, green, blue, contiguous.
            stamp: seconds; may jump.
        """

    def close(self) -> None:
        """Release the model; no picture follows."""
