"""A benchmark in a store, for one evaluation after another: found, looked at and cut into windows once."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path

from usdrl_model.data.content_check import look, sampled
from usdrl_model.data.store import Store
from usdrl_model.evaluation import benchmark_store
from usdrl_model.evaluation.benchmark import Benchmark, Task
from usdrl_model.evaluation.clips.examples import Examples

_LOG = logging.getLogger(__name__)


class Opened:
    """What evaluations of a benchmark share."""

    def __init__(self, benchmark: Benchmark, data: str | Path) -> None:
        """Errors as of ``benchmark_store.found``."""
        self.benchmark = benchmark
        self.recordings: Store = benchmark_store.found(benchmark, data)
        self._looked = False

    def checked(self, task: Task) -> Store:
        """The recordings, on which the task can be done; errors as of ``benchmark_store.check``."""
        benchmark_store.check(self.benchmark, self.recordings, task)
        return self.recordings

    def look(self) -> None:
        """Log what a look at some of the recordings finds, the first time."""
        if not self._looked:
            found = look(sampled(self.recordings))
            level = logging.WARNING if found.wrong else logging.INFO
            _LOG.log(level, "%s: %s", self.benchmark.data, found.line())
        self._looked = True

    @cached_property
    def examples(self) -> Examples:
        """Windows of clips, of all tasks on them."""
        return Examples(self.recordings, self.benchmark.half_width)
