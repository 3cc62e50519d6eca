"""Throughput of a run and its model FLOPs utilisation."""

from __future__ import annotations

import time
from functools import lru_cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from usdrl_model.checkpoints.pretrained_models import USDRL
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.official_formula import published
from usdrl_model.network.projectors import ProjectorConfig


class Meter:
    """Clips a second, model FLOPs utilisation, and the share of the time spent waiting for clips, since the last read.

    The utilisation is relative to what one large matrix product reaches on this device and in this precision, measured
    at the start: a bound that holds for any device, and needs no table.
    """

    def __init__(self, clips: int, flops: float, peak: float) -> None:
        """Of a step: ``clips`` and ``flops`` of this process; ``peak`` of the device, in FLOP a second."""
        self._clips, self._flops, self._peak = clips, flops, peak
        self._steps, self._since, self._waited = 0, time.perf_counter(), 0.0

    def read(self, steps: int, waited: float) -> dict[str, float]:
        """Figures since the last call; ``steps`` and ``waited`` (seconds) count from the start of the run."""
        now = time.perf_counter()
        seconds, done = max(now - self._since, 1e-9), steps - self._steps
        figures = {
            "clips/s": done * self._clips / seconds,
            "MFU": done * self._flops / seconds / self._peak,
            "waiting": (waited - self._waited) / seconds,
        }
        self._steps, self._since, self._waited = steps, now, waited
        return figures


@lru_cache(maxsize=8)
def training_flops(encoder: EncoderConfig, projectors: ProjectorConfig, official: bool = False) -> float:
    """Operations (2 a multiply-add) of a window, forward and backward, as done or by the official formula."""
    windows = 2  # batch normalisation needs two
    with torch.device("meta"):  # shapes only: nothing is computed
        model = USDRL(encoder, projectors).train()
        model = published(model) if official else model
        x = torch.empty(windows, encoder.frames, encoder.people, encoder.joints, 3)
        with FlopCounterMode(display=False) as counter, nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            torch.cat([z.flatten() for z in model(x).values()]).sum().backward()
    return counter.get_total_flops() / windows


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of the best of a few large matrix products."""
    size = 8192 if device.type == "cuda" else 1024
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = 0.0
    for _ in range(4):  # the first one warms up
        _wait(device)
        began = time.perf_counter()
        a @ a
        _wait(device)
        best = max(best, 2.0 * size**3 / (time.perf_counter() - began))
    return best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
