"""Pretrained encoders as they are stored: an encoder, with its projectors or its recognition layer ``fc``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from usdrl_model.checkpoints import config_file, state_dict, stored_model
from usdrl_model.checkpoints.provenance import Provenance
from usdrl_model.checkpoints.state_dict import tensors_hash
from usdrl_model.config import content_hash
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.network.projectors import ProjectorConfig, build_projectors

FORMAT = config_file.FORMATS["encoder"]
MAX_CLASSES = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderFileConfig:
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
class EncoderFile:
    """A pretrained model as it is stored: names are the official ones, each tensor once."""

    path: Path
    config: EncoderFileConfig
    tensors: dict[str, Tensor]
    """``backbone.*``, and ``{t,s,i}_proj.*`` or ``fc.*`` where the configuration has them."""

    @property
    def hash(self) -> str:
        """Of its configuration, how it was made, and its tensors, wherever it lies."""
        return f"{content_hash(self.config)} {tensors_hash(*(self.tensors[name] for name in sorted(self.tensors)))}"

    def part(self, *names: str) -> dict[str, Tensor]:
        """The tensors of some parts (``backbone``, ``fc``, ...), under their full names."""
        return {name: tensor for name, tensor in self.tensors.items() if name.partition(".")[0] in names}

    def encoder(self) -> dict[str, Tensor]:
        """The tensors of the encoder, under the names it has by itself."""
        return {name.removeprefix("backbone."): tensor for name, tensor in self.part("backbone").items()}


def parts(config: EncoderFileConfig) -> nn.ModuleDict:
    """The modules whose tensors a file of this configuration holds, under its names."""
    modules: dict[str, nn.Module] = {"backbone": build_encoder(config.encoder)}
    if config.projectors is not None:
        modules |= build_projectors(config.encoder, config.projectors)
    if config.classes is not None:
        modules["fc"] = nn.Linear(config.encoder.features, config.classes)
    return nn.ModuleDict(modules)


def check(path: Path, config: EncoderFileConfig, tensors: Mapping[str, Tensor]) -> None:
    """ValueError where ``tensors`` are not exactly what ``config`` asks for; the message lists the differences."""
    state_dict.check(stored_model.shapes(path, config, parts), tensors, path)


def read(path: str | Path) -> EncoderFile:
    """Read a folder or a single ``.safetensors`` file; errors as ``stored_model.read``."""
    path = Path(path)
    config, tensors, _ = stored_model.read(path, "encoder", EncoderFileConfig, parts)
    return EncoderFile(path, config, tensors)


def write(path: str | Path, config: EncoderFileConfig, tensors: Mapping[str, Tensor]) -> None:
    """Write a folder, or a single file where ``path`` ends in ``.safetensors``; errors as ``stored_model.write``."""
    stored_model.write(Path(path), config, tensors, parts)
