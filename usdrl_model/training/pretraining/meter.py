"""Throughput of a run and its model FLOPs utilisation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder


class Meter:
    """Clips a second, model FLOPs utilisation, and the share of the time spent waiting for clips, since the last read.

    The utilisation is relative to what one large matrix product reaches on this device and in this precision, measured
    at the start: a bound that holds for any device, and needs no table.
    """

    def __init__(self, clips: int, flops: float, peak: float, waited: float) -> None:
        """Of a step: ``clips`` and ``flops`` of this process; ``peak`` of the device, in FLOP a second.

        ``waited`` are the seconds of waiting until now, which are no part of what is read.
        """
        self._clips, self._flops, self._peak = clips, flops, peak
        self._steps, self._since, self._waited = 0, time.perf_counter(), waited

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


def training_flops(build: Callable[[], nn.Module], encoder: EncoderConfig) -> float:
    """Operations (2 a multiply-add) of a window, forward and backward.

    Args:
        build: makes the model that is trained: windows (N, T, M, V, 3) -> features by name.
        encoder: the encoder in it, which has T, M and V.
    """
    return _counted(build, encoder, lambda model, x: _sum(model.train()(x)).backward())


def forward_flops(encoder: EncoderConfig) -> float:
    """Operations (2 a multiply-add) of a window of an encoder that does not learn."""
    return _counted(lambda: build_encoder(encoder), encoder, lambda model, x: model.eval()(x))


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of the best of a few large matrix products."""
    # Where a CPU has no instructions for bfloat16, four products of 1024 take as long as many a step of training.
    size = 8192 if device.type == "cuda" else 512 if dtype == torch.bfloat16 else 1024
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = 0.0
    for _ in range(4):  # the first one warms up
        _wait(device)
        began = time.perf_counter()
        a @ a
        _wait(device)
        best = max(best, 2.0 * size**3 / (time.perf_counter() - began))
    return best


def _counted(
    build: Callable[[], nn.Module], encoder: EncoderConfig, step: Callable[[nn.Module, Tensor], object]
) -> float:
    windows = 2  # batch normalisation needs two
    with torch.device("meta"):  # shapes only: nothing is computed
        model, x = build(), torch.empty(windows, encoder.frames, encoder.people, encoder.joints, 3)
        # With gradients on, attention takes the path whose operations the counter knows.
        with FlopCounterMode(display=False) as counter, nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            step(model, x)
    return counter.get_total_flops() / windows


def _sum(features: Mapping[str, Tensor]) -> Tensor:
    return torch.cat([z.flatten() for z in features.values()]).sum()


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
