"""``usdrl-mcp``: what people do, for language models, over the Model Context Protocol (stdin and stdout).

::

    usdrl-mcp --ros-args -r __ns:=/robot

An MCP client starts this program itself: give it the command ``usdrl-mcp`` and, in ``env``, the ROS_DOMAIN_ID of the
robot, because such clients pass on almost no variables. Tools: labels, people, wait_for, recent_events, enrol
(docs/agents.md). Logs go to stderr.
"""

from __future__ import annotations

import os
import sys
import threading

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_ros.agents.perception import Perception
from usdrl_ros.processes import stopping
from usdrl_ros.processes.executables import asks_for_help, show_help, without
from usdrl_ros.processes.lifecycle import halt, initialise, spin


def main(args: list[str] | None = None) -> int:
    """Serve until stdin ends, SIGINT or SIGTERM; 1 when an argument cannot be used."""
    arguments = (sys.argv if args is None else args)[1:]
    if asks_for_help(arguments):
        return show_help(str(__doc__))
    try:
        from usdrl_ros.agents.tools import server  # its library takes a second, for which no help waits
    except ImportError as error:
        return without("usdrl-mcp", str(__doc__), error, arguments)
    os.environ["RCUTILS_LOGGING_USE_STDOUT"] = "0"  # stdout is the protocol's
    stop = stopping.Stop()
    try:
        initialise(args)
        node = Node("usdrl_mcp")
    except ValueError as error:
        print(f"usdrl-mcp: {cut(error, MESSAGE)}", file=sys.stderr)
        return 1
    if sys.stdin.isatty():
        print("usdrl-mcp: waiting for an MCP client on stdin; --help says how one starts it", file=sys.stderr)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    mcp = server(Perception(node))

    def serve() -> None:
        try:
            mcp.run("stdio")
        finally:
            stop.set()

    def failed(error: Exception) -> None:
        node.get_logger().warning(cut(f"{type(error).__name__}: {error}", MESSAGE), throttle_duration_sec=5.0)

    spinning = threading.Thread(target=spin, args=(executor, stop, failed), name="executor", daemon=True)
    spinning.start()
    threading.Thread(target=serve, name="server", daemon=True).start()
    stop.wait()
    halt(executor, stop)
    spinning.join(stopping.DEADLINE / 2)
    rclpy.try_shutdown()
    stopping.leave(0)  # a thread may be blocked in stdin


if __name__ == "__main__":
    sys.exit(main())
