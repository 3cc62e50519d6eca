"""A tiny detector, and what ``usdrl export`` makes of it; tests read them and leave them as they are."""

from pathlib import Path

import pytest
import torch
from helpers.tiny_detector import CONFIG

from usdrl_model.checkpoints import detector_file
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.events.config import StreamConfig
from usdrl_model.inference.onnx_export import export
from usdrl_model.network.detector import Detector


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights as an untrained detector has them, which is enough to compare answers."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny"
    detector_file.save(path, Detector(CONFIG), StreamConfig(look_ahead=0.3), Provenance())
    return path


@pytest.fixture(scope="session")
def weights(folder: Path) -> LoadedDetector:
    return detector_file.load(folder, "cpu")


@pytest.fixture(scope="session")
def exported(weights: LoadedDetector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with fp32.onnx and int8.onnx."""
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library, reason=f"{library} is not installed (extra: onnx)")
    path = tmp_path_factory.mktemp("onnx")
    for precision in ("fp32", "int8"):
        export(weights, path / f"{precision}.onnx", precision)
    return path
