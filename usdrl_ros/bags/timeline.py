"""When the messages of a bag are due while it is played, and how far their stamps are from then."""

from __future__ import annotations

import time


class Timeline:
    """Time of the bag -> time from now.

    Args:
        first_ns: time of the bag that is due now.
        rate: seconds of the bag per second.
    """

    def __init__(self, first_ns: int, rate: float) -> None:
        self._first_ns = first_ns
        self._rate = rate
        self._started, self._started_ns = time.monotonic(), time.time_ns()

    def skip(self, bag_ns: int) -> None:
        """Skip nanoseconds of the bag."""
        self._first_ns += bag_ns

    def seconds_to(self, bag_ns: int) -> float:
        """Seconds from now until a time of the bag is due."""
        return self._started + (bag_ns - self._first_ns) / 1e9 / self._rate - time.monotonic()

    def shift(self, bag_ns: int) -> int:
        """Nanoseconds from a time of the bag to when it is due.

        However late it is played: stamps of one picture stay together, and those of a tracker do not tremble.
        """
        return self._started_ns + round((bag_ns - self._first_ns) / self._rate) - bag_ns
