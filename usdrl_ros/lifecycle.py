"""Spinning and transitions that end cleanly on every distribution.

Seen with plain ``executor.spin()``: on Jazzy and Kilted a SIGTERM that lands just before an idle node enters its wait
set hangs for ever, and on Jazzy a stop can surface as ``RCLError`` (exit code 1). On Jazzy, too, a lifecycle request
that the present state does not allow ends the whole process.
"""

from __future__ import annotations

import signal

import rclpy
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

RCLError = rclpy_implementation.RCLError

WAKE_UP = 0.25
"""Seconds between two looks at whether the process was asked to stop."""


def spin(executor: Executor) -> None:
    """Spin until SIGINT, SIGTERM or shutdown of the context; returns then, whatever was going on."""
    try:
        while rclpy.ok(context=executor.context):
            executor.spin_once(timeout_sec=WAKE_UP)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RCLError:
        if rclpy.ok(context=executor.context):
            raise


def ignore_signals() -> None:
    """Let SIGINT and SIGTERM pass: who ends already must not be torn out of it by an impatient second Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class ManagedNode(LifecycleNode):
    """A lifecycle node that answers a forbidden transition with failure instead of dying of it."""

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:  # noqa: N802
        # The only hook between the service and the state machine is this private method of rclpy.
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)  # type: ignore[misc]
        except RCLError as error:
            self.get_logger().error(f"lifecycle transition {transition_id} refused: {error}")
            return TransitionCallbackReturn.FAILURE
