"""Training on several processes (``torchrun``) as if they were one: they share a batch, its statistics and its loss.

Without ``torchrun`` everything here does nothing. Every process computes the loss of the whole batch from gathered
features; DistributedDataParallel then averages gradients that are already those of the whole batch, because the
backward pass of ``gather`` and ``total`` adds up what the processes ask for. Both are written here, because
``torch.distributed.nn.functional`` is deprecated and rounds the gradients of three or more processes otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run, as one of them sees them."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """The one that writes files and shows progress."""
        return self.rank == 0


@contextmanager
def processes(device: torch.device) -> Iterator[Processes]:
    """Join the other processes where ``torchrun`` started this one; a CUDA device becomes that of the local rank."""
    if "WORLD_SIZE" not in os.environ:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


def gather(x: Tensor, dim: int) -> Tensor:
    """The rows of all processes along ``dim`` of x (any shape), in the order of their ranks; each has equally many."""
    return _Gather.apply(x, dim) if _several() else x


def total(x: Tensor) -> Tensor:
    """The sum of x (any shape) over all processes."""
    return _Total.apply(x) if _several() else x


def count() -> int:
    """How many processes there are."""
    return dist.get_world_size() if _several() else 1


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dim: int) -> Tensor:
        ctx.dim, ctx.rows = dim, x.shape[dim]
        parts = [torch.empty_like(x, memory_format=torch.contiguous_format) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts, dim=dim)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        summed = _summed(gradients[0])
        return summed.narrow(ctx.dim, dist.get_rank() * ctx.rows, ctx.rows), None


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return _summed(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _summed(gradients[0])


def _summed(x: Tensor) -> Tensor:
    x = x.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(x)
    return x
