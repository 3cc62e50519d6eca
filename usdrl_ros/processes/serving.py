"""The process of a lifecycle node: threads around the node, and the end of it."""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from usdrl_model.errors.missing import advice
from usdrl_model.errors.shown import MESSAGE, cut, reason
from usdrl_ros.processes import stopping
from usdrl_ros.processes.lifecycle import ManagedNode, RCLError, StartError, halt, initialise, rcl_reason, spin

THREADS = 4
"""One for a transition, one for supervision, one for everything else, one to refuse a second transition."""
CLOSING = 0.3
"""Seconds for which the shutdown waits for callbacks."""
TURN = 5e-4
"""Seconds for which a thread keeps the interpreter while others wait. An answer takes many turns: with Python's 5 ms,
it waits behind a thread that decodes message after message."""


class ServedNode(ManagedNode, ABC):
    """A lifecycle node that has a process of its own, and the parameter ``autostart``."""

    _closing = False
    """True from ``close`` on."""

    @abstractmethod
    def start(self) -> bool:
        """Configure and activate; False if either fails."""

    @abstractmethod
    def close(self) -> None:
        """Stop whatever runs and destroy the node."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Report the error of a callback."""

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, so that the node can be configured again."""
        return self.on_shutdown(state)

    def refuse(self, what: str, error: Exception) -> TransitionCallbackReturn:
        """Log why a transition failed, which rclpy would not."""
        if not self._closing:  # during shutdown, errors are expected
            why = reason(error) if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {error}"
            why = advice(error) if isinstance(error, ModuleNotFoundError) else why
            self.get_logger().fatal(cut(f"cannot {what}: {why}", MESSAGE))
        return TransitionCallbackReturn.FAILURE


def serve(make: Callable[[threading.Event], ServedNode], name: str, page: str, args: list[str] | None) -> int:
    """Run a node until a signal of ``stopping`` and end the process; returns 1 if the node cannot be created.

    Args:
        make: makes the node; it may set the event to end the process.
        name: of the node, for errors.
        page: of the documentation that describes its parameters.
        args: as ``sys.argv``.
    """
    sys.setswitchinterval(TURN)
    stop = stopping.Stop()
    try:
        initialise(args)
        node = make(stop)
    except StartError as error:
        print(f"{name}: {cut(error, MESSAGE)}", file=sys.stderr)
        return 1
    except RCLError as error:
        print(f"{name}: {cut(rcl_reason(error), MESSAGE)}", file=sys.stderr)
        return 1
    except (ParameterException, ValueError) as error:
        print(f"{name}: {cut(error, MESSAGE)}; see {page}", file=sys.stderr)
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
