"""A step of a streaming detector without Python between its operations, which cost more than the numbers."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from usdrl_model.network.detector import Detector, Scores


class TracedDetector(nn.Module):
    """A streaming ``Detector`` whose steps of one frame are traced and frozen; all else is as it was.

    Raises:
        ValueError: a detector that takes windows only.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        empty = detector.empty(2)
        self.config, self.encoder, self.detector = detector.config, detector.encoder, detector
        joints = detector.dense.weight.new_zeros(2, 1, detector.config.encoder.joints, 3)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that lengths become constants, which they are
            step = torch.jit.trace(Step(detector).eval(), (joints, empty), check_trace=False)
            self._step = torch.jit.freeze(step)
            for _ in range(3):  # in which it is optimised
                self._step(joints, empty)

    def forward(self, x: Tensor) -> Scores:
        """As ``Detector``."""
        scores: Scores = self.detector(x)
        return scores

    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As ``Detector.advance``."""
        scores, state = self._step(x, state) if x.shape[1] == 1 else self.detector.advance(x, state)
        return scores, state


class Step(nn.Module):
    """``Detector.advance`` as a module of its own."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:  # noqa: D102
        return self.detector.advance(x, state)
