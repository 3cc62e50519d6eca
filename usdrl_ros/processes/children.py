"""Child processes that never outlive their parent, and a corner of DDS where they meet nobody else.

::

    use_private_domain()
    with Child("perception", ["-m", "usdrl_ros.node.main"]) as perception:
        ...
        perception.check()          # raises with the child's error text if it ended
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType

from usdrl_model.errors.shown import shown

INTERRUPT_TIMEOUT = 10.0
"""Seconds a child has to end after SIGINT before it is killed."""
HIGHEST_DOMAIN = 101
"""Above it, DDS's ports (7400 + 250 a domain) would lie among those that the kernel hands out."""
LARGEST_DOMAIN = 232
"""Above it, DDS's ports would be above those that there are."""
_claims: list[socket.socket] = []
"""Open as long as this process lives."""
ERROR_LINES = 30
"""Lines of a child's error output that are shown when it fails."""


class ChildError(RuntimeError):
    """A child process ended by itself, or did not do what it was started for; the message has its error output."""


class Terminated(KeyboardInterrupt):  # noqa: N818 (no error)
    """SIGTERM, where ``exit_on_sigterm`` was called: ends a program as Ctrl-C does, with another status."""


class Child:
    """A Python process, running while its ``with`` block does; its output goes to a temporary file.

    Args:
        name: how messages call it.
        arguments: what follows the Python interpreter, for example ``["-m", "usdrl_ros.bags.play", ...]``.
    """

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._arguments = [sys.executable, *arguments]
        # "a": parent and child share the file's position, and only appending makes the child ignore it.
        self._output = tempfile.TemporaryFile("a+", encoding="utf-8", errors="replace")  # noqa: SIM115 (see __exit__)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Child:
        self._process = subprocess.Popen(
            self._arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_die_with_parent,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.stop()
        self._output.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    def ended(self) -> bool:
        """True once the process has ended, well or not."""
        return self._running().poll() is not None

    @property
    def status(self) -> int:
        """The exit status of a process that has ended; minus the signal if one killed it."""
        status = self._running().poll()
        if status is None:
            raise RuntimeError(f"{self.name} runs")
        return status

    def check(self) -> None:
        """Raise ChildError if the process has ended with an error."""
        if self._running().poll():
            raise self.error(f"ended with exit code {self._running().returncode}")

    def error(self, what: str) -> ChildError:
        """A ChildError that says ``what`` happened, with the last lines of the child's output."""
        return ChildError(f"{self.name} {what}; its last output was:\n{self.output() or '(nothing)'}")

    def output(self) -> str:
        """The last lines that the process wrote."""
        return "\n".join(self.log().splitlines()[-ERROR_LINES:])

    def log(self) -> str:
        """Everything that the process wrote."""
        self._output.seek(0)
        return self._output.read()

    def stop(self) -> None:
        """End the process with SIGINT, and with SIGKILL if it does not listen; nothing if it has ended."""
        process = self._running()
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(INTERRUPT_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started: use `with`")
        return self._process


def use_private_domain() -> int:
    """Keep this process and its children on this machine, in a ROS domain that nobody uses; return the domain.

    A ``ROS_DOMAIN_ID`` that is set already is kept, so that other tools can be pointed at the same domain. Call it
    before ``rclpy.init``.

    Raises:
        ValueError: ``ROS_DOMAIN_ID`` is set to what is no domain.
    """
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if os.environ.get("ROS_DISTRO") == "humble":  # the same under its older name
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    if not os.environ.get("ROS_DOMAIN_ID"):
        os.environ["ROS_DOMAIN_ID"] = str(_free_domain())
    domain = os.environ["ROS_DOMAIN_ID"]
    if not (domain.isascii() and domain.isdigit() and int(domain) <= LARGEST_DOMAIN):
        raise ValueError(f"ROS_DOMAIN_ID: expected 0 to {LARGEST_DOMAIN}, got {shown(domain)}")
    return int(domain)


def exit_on_sigterm() -> None:
    """Let SIGTERM unwind the stack as Ctrl-C does: ``with`` blocks end their children and remove what is half done."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, interrupt)


def wait_until(what: str, done: Callable[[], bool], children: Sequence[Child], timeout: float) -> None:
    """Poll ``done()`` until it is true.

    Raises:
        ChildError: a child failed, or ``timeout`` seconds were not enough for ``what``.
    """
    deadline = time.monotonic() + timeout
    while True:
        for child in children:
            child.check()
        if done():
            return
        if time.monotonic() > deadline:
            raise children[-1].error(f"did not {what} within {timeout:g} s")
        time.sleep(0.02)


def end_with_parent(number: signal.Signals) -> None:
    """Ask Linux to send this process a signal when its parent is gone, however it went."""
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
        ctypes.CDLL(None).prctl(set_parent_death_signal, number)


def _free_domain() -> int:
    for domain in random.sample(range(1, HIGHEST_DOMAIN + 1), HIGHEST_DOMAIN):
        # The first participant of a domain listens on this port.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("0.0.0.0", 7410 + 250 * domain))
                _claim(domain)
            except OSError:
                continue
            return domain
    raise RuntimeError("no free ROS domain on this machine: set ROS_DOMAIN_ID")


def _claim(domain: int) -> None:
    """Keep a domain from others that choose one before the first participant is there; OSError where they have it."""
    if sys.platform == "linux":  # only there does a name without a file end with its process
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        claim.bind(f"\0usdrl_ros.domain.{domain}")
        _claims.append(claim)


def _die_with_parent() -> None:
    """In the child, before it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent(signal.SIGINT)
