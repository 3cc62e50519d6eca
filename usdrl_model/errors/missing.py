"""What to install when a library is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

NAMES = {
    "cv2": "opencv-contrib-python",
    "mcp": "'mcp>=2'",
    "rerun": "rerun-sdk",
    "yaml": "pyyaml",
}
"""Modules whose package has another name, or that are needed in a certain version."""
ROS = ("_msgs", "_srvs", "_interfaces")
"""How the names of ROS 2's modules end, besides rclpy."""


def advice(error: ModuleNotFoundError, together: Sequence[str] = ()) -> str:
    """What is needed and where it comes from, in one line.

    Args:
        error: that ended an import.
        together: packages that are needed for the same purpose, named all at once where it is one of them.
    """
    module = (error.name or str(error)).partition(".")[0]
    if module == "rclpy" or module.endswith(ROS):
        return (
            f"needs {module} of ROS 2: source its setup.bash (/opt/ros/<distro>/setup.bash), or, where ROS 2 is not"
            ' installed, pip install ".[ros]" in the folder of this package'
        )
    packages = together if module in together else [_package(module)]
    return f"needs {module}: pip install {' '.join(packages)}"


def _package(module: str) -> str:
    """What pip is to install for a module, on this Python."""
    if module != "mediapipe":
        return NAMES.get(module, module)
    if tuple(sys.version_info) < (3, 13):
        return "'mediapipe<=0.10.21'"  # the last that brings a model
    return "'mediapipe>=1.2', and set model to the path of a pose_landmarker.task, which it brings not (docs/camera.md)"
