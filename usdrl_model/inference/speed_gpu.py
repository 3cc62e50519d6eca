"""Speed and numerical error of an encoder on a GPU, in every way that it runs there.

As ``speed``, with one time more: that of the device, between two events around a call. What a call takes longer on the
clock is launches and the wait for the end. Windows and tokens stay on the device.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from usdrl_model.files import markdown
from usdrl_model.inference import speed
from usdrl_model.inference.cuda_graphs import BatchGraphs, Capture, cuda_capture
from usdrl_model.inference.fold import fold
from usdrl_model.network.device import check_tf32, float32_products
from usdrl_model.network.dste import DSTE
from usdrl_model.network.official_formula import published

BATCHES = (1, 8, 64, 512)
"""Windows a call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceMeasurement(speed.Measured):
    """On a GPU."""

    device_ms: float
    """Time of the device for a call, by events, median."""
    windows_a_second: float
    """By wall time."""


def bench(
    encoder: DSTE,
    x: Tensor,
    *,
    batches: Sequence[int],
    rounds: int,
    timer: speed.Timer | None = None,
    capture: Capture | None = None,
) -> tuple[list[DeviceMeasurement], dict[str, str]]:
    """Measure the variants of ``encoder`` in turns.

    Args:
        encoder: plain, in evaluation mode, on the device.
        x: (N, T, M, V, 3) windows on the device; N at least the largest batch.
        batches: numbers of windows in a call.
        rounds: measured calls of each variant.
        timer: how a call is timed; by CUDA events where left out.
        capture: how graphs are made; CUDA where left out.

    Returns:
        The measurements, and variant -> why it is missing.

    Raises:
        ValueError: too few windows.
    """
    speed.check_batches(batches, x)
    time_of, capture = timer or partial(by_events, device=x.device), capture or cuda_capture(x.device)
    exact = speed.exact(encoder, x)
    rows = []
    for batch in batches:
        inputs = x[:batch]
        runs, skipped = variants(encoder, inputs, capture)
        medians = speed.interleave({name: partial(run, inputs) for name, run in runs.items()}, rounds, time_of)
        for name, (on_device, wall) in medians.items():
            tokens = {stream: part[:batch] for stream, part in exact.items()}
            error, cosine = speed.compare(encoder, runs[name](inputs), tokens)
            rows.append(DeviceMeasurement(
                variant=name, batch=batch, wall_ms=1e3 * wall, speed_up=medians["plain"][1] / wall,
                max_abs_error=error, min_cosine=cosine, device_ms=1e3 * on_device, windows_a_second=batch / wall,
            ))  # fmt: skip
    return rows, skipped


def variants(encoder: DSTE, x: Tensor, capture: Capture) -> tuple[dict[str, speed.Run], dict[str, str]]:
    """Name -> function for every way to run ``encoder`` on windows like x, and name -> why one is missing."""
    folded, low = fold(encoder), fold(encoder, torch.bfloat16)
    runs = {
        "plain": _with_products(speed.in_torch(published(encoder))),
        "folded": _with_products(speed.in_torch(folded)),
        "folded, graph": _graphed(folded, x, capture),
        "bf16": _with_products(speed.in_torch(low)),
        "bf16, graph": _graphed(low, x, capture),
    }
    try:
        check_tf32(x.device)
    except ValueError as error:
        return runs, {"tf32": str(error)}
    return {**runs, "tf32": _with_products(speed.in_torch(folded), tf32=True),
            "tf32, graph": _graphed(folded, x, capture, tf32=True)}, {}  # fmt: skip


def table(rows: Sequence[DeviceMeasurement]) -> str:
    """Markdown of measurements."""
    columns = ("variant", "windows", "device ms", "wall ms", "windows/s", "times faster", "max error", "min cosine")
    body = [
        [row.variant, row.batch, f"{row.device_ms:.3f}", f"{row.wall_ms:.3f}", f"{row.windows_a_second:.0f}",
         f"{row.speed_up:.2f}", f"{row.max_abs_error:.1e}", f"{row.min_cosine:.5f}"]
        for row in rows
    ]  # fmt: skip
    return markdown.table(columns, body)


def by_events(call: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Seconds of a CUDA device for a call, and on the clock until its end."""
    with torch.cuda.device(device):
        torch.cuda.synchronize()
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        clock = time.perf_counter()
        began.record()
        call()
        ended.record()
        ended.synchronize()
        return 1e-3 * began.elapsed_time(ended), time.perf_counter() - clock


def _with_products(run: speed.Run, tf32: bool = False) -> speed.Run:
    def exactly(x: Tensor) -> speed.Tokens:
        with float32_products(tf32):
            return run(x)

    return exactly


def _graphed(encoder: DSTE, x: Tensor, capture: Capture, tf32: bool = False) -> speed.Run:
    streams = encoder.config.streams
    with torch.inference_mode(), float32_products(tf32):
        graphs = BatchGraphs(speed.AllTokens(encoder), [len(x)], (x[:1],), capture)

    def run(x: Tensor) -> speed.Tokens:
        with torch.inference_mode():
            return dict(zip(streams, graphs(x), strict=True))

    return run
