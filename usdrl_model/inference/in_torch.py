"""Detectors that torch runs: folded, packed, as CUDA graphs, in another precision; ``load`` is where they come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.inference.cuda_graphs import GraphedDetector
from usdrl_model.inference.fold import fold_detector
from usdrl_model.inference.packed_linear import pack
from usdrl_model.inference.traced import TracedDetector
from usdrl_model.network.dste import DSTE

TORCH_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def load(source: str | Path, device: str, precision: str, *, cuda_graphs: bool, threads: int | None) -> LoadedDetector:
    """A detector from the folder of its weights; arguments and errors as ``load.load``."""
    if threads is not None:
        torch.set_num_threads(threads)
    return accelerate(detector_file.load(source, device), precision, cuda_graphs=cuda_graphs)


def answers(loaded: LoadedDetector, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """As ``load.answers``, which looks whether they are finite."""
    with torch.inference_mode():
        scores = loaded.detector(torch.from_numpy(windows).to(loaded.device))
        found = scores.frames.float().softmax(dim=-1).cpu().numpy()
        features = None if scores.features is None else scores.features.float().cpu().numpy()
    return found, features


def advance(loaded: LoadedDetector, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``load.advance``, which looks whether they are finite."""
    with torch.inference_mode():
        inputs = (torch.from_numpy(one).to(loaded.device) for one in (joints, state))
        logits, after = loaded.detector.advance(*inputs)
        return logits.softmax(dim=-1).cpu().numpy(), after.cpu().numpy()


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
