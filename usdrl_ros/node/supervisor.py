"""Watches the inference thread and gives it up when it hangs."""

from __future__ import annotations

from usdrl_ros.node.protocols import Observer
from usdrl_ros.node.worker import Worker

HUNG = 5.0
"""Seconds in one inference after which its thread and weights are given up."""
RECOVERIES = 3
"""Restarts, at most: each leaves a thread and its memory behind."""


class Supervisor:
    """Checks the worker periodically.

    Args:
        observer: receives the error of a thread that has ended.
    """

    def __init__(self, observer: Observer) -> None:
        self.fault = ""
        """Why the worker was given up; empty otherwise."""
        self._observer = observer
        self._suspect: Worker | None = None
        self._recoveries = 0

    def gives_up(self, worker: Worker) -> bool:
        """Restart a thread that has ended; True if it hangs, with the reason in ``fault``."""
        if not worker.alive:
            self._observer.failed(
                RuntimeError("the inference thread had ended: all tracks are reset and a new thread runs")
            )
            worker.reset()
            worker.start()
        hangs = worker.busy > HUNG
        # Only at the second check, because after a pause of the whole process the thread recovers in between.
        certain = hangs and self._suspect is worker
        self._suspect = worker if hangs else None
        if certain:
            self.fault = f"an inference did not end within {worker.busy:.0f} s; its thread and weights are given up"
        return certain

    def may_try_again(self) -> bool:
        """Whether another restart is allowed; counts it."""
        self._recoveries += 1
        return self._recoveries <= RECOVERIES
