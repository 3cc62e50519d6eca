"""Waiting for what a node hears, whoever spins it: the executor that has it, or else the one who waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

SILENT = 2.0
"""Seconds without a message, after which one who waits in the place of an executor may be why."""
BLOCKED = (
    "wait_for hears nothing: no perception, or it waits in a callback that keeps the executor from hearing: give that"
    " callback a group of its own and a MultiThreadedExecutor, or wait in another thread"
)


@contextmanager
def listening(
    node: Node, news: threading.Condition, monotonic: Callable[[], float]
) -> Iterator[Callable[[float], None]]:
    """What waits for news for some seconds: it spins the node where no executor has it.

    Args:
        node: hears.
        news: is notified of every message.
        monotonic: seconds that never jump.
    """
    own: list[SingleThreadedExecutor] = []
    since = monotonic()

    def listen(seconds: float) -> None:
        theirs = node.executor  # set for ever by any executor that once had the node
        if theirs is not None and theirs not in own and node in theirs.get_nodes():
            nonlocal since
            with news:
                since = monotonic() if news.wait(seconds) else since
            if monotonic() - since > SILENT:
                node.get_logger().warning(BLOCKED, once=True)
            return
        if not own:
            own.append(SingleThreadedExecutor(context=node.context))
        own[0].add_node(node)
        own[0].spin_once(timeout_sec=seconds)

    try:
        yield listen
    except ExternalShutdownException:
        pass  # the caller sees it by ``rclpy.ok``
    finally:
        for executor in own:
            executor.remove_node(node)
            executor.shutdown()
