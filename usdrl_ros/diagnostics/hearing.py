"""What one listening has heard, from activation to deactivation; ``Health`` counts since the start."""

from __future__ import annotations

from collections import deque

from usdrl_ros.diagnostics.reporting import RECENT


class Hearing:
    """The messages of one listening; not thread-safe.

    Args:
        now: when it began, seconds that never jump.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._arrivals: deque[float] = deque()
        self._further: deque[float] = deque()
        """Arrivals of messages of further topics that brought people."""
        self.last: float | None = None
        """Newest arrival."""
        self.refusals: deque[float] = deque()
        """When messages were refused, lately."""
        self.misfits: dict[str, None] = {}
        """Policies in which publishers were incompatible since the last message: one that is heard fits."""

    def accepted(self, arrival: float, *, further: bool) -> None:
        """A message was understood."""
        self.last = arrival
        self.misfits.clear()
        times = self._further if further else self._arrivals
        times.append(arrival)
        self.forget(arrival)

    def rejected(self, now: float) -> None:
        """A message was refused."""
        self.misfits.clear()
        self.refusals.append(now)
        self.forget(now)

    def incompatible(self, policy: str) -> None:
        """A publisher has an incompatible quality of service."""
        self.misfits[policy] = None

    def forget(self, now: float) -> None:
        """Forget what is not of the last ``RECENT`` seconds."""
        for times in (self._arrivals, self._further, self.refusals):
            while times and times[0] < now - RECENT:
                times.popleft()

    def silence(self, now: float) -> float:
        """Seconds since the newest message, or since it began."""
        return now - (self._since if self.last is None else self.last)

    @property
    def lately(self) -> deque[float]:
        """Arrivals by the topic or by further ones, whichever are more: who waits for a depth image comes by both."""
        return max(self._arrivals, self._further, key=len)

    @property
    def rate(self) -> float:
        """Messages a second between the first and the last one of ``lately``."""
        times = self.lately
        span = times[-1] - times[0] if times else 0.0
        return (len(times) - 1) / span if span > 0.0 else 0.0
