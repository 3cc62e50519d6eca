"""Detectors for running rather than training: folded weights of this package, or an exported ONNX file.

Example::

    loaded = load("default")                      # exact float32 in torch
    loaded = load("default", precision="bf16")
    loaded = load("hri_int8.onnx")         # written by usdrl export; runs in ONNX Runtime
    stream = ActionStream(loaded, topology="kinect_v2_25")

Nothing falls back: what cannot run as asked is an error, and ``LoadedDetector.describe`` names what runs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.detector_file import LoadedDetector
from usdrl_model.inference import onnx_runtime
from usdrl_model.inference.cuda_graphs import GraphedDetector
from usdrl_model.inference.fold import fold_detector
from usdrl_model.inference.packed_linear import pack
from usdrl_model.inference.traced import TracedDetector
from usdrl_model.network.dste import DSTE

TORCH_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def load(
    source: str | Path = "default", device: str = "auto", precision: str = "auto", *, cuda_graphs: bool = False
) -> LoadedDetector:
    """Load a detector for inference.

    Args:
        source: see ``detector_file.resolve``, or an ``.onnx`` file.
        device: see ``choose_device``; ONNX files run on the CPU, which "auto" means for them.
        precision: "fp32" or "bf16"; an ONNX file has its own. "auto" is fp32, or that of the file. bf16 changes scores
            by about 0.01 and is faster on processors that support it.
        cuda_graphs: see ``GraphedDetector``; on a CUDA device only.

    Raises:
        FileNotFoundError: no such detector, or a file of the folder is missing.
        ImportError: an ONNX file, and ONNX Runtime is not installed.
        ValueError: a damaged file, or a device or precision that this detector cannot run with.
    """
    if str(source).endswith(".onnx"):
        if cuda_graphs:
            raise ValueError(f"{source}: cuda_graphs are for weights that torch runs, not for ONNX files")
        return onnx_runtime.load(Path(source), device, precision)
    return accelerate(detector_file.load(source, device), precision, cuda_graphs=cuda_graphs)


def probabilities(loaded: LoadedDetector, windows: np.ndarray) -> np.ndarray:
    """(N, T, K) float32 probabilities of every frame of windows (N, T, M, V, 3) float32; errors as ``answers``."""
    return answers(loaded, windows)[0]


def answers(loaded: LoadedDetector, windows: np.ndarray) -> tuple[np.ndarray, Tensor | None]:
    """What a detector says of windows (N, T, M, V, 3) float32.

    Returns:
        (N, T, K) float32 probabilities of every frame, and (N, D) pooled features, None where what runs gives none.

    Raises:
        ValueError: scores that are not finite, from which no action would ever be detected.
    """
    with torch.inference_mode():
        scores = loaded.detector(torch.from_numpy(windows).to(loaded.device))
        found: np.ndarray = scores.frames.float().softmax(dim=-1).cpu().numpy()
    _check_finite(loaded, found)
    return found, None if scores.features is None else scores.features.float().cpu()


def advance(loaded: LoadedDetector, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a streaming detector says of the next frames (``Detector.advance``).

    Args:
        loaded: the detector.
        joints: (N, L, V, 3) float32, NaN where missing.
        state: (N, S) float32 after the frames before.

    Returns:
        (N, L, K) float32 probabilities, and the state (N, S).

    Raises:
        ValueError: as ``answers``.
    """
    with torch.inference_mode():
        inputs = (torch.from_numpy(one).to(loaded.device) for one in (joints, state))
        detector: Any = loaded.detector
        logits, after = detector.advance(*inputs)
        found: np.ndarray = logits.softmax(dim=-1).cpu().numpy()
    _check_finite(loaded, found)
    return found, after.cpu().numpy()


def _check_finite(loaded: LoadedDetector, found: np.ndarray) -> None:
    if not np.isfinite(found).all():
        raise ValueError(
            f"weights {loaded.name} ({loaded.runtime}, {loaded.precision}) give scores that are NaN or infinite:"
            " take other weights or another precision"
        )


def features(loaded: LoadedDetector, windows: np.ndarray) -> Tensor:
    """(N, D) pooled features of windows (N, T, M, V, 3) float32.

    Raises:
        ValueError: what runs the detector gives no features, or as ``answers``.
    """
    found = answers(loaded, windows)[1]
    if found is None:
        raise ValueError(
            f"{loaded.name} ({loaded.runtime}) gives no features of windows, by which gestures are recognised: run the"
            " folder of the weights, or an ONNX file that usdrl export wrote"
        )
    return found


def accelerate(loaded: LoadedDetector, precision: str = "auto", *, cuda_graphs: bool = False) -> LoadedDetector:
    """A detector folded for inference, made from one as it was trained; arguments and errors as ``load``."""
    if precision not in ("auto", *TORCH_PRECISIONS):
        known = "auto, fp32 or bf16 (int8: usdrl export, then load the ONNX file)"
        raise ValueError(f"precision {precision!r}: expected {known}")
    detector = loaded.trained
    name = "fp32" if precision == "auto" else precision
    dense = isinstance(detector.encoder, DSTE)
    if name != "fp32" and not dense:
        architecture = detector.config.encoder.architecture
        raise ValueError(f"precision {precision!r}: an encoder of architecture {architecture} runs in fp32 only")
    if cuda_graphs and detector.config.streaming:
        raise ValueError(f"cuda_graphs: {loaded.name} is a streaming detector, which has no graph: leave it off")
    if detector.config.streaming:
        return replace(
            loaded, detector=TracedDetector(detector), precision=name, runtime=f"torch {torch.__version__}, traced"
        )
    folded = fold_detector(detector, TORCH_PRECISIONS[name])
    runtime = f"torch {torch.__version__}, {'folded' if dense else 'as trained'}"
    if cuda_graphs:
        return replace(loaded, detector=GraphedDetector(folded), precision=name, runtime=f"{runtime}, CUDA graphs")
    if dense and loaded.device.type == "cpu":
        pack(folded)
    return replace(loaded, detector=folded, precision=name, runtime=runtime)
