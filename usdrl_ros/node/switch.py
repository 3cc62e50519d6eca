"""Whether somebody has disabled the node: a start that is under way has to end without listening then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Switch:
    """Off from ``~/enable`` false on, until somebody enables or activates the node.

    Whoever activates holds ``lock``, and so does whoever switches off: nobody is told "disabled" and then listened to.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.off = False
        self._starts = 0

    @property
    def starts(self) -> bool:
        """A start is under way: it asks the switch at its end."""
        return self._starts > 0

    @contextmanager
    def start(self) -> Iterator[None]:
        """Around a start."""
        with self.lock:
            self._starts += 1
        try:
            yield
        finally:
            with self.lock:
                self._starts -= 1
