"""Detectors for running rather than training: folded weights of this package, or an exported ONNX file.

Example::

    loaded = load("default")                      # exact float32 in torch
    loaded = load("hri", precision="bf16")        # a detector of windows
    loaded = load("hri_int8.onnx")                # written by usdrl export; runs in ONNX Runtime
    stream = ActionStream(loaded, topology="kinect_v2_25")

Nothing falls back: what cannot run as asked is an error, and ``LoadedDetector.describe`` names what runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.files.suffix import suffix
from usdrl_model.inference import onnx_runtime
from usdrl_model.network.detector_config import DetectorConfig

if TYPE_CHECKING:
    from types import ModuleType

BF16_PAYS = 64
"""Windows a call below which bf16 is slower than fp32 on a GPU: launches and casts are all that counts there."""


def load(
    source: str | Path = "default",
    device: str = "auto",
    precision: str = "auto",
    *,
    cuda_graphs: bool | None = False,
    threads: int | None = None,
) -> LoadedDetector:
    """Load a detector for inference.

    Args:
        source: see ``detector_file.resolve``, or an ``.onnx`` file.
        device: see ``choose_device``; ONNX files run on the CPU, which "auto" means for them.
        precision: "fp32", "tf32" or "bf16"; an ONNX file has its own. "auto" is fp32, or that of the file. bf16 changes
            scores by about 0.01 and is faster on processors that support it, on a GPU for many windows a call (see
            ``advice``). tf32, on a GPU only, rounds factors of products to 10 bits; fp32 never does.
        cuda_graphs: see ``GraphedDetector``; on a CUDA device only. None: where there are graphs.
        threads: of the CPU; left out, torch keeps its own, and a file has as many as ``onnx_runtime.session`` says.

    Raises:
        FileNotFoundError: no such detector, or a file of the folder is missing.
        ImportError: ONNX Runtime is not installed, and this is an ONNX file; or torch is not, and this is none.
        ValueError: a damaged file, or a device or precision that this detector cannot run with.
    """
    if suffix(source) == ".onnx":
        if cuda_graphs:
            raise ValueError(f"{source}: cuda_graphs are for weights that torch runs, not for ONNX files")
        return onnx_runtime.load(Path(source), device, precision, threads)
    return _torch(source).load(source, device, precision, cuda_graphs=cuda_graphs, threads=threads)


def probabilities(loaded: LoadedDetector, windows: np.ndarray) -> np.ndarray:
    """(N, T, K) float32 probabilities of every frame of windows (N, T, M, V, 3) float32; errors as ``answers``."""
    return answers(loaded, windows)[0]


def answers(loaded: LoadedDetector, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """What a detector says of windows (N, T, M, V, 3) float32.

    Returns:
        (N, T, K) float32 probabilities of every frame, and (N, D) pooled features, None where what runs gives none.

    Raises:
        ValueError: a streaming detector in an ONNX file, which takes no windows, or scores that are not finite, from
            which no action would ever be detected.
    """
    features: np.ndarray | None
    windows = windows.astype(np.float32, copy=False)
    if loaded.in_torch:
        found, features = _torch(loaded.name).answers(loaded, windows)
    else:
        scores = loaded.detector(windows)
        found, features = _softmax(scores.frames), scores.features
    _check_finite(loaded, found)
    return found, features


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
    found: np.ndarray
    joints, state = (one.astype(np.float32, copy=False) for one in (joints, state))
    if loaded.in_torch:
        found, after = _torch(loaded.name).advance(loaded, joints, state)
    else:
        logits, after = loaded.detector.advance(joints, state)
        found = _softmax(logits)
    _check_finite(loaded, found)
    return found, after


def _check_finite(loaded: LoadedDetector, found: np.ndarray) -> None:
    if not np.isfinite(found).all():
        raise ValueError(
            f"weights {loaded.name} ({loaded.runtime}, {loaded.precision}) give scores that are NaN or infinite:"
            " take other weights or another precision"
        )


def features(loaded: LoadedDetector, windows: np.ndarray) -> np.ndarray:
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


def warm_up(loaded: LoadedDetector, most: int) -> None:
    """Do what the first call would wait for, CUDA graphs for up to ``most`` windows a call among it.

    Raises:
        ValueError: CUDA graphs cannot be captured, or as ``answers``.
    """
    if loaded.in_torch:
        _torch(loaded.name).prepare(loaded, most)
    if loaded.config.detector.streaming:
        advance(loaded, noise(loaded)[:, :1, 0], empty_state(loaded.config.detector)[None])
    else:
        answers(loaded, noise(loaded))


def empty_state(detector: DetectorConfig) -> np.ndarray:
    """(S,) float32 that a streaming detector keeps of somebody of whom it has seen no frame."""
    joints, *others = detector.encoder.state_sizes
    return np.concatenate([np.full(joints, np.nan, np.float32), np.zeros(sum(others), np.float32)])


def noise(loaded: LoadedDetector) -> np.ndarray:
    """A window (1, T, M, V, 3) float32 of random joints."""
    encoder = loaded.config.detector.encoder
    size = (1, encoder.frames, encoder.people, encoder.joints, 3)
    return np.random.default_rng(0).normal(0.0, 0.3, size).astype(np.float32)


def advice(loaded: LoadedDetector, most: int) -> str:
    """What would be faster for up to ``most`` windows a call; empty where nothing is known to be."""
    if str(loaded.device).startswith("cuda") and loaded.precision == "bf16" and most < BF16_PAYS:
        return (
            f"bf16 is slower than fp32 on a GPU below {BF16_PAYS} windows a call, here at most {most}: set precision to"
            " fp32 or tf32, unless usdrl bench --device cuda shows otherwise for these weights"
        )
    return ""


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _torch(source: str | Path) -> ModuleType:
    """What runs weights in torch, which a robot need not have.

    Raises:
        ImportError: torch is not installed; the message says what to do.
    """
    try:
        from usdrl_model.inference import in_torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ImportError(
            f"weights {source} need torch, which is not installed: give an ONNX file of them (usdrl export writes one"
            " where torch is), or pip install torch"
        ) from None
    return in_torch
