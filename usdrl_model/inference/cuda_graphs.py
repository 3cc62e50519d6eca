"""CUDA graphs: a detector's hundreds of small launches as one, for windows that come few at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from usdrl_model.network.detector import Detector, Scores

WARM_UP = 3
"""Runs before the capture, in which libraries choose their algorithms and take their memory."""


class GraphedDetector(nn.Module):
    """``detector`` with one CUDA graph a batch size, captured when the size is first seen.

    Called like the detector, without gradients and from one thread.

    Raises:
        ValueError: the detector is not on a CUDA device.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        device = next(detector.parameters()).device
        if device.type != "cuda":
            raise ValueError(f"CUDA graphs need a detector on a CUDA device, got {device}: leave cuda_graphs off")
        self.detector = detector
        self._captured: dict[int, tuple[torch.cuda.CUDAGraph, Tensor, Scores]] = {}

    def forward(self, x: Tensor) -> Scores:  # noqa: D102
        if len(x) not in self._captured:
            self._captured[len(x)] = self._capture(x)
        graph, windows, scores = self._captured[len(x)]
        windows.copy_(x)
        graph.replay()
        return Scores(*(None if part is None else part.clone() for part in scores))  # type: ignore[arg-type]

    def _capture(self, x: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Scores]:
        windows = x.clone()
        # Capture must not begin on a stream that still has work of its own.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                self.detector(windows)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            scores = self.detector(windows)
        return graph, windows, scores
