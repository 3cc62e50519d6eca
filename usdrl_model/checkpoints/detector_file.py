"""Weights folders: ``model.safetensors``, ``config.json`` and a model card, ``README.md``.

A folder comes from anywhere, so nothing in it is executed: tensors are read with safetensors, the configuration is JSON
and has to fit the dataclasses of this package. A file that is missing, damaged or of another shape raises; nothing ever
falls back to random weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from usdrl_model import config as configuration
from usdrl_model.checkpoints import tensor_file
from usdrl_model.checkpoints.provenance import Provenance, upgraded
from usdrl_model.checkpoints.shipped import DETECTORS, names, suggestion
from usdrl_model.checkpoints.state_dict import distinct, fill, meta
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.events.config import StreamConfig
from usdrl_model.files import atomic_file
from usdrl_model.network.detector import Detector, DetectorConfig

SHIPPED = DETECTORS
"""Detectors that come with the package."""
DEFAULT_WEIGHTS = "utkinect10"
"""Name of the weights shipped with the package; ``default`` stands for it."""
FORMAT = "usdrl.detector/2"
OLDER = {"usdrl.detector/1": FORMAT}
"""Formats that are read too: what their notes say of the training is not relied on."""
TRAINED = "torch, as trained"
"""Runtime of a detector that nothing has been changed in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsConfig:
    """Content of ``config.json``."""

    format: str
    detector: DetectorConfig
    stream: StreamConfig
    """What these weights work best with, chosen on held-out training subjects."""
    provenance: Provenance = field(default_factory=Provenance)
    """How they were made: command, configuration, data sets, code."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A loaded detector and what it came with."""

    name: str
    path: Path
    sha256: str
    """Of ``model.safetensors``, or of the ONNX file that runs."""
    detector: nn.Module
    """Called like ``Detector`` (which ``load`` gives), in evaluation mode, on the device asked for."""
    config: WeightsConfig
    precision: str = "fp32"
    """Of the products of matrices: fp32, bf16 or int8."""
    made_from: str = ""
    """SHA-256 of the weights that an ONNX file was exported from, as it says."""
    runtime: str = TRAINED
    """What runs the detector."""

    @property
    def device(self) -> torch.device:
        """Where the detector runs."""
        return next((parameter.device for parameter in self.detector.parameters()), torch.device("cpu"))

    def describe(self) -> dict[str, str]:
        """What they are, what runs them, and where they came from."""
        made = self.config.provenance
        return {
            "weights": self.name,
            "hash": self.sha256[:12],
            "device": str(self.device),
            "precision": self.precision,
            "runtime": self.runtime,
            **({"made_from": self.made_from[:12]} if self.made_from else {}),
            "trained_on": cut(", ".join([*made.sets, *([] if made.complete else ["data that are not said"])]), LINE),
            "made_by": str(made.code),
        }

    @property
    def trained(self) -> Detector:
        """The detector as it was trained, which can be copied, changed and saved.

        Raises:
            ValueError: these weights were loaded for inference.
        """
        if not isinstance(self.detector, Detector) or self.runtime != TRAINED:
            raise ValueError(
                f"expected weights of checkpoint.load, got {self.name} in {self.runtime}: give their folder"
            )
        return self.detector


def resolve(weights: str | Path) -> Path:
    """Folder of ``weights``: "default", the name of shipped weights, or the path of a folder.

    Raises:
        FileNotFoundError: no such folder; the message lists the shipped names.
    """
    name = DEFAULT_WEIGHTS if str(weights) == "default" else str(weights)
    for folder in (SHIPPED / name, Path(name)):
        if (folder / "config.json").is_file():
            return folder
    raise FileNotFoundError(
        f"weights {str(weights)!r}: expected the name of shipped weights ({', '.join(shipped()) or 'none installed'})"
        f" or a folder with config.json and model.safetensors{suggestion(name)}"
    )


def shipped() -> list[str]:
    """Names of the detectors that come with the package."""
    return names(SHIPPED)


def load(weights: str | Path = "default", device: str = "auto") -> Weights:
    """Load a detector as it was trained; ``inference.load`` makes a fast one of it.

    Args:
        weights: see ``resolve``.
        device: see ``choose_device``.

    Raises:
        FileNotFoundError: no such weights, or a file of the folder is missing.
        ValueError: a damaged file, or tensors that do not fit the configuration.
    """
    folder = resolve(weights)
    config = read_config(folder)
    path = folder / "model.safetensors"
    with meta(folder):
        detector = Detector(config.detector)
    fill(detector, tensor_file.read(path, distinct(detector), (torch.float32,)), path)
    detector.to(choose_device(device)).eval()
    return Weights(
        name=folder.name,
        path=folder,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        detector=detector,
        config=config,
    )


def read_config(folder: Path) -> WeightsConfig:
    """The configuration in a weights folder; errors as ``load``."""
    path = folder / "config.json"
    return config_of(tensor_file.config_text(path), str(path))


def config_of(text: str, where: str) -> WeightsConfig:
    """The configuration in a text; ValueError, which names ``where``, for any other text."""
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where}: not JSON ({error}); install the weights again") from None
    if not _is_detector(mapping):
        raise ValueError(f"{where}: expected format {FORMAT!r}")
    return configuration.from_dict(WeightsConfig, upgraded(mapping, "training", OLDER), where=where)


def is_detector(weights: str | Path) -> bool:
    """Whether ``weights`` names a detector's folder, and not a pretrained model or a checkpoint."""
    try:
        mapping = json.loads(tensor_file.config_text(resolve(weights) / "config.json"))
    except (FileNotFoundError, ValueError, RecursionError):
        return False
    return _is_detector(mapping)


def _is_detector(mapping: Any) -> bool:
    return isinstance(mapping, Mapping) and mapping.get("format") in (FORMAT, *OLDER)


def save(folder: str | Path, detector: Detector, stream: StreamConfig, provenance: Provenance) -> None:
    """Write ``config.json`` and ``model.safetensors`` into ``folder`` (made where missing)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = WeightsConfig(format=FORMAT, detector=detector.config, stream=stream, provenance=provenance)
    tensor_file.write(folder / "model.safetensors", distinct(detector), {"format": "pt"})
    text = json.dumps(configuration.to_dict(config), indent=2) + "\n"
    atomic_file.write_text(folder / "config.json", text)


def choose_device(device: str) -> torch.device:
    """``auto`` takes CUDA where torch can use it, else the CPU; anything else must be there.

    Raises:
        ValueError: an unknown device, or CUDA asked for where there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        chosen = torch.device("meta")
    if chosen.type not in ("cpu", "cuda"):
        raise ValueError(f"device {device!r}: expected auto, cpu, cuda or cuda:N")
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {device!r}: torch {torch.__version__} finds no CUDA here; use auto or cpu")
    return chosen
