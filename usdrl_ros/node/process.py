"""The process of the perception node: threads around the node, and the end of it."""

from __future__ import annotations

import sys
import threading

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import MultiThreadedExecutor

from usdrl_model.errors.shown import MESSAGE, cut
from usdrl_ros.node.node import NODE_NAME, PerceptionNode
from usdrl_ros.node.pipeline import StreamFactory
from usdrl_ros.processes import stopping
from usdrl_ros.processes.lifecycle import halt, initialise, spin

THREADS = 4
"""One for a transition, one for supervision, one for everything else, one to refuse a second transition."""
CLOSING = 0.3
"""Seconds for which the shutdown waits for callbacks."""
TURN = 5e-4
"""Seconds for which a thread keeps the interpreter while others wait. An answer takes many turns: with Python's 5 ms,
it waits behind a thread that decodes message after message."""


def serve(args: list[str] | None, stream_factory: StreamFactory) -> int:
    """Run the node until SIGINT or SIGTERM and end the process; returns 1 if the node cannot be created."""
    sys.setswitchinterval(TURN)
    stop = stopping.Stop()
    try:
        initialise(args)
        node = PerceptionNode(stream_factory)
    except (ParameterException, ValueError) as error:
        print(f"{NODE_NAME}: {cut(error, MESSAGE)}; see docs/parameters.md", file=sys.stderr)
        return 1
    executor = MultiThreadedExecutor(THREADS)
    executor.add_node(node)
    failed = threading.Event()

    def start() -> None:
        try:
            started = node.start()
        except Exception as error:  # the node may already be destroyed
            node.failed(error)
            started = False
        if not started and not stop.is_set():
            failed.set()
            stop.set()

    def answer() -> None:
        spin(executor, stop, node.failed)
        stop.set()

    answering = threading.Thread(target=answer, name="executor", daemon=True)
    answering.start()
    if node.get_parameter("autostart").value:
        threading.Thread(target=start, name="start", daemon=True).start()
    stop.wait()
    try:
        halt(executor, stop)
        answering.join(CLOSING)
        node.close()
        rclpy.try_shutdown()
    except Exception as error:  # another thread is still loading a library and uses the node
        node.get_logger().debug(f"not everything could be closed: {error}")
    finally:
        stopping.leave(1 if failed.is_set() else 0)
