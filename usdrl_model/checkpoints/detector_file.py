"""Detectors as they are stored and loaded: network, settings of the online pipeline, and how they were made.

One loader: ``load`` gives a detector as it was trained; ``inference.load`` makes a fast one of it.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from usdrl_model.checkpoints import config_file, shipped, stored_model
from usdrl_model.checkpoints.encoder_file import EncoderFile, EncoderFileConfig
from usdrl_model.checkpoints.loaded_detector import DetectorFileConfig, LoadedDetector
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import distinct, fill
from usdrl_model.events.config import StreamConfig
from usdrl_model.files.suffix import suffix
from usdrl_model.network.detector import Detector
from usdrl_model.network.device import choose_device

OF_A_RUN = "weights"
"""Folder that every training makes for its weights, in the folder of the run."""


def resolve(source: str | Path) -> Path:
    """Folder of a detector: "default", the name of a shipped one, or a path (``shipped.place``).

    Raises:
        FileNotFoundError: no such folder; the message lists the shipped detectors.
        ValueError: an ONNX file.
    """
    folder, name = shipped.place(source, "detector"), str(source)
    if (folder / stored_model.CONFIG).is_file():
        return folder
    if suffix(name) == ".onnx":
        raise ValueError(f"weights {name!r}: an ONNX file can only be run: give the folder that it was exported from")
    known = ", ".join(shipped.names("detector")) or "none installed"
    raise FileNotFoundError(
        f"weights {name!r}: expected the name of a shipped detector ({known}) or a folder with"
        f" {stored_model.CONFIG} and {stored_model.TENSORS}{shipped.hint(name, 'detector')}"
    )


def load(source: str | Path = "default", device: str = "auto") -> LoadedDetector:
    """Load a detector as it was trained.

    Args:
        source: see ``resolve``.
        device: see ``choose_device``.

    Raises:
        FileNotFoundError: no such detector, or a file of the folder is missing.
        ValueError: a damaged file, or tensors that do not fit the configuration.
    """
    folder = resolve(source)
    config, tensors, sha256 = _read(folder)
    with torch.device("meta"):  # the tensors of the file become its parameters
        detector = build(config)
    fill(detector, tensors, folder)
    detector.to(choose_device(device)).eval()
    return LoadedDetector(name=name_of(folder), path=folder, sha256=sha256, detector=detector, config=config)


def read_encoder(source: str | Path) -> EncoderFile:
    """The encoder of a detector, as a pretrained one is stored; arguments and errors as ``load``."""
    folder = resolve(source)
    config, tensors, _ = _read(folder)
    prefix = "encoder."
    own = {f"backbone.{name.removeprefix(prefix)}": part for name, part in tensors.items() if name.startswith(prefix)}
    return EncoderFile(folder, EncoderFileConfig(encoder=config.detector.encoder, provenance=config.provenance), own)


def is_detector(source: str | Path) -> bool:
    """Whether ``source`` names a detector's folder, and not a pretrained model or an official checkpoint.

    Raises:
        ValueError: it is an ONNX file, which is neither.
    """
    try:
        return config_file.kind_of(resolve(source)) == "detector"
    except FileNotFoundError:
        return False


def save(folder: str | Path, detector: Detector, stream: StreamConfig, provenance: Provenance) -> None:
    """Write ``config.json`` and ``model.safetensors`` into ``folder`` (made where missing)."""
    config = DetectorFileConfig(detector=detector.config, stream=stream, provenance=provenance)
    stored_model.write(Path(folder), config, distinct(detector), build)


def build(config: DetectorFileConfig) -> Detector:
    """The network of a configuration, with the initial weights of torch."""
    return Detector(config.detector)


def name_of(folder: Path) -> str:
    """What weights are called: as their folder, or as the run in whose folder ``weights`` a training left them."""
    own = folder.resolve()
    return (own.name == OF_A_RUN and own.parent.name) or folder.name or own.name


def _read(folder: Path) -> tuple[DetectorFileConfig, dict[str, Tensor], str]:
    return stored_model.read(folder, "detector", DetectorFileConfig, build, (torch.float32,))
