"""What to install when a library is missing."""

from __future__ import annotations

NAMES = {"yaml": "pyyaml"}
"""Modules whose package has another name."""
ROS = ("_msgs", "_srvs", "_interfaces")
"""How the names of ROS 2's modules end, besides rclpy."""


def advice(error: ModuleNotFoundError) -> str:
    """What is needed and where it comes from, in one line."""
    module = (error.name or str(error)).partition(".")[0]
    if module == "rclpy" or module.endswith(ROS):
        return (
            f"needs {module} of ROS 2: source its setup.bash (/opt/ros/<distro>/setup.bash), or, where ROS 2 is not"
            ' installed, pip install ".[ros]" in the folder of this package'
        )
    return f"needs {module}: pip install {NAMES.get(module, module)}"
