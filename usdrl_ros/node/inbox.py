"""A bounded queue of messages: the oldest are dropped when there are too many, or too much memory is used."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

CAPACITY = 256
"""Messages, at most: two seconds of the fastest tracker."""
LARGEST = 2**26
"""Bytes besides the newest message, at most; messages of a depth camera on the topic may be large."""


class Inbox:
    """The queue; not thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, float, int]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Any, arrival: float) -> int:
        """Add a message; returns how many of the oldest were dropped."""
        dropped = 0
        while self._waiting and (len(self._waiting) >= CAPACITY or self._size > LARGEST):
            self.take()
            dropped += 1
        size = sys.getsizeof(message)
        self._waiting.append((message, arrival, size))
        self._size += size
        return dropped

    def take(self) -> tuple[Any, float]:
        """Remove and return the oldest message and its arrival; IndexError if the queue is empty."""
        message, arrival, size = self._waiting.popleft()
        self._size -= size
        return message, arrival

    def forget(self, before: float) -> int:
        """Drop the messages that arrived earlier; returns how many."""
        dropped = 0
        while self._waiting and self._waiting[0][1] < before:
            self.take()
            dropped += 1
        return dropped

    def clear(self) -> None:
        """Remove all messages."""
        self._waiting.clear()
        self._size = 0
