"""Detectors for running rather than training: folded weights of this package, or an exported ONNX file.

Example::

    weights = load("default")                     # exact float32 in torch
    weights = load("default", precision="bf16")
    weights = load("utkinect10_int8.onnx")        # written by usdrl export; runs in ONNX Runtime
    stream = ActionStream(weights, topology="kinect_v2_25")

Nothing is chosen silently: what cannot run as asked is an error, and ``Weights`` says what runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.detector_file import LoadedDetector
from usdrl_model.inference import onnx_runtime
from usdrl_model.inference.cuda_graphs import GraphedDetector
from usdrl_model.inference.fold import fold_detector
from usdrl_model.inference.packed_linear import pack
from usdrl_model.network.dste import DSTE

TORCH_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def load(
    weights: str | Path = "default", device: str = "auto", precision: str = "auto", *, cuda_graphs: bool = False
) -> LoadedDetector:
    """Load a detector for inference.

    Args:
        weights: see ``detector_file.resolve``, or an ``.onnx`` file.
        device: see ``choose_device``; ONNX files run on the CPU, which "auto" means for them.
        precision: "fp32" or "bf16" for weights, that of the file for ONNX; "auto" is fp32, or that of the file. bf16
            changes scores by about a hundredth and pays on processors that multiply it.
        cuda_graphs: see ``GraphedDetector``; for weights on a CUDA device.

    Raises:
        FileNotFoundError: no such weights, or a file of the folder is missing.
        ImportError: an ONNX file, and ONNX Runtime is not installed.
        ValueError: a damaged file, or a device or precision that these weights cannot run with.
    """
    if str(weights).endswith(".onnx"):
        if cuda_graphs:
            raise ValueError(f"{weights}: cuda_graphs are for weights that torch runs, not for ONNX files")
        return onnx_runtime.load(Path(weights), device, precision)
    return accelerate(detector_file.load(weights, device), precision, cuda_graphs=cuda_graphs)


def probabilities(weights: LoadedDetector, windows: np.ndarray) -> np.ndarray:
    """(N, T, K) float32 probabilities of every frame of windows (N, T, M, V, 3) float32.

    Raises:
        ValueError: answers that are no numbers, in which nobody would ever be seen to do anything.
    """
    with torch.inference_mode():
        logits = weights.detector(torch.from_numpy(windows).to(weights.device)).frames
        found: np.ndarray = logits.float().softmax(dim=-1).cpu().numpy()
    if not np.isfinite(found).all():
        raise ValueError(
            f"weights {weights.name} ({weights.runtime}, {weights.precision}) give answers that are NaN or infinite:"
            " take other weights, or another precision"
        )
    return found


def accelerate(weights: LoadedDetector, precision: str = "auto", *, cuda_graphs: bool = False) -> LoadedDetector:
    """Loaded weights with a detector folded for inference; arguments and errors as ``load``."""
    if precision not in ("auto", *TORCH_PRECISIONS):
        known = "auto, fp32 or bf16 (int8: usdrl export, then load the ONNX file)"
        raise ValueError(f"precision {precision!r}: expected {known}")
    detector = weights.trained
    name = "fp32" if precision == "auto" else precision
    dense = isinstance(detector.encoder, DSTE)
    if name != "fp32" and not dense:
        raise ValueError(f"precision {precision!r}: an STTR encoder runs in fp32 only")
    folded = fold_detector(detector, TORCH_PRECISIONS[name])
    runtime = f"torch {torch.__version__}, {'folded' if dense else 'as trained'}"
    if cuda_graphs:
        return replace(weights, detector=GraphedDetector(folded), precision=name, runtime=f"{runtime}, CUDA graphs")
    if dense and weights.device.type == "cpu":
        pack(folded)
    return replace(weights, detector=folded, precision=name, runtime=runtime)
