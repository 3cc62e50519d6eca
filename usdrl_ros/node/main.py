"""``usdrl-perception``: skeletons in, human actions out, as a ROS 2 lifecycle node.

::

    usdrl-perception --ros-args -p topic:=/tracker/skeletons -p axes:=optical -p watch:="[wave]"
    usdrl-perception --ros-args --params-file perception.yaml

docs/topics.md has the topics, docs/parameters.md the parameters, docs/state.md the JSON of the outputs. SIGINT,
SIGTERM and SIGHUP end the process with status 0; it exits with status 1 if the node cannot start.
"""

# The node itself, and the libraries it needs, are imported after the signal handlers are set.

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from usdrl_ros.processes import executables, stopping
from usdrl_ros.wire import NODE

if TYPE_CHECKING:
    from usdrl_ros.node.model import StreamFactory


def main(args: list[str] | None = None, stream_factory: StreamFactory | None = None) -> int:
    """Run the node until a signal ends it; exit status 1 if it cannot start. ``args``: as ``sys.argv``."""
    stopping.end_at_signal()
    arguments = (sys.argv if args is None else args)[1:]
    try:
        from usdrl_ros.node.model import load_stream
        from usdrl_ros.node.node import PerceptionNode
        from usdrl_ros.parameters.docs import overview  # these take a second
        from usdrl_ros.parameters.names import warn_of_unread
        from usdrl_ros.processes.serving import serve
    except ImportError as error:
        return executables.without("usdrl-perception", str(__doc__), error, arguments)
    if executables.asks_for_help(arguments):
        return executables.show_help(f"{__doc__}\nparameters (-p name:=value):\n{overview()}")

    def make(_: object) -> PerceptionNode:
        node = PerceptionNode(stream_factory or load_stream)
        warn_of_unread(node, arguments)
        return node

    return serve(make, NODE, "docs/parameters.md", args)


if __name__ == "__main__":
    sys.exit(main())
