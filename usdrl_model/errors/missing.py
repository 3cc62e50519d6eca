"""What to install when a library is missing."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = {
    "cv2": "opencv-contrib-python",
    "mcp": "'mcp>=2'",
    "mediapipe": "'mediapipe<=0.10.21'",
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
    packages = together if module in together else [NAMES.get(module, module)]
    return f"needs {module}: pip install {' '.join(packages)}"
