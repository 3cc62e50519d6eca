"""Batches of views for pretraining, a function of (seed, step) alone: nothing has to be saved to go on after a stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from usdrl_model.training.distributed import Processes
from usdrl_model.training.draw import Draw
from usdrl_model.training.pretraining.clip_pool import ClipPool
from usdrl_model.training.pretraining.config import PretrainConfig
from usdrl_model.training.pretraining.views import views

EPOCH, VIEWS, NETWORK = range(3)
"""Streams of random numbers: order of the clips, views, dropout of the network."""


def seed_of(*parts: int) -> int:
    """A seed of its own for every combination of ``parts``."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Feeder:
    """The views of every step; their clips are fetched one part of a batch ahead, in another thread."""

    def __init__(self, run: PretrainConfig, pool: ClipPool, workers: Processes) -> None:
        """Raises ValueError where the batch fits neither the pool nor the processes."""
        self._part = run.batch_size // run.accumulate
        if self._part % workers.count or run.batch_size > len(pool):
            raise ValueError(
                f"batch_size: expected at most {len(pool)} clips, all that there are, and in each part a multiple of"
                f" the {workers.count} processes; got {run.batch_size} in {run.accumulate} parts"
            )
        self._run, self._workers = run, workers
        self._pool = pool.to(workers.device) if run.data.on_device else pool
        self._generator = torch.Generator(workers.device)
        self.waited = 0.0
        """Seconds that training stood still for clips."""

    def clips(self, step: int, part: int) -> Tensor:
        """(N,) clips of the pool in a part of a batch, of all processes in the order of their ranks."""
        rows = self._part // self._workers.count
        return torch.cat([self._rows(step, part, rows, rank) for rank in range(self._workers.count)])

    def batches(self, first: int) -> Iterator[list[Tensor]]:
        """From step ``first`` on: the parts of each batch, (K, N, T, M, V, 3) of this process."""
        run, device = self._run, self._workers.device
        parts = [(step, part) for step in range(first, run.steps) for part in range(run.accumulate)]
        rows, rank = self._part // self._workers.count, self._workers.rank
        if not parts:
            return
        with ThreadPoolExecutor(1) as ahead:
            fetch = lambda step, part: self._pool.batch(self._rows(step, part, rows, rank), device)  # noqa: E731
            coming = ahead.submit(fetch, *parts[0])
            batch: list[Tensor] = []
            for index, (step, part) in enumerate(parts):
                began = time.perf_counter()
                clips = coming.result()
                self.waited += time.perf_counter() - began
                if index + 1 < len(parts):
                    coming = ahead.submit(fetch, *parts[index + 1])
                self._generator.manual_seed(seed_of(run.seed, VIEWS, step, part))
                workers = self._workers
                draw = Draw(self._generator, rows, views=run.views.count, rank=workers.rank, ranks=workers.count)
                batch.append(views(clips, run.encoder.window, run.views, draw))
                if part == run.accumulate - 1:
                    yield batch
                    batch = []

    def _rows(self, step: int, part: int, rows: int, rank: int) -> Tensor:
        """Clips of a process: all clips in random order, then all in another order, and so on."""
        run, clips = self._run, len(self._pool)
        first = step * run.batch_size + part * self._part + rank * rows
        epochs = range(first // clips, (first + rows - 1) // clips + 1)
        order = torch.cat([_order(clips, run.seed, epoch) for epoch in epochs])
        return order[first % clips : first % clips + rows]


@lru_cache(maxsize=2)  # a batch can reach from one epoch into the next
def _order(clips: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(clips, generator=torch.Generator().manual_seed(seed_of(seed, EPOCH, epoch)))
