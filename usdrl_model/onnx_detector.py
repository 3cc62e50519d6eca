"""Detectors in ONNX files, run by ONNX Runtime; ``export`` writes the files.

A file holds the graph, the configuration of its weights and where they came from, so that it stands for a weights
folder. It comes from anywhere: ONNX Runtime executes the graph and nothing else in it.

Libraries are optional (``pip install 'usdrl_ros[onnx]'``) and imported only when they are needed.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from usdrl_model import config as configuration
from usdrl_model.checkpoint import Weights, WeightsConfig
from usdrl_model.detector import DetectorConfig, Scores

FORMAT = "usdrl.onnx/1"
INPUT = "windows"
PROPERTIES = {"precision", "weights", "sha256", "config"}
"""What a file says about itself besides its format."""
OUTPUTS = ("frames", "clip", "features")
"""Logits (N, T, K) and (N, K), and pooled features (N, D * streams)."""


class OnnxDetector(nn.Module):
    """A session of ONNX Runtime, called like ``Detector``."""

    def __init__(self, session: Any, config: DetectorConfig) -> None:
        super().__init__()
        self.session = session
        self.config = config

    def forward(self, x: Tensor) -> Scores:
        """Score windows (N, T, M, V, 3); ValueError for any other shape."""
        encoder = self.config.encoder
        expected = (encoder.frames, encoder.people, encoder.joints, 3)
        if x.ndim != 5 or x.shape[1:] != expected:
            raise ValueError(f"expected windows of shape (N, {', '.join(map(str, expected))}), got {tuple(x.shape)}")
        frames, clip = self.session.run(OUTPUTS[:2], {INPUT: x.float().numpy()})
        return Scores(frames=torch.from_numpy(frames), clip=torch.from_numpy(clip))


def load(path: Path, device: str = "auto", precision: str = "auto") -> Weights:
    """Load an exported detector; arguments and errors as ``inference.load``.

    The session takes as many threads as torch has now (``torch.set_num_threads``).
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; usdrl export writes one")
    if device not in ("auto", "cpu"):
        raise ValueError(f"device {device!r}: ONNX files run on the CPU; use auto or cpu, or the weights folder")
    opened = session(path)
    properties = opened.get_modelmeta().custom_metadata_map
    if properties.get("format") != FORMAT or not properties.keys() >= PROPERTIES:
        raise ValueError(f"{path}: expected an ONNX file of format {FORMAT!r}; write it with usdrl export")
    if precision not in ("auto", properties["precision"]):
        raise ValueError(
            f"precision {precision!r}: {path} is {properties['precision']}; use auto, or export the precision you need"
        )
    config = configuration.from_dict(WeightsConfig, json.loads(properties["config"]), where=str(path))
    return Weights(
        name=properties["weights"],
        path=path,
        sha256=properties["sha256"],
        detector=OnnxDetector(opened, config.detector),
        config=config,
        precision=properties["precision"],
        runtime=f"ONNX Runtime {library('onnxruntime').__version__}",
    )


def session(model: Path | bytes, threads: int | None = None) -> Any:
    """A session on the CPU.

    Args:
        model: an ONNX file, or its content.
        threads: as many as torch has now where left out.

    Raises:
        ImportError: ONNX Runtime is not installed.
        ValueError: no ONNX file, a damaged one, or one that this ONNX Runtime cannot run.
    """
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads() if threads is None else threads
    options.inter_op_num_threads = 1
    # Waiting threads must not burn the cores that the rest of the robot needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = model if isinstance(model, bytes) else str(model)
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has an exception for each of its error codes, and no common base
        name = "the model" if isinstance(model, bytes) else str(model)
        raise ValueError(
            f"{name}: ONNX Runtime {runtime.__version__} cannot load it ({error}); export it again"
        ) from None


def library(name: str) -> Any:
    """An optional library of the ``onnx`` extra, or ImportError that says how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{name.partition('.')[0]} is not installed: pip install 'usdrl_ros[onnx]' (ONNX files need it)"
        ) from error
