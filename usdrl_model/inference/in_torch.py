"""Detectors that torch runs: folded, packed, as CUDA graphs, in another precision; ``load`` is where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.inference.cuda_graphs import GraphedDetector
from usdrl_model.inference.fold import fold_detector
from usdrl_model.inference.packed_linear import pack
from usdrl_model.inference.traced import TracedDetector, can_trace
from usdrl_model.network.device import check_tf32, float32_products
from usdrl_model.network.dste import DSTE

TORCH_PRECISIONS = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


def load(
    source: str | Path, device: str, precision: str, *, cuda_graphs: bool | None, threads: int | None
) -> LoadedDetector:
    """A detector from the folder of its weights; arguments and errors as ``load.load``."""
    if threads is not None:
        torch.set_num_threads(threads)
    return accelerate(detector_file.load(source, device), precision, cuda_graphs=cuda_graphs)


def prepare(loaded: LoadedDetector, most: int) -> None:
    """Capture what has to be captured for up to ``most`` windows, or people, a call; ValueError where that fails."""
    if isinstance(loaded.detector, GraphedDetector):
        with _running(loaded):  # which products a graph uses is settled when it is captured
            loaded.detector.prepare(most)


def answers(loaded: LoadedDetector, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """As ``load.answers``, which looks whether they are finite.

    On a GPU the host waits once, at the end: copies go through pinned memory, while it goes on.
    """
    with _running(loaded):
        scores = loaded.detector(_to_device(windows, loaded.device))
        features = [] if scores.features is None else [scores.features.float()]
        found = _to_host(scores.frames.float().softmax(dim=-1), *features)
    return found[0], found[1] if features else None


def advance(loaded: LoadedDetector, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``load.advance``, which looks whether they are finite."""
    with _running(loaded):
        logits, after = loaded.detector.advance(*(_to_device(one, loaded.device) for one in (joints, state)))
        found, state = _to_host(logits.softmax(dim=-1), after)
    return found, state


def accelerate(loaded: LoadedDetector, precision: str = "auto", *, cuda_graphs: bool | None = False) -> LoadedDetector:
    """A detector folded for inference, made from one as it was trained; arguments and errors as ``load``."""
    if precision not in ("auto", *TORCH_PRECISIONS):
        known = "auto, fp32, tf32 or bf16 (int8: usdrl export, then load the ONNX file)"
        raise ValueError(f"precision {precision!r}: expected {known}")
    detector = loaded.trained
    name = "fp32" if precision == "auto" else precision
    dense = isinstance(detector.encoder, DSTE)
    if name != "fp32" and not dense:
        raise ValueError(
            f"precision {precision!r}: {loaded.name}, of architecture {detector.config.encoder.architecture}, runs in"
            " fp32 only: leave precision at auto, or take weights of DSTE, such as hri"
        )
    if name == "tf32":
        check_tf32(loaded.device)
    if cuda_graphs is None:
        cuda_graphs = loaded.device.type == "cuda"
    streaming = detector.config.streaming
    folded = detector if streaming else fold_detector(detector, TORCH_PRECISIONS[name])
    runtime = f"torch {torch.__version__}, {'folded' if dense else 'as trained'}"
    if cuda_graphs:
        return replace(loaded, detector=GraphedDetector(folded), precision=name, runtime=f"{runtime}, CUDA graphs")
    # Not on a GPU, where torch would compile the traced step anew for every number of people, while they wait.
    if streaming and loaded.device.type == "cpu":
        if can_trace():
            runtime = f"torch {torch.__version__}, traced"
            return replace(loaded, detector=TracedDetector(detector), precision=name, runtime=runtime)
        runtime += ", which this torch cannot trace"
    if dense and loaded.device.type == "cpu":
        pack(folded)
    return replace(loaded, detector=folded, precision=name, runtime=runtime)


@contextmanager
def _running(loaded: LoadedDetector) -> Iterator[None]:
    """No gradients, and the products that the precision names."""
    with torch.inference_mode(), float32_products(loaded.precision == "tf32"):
        yield


def _to_device(array: np.ndarray, device: torch.device) -> Tensor:
    x = torch.from_numpy(array)
    return x.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else x.to(device)


def _to_host(*parts: Tensor) -> list[np.ndarray]:
    """All are on their way before the one wait."""
    moved = [part.to("cpu", non_blocking=True) for part in parts]
    if parts[0].device.type == "cuda":
        torch.cuda.current_stream(parts[0].device).synchronize()
    return [part.numpy() for part in moved]
