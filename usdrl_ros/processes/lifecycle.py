"""Spinning and transitions that end cleanly on every distribution, and whoever asks meanwhile is answered.

Seen with plain ``executor.spin()``: on Jazzy and Kilted a SIGTERM that lands just before an idle node enters its wait
set hangs for ever, and on Jazzy a stop can surface as ``RCLError`` (exit code 1). On Jazzy, too, a lifecycle request
that the present state does not allow ends the whole process, and so does any error in a callback.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Sequence

import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNodeMixin, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from usdrl_model.errors.shown import shown

RCLError = rclpy_implementation.RCLError
InvalidHandle = rclpy_implementation.InvalidHandle

WAKE_UP = 0.25
"""Seconds between two looks at whether to stop."""
HAND_OVER = 1e-4
"""Seconds after a callback was given to a thread, in which it may begin: ``MultiThreadedExecutor`` gives what has not
begun out again and again, and keeps the interpreter from it (46 times a message beside the inference of two people)."""
NAMESPACE = re.compile(r"^__ns:=(/.+)/$")
"""A rule for a namespace with a slash at its end: rcl takes it, and no node can be made in it."""


class StartError(ValueError):
    """What surrounds the process, and not its arguments, keeps ROS from starting."""


def initialise(args: Sequence[str] | None, signals: SignalHandlerOptions = SignalHandlerOptions.NO) -> None:
    """``rclpy.init``, without its signal handlers by default (``stopping`` has ours).

    Raises:
        ValueError: arguments that ROS cannot read, or that are not for ROS: a node has no others.
        StartError: there is no folder for logs, or a variable of the environment is wrong.
    """
    try:
        foreign = remove_ros_args(args)[1:]
    except RuntimeError as error:  # of a class that rclpy does not name in public
        raise _unreadable(error) from error
    if foreign:
        raise ValueError(
            f"expected every argument after --ros-args, parameters as -p name:=value, got {shown(foreign)}"
        )
    for namespace in filter(None, map(NAMESPACE.search, sys.argv if args is None else args)):
        raise ValueError(f"expected a namespace such as {namespace[1]}, got {shown(namespace[1] + '/')}")
    try:
        rclpy.init(args=None if args is None else list(args), signal_handler_options=signals)
    except rclpy_implementation.UnknownROSArgsError as error:
        raise _unreadable(error) from error
    except RuntimeError as error:
        why = rcl_reason(error)
        if "logging" in why:
            raise StartError(
                f"the folder for logs cannot be made ({why}): set ROS_LOG_DIR to one that can be written, or HOME"
            ) from error
        raise StartError(f"ROS cannot start: {why}") from error


def _unreadable(error: Exception) -> ValueError:
    return ValueError(f"arguments after --ros-args cannot be read: {rcl_reason(error)}")


def rcl_reason(error: Exception) -> str:
    """The text of an error of rcl, without the place where that was built."""
    return re.sub(r", at /\S+:\d+", "", str(error))


def spin(executor: Executor, stop: threading.Event, failed: Callable[[Exception], object]) -> None:
    """Spin until ``stop`` is set or the context is shut down; an error in a callback is told and survived."""
    while not stop.is_set() and rclpy.ok(context=executor.context):
        try:
            executor.spin_once(timeout_sec=WAKE_UP)
            time.sleep(HAND_OVER)
        except ExternalShutdownException:
            return
        except InvalidHandle:  # a transition destroyed what was ready, before it was taken
            stop.wait(0.001)
        except Exception as error:
            if stop.is_set() or not rclpy.ok(context=executor.context):
                return
            failed(error)
            stop.wait(0.01)  # whatever it is, it shall not take the whole machine


def halt(executor: Executor, stop: threading.Event) -> None:
    """End ``spin`` at once: ``Executor.wake`` alone would only let it look for work and wait on."""
    stop.set()
    executor.create_task(lambda: None)


class OwnThread:
    """A thread that spins a node which only hears: that waits for nobody, and wakes up no large executor.

    Args:
        node: destroyed at the end.
        name: of the thread.
        failed: receives the errors of callbacks.
    """

    def __init__(self, node: Node, name: str, failed: Callable[[Exception], object]) -> None:
        self._node, self._stop = node, threading.Event()
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)
        arguments = (self._executor, self._stop, failed)
        self._thread = threading.Thread(target=spin, args=arguments, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and destroy the node."""
        halt(self._executor, self._stop)
        self._thread.join(2 * WAKE_UP)
        self._node.destroy_node()


class ManagedNode(LifecycleNodeMixin, Node):
    """A lifecycle node whose transitions run beside everything else (it needs a ``MultiThreadedExecutor``).

    A second request during a transition, and one that the present state does not allow, is answered with failure.
    """

    def __init__(self, name: str) -> None:
        self._transition = threading.Lock()
        # Not LifecycleNode's own constructor, which would put the transitions into the group of everything else.
        Node.__init__(self, name)
        LifecycleNodeMixin.__init__(self, callback_group=ReentrantCallbackGroup())

    def destroy_node(self) -> None:
        """As ``Node.destroy_node``, with what LifecycleNode forgets, which would keep the node's DDS participant."""
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def end_transitions(self, timeout: float) -> bool:
        """Wait for the transition under way, ``timeout`` seconds at most; False if it goes on. None begins any more."""
        return self._transition.acquire(timeout=timeout)

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:  # noqa: N802
        # The only hook between the service and the state machine is this private method of rclpy.
        if not self._transition.acquire(blocking=False):
            self.get_logger().error(f"lifecycle transition {transition_id} refused: another one is under way")
            return TransitionCallbackReturn.FAILURE
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)  # type: ignore[misc]
        except RCLError as error:
            self.get_logger().error(f"lifecycle transition {transition_id} refused: {rcl_reason(error)}")
            return TransitionCallbackReturn.FAILURE
        finally:
            self._transition.release()
