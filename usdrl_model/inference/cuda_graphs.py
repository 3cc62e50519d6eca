"""CUDA graphs: a detector's hundreds of small launches as one, for windows or frames of people that come few at a time.

A graph computes one batch size, always in the same memory. Sizes are 1, 2, 4, ... up to the most rows that are
expected; a batch runs in the next larger one, its other rows are ignored, and a larger batch runs in parts. Everything
is captured by ``prepare``, before the first row that matters: later batches never wait for a capture.

Nothing that is captured may take numbers from the host, such as a list of places that becomes a tensor: a capture
refuses the copy.
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
Tensors = tuple[Tensor, ...]
Function = Callable[..., Tensors]
Capture = Callable[[Function, Tensors], tuple[Tensors, Callable[[], None]]]
"""(function, inputs) -> outputs, and what computes them anew, in place, of what the inputs hold at that time."""


class Graph(NamedTuple):
    """One batch size."""

    inputs: Tensors
    outputs: Tensors
    replay: Callable[[], None]


def sizes_up_to(most: int) -> tuple[int, ...]:
    """1, 2, 4, ... and the first that is ``most`` or larger; ValueError for none."""
    if most < 1:
        raise ValueError(f"CUDA graphs: expected batches of 1 row or more, got {most}")
    return tuple(2**power for power in range((most - 1).bit_length() + 1))


class BatchGraphs:
    """``function`` as graphs of several batch sizes; called with inputs (N, ...), it gives new tensors of N rows.

    Args:
        function: each row of its outputs depends on the same row of its inputs alone.
        sizes: rows of each graph, rising.
        rows: inputs of one row each (1, ...), of the type and on the device that those to come have.
        capture: how one graph is made.

    Raises:
        RuntimeError: what a capture raises.
    """

    def __init__(self, function: Function, sizes: Sequence[int], rows: Tensors, capture: Capture) -> None:
        self.sizes = tuple(sizes)
        self._graphs: dict[int, Graph] = {}
        for size in reversed(self.sizes):  # the largest first: the others then fit into its memory
            inputs = tuple(row.expand(size, *row.shape[1:]).clone() for row in rows)
            self._graphs[size] = Graph(inputs, *capture(function, inputs))

    def __call__(self, *inputs: Tensor) -> Tensors:
        """Raises ValueError for another shape, type or device than those captured."""
        most = self.sizes[-1]
        for x, held in zip(inputs, self._graphs[most].inputs, strict=True):
            if (x.shape[1:], x.dtype, x.device) != (held.shape[1:], held.dtype, held.device):
                expected = f"(N, {', '.join(map(str, held.shape[1:]))}) {held.dtype} on {held.device}"
                raise ValueError(f"CUDA graphs: expected {expected}, got {tuple(x.shape)} {x.dtype} on {x.device}")
        first, *others = range(0, max(1, len(inputs[0])), most)
        parts = [self._run(*(x[start : start + most] for x in inputs)) for start in (first, *others)]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True)) if others else parts[0]

    def _run(self, *inputs: Tensor) -> Tensors:
        count = len(inputs[0])
        graph = self._graphs[next(size for size in self.sizes if size >= count)]
        for held, x in zip(graph.inputs, inputs, strict=True):
            held[:count].copy_(x)
        graph.replay()
        # The next replay overwrites the outputs.
        return tuple(output[:count].clone() for output in graph.outputs)


class GraphedDetector(nn.Module):
    """``detector`` as CUDA graphs, called like it, without gradients and from one thread at a time.

    Of a detector of windows, graphs score windows; of a streaming one, the next frame of people.

    Args:
        detector: in evaluation mode, and folded where it can be.
        capture: how a graph is made; CUDA where left out.

    Raises:
        ValueError: the detector is not on a CUDA device.
    """

    def __init__(self, detector: Detector, capture: Capture | None = None) -> None:
        super().__init__()
        device = next(detector.parameters()).device
        if capture is None and device.type != "cuda":
            raise ValueError(f"CUDA graphs need a detector on a CUDA device, got {device}: leave cuda_graphs off")
        self.config, self.encoder, self.detector = detector.config, detector.encoder, detector
        self._capture, self._device = capture or cuda_capture(device), device
        self._graphs: BatchGraphs | None = None

    @torch.inference_mode()
    def prepare(self, most: int) -> None:
        """Capture graphs for up to ``most`` windows, or people, a call; larger batches run in parts.

        Raises:
            ValueError: this device, driver or memory cannot; the message says why.
        """
        encoder = self.config.encoder
        function: Function
        if self.config.streaming:
            function, rows = self.detector.advance, [torch.zeros(1, 1, encoder.joints, 3), self.detector.empty(1)]
        else:
            function, rows = self._scores, [torch.zeros(1, encoder.frames, encoder.people, encoder.joints, 3)]
        on_device = tuple(row.to(self._device) for row in rows)
        try:
            self._graphs = BatchGraphs(function, sizes_up_to(most), on_device, self._capture)
        except RuntimeError as error:
            cause = error.__context__ or error  # the end of a capture that has failed is an error of its own
            raise ValueError(
                f"CUDA graphs cannot be captured on {self._device}: {cut(str(cause), LINE)}; set cuda_graphs to false"
            ) from error

    @torch.inference_mode()
    def forward(self, x: Tensor) -> Scores:
        """Score windows (N, T, M, V, 3) float32; a streaming detector scores whole windows without graphs."""
        if self.config.streaming:
            scores: Scores = self.detector(x)
            return scores
        return Scores(*self._captured(len(x))(x))

    @torch.inference_mode()
    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As ``Detector.advance``; several frames at once run without graphs."""
        if x.shape[1] != 1:
            return self.detector.advance(x, state)
        scores, state = self._captured(len(x))(x, state)
        return scores, state

    def _captured(self, count: int) -> BatchGraphs:
        """The graphs; for so many rows where there are none yet."""
        if self._graphs is None:
            self.prepare(max(1, count))
        assert self._graphs is not None
        return self._graphs

    def _scores(self, x: Tensor) -> Tensors:
        return tuple(part for part in self.detector(x) if part is not None)


def cuda_capture(device: torch.device) -> Capture:
    """Captures on a CUDA device; all graphs share memory, so that only one may run at a time."""
    pool, stream = torch.cuda.graph_pool_handle(), torch.cuda.Stream(device)

    def capture(function: Function, inputs: Tensors) -> tuple[Tensors, Callable[[], None]]:
        with aside(device):
            for _ in range(WARM_UP):
                function(*inputs)
        return captured(function, *inputs, pool=pool, stream=stream)

    return capture


def captured(
    function: Callable[..., Result], *inputs: Tensor, pool: Any = None, stream: torch.cuda.Stream | None = None
) -> tuple[Result, Callable[[], None]]:
    """``function`` as a CUDA graph on the device of its inputs: what it gives, and what computes that anew, in place.

    What libraries do once must be done: run it ``WARM_UP`` times ``aside`` first. Graphs with the same handle ``pool``
    share memory, if they are captured on the same ``stream``; that of torch is on the first device that captures.
    """
    graph = torch.cuda.CUDAGraph()
    # Other threads of the process may use the device meanwhile.
    capture = torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local")
    with torch.cuda.device(inputs[0].device), capture:
        result = function(*inputs)
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
