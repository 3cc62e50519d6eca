"""``usdrl-perception``: skeletons in, human actions out, as a ROS 2 lifecycle node.

::

    usdrl-perception --ros-args -p topic:=/tracker/skeletons -p axes:=optical -p watch:="[wave]"
    usdrl-perception --ros-args --params-file perception.yaml

docs/topics.md has the topics, docs/parameters.md the parameters, docs/state.md the JSON of the answers. SIGINT and
SIGTERM end the process with status 0; 1 is a node that could not start.

This module is what the executable runs first: the node itself, and the libraries it needs, come after the signal
handlers.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from usdrl_ros import stopping

if TYPE_CHECKING:
    from usdrl_ros.pipeline import StreamFactory


def main(args: list[str] | None = None, stream_factory: StreamFactory | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; exit status 1 if it cannot start."""
    stopping.end_at_signal()
    from usdrl_ros.perception_process import serve  # takes a second
    from usdrl_ros.pipeline import load_stream

    return serve(args, stream_factory or load_stream)


if __name__ == "__main__":
    sys.exit(main())
