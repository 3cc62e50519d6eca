"""Messages that wait: the oldest give way when there are too many, or when they take too much memory."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

CAPACITY = 256
"""Messages that may wait: two seconds of the fastest tracker."""
LARGEST = 2**26
"""Bytes that may wait, beside the newest message: skeletons take thousands, a depth camera on their topic millions."""


class Inbox:
    """Not locked: whoever shares it does so."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, float, int]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Any, arrival: float) -> int:
        """Add a message; returns how many of the oldest gave way."""
        dropped = 0
        while self._waiting and (len(self._waiting) >= CAPACITY or self._size > LARGEST):
            self.take()
            dropped += 1
        size = sys.getsizeof(message)
        self._waiting.append((message, arrival, size))
        self._size += size
        return dropped

    def take(self) -> tuple[Any, float]:
        """The oldest message and its arrival; IndexError if none waits."""
        message, arrival, size = self._waiting.popleft()
        self._size -= size
        return message, arrival

    def clear(self) -> None:
        """Forget them all."""
        self._waiting.clear()
        self._size = 0
