"""Detectors in ONNX files, run by ONNX Runtime; ``onnx_export`` writes the files.

A file holds the graph, the configuration and the provenance of a detector, so that it replaces the folder, and a
checksum (``onnx_seal``), so that no changed byte runs. It comes from anywhere: ONNX Runtime executes the graph and
nothing else in it.

Libraries are optional (the extras ``runtime`` and ``onnx``) and imported only when they are needed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from usdrl_model.checkpoints.loaded_detector import LoadedDetector, config_of
from usdrl_model.errors.missing import advice
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files import git_lfs
from usdrl_model.inference import onnx_seal
from usdrl_model.network.detector_config import DetectorConfig

FORMAT = "usdrl.onnx/2"
EXPORT = ("onnx", "onnxruntime", "onnxscript")
"""Libraries that write and check a file; one alone runs it."""
MAX_BYTES = 2**30
"""Largest file; the widest official model has 240 million bytes."""
INPUT = "windows"
PROPERTIES = {"precision", "weights", "sha256", "config"}
"""Properties of a file besides its format."""
OUTPUTS = ("frames", "clip", "features")
"""Logits (N, T, K) and (N, K), and pooled features (N, D * streams)."""
STEP_INPUTS = ("joints", "state")
"""Of a streaming detector: joints (N, 1, V, 3), NaN where missing, and the state (N, S) after the frames before."""
STEP_OUTPUTS = ("scores", "next_state")
"""Logits (N, 1, K) about the frame ``delay`` before, and the state after this one."""


class Arrays(NamedTuple):
    """What ``network.detector.Scores`` holds, as arrays of numpy."""

    frames: np.ndarray
    clip: np.ndarray
    features: np.ndarray


class OnnxDetector:
    """A session of ONNX Runtime, called like ``Detector``, with arrays of numpy."""

    def __init__(self, session: Any, config: DetectorConfig) -> None:
        self.session = session
        self.config = config

    def __call__(self, x: np.ndarray) -> Arrays:
        """Score windows (N, T, M, V, 3).

        Raises:
            ValueError: any other shape, or outputs that do not fit the configuration of the file.
        """
        encoder = self.config.encoder
        expected = (encoder.frames, encoder.people, encoder.joints, 3)
        if x.ndim != 5 or x.shape[1:] != expected:
            raise ValueError(f"expected windows of shape (N, {', '.join(map(str, expected))}), got {tuple(x.shape)}")
        labels = len(self.config.labels)
        wanted = (len(x), encoder.frames, labels), (len(x), labels), (len(x), encoder.features)
        if not len(x):
            return Arrays(*(np.zeros(shape, np.float32) for shape in wanted))
        if np.isinf(x).any():
            raise ValueError("expected windows of finite numbers, NaN where joints are missing, got infinite ones")
        try:
            frames, clip, features = _run(self.session, OUTPUTS, {INPUT: x.astype(np.float32, copy=False)})
        except Exception as error:  # as in ``session``
            raise ValueError(f"the ONNX file cannot score {len(x)} windows ({cut(error, LINE)})") from None
        got = frames.shape, clip.shape, features.shape
        if got != wanted or not all(np.isfinite(one).all() for one in (frames, clip, features)):
            raise ValueError(
                f"expected finite scores and features of shapes {wanted} of the ONNX file, got"
                f" {got if got != wanted else 'some that are not finite'}: export it again"
            )
        return Arrays(frames, clip, features)

    def advance(self, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ValueError: a detector of windows takes no single frames."""
        raise ValueError(f"an encoder of architecture {self.config.encoder.architecture} takes windows only")


class OnnxSteps:
    """A session of ONNX Runtime that takes a frame of everybody at a time, as ``Detector.advance`` does."""

    def __init__(self, session: Any, config: DetectorConfig) -> None:
        self.session = session
        self.config = config

    def advance(self, joints: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, L, K) of frames (N, L, V, 3), and the state (N, S) after them.

        Raises:
            ValueError: another shape, or outputs that do not fit the configuration of the file.
        """
        found = []
        for frame in range(joints.shape[1]):
            given = joints[:, frame : frame + 1].astype(np.float32, copy=False), state
            try:
                scores, after = _run(self.session, STEP_OUTPUTS, dict(zip(STEP_INPUTS, given, strict=True)))
            except Exception as error:  # as in ``session``
                raise ValueError(f"the ONNX file cannot score {len(joints)} people ({cut(error, LINE)})") from None
            wanted = (len(joints), 1, len(self.config.labels)), state.shape
            if (got := (scores.shape, after.shape)) != wanted:
                raise ValueError(f"expected outputs of shapes {wanted} of the ONNX file, got {got}: export it again")
            found.append(scores)
            state = after
        return np.concatenate(found, axis=1), state

    def __call__(self, x: np.ndarray) -> Arrays:
        """ValueError: an exported streaming detector takes no windows."""
        raise ValueError("the ONNX file of a streaming detector takes frame after frame only: run the weights' folder")


def batch(session: Any) -> int | None:
    """Rows that every call of a file takes; None: any number."""
    rows = session.get_inputs()[0].shape[0]
    return rows if isinstance(rows, int) else None


def _run(session: Any, outputs: Sequence[str], inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs for N rows; a file of a fixed number of rows is asked in parts, of which the last is filled up."""
    rows = len(next(iter(inputs.values())))
    size = batch(session) or rows
    if size == rows:  # without a copy
        whole: list[np.ndarray] = session.run(outputs, inputs)
        return whole
    found = []
    for start in range(0, rows, size):
        part = {name: one[start : start + size] for name, one in inputs.items()}
        filled = {name: np.concatenate([one, one[-1:].repeat(size - len(one), axis=0)]) for name, one in part.items()}
        found.append([one[: rows - start] for one in session.run(outputs, filled)])
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def load(path: Path, device: str = "auto", precision: str = "auto", threads: int | None = None) -> LoadedDetector:
    """Load an exported detector; arguments and errors as ``inference.load``."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; usdrl export writes one")
    if device not in ("auto", "cpu"):
        raise ValueError(f"device {device!r}: ONNX files run on the CPU; use auto or cpu, or the weights folder")
    content = _content(path)
    git_lfs.check(content, path)
    opened = session(content, threads, name=str(path))
    properties = opened.get_modelmeta().custom_metadata_map
    if properties.get("format") != FORMAT or not properties.keys() >= PROPERTIES:
        got = cut(properties.get("format", "none"))
        raise ValueError(f"{path}: expected an ONNX file of format {FORMAT!r}, got {got}; write it with usdrl export")
    if not onnx_seal.is_sealed(content):
        raise ValueError(f"{path}: its bytes do not fit its checksum, so it is damaged or was changed; export it again")
    if precision not in ("auto", properties["precision"]):
        raise ValueError(
            f"precision {precision!r}: {path} is {properties['precision']}; use auto, or export the precision you need"
        )
    config = config_of(properties["config"], str(path))
    return LoadedDetector(
        name=cut(properties["weights"]),
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        made_from=cut(properties["sha256"]),
        detector=(OnnxSteps if config.detector.streaming else OnnxDetector)(opened, config.detector),
        config=config,
        precision=properties["precision"],
        runtime=f"ONNX Runtime {library('onnxruntime').__version__}",
    )


def _content(path: Path) -> bytes:
    """The file, read once: what is checked and hashed is what runs."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{path}: {size} bytes; expected at most {MAX_BYTES}, more than any detector has")
        return file.read(size)


def session(model: Path | bytes, threads: int | None = None, name: str = "the model") -> Any:
    """A session on the CPU.

    Args:
        model: an ONNX file, or its content.
        threads: where left out, as many as torch has now, or one a core where torch is not loaded.
        name: of the content, for messages.

    Raises:
        ImportError: ONNX Runtime is not installed.
        ValueError: no ONNX file, a damaged one, or one that this ONNX Runtime cannot run.
    """
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = _threads() if threads is None else threads
    options.inter_op_num_threads = 1
    # Waiting threads must not occupy the cores that the rest of the robot needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = model if isinstance(model, bytes) else str(model)
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has an exception for each of its error codes, and no common base
        name = name if isinstance(model, bytes) else str(model)
        raise ValueError(
            f"{name}: ONNX Runtime {runtime.__version__} cannot load it ({cut(error, LINE)}); export it again"
        ) from None


def _threads() -> int:
    """As many as torch has; 0, which is one a core, where it is not loaded."""
    torch = sys.modules.get("torch")
    return 0 if torch is None else int(torch.get_num_threads())


def library(name: str) -> Any:
    """An optional library, or ImportError that says what to install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(f"an ONNX file {advice(error, () if name == 'onnxruntime' else EXPORT)}") from error
