"""A bounded queue of messages: the oldest are dropped when there are too many, or too much memory is used.

What a further topic has latched is sent once, so it is the last that is dropped.
"""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import Any, NamedTuple

from usdrl_ros.inputs.further_topics import Heard

CAPACITY = 256
"""Messages, at most: two seconds of the fastest tracker."""
LARGEST = 2**26
"""Bytes besides the newest message, at most; messages of a depth camera on the topic may be large."""


class Arrival(NamedTuple):
    """When a message came, by two clocks that may run at different speeds."""

    steady: float
    """Seconds that never jump."""
    clock: float
    """Seconds of the node's clock, simulated or not; it stamps messages without a stamp of their own."""


class Inbox:
    """The queue; not thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, Arrival, int]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Any, arrival: Arrival) -> int:
        """Add a message; returns how many were dropped: the oldest, latched ones after all others."""
        dropped = 0
        while self._waiting and (len(self._waiting) >= CAPACITY or self._size > LARGEST):
            oldest = next((at for at, (waiting, *_) in enumerate(self._waiting) if not _latched(waiting)), 0)
            self._size -= self._waiting[oldest][2]
            del self._waiting[oldest]
            dropped += 1
        size = sys.getsizeof(message)
        self._waiting.append((message, arrival, size))
        self._size += size
        return dropped

    def take(self) -> tuple[Any, Arrival]:
        """Remove and return the oldest message and its arrival; IndexError if the queue is empty."""
        message, arrival, size = self._waiting.popleft()
        self._size -= size
        return message, arrival

    def forget(self, before: float = math.inf) -> int:
        """Drop the messages that arrived earlier, by the steady clock, and are not latched; returns how many."""
        kept = [entry for entry in self._waiting if entry[1].steady >= before or _latched(entry[0])]
        dropped = len(self._waiting) - len(kept)
        self._waiting, self._size = deque(kept), sum(size for *_, size in kept)
        return dropped


def _latched(message: Any) -> bool:
    return isinstance(message, Heard) and message.route.latched
