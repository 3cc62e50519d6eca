"""Export of detectors to ONNX files, in float32 or with int8 matrix products.

Example::

    loaded = detector_file.load("hri", "cpu")
    export(loaded, "hri_int8.onnx", precision="int8")

``evaluation.parity`` measures how far the scores of a file are from the original ones.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from usdrl_model import config as configuration
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.files import atomic_file
from usdrl_model.files.suffix import suffix
from usdrl_model.inference import onnx_runtime, onnx_seal
from usdrl_model.inference.fold import fold_detector
from usdrl_model.inference.onnx_runtime import INPUT, OUTPUTS, STEP_INPUTS, STEP_OUTPUTS, library
from usdrl_model.inference.traced import Step
from usdrl_model.network.detector import Detector

PRECISIONS = ("fp32", "int8")
OPSET = 20
"""The first with GELU as one operation."""
SCOPES = "pkg.torch.onnx.name_scopes"
"""Property in which the exporter names the module of a node."""
LAYER = re.compile(r"\b[ts]_tr1?\b")
"""Matches the names of nodes in the layers of an encoder."""


def export(loaded: LoadedDetector, path: str | Path, precision: str = "fp32", batch: int | None = None) -> None:
    """Write the folded detector as an ONNX file.

    Args:
        loaded: the detector as it was trained (``detector_file.load``).
        path: the file, ending in ``.onnx``.
        precision: "fp32", or "int8": products of activations (8 bits, scaled at every call) and weights (8 bits,
            scaled for each output), without calibration.
        batch: N of the input; None for any.

    Raises:
        ImportError: the libraries of the extra ``onnx`` are not installed.
        ValueError: another precision, or another name of the file.
    """
    path = Path(path)
    if suffix(path) != ".onnx":
        raise ValueError(f"expected a file name that ends in .onnx, got {path}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r}: expected {' or '.join(PRECISIONS)}")
    encoder = loaded.config.detector.encoder
    if precision == "int8" and encoder.architecture == "sttr":
        raise ValueError("precision 'int8': an STTR encoder loses its accuracy in int8; export it in fp32")
    if loaded.config.detector.streaming:
        if precision != "fp32":
            raise ValueError(f"precision {precision!r}: a streaming detector is exported in fp32 only")
        shapes = dict(zip(STEP_INPUTS, ((1, encoder.joints, 3), (sum(encoder.state_sizes),)), strict=True))
        model = to_onnx(Step(loaded.trained), shapes, STEP_OUTPUTS, batch)
    else:
        shape = (encoder.frames, encoder.people, encoder.joints, 3)
        model = to_onnx(Outputs(fold_detector(loaded.trained)), {INPUT: shape}, OUTPUTS, batch)
    if precision == "int8":
        model = quantise(model)
    properties = {
        "format": onnx_runtime.FORMAT,
        "precision": precision,
        "weights": loaded.name,
        "sha256": loaded.sha256,
        "config": json.dumps(configuration.to_dict(loaded.config)),
    }
    onnx = library("onnx")
    proto = onnx.load_from_string(model)
    onnx.helper.set_model_props(proto, properties)
    atomic_file.write_bytes(path, onnx_seal.sealed(proto.SerializeToString()))


class Outputs(nn.Module):
    """A detector that also returns its pooled features, in the order of ``onnx_runtime.OUTPUTS``."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: D102
        detector = self.detector
        tokens = detector.encoder(x)
        features = detector.encoder.pooled(tokens)
        return detector.dense(detector.encoder.dense(tokens)), detector.recognition(features), features


def to_onnx(
    module: nn.Module, inputs: Mapping[str, tuple[int, ...]], outputs: tuple[str, ...], batch: int | None = None
) -> bytes:
    """A module with inputs (N, *shape), by name, as an ONNX model; N is ``batch``, or variable where left out.

    Names of nodes begin with the path of the module that they come from.
    """
    library("onnxscript")
    # With an example of one window the exporter would take N = 1 for a constant.
    examples = tuple(torch.zeros(2 if batch is None else batch, *shape) for shape in inputs.values())
    count = torch.export.Dim("N")
    axes = None if batch is not None else tuple({0: count} for _ in examples)
    with _quiet():
        program = torch.onnx.export(
            module.eval(),
            examples,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=axes,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # None is for exports into a file
    model = program.model_proto
    for node in model.graph.node:
        _name_by_module(node)
    # Paths and source lines of this machine, and shapes that the quantisation would find out of date.
    del model.graph.value_info[:]
    for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
    return model.SerializeToString()


def quantise(model: bytes) -> bytes:
    """The model with the matrices of its layers in 8 bits, a scale for each output.

    Embeddings and heads stay in float32, as they do with bfloat16: they are a few percent of the work, and coordinates
    in 8 bits would be centimetres.
    """
    onnx = library("onnx")
    quantization = library("onnxruntime.quantization")
    nodes = onnx.load_from_string(model).graph.node
    layers = [node.name for node in nodes if node.op_type == "MatMul" and LAYER.search(node.name)]
    if not layers:
        raise ValueError("expected a model of to_onnx with matrix products in its layers, got none: export it again")
    with tempfile.TemporaryDirectory() as folder, _quiet():
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(model)
        quantization.quantize_dynamic(
            source, target, per_channel=True, weight_type=quantization.QuantType.QInt8, nodes_to_quantize=layers
        )
        return target.read_bytes()


def _name_by_module(node: Any) -> None:
    """Put the path of the module that a node comes from in front of its name."""
    scopes = next((entry.value for entry in node.metadata_props if entry.key == SCOPES), "[]")
    modules = ast.literal_eval(scopes)[:-1]  # the last one is the operation itself
    node.name = f"{modules[-1] if modules else ''}/{node.name}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' progress and advice from the terminal; errors still raise."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
