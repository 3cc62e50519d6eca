"""How a node's process ends: at SIGINT, SIGTERM or SIGHUP with status 0, within two seconds, whatever it is doing.

The main thread does nothing but wait for the signal, so that it comes through while other threads load a library or
hang in a device; nobody waits for those in the end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import NoReturn

from usdrl_model.errors.shown import open_streams

DEADLINE = 1.0
"""Seconds after the signal in which the process may close what it has opened."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP comes when the terminal of a process or the connection to it ends."""


def heeded() -> list[signal.Signals]:
    """Of ``SIGNALS``, those that end this process: not SIGHUP where it was started to ignore that (nohup)."""
    return [number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN]


def end_at_signal() -> None:
    """A node's process begins: from now on a signal ends it at once, as long as there is nothing to close."""
    open_streams()
    for number in heeded():
        signal.signal(number, lambda *_: os._exit(0))


class Stop(threading.Event):
    """Set by ``SIGNALS``, however often they come; from the first on the process has ``DEADLINE`` seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        for number in heeded():
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        # On a thread of its own: the signal may come while this one holds the lock of the event, in ``wait``.
        if not self._asked:
            self._asked = True
            threading.Thread(target=self._end, name="stop", daemon=True).start()

    def _end(self) -> None:
        self.set()
        time.sleep(DEADLINE)
        os._exit(0)


def leave(status: int) -> NoReturn:
    """End the process without waiting for threads that hang, and without tearing down what they use."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # whatever becomes of what was printed
        os._exit(status)
