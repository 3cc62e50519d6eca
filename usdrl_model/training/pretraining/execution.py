"""How a step of pretraining is executed: operation by operation, compiled, or as one CUDA graph.

All give the same numbers up to rounding. ``compile`` fuses what lies between matrix products, which is most of the time
of a large encoder in bfloat16; the compilation takes a minute or more at the start. ``cuda_graph`` makes one launch of
the thousands of a step, which are most of the time of a small encoder; forward pass, loss, backward pass and optimiser
then always run in the same memory, and the views of a batch are copied into it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.inference.cuda_graphs import WARM_UP, aside
from usdrl_model.network.device import check_tf32
from usdrl_model.training.distributed import Processes
from usdrl_model.training.pretraining.config import PretrainConfig

BACKEND = "inductor"
"""Of torch.compile."""

Numbers = dict[str, Tensor]
Capture = Callable[[Callable[[Tensor], Numbers], Tensor], tuple[Numbers, Callable[[], None]]]
"""(function, input) -> its numbers, and what computes them anew, in place, of what the input holds at that time."""


def check(run: PretrainConfig, workers: Processes) -> None:
    """Raise ValueError where the device cannot execute a run as its configuration says."""
    if run.precision == "tf32":
        check_tf32(workers.device)
    if run.execution == "cuda_graph" and (workers.device.type != "cuda" or workers.count > 1):
        where = f"{workers.count} processes" if workers.count > 1 else str(workers.device)
        raise ValueError(f"execution: cuda_graph needs one process on a CUDA device, got {where}: set execution=eager")


def dtype(run: PretrainConfig) -> torch.dtype:
    """Of matrix products."""
    return torch.bfloat16 if run.precision == "bfloat16" else torch.float32


def optimiser_of(run: PretrainConfig, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a run, in one kernel where the device has one."""
    kind = torch.optim.AdamW if run.optimiser == "adamw" else torch.optim.Adam
    optimiser = kind(model.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
    settle(run, optimiser)
    return optimiser


def settle(run: PretrainConfig, optimiser: torch.optim.Optimizer) -> None:
    """Fit an optimiser to its device and execution; again after a state was loaded, which has those of its own run."""
    for group in optimiser.param_groups:
        device = group["params"][0].device
        on_gpu, graph = device.type == "cuda", run.execution == "cuda_graph"
        # A graph reads the rate where it was when it was captured.
        rate = torch.tensor(run.learning_rate, device=device) if graph else run.learning_rate
        group.update(fused=on_gpu or None, foreach=None, capturable=graph and on_gpu, lr=rate)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def compiled(network: nn.Module) -> nn.Module:
    """``network`` through torch.compile; it is compiled when it first runs."""
    result: nn.Module = torch.compile(network, dynamic=False, backend=BACKEND)  # type: ignore[assignment]
    return result


def rehearse(run: PretrainConfig, model: nn.Module, gradients: Callable[[], object]) -> None:
    """Run the passes that take long the first time, without a trace in ``model``.

    Args:
        run: the configuration.
        model: what learns.
        gradients: a forward and a backward pass.

    Raises:
        ValueError: torch cannot compile here.
    """
    buffers = [buffer.clone() for buffer in model.buffers()]
    began = time.perf_counter()
    try:
        with aside(next(model.parameters()).device):
            for _ in range(WARM_UP if run.execution == "cuda_graph" else 1):
                gradients()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        if run.execution != "compile":
            raise
        raise ValueError(
            f"execution: torch.compile cannot work here: {cut(str(error), LINE)}; set execution=eager"
        ) from error
    for buffer, before in zip(model.buffers(), buffers, strict=True):
        buffer.copy_(before)
    model.zero_grad(set_to_none=True)
    if run.execution == "compile":
        logging.getLogger(__name__).info("compiled in %.0f s", time.perf_counter() - began)


class GraphedStep:
    """``step`` as a CUDA graph.

    Args:
        step: gradients of a batch (K, N, T, M, V, 3) and an update, from gradients that are None.
        optimiser: what ``step`` updates with; settled for graphs.
        x: a batch of the shape, type and device of all that follow.
        capture: how the graph is made.
    """

    def __init__(
        self, step: Callable[[Tensor], Numbers], optimiser: torch.optim.Optimizer, x: Tensor, capture: Capture
    ) -> None:
        if not optimiser.state:
            _create_state(optimiser)
        optimiser.zero_grad(set_to_none=True)  # the backward pass then writes gradients instead of adding to them
        self._x = x.clone()
        self._numbers, self._replay = capture(step, self._x)

    def __call__(self, x: Tensor) -> Numbers:
        """The numbers of a step, valid until the next; ValueError for another batch than the first."""
        if (x.shape, x.dtype, x.device) != (self._x.shape, self._x.dtype, self._x.device):
            raise ValueError(f"expected a batch {tuple(self._x.shape)} {self._x.dtype}, got {tuple(x.shape)} {x.dtype}")
        self._x.copy_(x)
        self._replay()
        return self._numbers


def _create_state(optimiser: torch.optim.Optimizer) -> None:
    """Make the moments, which an optimiser makes in its first step, outside a graph, which would make them every time.

    A step of rate 0 changes no weight.
    """
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
    set_rate(optimiser, 0.0)
    optimiser.step()
    for state in optimiser.state.values():
        for value in state.values():
            value.zero_()
