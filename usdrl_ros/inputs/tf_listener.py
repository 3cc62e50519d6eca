"""tf2 on a thread of its own, so that transforms arrive while the node's other threads are busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from usdrl_ros.processes.lifecycle import WAKE_UP, halt, spin

CLOSING = 2 * WAKE_UP
"""Seconds for which ``close`` waits for the thread."""


class TfListener:
    """A tf2 buffer, filled by a node and a thread of its own.

    Args:
        owner: the node that uses the buffer; gives name, namespace and context.
        failed: receives the errors of tf messages.

    Raises:
        ImportError: tf2_ros is not installed (no wheel has it).
    """

    def __init__(self, owner: Node, failed: Callable[[Exception], object]) -> None:
        from tf2_ros import Buffer, TransformListener

        # The first rule for a name wins, so "-r __node:=" of the command line does not rename this node; other
        # remappings (/tf:=tf) apply.
        self._node = rclpy.create_node(
            "tf_listener",
            context=owner.context,
            cli_args=["--ros-args", "-r", f"__node:={owner.get_name()}_tf_listener"],
            start_parameter_services=False,
        )
        self.buffer: Any = Buffer()
        """tf2_ros.Buffer."""
        self._listener = TransformListener(self.buffer, self._node)
        self._executor = SingleThreadedExecutor(context=owner.context)
        self._executor.add_node(self._node)
        self._stop = threading.Event()
        arguments = (self._executor, self._stop, failed)
        self._thread = threading.Thread(target=spin, args=arguments, name="tf", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and destroy the node."""
        halt(self._executor, self._stop)
        self._thread.join(CLOSING)
        self._node.destroy_node()


def tf_listener(owner: Node, failed: Callable[[Exception], object]) -> TfListener | None:
    """A listener for ``owner``, or None where tf2_ros is not installed."""
    try:
        return TfListener(owner, failed)
    except ImportError:
        return None
