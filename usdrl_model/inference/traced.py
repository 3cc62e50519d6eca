"""A step of a streaming detector without Python between its operations, which cost more than the numbers."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

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
        self.config, self.encoder, self.detector = detector.config, detector.encoder, detector
        self._step = _traced(detector)

    def forward(self, x: Tensor) -> Scores:
        """As ``Detector``."""
        scores: Scores = self.detector(x)
        return scores

    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """As ``Detector.advance``."""
        scores, state = self._step(x, state) if x.shape[1] == 1 else self.detector.advance(x, state)
        return scores, state


DEPRECATED = r"`torch\.jit\.(trace|trace_method|freeze)` is deprecated"
"""What torch warns of from 2.13 on; a torch without them is one for which ``can_trace`` is False."""


def can_trace() -> bool:
    """Whether this torch traces modules."""
    return hasattr(torch.jit, "trace") and hasattr(torch.jit, "freeze")


KEPT = 4
"""Traced steps that a process keeps; torch never frees one, so the same weights must not be traced again."""
_STEPS: dict[str, Any] = {}


def _traced(detector: Detector) -> Any:
    """The step of a detector, traced and frozen; the same one for the same weights."""
    empty = detector.empty(2)
    made_of = hashlib.sha256(f"{detector.config} {empty.device}".encode())
    for name, tensor in detector.state_dict().items():
        made_of.update(name.encode())
        made_of.update(tensor.detach().cpu().numpy().tobytes())
    key = made_of.hexdigest()
    if key not in _STEPS:
        joints = detector.dense.weight.new_zeros(2, 1, detector.config.encoder.joints, 3)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # lengths are constants
            warnings.filterwarnings("ignore", DEPRECATED, DeprecationWarning)
            step = torch.jit.freeze(torch.jit.trace(Step(detector).eval(), (joints, empty), check_trace=False))
            for _ in range(3):  # in which it is optimised
                step(joints, empty)
        while len(_STEPS) >= KEPT:
            _STEPS.pop(next(iter(_STEPS)))
        _STEPS[key] = step
    return _STEPS[key]


class Step(nn.Module):
    """``Detector.advance`` as a module of its own."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:  # noqa: D102
        return self.detector.advance(x, state)
