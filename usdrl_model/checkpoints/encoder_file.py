"""Files of pretrained models: an encoder with projectors or a recognition layer, and the configuration that fits.

A folder holds ``config.json`` and ``model.safetensors``, like the weights of a detector (``checkpoint``). A single
``.safetensors`` file holds the same configuration in its header. Nothing in either is executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from usdrl_model import config as configuration
from usdrl_model.checkpoints import state_dict as named_tensors
from usdrl_model.checkpoints import tensor_file
from usdrl_model.checkpoints.provenance import Provenance, upgraded
from usdrl_model.errors.shown import shown
from usdrl_model.files import atomic_file
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.network.projectors import ProjectorConfig, build_projectors

FORMAT = "usdrl.model/2"
OLDER = {"usdrl.model/1": FORMAT}
"""Formats that are read too: what their notes say of the training is not relied on."""
MAX_CLASSES = 100_000
CONFIG, TENSORS = "config.json", "model.safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """Content of ``config.json``."""

    format: str = FORMAT
    encoder: EncoderConfig
    projectors: ProjectorConfig | None = None
    """None: the file holds no projectors."""
    classes: int | None = None
    """Outputs of the recognition layer ``fc``; None: there is none."""
    provenance: Provenance = field(default_factory=Provenance)
    """Where the tensors came from."""

    def __post_init__(self) -> None:
        """Refuse a recognition layer of a size that no data set needs."""
        if self.classes is not None and not 1 <= self.classes <= MAX_CLASSES:
            raise ValueError(f"classes: expected 1 to {MAX_CLASSES}, got {self.classes}")


@dataclass(frozen=True, slots=True, eq=False)
class ModelFile:
    """A model as it is stored: names are the official ones, each tensor once."""

    path: Path
    config: ModelConfig
    tensors: dict[str, Tensor]
    """``backbone.*``, and ``{t,s,i}_proj.*`` or ``fc.*`` where the configuration has them."""

    def part(self, *names: str) -> dict[str, Tensor]:
        """The tensors of some parts (``backbone``, ``fc``, ...), under their full names."""
        return {name: tensor for name, tensor in self.tensors.items() if name.partition(".")[0] in names}

    def encoder(self) -> dict[str, Tensor]:
        """The tensors of the encoder, under the names it has by itself."""
        return {name.removeprefix("backbone."): tensor for name, tensor in self.part("backbone").items()}


def parts(config: ModelConfig) -> nn.ModuleDict:
    """All that a file of this configuration holds, as modules with the names of the file."""
    modules: dict[str, nn.Module] = {"backbone": build_encoder(config.encoder)}
    if config.projectors is not None:
        modules |= build_projectors(config.encoder, config.projectors)
    if config.classes is not None:
        modules["fc"] = nn.Linear(config.encoder.features, config.classes)
    return nn.ModuleDict(modules)


def check(path: Path, config: ModelConfig, tensors: Mapping[str, Tensor]) -> None:
    """ValueError where ``tensors`` are not exactly what ``config`` asks for; the message lists the differences."""
    named_tensors.check(_wanted(path, config), tensors, path)


def read(path: str | Path) -> ModelFile:
    """Read a folder or a single ``.safetensors`` file.

    Raises:
        FileNotFoundError: no such folder or file.
        ValueError: damaged, of another format, or tensors that do not fit the configuration.
    """
    path = Path(path)
    single = path.suffix == ".safetensors"
    file = path if single else path / TENSORS
    for needed in [file] if single else [path / CONFIG, file]:
        if not needed.is_file():
            raise FileNotFoundError(f"{needed}: missing; expected a folder with {CONFIG} and {TENSORS}, or one file")
    text = tensor_file.metadata(file).get("config") if single else tensor_file.config_text(path / CONFIG)
    if text is None:
        raise ValueError(f"{file}: no configuration in its header; convert it again, or give the folder it came from")
    config = _config(text, file if single else path / CONFIG)
    return ModelFile(path, config, tensor_file.read(file, _wanted(file, config)))


def write(path: str | Path, config: ModelConfig, tensors: Mapping[str, Tensor]) -> None:
    """Write a folder, or a single file where ``path`` ends in ``.safetensors``.

    Raises:
        ValueError: tensors that do not fit the configuration; nothing is written then.
    """
    path = Path(path)
    check(path, config, tensors)
    mapping = configuration.to_dict(config)
    if path.suffix == ".safetensors":
        tensor_file.write(path, tensors, {"format": "pt", "config": json.dumps(mapping)})
        return
    tensor_file.write(path / TENSORS, tensors, {"format": "pt"})
    atomic_file.write_text(path / CONFIG, json.dumps(mapping, indent=2) + "\n")


def _wanted(path: Path, config: ModelConfig) -> dict[str, Tensor]:
    """Name -> tensor on the meta device of everything that a file of this configuration holds."""
    with named_tensors.meta(path):
        return named_tensors.distinct(parts(config))


def _config(text: str, path: Path) -> ModelConfig:
    try:
        mapping: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: the configuration is not JSON ({error}); get the file again") from None
    if isinstance(mapping, Mapping):
        mapping = upgraded(mapping, "source", OLDER)
    found = mapping.get("format") if isinstance(mapping, Mapping) else None
    if found != FORMAT:
        hint = (
            "; these are weights of a detector, see usdrl_model.checkpoints.detector_file"
            if "detector" in str(found)
            else ""
        )
        raise ValueError(f"{path}: expected format {FORMAT!r}, got {shown(found)}{hint}")
    return configuration.from_dict(ModelConfig, mapping, where=str(path))
