"""``usdrl-camera``: a bare camera in, the skeletons of people out, as a ROS 2 lifecycle node.

::

    usdrl-camera --ros-args -p device:=0                                  # a camera of this machine
    usdrl-camera --ros-args -p image_topic:=/camera/color/image_raw -p camera_info_topic:=/camera/color/camera_info
    usdrl-perception --ros-args -p topology:=mediapipe_33                 # what these people do

docs/camera.md has the topics, how people are placed, and the library to install (extra ``camera``). SIGINT, SIGTERM
and SIGHUP end the process with status 0; it exits with status 1 if the node cannot start.
"""

# The node itself, and the libraries it needs, are imported after the signal handlers are set.

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from usdrl_ros.processes import executables, stopping

if TYPE_CHECKING:
    from usdrl_ros.camera.node import EstimatorFactory


def main(args: list[str] | None = None, factory: EstimatorFactory | None = None) -> int:
    """Run the node until a signal ends it; exit status 1 if it cannot start. ``args``: as ``sys.argv``."""
    stopping.end_at_signal()
    arguments = (sys.argv if args is None else args)[1:]
    try:
        from usdrl_ros.camera.node import CameraNode, load_estimator
        from usdrl_ros.camera.parameters import NODE_NAME, PAGE, PARAMETERS
        from usdrl_ros.parameters.docs import overview
        from usdrl_ros.parameters.names import warn_of_unread
        from usdrl_ros.processes.serving import serve
    except ImportError as error:
        return executables.without("usdrl-camera", str(__doc__), error, arguments)
    if executables.asks_for_help(arguments):
        return executables.show_help(f"{__doc__}\nparameters (-p name:=value):\n{overview(PARAMETERS)}")

    def make(stop: threading.Event) -> CameraNode:
        node = CameraNode(stop.set, factory or load_estimator)
        warn_of_unread(node, arguments)
        return node

    return serve(make, NODE_NAME, str(PAGE), args)


if __name__ == "__main__":
    sys.exit(main())
