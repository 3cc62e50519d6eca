"""How far an exported detector is from the original, on windows of simulated people.

Example::

    report = parity(weights, "hri_int8.onnx", sample_windows(weights.config.detector, 200))
    print(report["same_frames"])
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.data.store import Store
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference import onnx_runtime
from usdrl_model.inference.onnx_export import Outputs
from usdrl_model.inference.onnx_runtime import OUTPUTS
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.simulation.faults import random_faults
from usdrl_model.simulation.script import ACTIONS, random_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.windows.cut import cut
from usdrl_model.windows.tracklets import tracklets

SAME = 0.99
"""Share of the frames in which a file must name the action of the weights to run in their place."""


def parity(weights: LoadedDetector, path: str | Path, windows: Tensor) -> dict[str, Any]:
    """How far an exported file is from the weights in torch.

    Args:
        weights: the detector as it was trained (``detector_file.load``).
        path: an ONNX file of these weights.
        windows: (N, T, M, V, 3), N at least 1; a file of any batch is asked about one after another.

    Returns:
        File, precision, size, number of windows; the largest error of each output; the smallest cosine of a window's
        pooled features to the right ones; the share of frames and of windows whose best class is the same.

    Raises:
        ImportError: ONNX Runtime is not installed.
        ValueError: no exported file.
    """
    path = Path(path)
    if weights.config.detector.streaming:
        return _steps(weights, path, windows)
    session = onnx_runtime.session(path)
    plain = Outputs(copy.deepcopy(weights.trained).double().eval())
    detector = onnx_runtime.OnnxDetector(session, weights.config.detector)
    exact, found = [], []
    for part in windows.split(onnx_runtime.batch(session) or 1):  # in int8, all windows of a call share their scales
        with torch.inference_mode():
            exact.append([one.numpy() for one in plain(part.double())])
        found.append(detector(part.numpy()))
    right = dict(zip(OUTPUTS, (np.concatenate(part) for part in zip(*exact, strict=True)), strict=True))
    given = dict(zip(OUTPUTS, (np.concatenate(part) for part in zip(*found, strict=True)), strict=True))
    return {
        **_named(weights, path, session, len(windows)),
        "max_abs_error": {name: float(np.abs(given[name] - right[name]).max()) for name in OUTPUTS},
        "min_feature_cosine": float(cosine(given["features"], right["features"]).min()),
        "same_frames": float((given["frames"].argmax(2) == right["frames"].argmax(2)).mean()),
        "same_clips": float((given["clip"].argmax(1) == right["clip"].argmax(1)).mean()),
    }


def _steps(weights: LoadedDetector, path: Path, windows: Tensor) -> dict[str, Any]:
    """``parity`` of a streaming detector, which has scores of frames alone: steps of the file, one pass of torch."""
    session = onnx_runtime.session(path)
    x = windows[:, :, 0]
    plain = copy.deepcopy(weights.trained).double().eval()
    with torch.inference_mode():
        right = plain.advance(x.double(), plain.empty(len(x)))[0].numpy()
    empty = weights.trained.empty(len(x)).numpy()
    given = onnx_runtime.OnnxSteps(session, weights.config.detector).advance(x.numpy(), empty)[0]
    return {
        **_named(weights, path, session, len(x)),
        "max_abs_error": {"frames": float(np.abs(given - right).max())},
        "same_frames": float((given.argmax(2) == right.argmax(2)).mean()),
    }


def _named(weights: LoadedDetector, path: Path, session: Any, windows: int) -> dict[str, Any]:
    """What is compared, on how many windows."""
    return {
        "weights": weights.name,
        "sha256": weights.sha256,
        "file": path.name,
        "precision": session.get_modelmeta().custom_metadata_map["precision"],
        "bytes": path.stat().st_size,
        "windows": windows,
    }


def stored_windows(config: DetectorConfig, store: Store, count: int) -> Tensor:
    """(N, T, M, V, 3) windows of the people of a store: at most ``count``, drawn evenly from all of them.

    Raises:
        ValueError: nobody is seen for long enough.
    """
    stride = max(1, config.encoder.frames // 4)
    parts = []
    for recording in store.recordings():
        unlabelled = dataclasses.replace(recording, segments=())
        if found := tracklets(unlabelled, (), config.rate, StreamConfig().max_gap):
            parts.append(cut(found, config.encoder.window, stride).x)
    if not parts:
        raise ValueError("nobody is seen for long enough in these recordings: no windows to compare on")
    windows = torch.cat(parts)
    return windows[torch.linspace(0, len(windows) - 1, min(count, len(windows))).long()]


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of the angle between rows of (N, D) and (N, D); (N,)."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.maximum(lengths, 1e-12)


def sample_windows(config: DetectorConfig, count: int) -> Tensor:
    """(count, T, M, V, 3) windows of simulated people, one in each; further people are not there.

    Raises:
        ValueError: a detector of another joint set than the canonical 25.
    """
    encoder = config.encoder
    rng = np.random.default_rng(0)
    stride = max(1, encoder.frames // 4)
    scripts = (random_script(rng, (count + 8) * stride / config.rate),)
    recording = simulate(PerformanceConfig(scripts=scripts, faults=random_faults(rng)), seed=0)
    found = tracklets(recording, ("none", *ACTIONS), config.rate, StreamConfig().max_gap)
    x = cut(found, dataclasses.replace(encoder.window, people=1), stride).x[:count]
    if encoder.joints != x.shape[3]:
        raise ValueError(f"expected a detector of {x.shape[3]} joints, got {encoder.joints}: give windows of its own")
    shape = (len(x), encoder.frames, encoder.people, encoder.joints, 3)
    windows = torch.full(shape, encoder.window.empty)
    windows[:, :, :1] = x
    return windows
