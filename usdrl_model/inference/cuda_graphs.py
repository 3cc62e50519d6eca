"""CUDA graphs: a detector's hundreds of small launches as one, for windows that come few at a time.

A graph computes one batch size, always in the same memory. Sizes are 1, 2, 4, ... up to the most windows that are
expected; a batch runs in the next larger one, its other rows are ignored, and a larger batch runs in parts. Everything
is captured by ``prepare``, before the first window that matters: later batches never wait for a capture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from usdrl_model.errors.shown import LINE, cut
from usdrl_model.network.detector import Detector, Scores

WARM_UP = 3
"""Runs before the capture, in which libraries choose their algorithms and take their memory."""

Result = TypeVar("Result")
Outputs = tuple[Tensor, ...]
Function = Callable[[Tensor], Outputs]
Capture = Callable[[Function, Tensor], tuple[Outputs, Callable[[], None]]]
"""(function, input) -> outputs, and what computes them anew, in place, of what ``input`` holds at that time."""


class Graph(NamedTuple):
    """One batch size."""

    windows: Tensor
    outputs: Outputs
    replay: Callable[[], None]


def sizes_up_to(most: int) -> tuple[int, ...]:
    """1, 2, 4, ... and the first that is ``most`` or larger; ValueError for none."""
    if most < 1:
        raise ValueError(f"CUDA graphs: expected batches of 1 window or more, got {most}")
    return tuple(2**power for power in range((most - 1).bit_length() + 1))


class BatchGraphs:
    """``function`` as graphs of several batch sizes; called with rows (N, ...), it gives new tensors of N rows.

    Args:
        function: each row of its outputs depends on the same row of its input alone.
        sizes: rows of each graph, rising.
        row: an input of one row (1, ...), of the type and on the device that the inputs will have.
        capture: how one graph is made.

    Raises:
        RuntimeError: what a capture raises.
    """

    def __init__(self, function: Function, sizes: Sequence[int], row: Tensor, capture: Capture) -> None:
        self.sizes = tuple(sizes)
        self._graphs: dict[int, Graph] = {}
        for size in reversed(self.sizes):  # the largest first: the others then fit into its memory
            windows = row.expand(size, *row.shape[1:]).clone()
            self._graphs[size] = Graph(windows, *capture(function, windows))

    def __call__(self, x: Tensor) -> Outputs:
        """Raises ValueError for another shape, type or device than those captured."""
        most = self.sizes[-1]
        held = self._graphs[most].windows
        if (x.shape[1:], x.dtype, x.device) != (held.shape[1:], held.dtype, held.device):
            expected = f"(N, {', '.join(map(str, held.shape[1:]))}) {held.dtype} on {held.device}"
            raise ValueError(f"CUDA graphs: expected windows {expected}, got {tuple(x.shape)} {x.dtype} on {x.device}")
        parts = [self._run(x[first : first + most]) for first in range(0, max(1, len(x)), most)]
        return parts[0] if len(parts) == 1 else tuple(torch.cat(part) for part in zip(*parts, strict=True))

    def _run(self, x: Tensor) -> Outputs:
        graph = self._graphs[next(size for size in self.sizes if size >= len(x))]
        graph.windows[: len(x)].copy_(x)
        graph.replay()
        # The next replay overwrites the outputs.
        return tuple(output[: len(x)].clone() for output in graph.outputs)


class GraphedDetector(nn.Module):
    """``detector`` as CUDA graphs, called like it, without gradients and from one thread at a time.

    Args:
        detector: folded, in evaluation mode.
        capture: how a graph is made; CUDA where left out.

    Raises:
        ValueError: the detector is not on a CUDA device.
    """

    def __init__(self, detector: Detector, capture: Capture | None = None) -> None:
        super().__init__()
        device = next(detector.parameters()).device
        if capture is None and device.type != "cuda":
            raise ValueError(f"CUDA graphs need a detector on a CUDA device, got {device}: leave cuda_graphs off")
        self.detector = detector
        self._capture, self._device = capture or cuda_capture(device), device
        self._graphs: BatchGraphs | None = None

    @torch.inference_mode()
    def prepare(self, most: int) -> None:
        """Capture graphs for up to ``most`` windows a call; larger batches run in parts.

        Raises:
            ValueError: this device, driver or memory cannot; the message says why.
        """
        encoder = self.detector.config.encoder
        shape = (1, encoder.frames, encoder.people, encoder.joints, 3)
        try:
            self._graphs = BatchGraphs(
                self._scores, sizes_up_to(most), torch.zeros(shape, device=self._device), self._capture
            )
        except RuntimeError as error:
            raise ValueError(
                f"CUDA graphs cannot be captured on {self._device}: {cut(str(error), LINE)}; set cuda_graphs to false"
            ) from error

    @torch.inference_mode()
    def forward(self, x: Tensor) -> Scores:
        """Score windows (N, T, M, V, 3) float32; graphs for so many are captured first where none are."""
        if self._graphs is None:
            self.prepare(max(1, len(x)))
        assert self._graphs is not None
        return Scores(*self._graphs(x))

    def _scores(self, x: Tensor) -> Outputs:
        return tuple(part for part in self.detector(x) if part is not None)


def cuda_capture(device: torch.device) -> Capture:
    """Captures on a CUDA device; all graphs share memory, so that only one may run at a time."""
    pool = torch.cuda.graph_pool_handle()

    def capture(function: Function, windows: Tensor) -> tuple[Outputs, Callable[[], None]]:
        with aside(device):
            for _ in range(WARM_UP):
                function(windows)
        return captured(function, windows, pool)

    return capture


def captured(function: Callable[[Tensor], Result], x: Tensor, pool: Any = None) -> tuple[Result, Callable[[], None]]:
    """``function(x)`` as a CUDA graph on the device of x: what it gives, and what computes that anew, in place.

    What libraries do once must be done: run it ``WARM_UP`` times ``aside`` first. Graphs with the same handle ``pool``
    share memory.
    """
    graph = torch.cuda.CUDAGraph()
    # Other threads of the process may use the device meanwhile.
    with torch.cuda.device(x.device), torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        result = function(x)
    return result, graph.replay


@contextmanager
def aside(device: torch.device) -> Iterator[None]:
    """On a stream of its own, as a capture will be; nothing of it may be left on the default stream."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream().wait_stream(stream)
