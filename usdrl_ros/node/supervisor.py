"""Whether the inference thread still works, and what to do if not."""

from __future__ import annotations

from usdrl_ros.node.protocols import Observer
from usdrl_ros.node.worker import Worker

HUNG = 5.0
"""Seconds in one inference after which its thread and its weights are given up."""
RECOVERIES = 3
"""How often a node that hangs starts anew by itself: every time a thread and its memory stay behind."""


class Supervisor:
    """Looks at the worker again and again.

    Args:
        observer: hears of a thread that had ended.
    """

    def __init__(self, observer: Observer) -> None:
        self.fault = ""
        """Why the worker was given up; empty while all is well."""
        self._observer = observer
        self._suspect: Worker | None = None
        self._recoveries = 0

    def gives_up(self, worker: Worker) -> bool:
        """Start a thread in place of one that has ended; True if it hangs, and then ``fault`` says how."""
        if not worker.alive:
            self._observer.failed(
                RuntimeError("the inference thread had ended: everybody is forgotten, a new one runs")
            )
            worker.reset()
            worker.start()
        hangs = worker.busy > HUNG
        # At the second look only: after a pause of the whole process the thread comes to itself in between.
        certain = hangs and self._suspect is worker
        self._suspect = worker if hangs else None
        if certain:
            self.fault = f"an inference did not end within {worker.busy:.0f} s; its thread and weights are given up"
        return certain

    def may_try_again(self) -> bool:
        """Whether it makes sense to start anew once more; counts."""
        self._recoveries += 1
        return self._recoveries <= RECOVERIES
