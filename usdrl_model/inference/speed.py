"""Speed and numerical error of an encoder in every way that it can run.

Variants run in one process, in turns, so that other load on the machine slows all of them alike; the table has medians.
Processor time hardly depends on other programs, wall time does. Speed-ups are relative to the plain formula of the
official code on the same windows and threads; errors are relative to a copy of it in float64.

Example::

    config = preset("small")
    measurements, skipped = bench(random_encoder(config), windows(config, 8), batches=(1, 8), rounds=11)
"""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

from usdrl_model.inference.fold import fold
from usdrl_model.inference.onnx_export import quantise, to_onnx
from usdrl_model.inference.onnx_runtime import INPUT, session
from usdrl_model.inference.packed_linear import pack
from usdrl_model.network.config import EncoderConfig, Stream
from usdrl_model.network.dste import DSTE
from usdrl_model.network.initialise import initialise
from usdrl_model.network.official_formula import published

Tokens = dict[Stream, Tensor]
Run = Callable[[Tensor], Tokens]
Timer = Callable[[Callable[[], object]], tuple[float, float]]
"""Runs a call to its end; seconds of the processor or device, and on the clock."""
WARM_UP = 2
"""Rounds before the measured ones, in which libraries choose their kernels."""
START_UP = """
import torch
torch.set_num_threads({threads})
{load}
"""
LOAD_WEIGHTS = """
import numpy as np
from usdrl_model.inference.load import load, probabilities
loaded = load({source!r})
encoder = loaded.config.detector.encoder
probabilities(loaded, np.zeros((1, encoder.frames, encoder.people, encoder.joints, 3), np.float32))
"""
LOAD_PRESET = """
from usdrl_model.inference.speed import fast, random_encoder, windows
from usdrl_model.network.presets import preset
fast(random_encoder(preset({name!r})))(windows(preset({name!r}), 1))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One variant with one batch size, on whatever device."""

    variant: str
    batch: int
    wall_ms: float
    """Wall time of a call to its end, median."""
    speed_up: float
    """Time of the plain formula for this batch size (of processors; on a GPU on the clock), by that of this variant."""
    max_abs_error: float
    """Largest error of a token, relative to the same encoder in float64."""
    min_cosine: float
    """Smallest cosine of the pooled features of a window and the exact ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement(Measured):
    """On a CPU."""

    cpu_ms: float
    """Processor time of a call, median."""


def check_batches(batches: Sequence[int], x: Tensor) -> None:
    """Raise ValueError where windows x are fewer than the largest of ``batches``, or there are no batches."""
    if not batches or max(batches) > len(x):
        raise ValueError(f"expected windows for the largest batch of {batches}, got {len(x)}")


def bench(
    encoder: DSTE, x: Tensor, *, batches: Sequence[int], rounds: int, smaller: Mapping[str, DSTE] | None = None
) -> tuple[list[Measurement], dict[str, str]]:
    """Measure the variants of ``encoder``, and other encoders in their default variant.

    Args:
        encoder: plain, in evaluation mode, on the CPU.
        x: (N, T, M, V, 3) windows; N at least the largest batch.
        batches: numbers of windows in a call.
        rounds: measured calls of each variant.
        smaller: name -> encoder, in the same table.

    Returns:
        The measurements, and variant -> why it is missing.

    Raises:
        ValueError: too few windows.
    """
    check_batches(batches, x)
    runs, skipped = variants(encoder)
    origin = dict.fromkeys(runs, encoder)
    for name, other in (smaller or {}).items():
        runs[name], origin[name] = fast(other), other
    rights = {id(plain): exact(plain, x) for plain in origin.values()}
    measurements = []
    for batch in batches:
        timings = interleave({name: partial(run, x[:batch]) for name, run in runs.items()}, rounds)
        for name, (cpu, wall) in timings.items():
            plain = origin[name]
            tokens = {stream: part[:batch] for stream, part in rights[id(plain)].items()}
            error, cosine = compare(plain, runs[name](x[:batch]), tokens)
            measurements.append(Measurement(
                variant=name, batch=batch, wall_ms=1e3 * wall, speed_up=timings["plain"][0] / cpu,
                max_abs_error=error, min_cosine=cosine, cpu_ms=1e3 * cpu,
            ))  # fmt: skip
    return measurements, skipped


def variants(encoder: DSTE) -> tuple[dict[str, Run], dict[str, str]]:
    """Name -> function for every way to run ``encoder``, and name -> why one is missing."""
    folded = fold(encoder)
    bfloat16 = fold(encoder, torch.bfloat16)
    pack(bfloat16)
    runs = {
        "plain": in_torch(published(encoder)),
        "folded": in_torch(folded),
        "fp32": fast(encoder),
        "bf16": in_torch(bfloat16),
    }
    try:
        config = encoder.config
        shape = (config.frames, config.people, config.joints, 3)
        model = to_onnx(AllTokens(folded), {INPUT: shape}, config.streams)
        runs["ONNX Runtime fp32"] = _onnx(model, config.streams)
        runs["ONNX Runtime int8"] = _onnx(quantise(model), config.streams)
    except ImportError as error:
        return runs, {"ONNX Runtime": str(error)}
    return runs, {}


def fast(encoder: DSTE) -> Run:
    """The encoder as ``inference.load`` makes it: folded and packed, in float32."""
    folded = fold(encoder)
    pack(folded)
    return in_torch(folded)


def by_clocks(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time (all threads) for a call, and on the clock."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def interleave(
    calls: Mapping[str, Callable[[], object]], rounds: int, timer: Timer = by_clocks
) -> dict[str, tuple[float, float]]:
    """Call everything in turns; name -> medians of both times of ``timer``."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(WARM_UP + rounds):
        for name, call in calls.items():
            times[name].append(timer(call))
    return {
        name: (median(own for own, _ in found[WARM_UP:]), median(wall for _, wall in found[WARM_UP:]))
        for name, found in times.items()
    }


def start_up(source: str | None, preset: str, threads: int) -> float:
    """Seconds from the start of Python to the first result, in a new process; without ``source`` of a preset."""
    load = LOAD_PRESET.format(name=preset) if source is None else LOAD_WEIGHTS.format(source=source)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", START_UP.format(threads=threads, load=load)], check=True)
    return time.perf_counter() - start


def random_encoder(config: EncoderConfig) -> DSTE:
    """An encoder with the official initial weights, changed so that every parameter affects the result."""
    generator = torch.Generator().manual_seed(0)
    encoder = DSTE(config).eval()
    initialise(encoder, generator)
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.ndim == 1:  # biases and norms
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
            else:
                parameter.mul_(1.5)
    return encoder


def windows(config: EncoderConfig, count: int) -> Tensor:
    """(count, T, M, V, 3) random joints, half a metre around the centre."""
    generator = torch.Generator().manual_seed(0)
    return 0.5 * torch.randn(count, config.frames, config.people, config.joints, 3, generator=generator)


class AllTokens(nn.Module):
    """An encoder whose tokens come in the order of its streams."""

    def __init__(self, encoder: DSTE) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:  # noqa: D102
        tokens = self.encoder(x)
        return tuple(tokens[stream] for stream in self.encoder.config.streams)


def in_torch(encoder: DSTE) -> Run:
    """The encoder as it is, without gradients."""

    def run(x: Tensor) -> Tokens:
        with torch.inference_mode():
            return encoder(x)

    return run


def _onnx(model: bytes, streams: tuple[Stream, ...]) -> Run:
    opened = session(model)

    def run(x: Tensor) -> Tokens:
        found = opened.run(streams, {INPUT: x.numpy()})
        return {stream: torch.from_numpy(part) for stream, part in zip(streams, found, strict=True)}

    return run


def exact(encoder: DSTE, x: Tensor) -> Tokens:
    """Tokens of the same encoder in float64."""
    return in_torch(copy.deepcopy(encoder).double())(x.double())


def compare(encoder: DSTE, tokens: Tokens, right: Tokens) -> tuple[float, float]:
    """Largest error of a token, smallest cosine of pooled features."""
    error = max((tokens[stream] - right[stream]).abs().max().item() for stream in right)
    pooled = encoder.pooled(tokens).double()
    return error, torch.cosine_similarity(pooled, encoder.pooled(right)).min().item()
